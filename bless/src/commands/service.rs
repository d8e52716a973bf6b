//! What the verbs that sign have in common: settings, passphrase, log and the authority.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use menagerie_config::Environment;
use menagerie_secret::Secret;

use crate::authority::AuthoritySource;
use crate::cli::ConfigArgs;
use crate::config::{self, CaSource, LogTarget, PassphraseSource, Settings};
use crate::issue::{AwsClients, Caller, Issuer};
use crate::login;
use crate::secret_file;

/// Reads the configuration, with what the command line says before it.
pub(super) fn settings(args: &ConfigArgs, environment: &dyn Environment) -> anyhow::Result<Settings> {
    let mut settings = config::load(&args.config, environment)?;
    if let Some(target) = &args.log {
        let here = std::env::current_dir().context("the current directory is gone")?;
        settings.log = Some(LogTarget::parse(target, &here).context("--log")?);
    }
    Ok(settings)
}

/// The authority, with its log open. The CA's key is loaded when it is first needed.
pub(super) async fn issuer(args: &ConfigArgs, settings: Settings, environment: &dyn Environment) -> anyhow::Result<Issuer> {
    let passphrase = passphrase(args.passphrase_file.as_deref(), &settings.ca, environment)?;
    // BLESS's file has no option for a log. Off Lambda it stands beside the file.
    let target = settings.log.clone().unwrap_or_else(|| LogTarget::File(settings.base.join("bless-log.jsonl")));
    let clients = Arc::new(AwsClients::new(settings.aws.clone()));
    let log = crate::record::open(&target, &clients).await?;
    let authority = AuthoritySource::new(settings.ca.clone(), passphrase);
    Ok(Issuer::new(settings, authority, clients, log, Arc::new(SystemTime::now))?)
}

/// The passphrase of the CA's key that is given, or typed where the configuration has none; none of a key in KMS.
pub(super) fn passphrase(file: Option<&Path>, ca: &CaSource, environment: &dyn Environment) -> anyhow::Result<Option<Secret<Vec<u8>>>> {
    let wanted = match ca {
        CaSource::Kms { .. } => return Ok(None),
        CaSource::File { passphrase, .. } | CaSource::Inline { passphrase, .. } => passphrase,
    };
    if let Some(given) = given_passphrase(file, environment)? {
        return Ok(Some(given));
    }
    if *wanted == PassphraseSource::Prompt && std::io::stderr().is_terminal() {
        let text = rpassword::prompt_password("Passphrase of the CA's key: ").context("no passphrase could be read from the terminal")?;
        return Ok(Some(Secret::new(text.into_bytes())));
    }
    Ok(None)
}

/// The passphrase of `--passphrase-file`, else of `BLESS_CA_PASSPHRASE`.
pub(super) fn given_passphrase(file: Option<&Path>, environment: &dyn Environment) -> anyhow::Result<Option<Secret<Vec<u8>>>> {
    if let Some(path) = file {
        #[cfg(unix)]
        if std::fs::metadata(path).is_ok_and(|found| std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0) {
            menagerie_report::warning(format_args!("the passphrase file {} can be read by others: `chmod 600` it", path.display()));
        }
        return Ok(Some(secret_file::passphrase(path)?));
    }
    Ok(environment.var("BLESS_CA_PASSPHRASE").map(|text| Secret::new(text.into_bytes())))
}

/// This process as a caller, by its own uid; without uids nothing vouches for it.
pub(super) fn this_process(settings: &Settings) -> Caller {
    match login::uid() {
        Some(uid) => Caller::Process { uid, user: settings.authentication.local.get(&uid).cloned() },
        None => Caller::Token { user: None },
    }
}

/// The administrator at this terminal.
pub(super) fn administrator() -> Caller {
    Caller::Administrator { uid: login::uid() }
}

/// A runtime with a thread for each processor that this process may use.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime could be started")
}
