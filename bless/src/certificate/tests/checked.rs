//! Each reason for which a finished certificate does not leave. Several name a hole that BLESS or its peers had.

use super::super::check::judge_content;
use super::*;
use crate::certificate::{SourceAddress, SourceAddressError, Stated};
use crate::subject_key::SubjectKeyError;

fn refusal(template: &Template<'_>, policy: &Policy) -> Result<(), CheckError> {
    ED25519_CA.check(ED25519_CA.certify(template).as_bytes(), template, policy)
}

fn with_principals(names: &[&str]) -> Result<(), CheckError> {
    let mut template = template(&SUBJECTS[0]);
    template.principals = names.iter().map(|name| (*name).to_owned()).collect();
    refusal(&template, &Policy::default())
}

#[test]
fn an_empty_principal_list_is_refused_cve_2024_7594() {
    assert_eq!(with_principals(&[]), Err(CheckError::NoPrincipals));
    assert_eq!(with_principals(&[""]), Err(CheckError::EmptyPrincipal));
}

#[test]
fn a_comma_inside_a_principal_is_refused_cve_2026_35414() {
    assert_eq!(with_principals(&["ada,root"]), Err(CheckError::CommaPrincipal { principal: "ada,root".to_owned() }));
}

#[test]
fn three_hundred_principals_are_refused_and_256_are_not() {
    let names: Vec<String> = (0..300).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(with_principals(&names), Err(CheckError::TooManyPrincipals { count: 300 }));
    assert_eq!(with_principals(&names[..257]), Err(CheckError::TooManyPrincipals { count: 257 }));
    assert_eq!(with_principals(&names[..256]), Ok(()));
}

#[test]
fn principals_that_read_as_something_else_are_refused() {
    for name in ["*", "web-?", "a*"] {
        assert_eq!(with_principals(&[name]), Err(CheckError::WildcardPrincipal { principal: name.to_owned() }));
    }
    assert_eq!(with_principals(&["-oProxyCommand=x"]), Err(CheckError::DashPrincipal { principal: "-oProxyCommand=x".to_owned() }));
    for name in ["a b", "a\tb", "a\u{a0}b", "a\u{202e}b", "\u{200b}", "a\u{85}"] {
        assert!(matches!(with_principals(&[name]), Err(CheckError::UnprintablePrincipal { .. })), "{name:?}");
    }
    let twice = Err(CheckError::DuplicatePrincipal { principal: "ada".to_owned() });
    assert_eq!(with_principals(&["ada", "bob", "ada"]), twice);
    assert_eq!(with_principals(&["ada", "1", "2", "3", "4", "5", "6", "7", "8", "ada"]), twice);
    assert_eq!(with_principals(&["ada.lovelace@example.org", "jürgen", "svc$", "~x"]), Ok(()));
}

#[test]
fn wildcards_stand_in_host_certificates_by_policy_only() {
    let mut template = template(&SUBJECTS[0]);
    template.kind = Kind::Host;
    template.principals = vec!["*.example.org".to_owned()];
    assert!(matches!(refusal(&template, &Policy::default()), Err(CheckError::WildcardPrincipal { .. })));
    let policy = Policy { host_wildcards: true, ..Policy::default() };
    assert_eq!(refusal(&template, &policy), Ok(()));
    template.kind = Kind::User;
    assert!(matches!(refusal(&template, &policy), Err(CheckError::WildcardPrincipal { .. })));
}

#[test]
fn serial_zero_and_long_or_forged_key_ids_are_refused() {
    let long = "k".repeat(1025);
    let mut template = template(&SUBJECTS[0]);
    template.serial = 0;
    assert_eq!(refusal(&template, &Policy::default()), Err(CheckError::ZeroSerial));
    template.serial = 1;
    template.key_id = &long;
    assert_eq!(refusal(&template, &Policy::default()), Err(CheckError::KeyIdTooLong { length: 1025, limit: 1024 }));
    template.key_id = "a\nAccepted publickey for root";
    assert_eq!(refusal(&template, &Policy::default()), Err(CheckError::KeyIdControl));
    template.key_id = "";
    assert_eq!(refusal(&template, &Policy::default()), Ok(()));
}

#[test]
fn source_addresses_are_what_sshd_parses() {
    use SourceAddressError as E;
    let malformed = |entry: &str| E::Malformed { entry: entry.to_owned() };
    for text in ["10.0.0.0/255.0.0.0", "10.1", "010.0.0.1", "1.2.3.4/33", "::1/129", "1.2.3.4/", "1.2.3.4/08", "1.2.3.4/+8", " 1.2.3.4"] {
        assert_eq!(SourceAddress::parse(text), Err(malformed(text)));
    }
    for text in ["!10.0.0.1", "10.0.*", "fe80::1%eth0", "example.org", "1.2.3.4/8/8"] {
        assert_eq!(SourceAddress::parse(text), Err(malformed(text)));
    }
    for text in ["", ",", "10.0.0.1,", "10.0.0.1,,10.0.0.2"] {
        assert_eq!(SourceAddress::parse(text), Err(E::Empty), "{text}");
    }
    for text in ["10.0.0.1/8", "2001:db8::1/32", "128.0.0.0/0"] {
        assert_eq!(SourceAddress::parse(text), Err(E::HostBits { entry: text.to_owned() }));
    }
    for text in ["::ffff:10.0.0.1", "::ffff:0:0/96"] {
        assert_eq!(SourceAddress::parse(text), Err(E::Mapped { entry: text.to_owned() }));
    }
    assert!(matches!(SourceAddress::parse(&"1".repeat(50)), Err(E::TooLong { .. })));
    let many = |count: usize| vec!["10.0.0.1"; count].join(",");
    assert_eq!(SourceAddress::parse(&many(65)), Err(E::TooMany));
    assert_eq!(SourceAddress::parse(&many(64)).unwrap().networks().len(), 64);
    let list = SourceAddress::parse("10.0.0.0/8,192.0.2.1,2001:db8::/32,::1").unwrap();
    assert_eq!(list.networks().iter().map(|net| net.prefix_len()).collect::<Vec<_>>(), [8, 32, 32, 128]);
}

#[test]
fn networks_that_hold_everyone_are_refused() {
    let mut template = template(&SUBJECTS[0]);
    for text in ["0.0.0.0/0", "::/0", "0.0.0.0/1,128.0.0.0/1", "10.0.0.1,::/15"] {
        template.critical_options.source_address = Some(SourceAddress::parse(text).unwrap());
        assert!(matches!(refusal(&template, &Policy::default()), Err(CheckError::SourceAddressTooWide { .. })), "{text}");
        let policy = Policy { min_prefix_v4: 0, min_prefix_v6: 0, ..Policy::default() };
        assert_eq!(refusal(&template, &policy), Ok(()));
    }
    template.critical_options.source_address = Some(SourceAddress::parse("10.0.0.0/8,2001::/16").unwrap());
    assert_eq!(refusal(&template, &Policy::default()), Ok(()));
}

#[test]
fn critical_options_that_servers_refuse_or_ignore_are_refused() {
    let mut template = template(&SUBJECTS[0]);
    template.critical_options.verify_required = true;
    assert_eq!(refusal(&template, &Policy::default()), Err(CheckError::VerifyRequiredWithoutSecurityKey));
    template.subject = &SUBJECTS[5];
    assert_eq!(refusal(&template, &Policy::default()), Ok(()));
    template.kind = Kind::Host;
    assert!(matches!(refusal(&template, &Policy::default()), Err(CheckError::HostCriticalOption { .. })));
    template.kind = Kind::User;
    template.critical_options.force_command = Some("a\x1b".to_owned());
    assert_eq!(refusal(&template, &Policy::default()), Err(CheckError::ForceCommand));
}

/// What no template can mean is written by hand.
#[test]
fn content_is_judged_whatever_was_meant() {
    let judge = |critical: &[u8], extensions: &[u8]| {
        let blob = parsed::by_hand(critical, extensions, b"");
        judge_content(&blob)
    };
    let option = |name: &[u8], value: &[u8]| [string(name), string(value)].concat();
    assert_eq!(judge(b"", b""), Ok(()));
    assert_eq!(judge(&option(b"no-such", b""), b""), Err(CheckError::UnknownCriticalOption { name: "no-such".to_owned() }));
    assert_eq!(judge(b"", &option(b"a b", b"")), Err(CheckError::ExtensionName { name: "a b".to_owned() }));
    let netmask = option(b"source-address", &string(b"10.0.0.0/255.0.0.0"));
    assert!(matches!(judge(&netmask, b""), Err(CheckError::SourceAddress(SourceAddressError::Malformed { .. }))));
    let not_text = option(b"source-address", &string(b"\xff"));
    assert!(matches!(judge(&not_text, b""), Err(CheckError::SourceAddress(_))));
}

#[test]
fn every_field_is_compared_with_what_was_meant() {
    let meant = template(&SUBJECTS[0]);
    let judge = |change: &dyn Fn(&mut Template<'_>)| {
        let mut other = meant.clone();
        change(&mut other);
        ED25519_CA.check(ED25519_CA.certify(&other).as_bytes(), &meant, &Policy::default())
    };
    let differs = |stated| Err(CheckError::NotAsMeant { stated });
    assert_eq!(judge(&|_| {}), Ok(()));
    assert_eq!(judge(&|t| t.nonce = [8; 32]), differs(Stated::Nonce));
    assert_eq!(judge(&|t| t.subject = &SUBJECTS[1]), differs(Stated::Subject));
    assert_eq!(judge(&|t| t.serial = 8), differs(Stated::Serial));
    assert_eq!(judge(&|t| t.kind = Kind::Host), differs(Stated::Kind));
    assert_eq!(judge(&|t| t.key_id = "other"), differs(Stated::KeyId));
    assert_eq!(judge(&|t| drop(t.principals.pop())), differs(Stated::Principals));
    assert_eq!(judge(&|t| t.valid_after += 1), differs(Stated::ValidAfter));
    assert_eq!(judge(&|t| t.valid_before += 1), differs(Stated::ValidBefore));
    assert_eq!(judge(&|t| t.critical_options.force_command = Some("x".to_owned())), differs(Stated::CriticalOptions));
    assert_eq!(judge(&|t| t.extensions = Extensions::flags(["permit-pty"]).unwrap()), differs(Stated::Extensions));
    let longer = Extensions::flags(["permit-X11-forwarding", "permit-pty", "permit-user-rc"]).unwrap();
    assert_eq!(judge(&|t| t.extensions = longer.clone()), differs(Stated::Extensions));
}

#[test]
fn another_authority_and_a_false_signature_are_refused() {
    let template = template(&SUBJECTS[0]);
    let certificate = ED25519_CA.certify(&template);
    assert_eq!(P256_CA.check(certificate.as_bytes(), &template, &Policy::default()), Err(CheckError::OtherAuthority));
    let expectations = Expectations { template: &template, ca_public_key: &ED25519_CA.public_key() };
    assert_eq!(check(certificate.as_bytes(), &expectations, &Policy::default(), |_, _, _| false), Err(CheckError::Signature));
}

#[test]
fn sha1_and_foreign_algorithms_are_refused() {
    let template = template(&SUBJECTS[0]);
    for (authority, name) in [(&*RSA_CA, "ssh-rsa"), (&*RSA_CA, "ssh-ed25519"), (&*ED25519_CA, "ecdsa-sha2-nistp256")] {
        let tbs = template.to_be_signed(&authority.public_key()).unwrap();
        let blob = tbs.finish(&[string(name.as_bytes()), string(&[1; 64])].concat()).unwrap();
        let expectations = Expectations { template: &template, ca_public_key: &authority.public_key() };
        let answer = check(blob.as_bytes(), &expectations, &Policy::default(), |_, _, _| true);
        assert_eq!(answer, Err(CheckError::Algorithm { algorithm: name.to_owned() }));
    }
}

#[test]
fn the_authority_does_not_certify_itself() {
    for authority in [&*ED25519_CA, &*P256_CA, &*RSA_CA] {
        let blob = authority.public_key();
        let name = String::from_utf8(blob[4..4 + usize::from(blob[3])].to_vec()).unwrap();
        let own = SubjectKey::parse(&format!("{name} {}", STANDARD.encode(&blob))).unwrap();
        assert_eq!(own.refuse_authority(&blob), Err(SubjectKeyError::AuthorityKey));
        let template = template(&own);
        let certificate = authority.certify(&template);
        assert_eq!(authority.check(certificate.as_bytes(), &template, &Policy::default()), Err(CheckError::CertifiesAuthority));
    }
}
