//! `lemur certificate`: issue, look at, revoke and export.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_report::{self as report, Exit, shown};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::backend::{self, Backend, encoded, id, text};
use super::{pending, place};
use crate::certificate::{read_bundle, write_certificate};
use crate::cli::{
    CertificateCommand, CertificateExport, CertificateIssue, CertificateList, CertificateRevoke, ExportFormat, KeyChoice, Target,
};
use crate::crl::Reason;
use crate::csr::{Csr, MAX_CSR_BYTES};
use crate::name::{San, SanKind, SubjectField};

/// The largest file with a request, in bytes: as PEM it is a third longer, and may have text before it.
const LARGEST_REQUEST: usize = 2 * MAX_CSR_BYTES;

pub(super) fn run(target: &Target, command: &CertificateCommand) -> anyhow::Result<Exit> {
    if let CertificateCommand::Issue(options) = command {
        anyhow::ensure!(options.out.is_dir(), "there is no folder {}: nothing was issued", options.out.display());
    }
    backend::on(target, async |backend| match command {
        CertificateCommand::Issue(options) => issue(backend, options).await,
        CertificateCommand::List(options) => list(backend, options).await,
        CertificateCommand::Show { certificate } => show(backend, certificate).await,
        CertificateCommand::Revoke(options) => revoke(backend, options).await,
        CertificateCommand::Release { certificate } => release(backend, certificate).await,
        CertificateCommand::Export(options) => export(backend, options).await,
        CertificateCommand::Pending { command } => pending::run(backend, command).await,
    })
}

async fn issue(backend: &Backend, options: &CertificateIssue) -> anyhow::Result<Exit> {
    let authority = backend.authority(&options.authority).await?;
    let csr = match &options.csr {
        Some(path) => Some(Csr::parse(&place::bytes_or_input(path, LARGEST_REQUEST)?).with_context(|| path.display().to_string())?),
        None => None,
    };
    let mut names = options.names.iter().map(|name| San::guess(name)).collect::<Result<Vec<_>, _>>()?;
    let mut common_name = options.common_name.clone();
    if let Some(csr) = &csr {
        // Of the request only its key and its names are taken; those who may not have them are refused.
        for name in csr.all_names() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        common_name = common_name.or_else(|| csr.common_name().map(str::to_owned));
    }
    let first = || names.iter().find(|name| matches!(name, San::Dns(_))).map(ToString::to_string);
    let common_name = common_name.or_else(|| first().filter(|name| name.chars().count() <= SubjectField::CommonName.max_characters()));
    let named: Vec<_> = names.iter().map(|name| json!({"nameType": name_type(name.kind()), "value": name.to_string()})).collect();
    let body = json!({
        "authority": {"id": id(&authority)}, "owner": backend.owner(options.owner.as_deref()).await?, "profile": options.profile,
        "commonName": common_name, "extensions": {"subAltNames": {"names": named}}, "csr": csr.as_ref().map(Csr::to_pem),
        "keyType": csr.is_none().then(|| options.key_type.unwrap_or(KeyChoice::EcdsaP256).name()), "validityDays": options.days,
    });
    let mut issued = backend.post("/certificates", body).await?;
    // Only what is pending says whether it is resolved.
    if issued["resolved"].is_boolean() {
        let number = id(&issued);
        report::note(format_args!("{} is pending as number {number}: a server orders it", shown(text(&issued, "name"))));
        let Some(seconds) = options.wait else {
            report::hint(format_args!(
                "`lemur certificate pending show {number}` says how far it is, and the certificate's number once it came"
            ));
            return Ok(Exit::Fine);
        };
        issued = pending::certificate(backend, number, Duration::from_secs(seconds)).await?;
    }
    let (number, name) = (id(&issued), text(&issued, "name"));
    let stem = file_stem(name);
    let stored = || format!("it is stored as number {number}, and `lemur certificate export` writes it");
    let mut pem = String::new();
    for (place, view) in bundle(&issued)?.iter().enumerate() {
        // A root is in the reader's trust store, or of no use to them.
        if place == 0 || !view.is_self_issued() {
            pem.push_str(&write_certificate(view.as_der()));
        }
    }
    let path = options.out.join(format!("{stem}.pem"));
    place::write(&path, pem.as_bytes()).with_context(stored)?;
    report::data(format_args!("{}\n", path.display()))?;
    if issued["hasPrivateKey"] == true {
        let key = match backend.get(&format!("/certificates/{number}/key")).await {
            Ok(mut answer) => secret_text(&mut answer["key"]),
            Err(refusal) if refusal.is_forbidden() => {
                bail!(
                    "the certificate {number} is issued, and its key is not for you: make the key yourself, and ask with --csr ({refusal})"
                )
            }
            Err(refusal) => return Err(refusal).with_context(stored),
        };
        let path = options.out.join(format!("{stem}.key"));
        place::write_private(&path, key.as_bytes()).with_context(stored)?;
        report::data(format_args!("{}\n", path.display()))?;
    }
    report::note(format_args!("issued {} as number {number}, until {}", shown(name), shown(text(&issued, "notAfter"))));
    Ok(Exit::Fine)
}

/// A text that is taken out of an answer, and wiped after its use.
fn secret_text(value: &mut Value) -> Zeroizing<String> {
    Zeroizing::new(if let Value::String(text) = value.take() { text } else { String::new() })
}

/// A certificate of an answer, and those above it.
fn bundle(certificate: &Value) -> anyhow::Result<Vec<crate::certificate::View>> {
    Ok(read_bundle(format!("{}{}", text(certificate, "body"), text(certificate, "chain")).as_bytes())?)
}

const fn name_type(kind: SanKind) -> &'static str {
    match kind {
        SanKind::Dns => "DNSName",
        SanKind::Ip => "IPAddress",
        SanKind::Email => "rfc822Name",
        SanKind::Uri => "uniformResourceIdentifier",
    }
}

/// A name for files: no separators, and no dot at its beginning.
fn file_stem(name: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() || "._-".contains(character) { character } else { '_' };
    let stem: String = name.chars().take(120).map(plain).collect();
    if stem.is_empty() || stem.starts_with('.') { format!("_{stem}") } else { stem }
}

async fn list(backend: &Backend, options: &CertificateList) -> anyhow::Result<Exit> {
    let mut query = "&showExpired=1".to_owned();
    if let Some(name) = &options.authority {
        query.push_str(&format!("&authority={}", id(&backend.authority(name).await?)));
    }
    if let Some(part) = &options.name {
        query.push_str(&format!("&name={}", encoded(part)));
    }
    let most = usize::try_from(options.count).unwrap_or(usize::MAX);
    let (found, total) = backend.some("/certificates", &query, most).await?;
    if options.json {
        let certificates: Vec<_> = found.iter().map(as_json).collect();
        let version = env!("CARGO_PKG_VERSION");
        report::json(&json!({"schema": "lemur.certificates/1", "tool_version": version, "certificates": certificates, "errors": []}))?;
        return Ok(Exit::Fine);
    }
    if found.is_empty() {
        report::note("nothing found");
    } else if std::io::stdout().is_terminal() {
        report::data(format_args!("{:<7} {:<12} {:<8} NAME\n", "NUMBER", "UNTIL", "STATE"))?;
    }
    for certificate in &found {
        let state = match (certificate["revokedAt"].is_null(), text(certificate, "revocationReason")) {
            (true, _) => "",
            (false, reason) if reason == Reason::CertificateHold.name() => "on hold",
            (false, _) => "revoked",
        };
        let (name, until) = (shown(text(certificate, "name")), shown(text(certificate, "notAfter").split('T').next().unwrap_or_default()));
        report::data(format_args!("{:<7} {until:<12} {state:<8} {name}\n", id(certificate)))?;
    }
    if total > found.len() as u64 {
        report::note(format_args!("and more: --count shows them"));
    }
    Ok(Exit::Fine)
}

/// The names of a certificate of an answer.
fn names(certificate: &Value) -> Vec<&str> {
    certificate["domains"].as_array().into_iter().flatten().map(|domain| text(domain, "name")).collect()
}

fn as_json(certificate: &Value) -> Value {
    json!({
        "id": certificate["id"], "name": certificate["name"], "common_name": certificate["commonName"], "names": names(certificate),
        "serial": text(certificate, "serialHex").to_lowercase(), "issuer": certificate["issuer"], "owner": certificate["owner"],
        "not_before": certificate["notBefore"], "not_after": certificate["notAfter"], "key_type": certificate["keyType"],
        "profile": certificate["profile"], "revoked": certificate["revocationReason"], "sha256": certificate["fingerprintSha256"],
    })
}

async fn show(backend: &Backend, named: &str) -> anyhow::Result<Exit> {
    let certificate = backend.certificate(named).await?;
    let said = |field: &'static str| shown(text(&certificate, field));
    report::data(format_args!("number:      {}\nname:        {}\n", id(&certificate), said("name")))?;
    report::data(format_args!("issuer:      {}\nowner:       {}\n", said("issuer"), said("owner")))?;
    for name in names(&certificate) {
        report::data(format_args!("for:         {}\n", shown(name)))?;
    }
    report::data(format_args!("not before:  {}\nnot after:   {}\n", said("notBefore"), said("notAfter")))?;
    report::data(format_args!("key:         {}\nserial:      {}\n", said("keyType"), said("serialHex").to_lowercase()))?;
    if !certificate["revokedAt"].is_null() {
        report::data(format_args!("revoked:     {} ({})\n", said("revokedAt"), said("revocationReason")))?;
    }
    if let Some(view) = bundle(&certificate)?.first() {
        report::data(write_certificate(view.as_der()))?;
    }
    Ok(Exit::Fine)
}

async fn revoke(backend: &Backend, options: &CertificateRevoke) -> anyhow::Result<Exit> {
    let reason: Reason = options.reason.parse()?;
    let certificate = backend.certificate(&options.certificate).await?;
    let done = backend.put(&format!("/certificates/{}/revoke", id(&certificate)), json!({"crlReason": reason.name()})).await?;
    report::note(format_args!("revoked {}", shown(text(&certificate, "name"))));
    if let Some(warning) = done["warning"].as_str() {
        report::note(format_args!("warning: {}", shown(warning)));
    }
    Ok(Exit::Fine)
}

async fn release(backend: &Backend, named: &str) -> anyhow::Result<Exit> {
    let certificate = backend.certificate(named).await?;
    backend.call("PUT", &format!("/certificates/{}/release", id(&certificate)), None).await?;
    report::note(format_args!("{} is on hold no more", shown(text(&certificate, "name"))));
    Ok(Exit::Fine)
}

async fn export(backend: &Backend, options: &CertificateExport) -> anyhow::Result<Exit> {
    place::refuse_file(&options.out, options.force)?;
    let passphrase = match &options.passphrase_file {
        Some(path) => Some(place::first_line(path)?),
        None => None,
    };
    let certificate = backend.certificate(&options.certificate).await?;
    let has_key = certificate["hasPrivateKey"] == true;
    let slug = match options.format {
        ExportFormat::Pem => "pem-export",
        ExportFormat::Pkcs12 => "openssl-export",
        ExportFormat::Jks => "java-keystore-jks",
        ExportFormat::JksTrust => "java-truststore-jks",
        ExportFormat::Csr => "openssl-csr",
    };
    let bytes = if options.format == ExportFormat::Pem && !has_key {
        Zeroizing::new(bundle(&certificate)?.iter().map(|view| write_certificate(view.as_der())).collect::<String>().into_bytes())
    } else {
        if !has_key && !matches!(options.format, ExportFormat::JksTrust | ExportFormat::Csr) {
            bail!("the key of {} is not stored here: a key store would be empty", shown(text(&certificate, "name")));
        }
        let said: Vec<_> = passphrase.iter().map(|text| json!({"name": "passphrase", "value": text.expose()})).collect();
        let body = json!({"plugin": {"slug": slug, "pluginOptions": said}});
        let mut file = backend.post(&format!("/certificates/{}/export", id(&certificate)), body).await?;
        let data = secret_text(&mut file["data"]);
        Zeroizing::new(STANDARD.decode(data.as_bytes()).map_err(|_| anyhow::anyhow!("the answer has no file"))?)
    };
    place::write_private(&options.out, &bytes)?;
    let clear = if options.format == ExportFormat::Pem && has_key && passphrase.is_none() { ", with the key in clear" } else { "" };
    report::note(format_args!("wrote {}{clear}", options.out.display()));
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn a_name_makes_no_path() {
        assert_eq!(file_stem("www.example.com-Root"), "www.example.com-Root");
        assert_eq!(file_stem("../../etc/passwd"), "_.._.._etc_passwd");
        assert_eq!(file_stem("*.a\0b"), "_.a_b");
        assert_eq!(file_stem(""), "_");
    }
}
