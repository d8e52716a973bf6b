//! Opening the data that a command works on: the configuration, the database, the key ring; and the files that it reads and writes.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use menagerie_secret::{RingFile, RingFileError, Secret};
use menagerie_store::database::Database;

use crate::access::{self, Access};
use crate::audit::{Actor, shortened};
use crate::cli::Place;
use crate::config::{Config, Typed};
use crate::engine::{Clock, Engine, Settings, StartError};
use crate::key_store::KeyStores;

/// Data that are open.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) engine: Engine,
}

/// What `place` and the configuration file say.
pub(super) fn typed(place: &Place) -> Typed {
    Typed {
        data: place.data.clone(),
        config: place.config.clone(),
        database: place.database.clone(),
        experimental: place.experimental,
        ..Typed::default()
    }
}

/// Reads the system's clock.
pub(super) fn clock() -> Clock {
    Clock::new(Timestamp::now)
}

/// Who uses the command line: the user that the system runs it as. What the environment says is the caller's to choose, and is told as such.
pub(super) fn person() -> String {
    let id = rustix::process::getuid();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = user_named(&users, id.as_raw()).map_or_else(|| format!("uid {}", id.as_raw()), str::to_owned);
    let said = std::env::var("SUDO_USER").ok().filter(|name| id.is_root() && !name.is_empty());
    said.map_or_else(|| name.clone(), |said| format!("{name} (sudo says {})", shortened(&said)))
}

/// The name of a user by number, of passwd(5).
fn user_named(users: &str, id: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(id)).then_some(name)
    })
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
    let settings = access::Settings { workloads: opened.config.identity.grants(), ..access::Settings::default() };
    Ok(Access::open(engine.store().clone(), engine.ring().clone(), clock(), settings).await?)
}

/// What is done where there are no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Folder, database and key are made.
    Made,
    /// It is said, and nothing is made: a name that was mistyped would be an empty installation, whose key nobody is to take for the real one.
    Refused,
}

/// Opens the data, and makes what is not there.
pub(super) async fn open(config: Config) -> anyhow::Result<Opened> {
    let wanted = config.encryption_key.clone();
    open_kept(config, wanted, Missing::Made).await
}

/// Opens the data; their key ring has to be kept under this key elsewhere, if one is named.
async fn open_kept(config: Config, wanted: Option<String>, missing: Missing) -> anyhow::Result<Opened> {
    let public_url = config.http_url.as_deref().unwrap_or(&config.url);
    let mut settings = Settings::new(clock(), public_url)?;
    settings.profiles = config.profiles.clone();
    if let Some(path) = &config.compromised_keys {
        settings.compromised = Arc::new(super::lint::hashes(path)?);
    }
    settings.experimental = config.experimental;
    settings.makes_ring = missing == Missing::Made;
    match missing {
        Missing::Made => make_folder(&config.data)?,
        Missing::Refused => refuse_nothing(&config)?,
    }
    super::modes::check(&config)?;
    let stores = Arc::new(KeyStores::new(config.pkcs11.clone()));
    settings.signers = stores.clone();
    settings.named_keys = Arc::new(config.keys.clone());
    let mut ring = RingFile::new(&config.key_file).with_keeper(stores);
    if let Some(reference) = wanted {
        ring = ring.wanted_under(reference);
    }
    match Engine::start(&config.database, ring, settings).await {
        Ok(engine) => Ok(Opened { config, engine }),
        Err(StartError::Ring(error @ RingFileError::Otherwise { .. })) => bail!("{error}: `lemur key protect` moves it"),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a place where nothing is: neither the file of an SQLite, nor the key file that belongs to a database elsewhere.
fn refuse_nothing(config: &Config) -> anyhow::Result<()> {
    let key = &config.key_file;
    anyhow::ensure!(
        Database::file(&config.database).is_some() || key.exists(),
        "there are no data in {}: `lemur serve` makes them, or give --data, --database or --server; the keys in the database are \
         encrypted under those of {}, which is copied from a server",
        config.data.display(),
        key.display()
    );
    refuse_no_file(config)
}

/// Refuses a place where the file of an SQLite is not.
pub(super) fn refuse_no_file(config: &Config) -> anyhow::Result<()> {
    let Some(file) = Database::file(&config.database).filter(|file| !file.exists()) else { return Ok(()) };
    let place = if file == config.data.join("lemur.db") { &config.data } else { file };
    bail!("there are no data in {}: `lemur serve` makes them, or give --data, --database or --server", place.display())
}

/// Makes a folder for its owner alone, unless it is there.
pub(super) fn make_folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Does a command's work on the data that `place` names, and closes them.
pub(super) fn on<T>(place: &Place, missing: Missing, work: impl AsyncFnOnce(&Opened) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let config = Config::read(&typed(place))?;
    let wanted = config.encryption_key.clone();
    on_kept(config, wanted, missing, work)
}

/// As [`on`], however the key ring is kept.
pub(super) fn on_however_kept<T>(place: &Place, work: impl AsyncFnOnce(&Opened) -> anyhow::Result<T>) -> anyhow::Result<T> {
    on_kept(Config::read(&typed(place))?, None, Missing::Refused, work)
}

fn on_kept<T>(
    config: Config,
    wanted: Option<String>,
    missing: Missing,
    work: impl AsyncFnOnce(&Opened) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    runtime()?.block_on(async {
        let opened = open_kept(config, wanted, missing).await?;
        let done = work(&opened).await;
        opened.engine.close().await;
        done
    })
}

/// A file's bytes, if they are no more than `most`.
pub(super) fn bytes(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;

    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(bytes.len() <= most, "{} has more than {most} bytes", path.display());
    Ok(bytes)
}

/// A file's first line, as a secret.
pub(super) fn first_line(path: &Path) -> anyhow::Result<Secret<String>> {
    let text = menagerie_config::read(path)?;
    let text = zeroize::Zeroizing::new(text);
    let line = text.lines().next().unwrap_or_default();
    anyhow::ensure!(!line.is_empty(), "the first line of {} is empty", path.display());
    Ok(Secret::new(line.to_owned()))
}

/// Writes a file whole or not at all, for its owner alone if it is secret.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    menagerie_report::replace(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes what only its owner may read, also where a file stood that others could read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Ok(found) = std::fs::metadata(path) {
        use std::os::unix::fs::PermissionsExt as _;
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).with_context(|| path.display().to_string())?;
        }
    }
    write(path, bytes)
}
