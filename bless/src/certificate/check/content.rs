//! The limits on what a certificate may say, whatever was meant.

use std::net::IpAddr;

use super::super::options::is_name;
use super::super::read::{Certificate, CertificateOption, PublicKey};
use super::super::source_address::{SourceAddressError, visit};
use super::super::visible::visible;
use super::super::{Kind, MAX_PRINCIPALS};
use super::{CheckError, Policy};

pub(super) fn check(certificate: &Certificate<'_>, policy: &Policy) -> Result<(), CheckError> {
    if certificate.serial == 0 {
        return Err(CheckError::ZeroSerial);
    }
    key_id(certificate.key_id, policy)?;
    principals(&certificate.principals, certificate.kind == Kind::Host && policy.host_wildcards)?;
    let (valid_after, valid_before) = (certificate.valid_after, certificate.valid_before);
    if valid_after >= valid_before && !policy.expired {
        return Err(CheckError::NeverValid { valid_after, valid_before });
    }
    for option in &certificate.critical_options {
        critical_option(certificate, option, policy)?;
    }
    match certificate.extensions.iter().find(|extension| !std::str::from_utf8(extension.name).is_ok_and(is_name)) {
        Some(extension) => Err(CheckError::ExtensionName { name: quote(extension.name) }),
        None => Ok(()),
    }
}

fn key_id(key_id: &[u8], policy: &Policy) -> Result<(), CheckError> {
    if key_id.len() > policy.max_key_id {
        return Err(CheckError::KeyIdTooLong { length: key_id.len(), limit: policy.max_key_id });
    }
    match std::str::from_utf8(key_id) {
        Ok(text) if !text.chars().any(char::is_control) => Ok(()),
        _ => Err(CheckError::KeyIdControl),
    }
}

fn principals(names: &[&[u8]], wildcards: bool) -> Result<(), CheckError> {
    match names.len() {
        0 => return Err(CheckError::NoPrincipals),
        1..=MAX_PRINCIPALS => {}
        count => return Err(CheckError::TooManyPrincipals { count }),
    }
    for name in names {
        principal(name, wildcards)?;
    }
    match duplicate(names) {
        Some(name) => Err(CheckError::DuplicatePrincipal { principal: quote(name) }),
        None => Ok(()),
    }
}

fn principal(name: &[u8], wildcards: bool) -> Result<(), CheckError> {
    let principal = || quote(name);
    if name.is_empty() {
        return Err(CheckError::EmptyPrincipal);
    }
    if name.contains(&b',') {
        return Err(CheckError::CommaPrincipal { principal: principal() });
    }
    if !std::str::from_utf8(name).is_ok_and(|text| text.chars().all(prints)) {
        return Err(CheckError::UnprintablePrincipal { principal: principal() });
    }
    if name[0] == b'-' {
        return Err(CheckError::DashPrincipal { principal: principal() });
    }
    if !wildcards && name.iter().any(|byte| matches!(byte, b'*' | b'?')) {
        return Err(CheckError::WildcardPrincipal { principal: principal() });
    }
    Ok(())
}

/// ASCII that leaves ink, and letters and digits of any script: nothing blank, invisible or direction-changing.
fn prints(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_graphic() } else { c.is_alphanumeric() }
}

fn duplicate<'a>(names: &[&'a [u8]]) -> Option<&'a [u8]> {
    if names.len() <= 8 {
        return names.iter().enumerate().find_map(|(index, name)| names[..index].contains(name).then_some(*name));
    }
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).find_map(|pair| (pair[0] == pair[1]).then_some(pair[0]))
}

fn critical_option(certificate: &Certificate<'_>, option: &CertificateOption<'_>, policy: &Policy) -> Result<(), CheckError> {
    if !matches!(option.name, b"force-command" | b"source-address" | b"verify-required") {
        return Err(CheckError::UnknownCriticalOption { name: quote(option.name) });
    }
    if certificate.kind == Kind::Host {
        return Err(CheckError::HostCriticalOption { name: quote(option.name) });
    }
    let text = || option.text().and_then(|text| std::str::from_utf8(text).ok());
    match option.name {
        b"force-command" => match text() {
            Some(command) if !command.chars().any(char::is_control) => Ok(()),
            _ => Err(CheckError::ForceCommand),
        },
        b"source-address" => source_address(text().ok_or(SourceAddressError::Empty)?, policy),
        _ => match certificate.subject {
            PublicKey::SkEd25519 { .. } | PublicKey::SkEcdsa { .. } => Ok(()),
            _ => Err(CheckError::VerifyRequiredWithoutSecurityKey),
        },
    }
}

fn source_address(list: &str, policy: &Policy) -> Result<(), CheckError> {
    let mut wide = None;
    visit(list, |network| {
        let limit = match network.addr() {
            IpAddr::V4(_) => policy.min_prefix_v4,
            IpAddr::V6(_) => policy.min_prefix_v6,
        };
        if network.prefix_len() < limit && wide.is_none() {
            wide = Some((network, limit));
        }
    })?;
    match wide {
        Some((network, limit)) => Err(CheckError::SourceAddressTooWide { network: network.to_string(), limit }),
        None => Ok(()),
    }
}

/// The beginning of an untrusted name, for a message.
fn quote(name: &[u8]) -> String {
    visible(&name[..name.len().min(256)]).into_owned()
}
