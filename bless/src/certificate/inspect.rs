//! A certificate shown to people, as `ssh-keygen -L` does, and to programs, as JSON (`bless.inspect/1`).
//!
//! The text is byte for byte that of OpenSSH 9.2's `ssh-keygen -L` behind its first line, which names the file, with
//! one difference on purpose: ssh-keygen prints what could drive a terminal, and this does not.

mod report;
mod time;

pub use report::{CertificateReport, KeyReport, OptionReport, Report, SourceError};

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::read::{Certificate, CertificateOption};
use super::visible::visible;
use crate::subject_key::fingerprint_sha256;

/// The certificate as `ssh-keygen -L` shows it in this time zone: lines indented by eight blanks, each ended.
#[must_use]
pub fn inspect(certificate: &Certificate<'_>, time_zone: &TimeZone) -> String {
    let mut out = String::with_capacity(1024);
    let mut line = |label: &str, value: &str| {
        out.push_str("        ");
        out.push_str(label);
        out.push_str(value);
        out.push('\n');
    };
    let (subject, ca) = (certificate.subject.short_name(), certificate.ca.short_name());
    line("Type: ", &format!("{} {} certificate", certificate.type_name, certificate.kind));
    line("Public key: ", &format!("{subject}-CERT {}", fingerprint_sha256(&certificate.subject_blob())));
    let algorithm = certificate.signature.algorithm;
    line("Signing CA: ", &format!("{ca} {} (using {algorithm})", fingerprint_sha256(certificate.ca_blob)));
    line("Key ID: ", &format!("\"{}\"", visible(certificate.key_id)));
    line("Serial: ", &certificate.serial.to_string());
    line("Valid: ", &time::validity(certificate.valid_after, certificate.valid_before, time_zone));
    line("Principals: ", &principals(certificate));
    line("Critical Options: ", &options(&certificate.critical_options, critical_option));
    line("Extensions: ", &options(&certificate.extensions, extension));
    out
}

const INDENT: &str = "\n                ";

fn principals(certificate: &Certificate<'_>) -> String {
    if certificate.principals.is_empty() {
        return "(none)".to_owned();
    }
    certificate.principals.iter().map(|name| format!("{INDENT}{}", visible(name))).collect()
}

fn options(list: &[CertificateOption<'_>], show: fn(&CertificateOption<'_>) -> String) -> String {
    if list.is_empty() {
        return "(none)".to_owned();
    }
    list.iter().map(|option| format!("{INDENT}{}{}", visible(option.name), show(option))).collect()
}

fn critical_option(option: &CertificateOption<'_>) -> String {
    match (option.name, option.text()) {
        (b"force-command" | b"source-address", Some(value)) => format!(" {}", visible(value)),
        (b"verify-required", _) => String::new(),
        _ => unknown(option),
    }
}

fn extension(option: &CertificateOption<'_>) -> String {
    match std::str::from_utf8(option.name) {
        Ok(name) if super::options::FLAGS.contains(&name) => String::new(),
        _ => unknown(option),
    }
}

fn unknown(option: &CertificateOption<'_>) -> String {
    if option.data.is_empty() {
        return " UNKNOWN FLAG OPTION".to_owned();
    }
    let mut out = String::with_capacity(40 + option.data.len() * 2);
    out.push_str(" UNKNOWN OPTION: ");
    out.push_str(&hex::encode(option.data));
    // Writing to a String cannot fail.
    let _ = write!(out, " (len {})", option.data.len());
    out
}
