//! Lints on extensions as such: that there are some, each once, readable, and none critical that nobody knows (RFC 5280, 4.2).

use super::super::definition::{Lint, of, rfc5280};
use super::super::oid;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-extensions-empty", rfc5280("4.1.2.9"), "Where there is a list of extensions, it is not empty.", |c, say| {
        if c.certificate.extensions.as_ref().is_some_and(Vec::is_empty) {
            say("the list of extensions is empty".to_owned());
        }
    }),
    Lint::error("rfc5280-extension-duplicate", rfc5280("4.2"), "There is one extension of a type.", |c, say| {
        let mut types: Vec<&[u8]> = c.extensions.all.iter().map(|extension| extension.oid).collect();
        types.sort_unstable();
        for twice in types.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
            say(format!("there are {} extensions of type {}", twice.len(), oid::name(twice[0])));
        }
    }),
    Lint::error("rfc5280-extension-malformed", rfc5280("4.2"), "An extension's value is of its type.", |c, say| {
        for (_, broken) in &c.extensions.malformed {
            say(broken.to_string());
        }
    }),
    Lint::warning("rfc5280-extension-unknown-critical", rfc5280("4.2"), "A critical extension is one that programs know.", |c, say| {
        for extension in c.extensions.all {
            if extension.critical && oid::known(extension.oid).is_none() {
                say(format!("the extension of type {} is critical", oid::dotted(extension.oid)));
            }
        }
    }),
    Lint::error("rfc5280-sda-critical", rfc5280("4.2.1.8"), "Subject directory attributes are not critical.", |c, say| {
        if c.extensions.get(oid::SUBJECT_DIRECTORY_ATTRIBUTES).is_some_and(|extension| extension.critical) {
            say("subjectDirectoryAttributes is critical".to_owned());
        }
    }),
    Lint::error("rfc4262-smime-critical", of("RFC 4262", "2"), "S/MIME capabilities are not critical.", |c, say| {
        if c.extensions.get(oid::SMIME_CAPABILITIES).is_some_and(|extension| extension.critical) {
            say("smimeCapabilities is critical".to_owned());
        }
    }),
    Lint::error(
        "rfc3739-statement-v1",
        of("RFC 3739", "3.2.6.1"),
        "Qualified statements do not name the syntax of the superseded RFC 3039.",
        |c, say| {
            if c.extensions.qc_statements.as_ref().is_some_and(|statements| statements.value.contains(&oid::QC_SYNTAX_V1)) {
                say("qcStatements has id-qcs-pkixQCSyntax-v1".to_owned());
            }
        },
    ),
    Lint::notice("netscape-cert-type", of("RFC 5280", "4.2"), "There is no certificate type of Netscape's.", |c, say| {
        if c.extensions.has(oid::NETSCAPE_CERT_TYPE) {
            say("netscapeCertType is there".to_owned());
        }
    }),
    Lint::error("rfc7633-feature-number", of("RFC 7633", "4.1"), "A TLS feature is an extension number of TLS.", |c, say| {
        for feature in c.extensions.tls_features.iter().flat_map(|features| &features.value) {
            if !(0..=0xffff).contains(feature) {
                say(format!("there is a feature {feature}"));
            }
        }
    }),
    Lint::warning("rfc7633-feature-critical", of("RFC 7633", "4.2"), "TLS features are not critical.", |c, say| {
        if c.extensions.tls_features.as_ref().is_some_and(|features| features.critical) {
            say("tlsFeature is critical".to_owned());
        }
    }),
    Lint::error("rfc8737-acme-critical", of("RFC 8737", "3"), "An ACME identifier is critical.", |c, say| {
        if c.extensions.get(oid::ACME_IDENTIFIER).is_some_and(|extension| !extension.critical) {
            say("acmeIdentifier is not critical".to_owned());
        }
    }),
    Lint::error("rfc8737-acme-length", of("RFC 8737", "3"), "An ACME identifier is a SHA-256 digest.", |c, say| {
        if let Some(identifier) = &c.extensions.acme_identifier
            && identifier.value.len() != 32
        {
            say(format!("acmeIdentifier has {} bytes", identifier.value.len()));
        }
    }),
];
