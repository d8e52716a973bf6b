//! `bless sign`: the administrator's own signatures, logged as all others.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use menagerie_config::Environment;
use menagerie_report::{Exit, note, shown};
use menagerie_telemetry::{Format, Level};

use super::service;
use crate::certificate::{Kind, SourceAddress};
use crate::cli::{Sign, SignArgs};
use crate::client::files::{self, Access};
use crate::issue::{AdministratorRequest, Answer, Call};

/// The most bytes of a public key file.
const MAX_KEY_FILE: u64 = 64 * 1024;

/// Signs one key.
///
/// # Errors
/// A configuration, key or option that cannot be used.
pub fn run(args: &Sign, environment: &dyn Environment) -> anyhow::Result<Exit> {
    let (kind, sign) = match args {
        Sign::User(user) => (Kind::User, &user.sign),
        Sign::Host(host) => (Kind::Host, &host.sign),
    };
    let settings = service::settings(&sign.config, environment)?;
    menagerie_telemetry::start(Format::Human, Level::Warning);
    let mut request = AdministratorRequest {
        kind,
        public_key: read_key(&sign.key)?,
        principals: sign.principal.clone(),
        validity_seconds: sign.validity.as_deref().map(menagerie_config::parse_seconds).transpose().context("--validity")?,
        key_id: sign.key_id.clone(),
        source_address: None,
        force_command: None,
        verify_required: false,
        extensions: None,
        host_wildcards: matches!(args, Sign::Host(host) if host.allow_wildcards),
    };
    if let Sign::User(user) = args {
        if !user.source_address.is_empty() {
            request.source_address = Some(SourceAddress::parse(&user.source_address.join(",")).context("--source-address")?);
        }
        request.force_command.clone_from(&user.force_command);
        request.verify_required = user.verify_required;
        request.extensions = match user.extension.as_slice() {
            [] => None,
            [none] if none == "none" => Some(Vec::new()),
            names => Some(names.to_vec()),
        };
    }
    let answer = service::runtime()?.block_on(async {
        let issuer = service::issuer(&sign.config, settings, environment).await?;
        let call =
            Call { request_id: crate::issue::request_id()?, function_arn: "bless-sign".to_owned(), caller: service::administrator() };
        let decision = issuer.decide_administrator(&request, &call).await;
        let answer = issuer.commit(vec![decision]).await.pop().context("no answer")?;
        issuer.log().close().await;
        Ok::<_, anyhow::Error>(answer)
    })?;
    match answer {
        Answer::Certificate(line) => {
            write(sign, &line)?;
            Ok(Exit::Fine)
        }
        Answer::Refused(refusal) => {
            menagerie_report::error(shown(&refusal.message));
            if sign.principal.iter().any(|name| name.contains(['*', '?'])) && !request.host_wildcards && kind == Kind::Host {
                menagerie_report::hint("a host certificate with a pattern wants --allow-wildcards");
            }
            Ok(if refusal.is_fault() { Exit::Incomplete } else { Exit::Found })
        }
    }
}

fn read_key(path: &Path) -> anyhow::Result<String> {
    let failed = || format!("cannot read the public key {}", path.display());
    let mut text = String::new();
    std::fs::File::open(path).with_context(failed)?.take(MAX_KEY_FILE).read_to_string(&mut text).with_context(failed)?;
    Ok(text.trim_end().to_owned())
}

fn write(args: &SignArgs, line: &str) -> anyhow::Result<()> {
    let path = match &args.output {
        Some(path) if path == Path::new("-") => return Ok(menagerie_report::data(format_args!("{line}\n"))?),
        Some(path) => path.clone(),
        None => beside(&args.key),
    };
    files::replace(&path, format!("{line}\n").as_bytes(), Access::Everyone)?;
    note(format_args!("the certificate is in {}", path.display()));
    Ok(())
}

/// `id_ed25519.pub` → `id_ed25519-cert.pub`, where ssh looks for it.
fn beside(key: &Path) -> PathBuf {
    let stem = key.file_stem().unwrap_or_default().to_string_lossy();
    key.with_file_name(format!("{stem}-cert.pub"))
}
