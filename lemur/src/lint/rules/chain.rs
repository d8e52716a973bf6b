//! Lints that hold a certificate against its issuer's, where that is handed in (RFC 5280, 4.2.1 and 6.1).

use super::super::context::{Context, Issuer};
use super::super::definition::{Lint, Say, of, rfc5280};
use super::super::key;
use super::super::oid;
use super::permitted;
use super::usage::{self, Usage};

pub(super) static LINTS: &[Lint] = &[
    Lint::error("chain-issuer-readable", rfc5280("6.1"), "The issuer's certificate can be read.", |c, say| {
        if matches!(c.issuer, Issuer::Unreadable) {
            say("it cannot".to_owned());
        }
    }),
    Lint::error("chain-name", rfc5280("4.1.2.4"), "The issuer's name is written as in the issuer's certificate.", |c, say| {
        if let Issuer::Read(issuer, _) = c.issuer
            && issuer.subject.raw != c.certificate.issuer.raw
        {
            say(format!("\"{}\" is not \"{}\"", c.certificate.issuer.shown(), issuer.subject.shown()));
        }
    }),
    Lint::error("chain-key-id", rfc5280("4.2.1.1"), "The authority key identifier is the issuer's subject key identifier.", |c, say| {
        let Issuer::Read(_, extensions) = c.issuer else { return };
        let theirs = extensions.subject_key_id.as_ref().map(|id| id.value);
        let named = c.extensions.authority_key_id.as_ref().and_then(|id| id.value.key);
        if let (Some(theirs), Some(named)) = (theirs, named)
            && theirs != named
        {
            say(format!("{} is not {}", hex::encode(&named[..named.len().min(32)]), hex::encode(&theirs[..theirs.len().min(32)])));
        }
    }),
    Lint::error("chain-authority", rfc5280("6.1.4"), "The issuer is a CA that may sign certificates.", |c, say| {
        let Issuer::Read(_, extensions) = c.issuer else { return };
        if !extensions.is_ca() {
            say("its basic constraints do not say that it is one".to_owned());
        }
        if extensions.key_usage.as_ref().is_some_and(|usage| !usage::has(usage.value, Usage::KeyCertSign)) {
            say("its key usage lacks keyCertSign".to_owned());
        }
    }),
    Lint::error("chain-path-length", rfc5280("4.2.1.9"), "A CA stands within its issuer's path length.", |c, say| {
        let Issuer::Read(_, extensions) = c.issuer else { return };
        let most = extensions.basic_constraints.as_ref().and_then(|constraints| constraints.value.path_length);
        let own = c.extensions.basic_constraints.as_ref().and_then(|constraints| constraints.value.path_length);
        let Some(most) = most.filter(|_| c.extensions.is_ca() && !c.certificate.is_self_issued()) else { return };
        if most < 1 {
            say("the issuer's path length allows no CA below it".to_owned());
        } else if own.is_some_and(|own| own >= most) {
            say(format!("the issuer's path length of {most} is not longer than this one's"));
        }
    }),
    Lint::warning("chain-validity", rfc5280("6.1.3"), "A certificate is valid only while its issuer's is.", |c, say| {
        let Issuer::Read(issuer, _) = c.issuer else { return };
        if let (Some(start), Some(end)) = (issuer.not_before.at, issuer.not_after.at)
            && (c.certificate.not_before.at.is_some_and(|at| at < start) || c.certificate.not_after.at.is_some_and(|at| at > end))
        {
            say(format!("the issuer's is valid from {start} to {end}"));
        }
    }),
    Lint::error("chain-algorithm", rfc5280("4.1.1.2"), "The signature's algorithm is one of the issuer's key.", algorithm),
    Lint::warning("chain-purposes", rfc5280("4.2.1.12"), "The issuer's extended key usages allow the certificate's.", |c, say| {
        let Issuer::Read(_, extensions) = c.issuer else { return };
        let Some(allowed) = extensions.extended_key_usage.as_ref().map(|usages| &usages.value) else { return };
        let is_allowed = |purpose: &&&[u8]| {
            allowed.contains(purpose) || **purpose == oid::OCSP_SIGNING || allowed.contains(&oid::ANY_EXTENDED_KEY_USAGE)
        };
        for purpose in c.purposes().iter().filter(|purpose| !is_allowed(purpose)) {
            say(format!("{} is not among the issuer's", oid::name(purpose)));
        }
    }),
    Lint::error(
        "chain-names-permitted",
        of("RFC 5280", "4.2.1.10"),
        "Subject and alternative names are within the issuer's name constraints.",
        |c, say| {
            let Issuer::Read(_, extensions) = c.issuer else { return };
            if let Some(constraints) = &extensions.name_constraints
                && !c.certificate.is_self_issued()
            {
                permitted::check(&constraints.value, &c.certificate.subject, c.extensions.alternative_names(), say);
            }
        },
    ),
];

fn algorithm(c: &Context<'_>, say: &mut Say<'_>) {
    let Issuer::Read(issuer, _) = c.issuer else { return };
    let (used, info) = (c.certificate.algorithm.oid, &issuer.key);
    let rsa = [oid::RSA_MD2, oid::RSA_MD5, oid::RSA_SHA1, oid::RSA_SHA224, oid::RSA_SHA256, oid::RSA_SHA384, oid::RSA_SHA512, oid::RSA_PSS];
    let ecdsa = [oid::ECDSA_SHA1, oid::ECDSA_SHA224, oid::ECDSA_SHA256, oid::ECDSA_SHA384, oid::ECDSA_SHA512];
    let fits = match info.algorithm.oid {
        x if x == oid::RSA => rsa.contains(&used),
        x if x == oid::EC => ecdsa.contains(&used) && key::curve(info).is_some(),
        // Elsewhere key and signature have the same identifier.
        other => other == used,
    };
    if !fits {
        say(format!("signed with {} by a key of {}", oid::name(used), oid::name(info.algorithm.oid)));
    }
}
