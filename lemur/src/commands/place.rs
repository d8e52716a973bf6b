//! Opening the data that a command works on: the configuration, the database, the key ring; and the files that it reads and writes.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use menagerie_secret::{RingFile, Secret};

use crate::access::{self, Access};
use crate::audit::Actor;
use crate::cli::Place;
use crate::config::{Config, Typed};
use crate::engine::{Clock, Engine, Settings};

/// Data that are open.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) engine: Engine,
}

/// What `place` and the configuration file say.
pub(super) fn typed(place: &Place) -> Typed {
    Typed { data: place.data.clone(), config: place.config.clone(), database: place.database.clone(), ..Typed::default() }
}

/// Reads the system's clock.
pub(super) fn clock() -> Clock {
    Clock::new(Timestamp::now)
}

/// Who uses the command line: the system's name for them.
pub(super) fn person() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    name.unwrap_or_else(|| "unknown".to_owned())
}

/// Who uses the command line, for the audit log.
pub(super) fn actor() -> Actor {
    Actor::cli(person())
}

/// What futures run on.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")
}

/// Who may come in, as it is in the database that is open.
pub(super) async fn access(opened: &Opened) -> anyhow::Result<Access> {
    let engine = &opened.engine;
    Ok(Access::open(engine.store().clone(), engine.ring().clone(), clock(), access::Settings::default()).await?)
}

/// Opens the data, and makes what is not there.
pub(super) async fn open(config: Config) -> anyhow::Result<Opened> {
    make_folder(&config.data)?;
    let public_url = config.http_url.as_deref().unwrap_or(&config.url);
    let mut settings = Settings::new(clock(), public_url)?;
    settings.profiles = config.profiles.clone();
    if let Some(path) = &config.compromised_keys {
        settings.compromised = Arc::new(super::lint::hashes(path)?);
    }
    let engine = Engine::start(&config.database, RingFile::new(&config.key_file), settings).await?;
    Ok(Opened { config, engine })
}

/// Makes a folder for its owner alone, unless it is there.
pub(super) fn make_folder(path: &std::path::Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Does a command's work on the data that `place` names, and closes them.
pub(super) fn on<T>(place: &Place, work: impl AsyncFnOnce(&Opened) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let config = Config::read(&typed(place))?;
    runtime()?.block_on(async {
        let opened = open(config).await?;
        let done = work(&opened).await;
        opened.engine.close().await;
        done
    })
}

/// A file's bytes, if they are no more than `most`.
pub(super) fn bytes(path: &std::path::Path, most: usize) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;

    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(bytes.len() <= most, "{} has more than {most} bytes", path.display());
    Ok(bytes)
}

/// A file's first line, as a secret.
pub(super) fn first_line(path: &std::path::Path) -> anyhow::Result<Secret<String>> {
    let text = menagerie_config::read(path)?;
    let text = zeroize::Zeroizing::new(text);
    let line = text.lines().next().unwrap_or_default();
    anyhow::ensure!(!line.is_empty(), "the first line of {} is empty", path.display());
    Ok(Secret::new(line.to_owned()))
}

/// Writes a file whole or not at all, for its owner alone if it is secret.
pub(super) fn write(path: &std::path::Path, bytes: &[u8]) -> anyhow::Result<()> {
    menagerie_report::replace(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes what only its owner may read, also where a file stood that others could read.
pub(super) fn write_private(path: &std::path::Path, bytes: &[u8]) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Ok(found) = std::fs::metadata(path) {
        use std::os::unix::fs::PermissionsExt as _;
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).with_context(|| path.display().to_string())?;
        }
    }
    write(path, bytes)
}
