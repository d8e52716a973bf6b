//! `lemur certificate`: issue, look at, revoke and export, on the server's own machine.

use anyhow::{Context as _, bail};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use menagerie_report::{self as report, Exit, shown};
use menagerie_secret::Secret;
use menagerie_sign::KeyType;
use serde_json::json;

use super::place::{self, Opened};
use crate::certificate::{View, read_bundle, write_certificate};
use crate::cli::{CertificateCommand, CertificateExport, CertificateIssue, CertificateList, CertificateRevoke, ExportFormat, Place};
use crate::crl::Reason;
use crate::csr::{Csr, MAX_CSR_BYTES};
use crate::export::{self, Material};
use crate::issue::{Key, Order, Record};
use crate::name::{San, Subject};
use crate::profile::{Lifetime, Period};
use crate::store::certificates::Certificate;
use crate::store::list;

/// The largest file with a request, in bytes: as PEM it is a third longer, and may have text before it.
const LARGEST_REQUEST: usize = 2 * MAX_CSR_BYTES;

pub(super) fn run(place: &Place, command: &CertificateCommand) -> anyhow::Result<Exit> {
    place::on(place, async |opened| match command {
        CertificateCommand::Issue(options) => issue(opened, options).await,
        CertificateCommand::List(options) => list(opened, options).await,
        CertificateCommand::Show { certificate } => show(opened, certificate).await,
        CertificateCommand::Revoke(options) => revoke(opened, options).await,
        CertificateCommand::Export(options) => export(opened, options).await,
    })
}

async fn issue(opened: &Opened, options: &CertificateIssue) -> anyhow::Result<Exit> {
    anyhow::ensure!(options.out.is_dir(), "there is no folder {}: nothing was issued", options.out.display());
    let authority = opened.authority(&options.authority).await?;
    let csr = match &options.csr {
        Some(path) => Some(Csr::parse(&place::bytes(path, LARGEST_REQUEST)?).with_context(|| path.display().to_string())?),
        None => None,
    };
    let mut names = options.names.iter().map(|name| San::guess(name)).collect::<Result<Vec<_>, _>>()?;
    let mut common_name = options.common_name.clone();
    if let Some(csr) = &csr {
        // Whoever uses the command line may have any name; of the request only its key and its names are taken.
        for name in csr.all_names() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        common_name = common_name.or_else(|| csr.common_name().map(str::to_owned));
    }
    let common_name = common_name.or_else(|| names.iter().find(|name| matches!(name, San::Dns(_))).map(ToString::to_string));
    let subject = match common_name {
        Some(name) => Subject::of_common_name(&name)?,
        None => Subject::new(),
    };
    let order = Order {
        authority: authority.id,
        profile: options.profile.clone(),
        key: match &csr {
            Some(csr) => Key::Theirs(csr.public_key().clone()),
            None => Key::Made(options.key_type.map_or(KeyType::EcdsaP256, KeyType::from)),
        },
        subject,
        names,
        period: options.days.map_or(Period::Default, |days| Period::For(Lifetime::days(days))),
        csr: csr.as_ref().map(|csr| csr.as_der().to_vec()),
        record: Record::of_owner(options.owner.clone()),
        actor: place::actor(),
    };
    if authority.upstream().is_some() {
        let pending = opened.upstreams()?.order(order).await?;
        report::note(format_args!("{} is pending as number {}: a server orders it", shown(&pending.name), pending.id));
        return Ok(Exit::Fine);
    }
    let issued = opened.engine.issue(order).await?;
    let stem = file_stem(&issued.name);
    let mut pem = write_certificate(&issued.der);
    // A root is in the reader's trust store, or of no use to them.
    for der in issued.chain.iter() {
        if !View::parse(der)?.is_self_issued() {
            pem.push_str(&write_certificate(der));
        }
    }
    let stored = || format!("it is stored as number {}, and `lemur certificate export` writes it", issued.id);
    let path = options.out.join(format!("{stem}.pem"));
    place::write(&path, pem.as_bytes()).with_context(stored)?;
    report::data(format_args!("{}\n", path.display()))?;
    if let Some(key) = &issued.private_key {
        let path = options.out.join(format!("{stem}.key"));
        place::write_private(&path, export::key_pem(key).expose().as_bytes()).with_context(stored)?;
        report::data(format_args!("{}\n", path.display()))?;
    }
    report::note(format_args!("issued {} as number {}, until {}", shown(&issued.name), issued.id, issued.validity.not_after()));
    Ok(Exit::Fine)
}

/// A name for files: no separators, and no dot at its beginning.
fn file_stem(name: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() || "._-".contains(character) { character } else { '_' };
    let stem: String = name.chars().take(120).map(plain).collect();
    if stem.starts_with('.') { format!("_{stem}") } else { stem }
}

async fn list(opened: &Opened, options: &CertificateList) -> anyhow::Result<Exit> {
    let authority = match &options.authority {
        Some(name) => Some(opened.authority(name).await?.id),
        None => None,
    };
    let filter = list::Filter { authority, text: options.name.clone(), ..list::Filter::default() };
    let page = list::Page::Offset { offset: 0, limit: u64::from(options.count) };
    let found = opened.engine.certificates(&filter, list::Order::default(), page).await?;
    if options.json {
        let certificates: Vec<_> = found.items.iter().map(as_json).collect();
        let version = env!("CARGO_PKG_VERSION");
        report::json(&json!({"schema": "lemur.certificates/1", "tool_version": version, "certificates": certificates, "errors": []}))?;
        return Ok(Exit::Fine);
    }
    for certificate in &found.items {
        let state = if certificate.revoked.is_some() { "revoked" } else { "" };
        let (name, until) = (shown(&certificate.name), certificate.not_after.strftime("%F").to_string());
        report::data(format_args!("{:<7} {until:<12} {state:<8} {name}\n", certificate.id))?;
    }
    if found.total > found.items.len() as u64 {
        report::note(format_args!("and more: --count shows them"));
    }
    Ok(Exit::Fine)
}

fn as_json(certificate: &Certificate) -> serde_json::Value {
    let names: Vec<_> = certificate.names.iter().map(|name| &name.value).collect();
    json!({
        "id": certificate.id, "name": certificate.name, "common_name": certificate.common_name, "names": names,
        "serial": hex::encode(&certificate.serial), "issuer": certificate.issuer, "owner": certificate.owner,
        "not_before": certificate.not_before, "not_after": certificate.not_after, "key_type": certificate.key_type,
        "profile": certificate.profile, "revoked": certificate.revoked.as_ref().map(|revoked| &revoked.reason),
        "sha256": hex::encode(certificate.fingerprint),
    })
}

async fn show(opened: &Opened, named: &str) -> anyhow::Result<Exit> {
    let certificate = opened.certificate(named).await?;
    report::data(format_args!("number:      {}\nname:        {}\n", certificate.id, shown(&certificate.name)))?;
    report::data(format_args!("issuer:      {}\nowner:       {}\n", shown(&certificate.issuer), shown(&certificate.owner)))?;
    for name in &certificate.names {
        report::data(format_args!("for:         {}\n", shown(&name.value)))?;
    }
    report::data(format_args!("not before:  {}\nnot after:   {}\n", certificate.not_before, certificate.not_after))?;
    report::data(format_args!("key:         {}\nserial:      {}\n", certificate.key_type, hex::encode(&certificate.serial)))?;
    if let Some(revoked) = &certificate.revoked {
        report::data(format_args!("revoked:     {} ({})\n", revoked.at, revoked.reason))?;
    }
    report::data(write_certificate(&certificate.der))?;
    Ok(Exit::Fine)
}

async fn revoke(opened: &Opened, options: &CertificateRevoke) -> anyhow::Result<Exit> {
    let reason: Reason = options.reason.parse()?;
    let certificate = opened.certificate(&options.certificate).await?;
    opened.upstreams()?.revoke(certificate.id, reason, "", &place::actor()).await?;
    report::note(format_args!("revoked {}", shown(&certificate.name)));
    Ok(Exit::Fine)
}

async fn export(opened: &Opened, options: &CertificateExport) -> anyhow::Result<Exit> {
    let certificate = opened.certificate(&options.certificate).await?;
    let mut chain = vec![certificate.der.clone()];
    if let Some(text) = &certificate.chain {
        chain.extend(read_bundle(text.as_bytes())?.iter().map(|view| view.as_der().to_vec()));
    } else if let Some(authority) = certificate.authority {
        chain.extend(opened.engine.chains(authority).await?.into_iter().next().unwrap_or_default());
    }
    let passphrase = match &options.passphrase_file {
        Some(path) => Some(place::first_line(path)?),
        None => None,
    };
    let key = match options.format {
        ExportFormat::JksTrust => None,
        _ if certificate.has_key => Some(opened.engine.private_key(certificate.id, "export", &place::actor()).await?),
        ExportFormat::Pem => None,
        _ => bail!("the key of {} is not stored here: a key store would be empty", shown(&certificate.name)),
    };
    let bytes = file(options.format, &certificate.name, &chain, key.as_ref(), passphrase.as_ref(), opened.engine.now())?;
    place::write_private(&options.out, bytes.expose())?;
    report::note(format_args!("wrote {}", options.out.display()));
    Ok(Exit::Fine)
}

fn file(
    format: ExportFormat,
    name: &str,
    chain: &[Vec<u8>],
    key: Option<&Secret<Vec<u8>>>,
    passphrase: Option<&Secret<String>>,
    now: jiff::Timestamp,
) -> anyhow::Result<Secret<Vec<u8>>> {
    let passphrase = || passphrase.context("a key store needs --passphrase-file");
    let material = || key.map(|key| Material { alias: name, chain, key }).context("a key store needs a key");
    let time_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ok(match format {
        ExportFormat::Pem => {
            let mut text = export::certificates_pem(chain);
            if let Some(key) = key {
                text.push_str(export::key_pem(key).expose());
            }
            Secret::new(text.into_bytes())
        }
        ExportFormat::Pkcs12 => export::pkcs12(material()?, passphrase()?)?,
        ExportFormat::Jks => {
            let mut salt = [0; 20];
            SystemRandom::new().fill(&mut salt).map_err(|_| anyhow::anyhow!("the system gives no randomness"))?;
            export::key_store(material()?, passphrase()?, salt, time_ms)?
        }
        ExportFormat::JksTrust => export::trust_store(name, chain.get(1..).unwrap_or_default(), passphrase()?, time_ms)?,
    })
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn a_name_makes_no_path() {
        assert_eq!(file_stem("www.example.com-Root"), "www.example.com-Root");
        assert_eq!(file_stem("../../etc/passwd"), "_.._.._etc_passwd");
        assert_eq!(file_stem("*.a\0b"), "_.a_b");
    }
}
