//! Names: what is one, what is none, and that what is written is read back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;

use super::*;
use crate::asn1::{Reader, Writer};

#[test]
fn dns_names() {
    for (text, wanted) in [
        ("example.com", "example.com"),
        ("EXAMPLE.Com", "example.com"),
        ("*.example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("_acme-challenge.example.com", "_acme-challenge.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("r3---sn.example.com", "r3---sn.example.com"),
        ("1.example", "1.example"),
        ("a.1com", "a.1com"),
    ] {
        assert_eq!(DnsName::parse(text).unwrap().as_str(), wanted);
    }
    let long_label = "a".repeat(64);
    let long_name = format!("{}.com", ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(63)].join("."));
    for (text, wrong) in [
        ("", DnsNameError::Empty),
        (".", DnsNameError::EmptyLabel),
        ("example.com.", DnsNameError::EmptyLabel),
        (".example.com", DnsNameError::EmptyLabel),
        ("a..b", DnsNameError::EmptyLabel),
        ("*", DnsNameError::Wildcard),
        ("*.com", DnsNameError::WideWildcard),
        ("*.*.example.com", DnsNameError::Wildcard),
        ("a.*.example.com", DnsNameError::Wildcard),
        ("w*.example.com", DnsNameError::Wildcard),
        ("-a.example.com", DnsNameError::Hyphen),
        ("a-.example.com", DnsNameError::Hyphen),
        ("a b.com", DnsNameError::Character { found: ' ' }),
        ("a.com\0", DnsNameError::Character { found: '\0' }),
        ("bücher.example", DnsNameError::NotAscii { written: Some("xn--bcher-kva.example".to_owned()) }),
        ("*.Bücher.example", DnsNameError::NotAscii { written: Some("*.xn--bcher-kva.example".to_owned()) }),
        ("ü b.example", DnsNameError::NotAscii { written: None }),
        ("10.0.0.1", DnsNameError::Numeric),
        ("example.123", DnsNameError::Numeric),
        ("2001:db8::1", DnsNameError::Character { found: ':' }),
        ("xn--.example", DnsNameError::Hyphen),
        ("xn--a.example", DnsNameError::Punycode),
        ("xn--example-.com", DnsNameError::Hyphen),
        (&long_label, DnsNameError::LongLabel { len: 64 }),
        (&long_name, DnsNameError::TooLong { len: long_name.len() }),
    ] {
        assert_eq!(DnsName::parse(text), Err(wrong), "{text}");
    }
    assert_eq!(DnsName::parse_international("*.Bücher.example").unwrap().as_str(), "*.xn--bcher-kva.example");
    assert!(DnsName::parse("xn--BCHER-kva.example").is_ok_and(|name| name.as_str() == "xn--bcher-kva.example"));
}

#[test]
fn email_addresses() {
    assert_eq!(EmailAddress::parse("Ada.Lovelace+x@Example.COM").unwrap().as_str(), "Ada.Lovelace+x@example.com");
    for text in [
        "ada",
        "@example.com",
        "a@",
        "a b@example.com",
        "a..b@example.com",
        ".a@example.com",
        "\"a\"@example.com",
        "a@*.example.com",
        "ä@example.com",
        "a\0@example.com",
    ] {
        assert!(EmailAddress::parse(text).is_err(), "{text}");
    }
    assert!(EmailAddress::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    assert!(EmailAddress::parse("a@b@example.com").is_err());
}

#[test]
fn uris() {
    for (text, wanted, host) in [
        ("SPIFFE://Prod.Example.com/Ns/a", "spiffe://prod.example.com/Ns/a", Some("prod.example.com")),
        ("spiffe://prod/a", "spiffe://prod/a", Some("prod")),
        ("https://[2001:DB8::1]:443/?q#f", "https://[2001:db8::1]:443/?q#f", Some("[2001:db8::1]")),
        ("http://10.0.0.1:80", "http://10.0.0.1:80", Some("10.0.0.1")),
        ("urn:uuid:f81d4fae-7dec-11d0", "urn:uuid:f81d4fae-7dec-11d0", None),
        ("urn:x://y", "urn:x://y", None),
        ("a:%41b", "a:%41b", None),
    ] {
        let uri = Uri::parse(text).unwrap();
        assert_eq!((uri.as_str(), uri.host()), (wanted, host));
    }
    for text in [
        "",
        "nothing",
        ":x",
        "1a:x",
        "a:",
        "http://",
        "http:///x",
        "http://u@h/",
        "spiffe://team.example/web/../admin",
        "spiffe://team.example/web/%2e%2E/admin",
        "spiffe://team.example/./web",
        "http://h/a/..?q",
        "spiffe://team.example/web?admin",
        "spiffe://team.example/web#admin",
        "http://u:p@h/",
        "http://h:x/",
        "http://h:99999/",
        "http://*.example.com/",
        "http://a b/",
        "a:%4",
        "a:%zz",
        "a:b#c#d",
        "http://[::1/",
        "http://h\0/",
        "é:x",
        "http://-a/",
    ] {
        assert!(Uri::parse(text).is_err(), "{text}");
    }
    assert!(Uri::parse(&format!("a:{}", "x".repeat(2048))).is_err());
}

#[test]
fn subjects() {
    let subject = Subject::of_common_name("Zoö, \"x\"").unwrap().with(SubjectField::Country, "NL").unwrap();
    let subject = subject.with(SubjectField::Organization, "#A + B").unwrap();
    assert_eq!(subject.to_string(), r#"CN=Zoö\, \"x\",O=\#A \+ B,C=NL"#);
    for (field, text, wrong) in [
        (SubjectField::Country, "nl", SubjectError::Country),
        (SubjectField::Country, "NLD", SubjectError::Country),
        (SubjectField::CommonName, "", SubjectError::Blank { field: SubjectField::CommonName }),
        (SubjectField::CommonName, " a", SubjectError::Blank { field: SubjectField::CommonName }),
        (SubjectField::State, "a\nb", SubjectError::Control { field: SubjectField::State }),
        (SubjectField::Organization, "a\0b", SubjectError::Control { field: SubjectField::Organization }),
    ] {
        assert_eq!(Subject::new().with(field, text), Err(wrong));
    }
    for field in SubjectField::ALL.into_iter().skip(1) {
        let most = "ö".repeat(field.max_characters());
        assert!(Subject::new().with(field, &most).is_ok());
        let wrong = SubjectError::TooLong { field, len: field.max_characters() + 1 };
        assert_eq!(Subject::new().with(field, &format!("{most}x")), Err(wrong));
    }
    let json = serde_json::to_string(&subject).unwrap();
    assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), subject);
    assert!(serde_json::from_str::<Subject>(r#"{"country":"Netherlands"}"#).is_err());
    assert!(serde_json::from_str::<Subject>(r#"{"email":"x"}"#).is_err());
    assert_eq!(Subject::new().to_der(), [0x30, 0]);
}

#[test]
fn distinguished_names_of_others_are_shown_in_one_line() {
    let name = |value: &[u8]| {
        let mut writer = Writer::default();
        writer.sequence(|writer| {
            writer.nest(0x31, |writer| {
                writer.sequence(|writer| {
                    writer.oid(&SubjectField::CommonName.oid());
                    writer.raw(value);
                })
            })
        });
        DistinguishedName::read(&writer.into_vec()).unwrap()
    };
    assert_eq!(name(b"\x0c\x03a\nb").to_string(), "CN=a\\0Ab");
    assert_eq!(name(b"\x1e\x04\0a\x20\xac").to_string(), "CN=a€");
    assert_eq!(name(b"\x14\x02a\xe9").to_string(), "CN=aé");
    assert_eq!(name(b"\x0c\x02\xff\xff").to_string(), "CN=\\#0c02ffff");
    assert_eq!(name(b"\x0c\x03 a ").to_string(), "CN=\\ a\\ ");
    let many = [0x30_u8, 0x00].repeat(70);
    let mut writer = Writer::default();
    writer.sequence(|writer| writer.raw(&many));
    assert!(DistinguishedName::read(&writer.into_vec()).is_err());
    assert!(DistinguishedName::read(b"\x30\x02\x31\x00").is_err());
}

fn subtrees(dns: &[&str], ip: &[&str], email: &[&str], uri: &[&str]) -> Subtrees {
    Subtrees::parse(dns, ip, email, uri).unwrap()
}

#[test]
fn a_wildcard_reaches_into_what_is_excluded() {
    let permits = |permitted: &[&str], excluded: &[&str], name: &str| {
        let constraints = NameConstraints::new(subtrees(permitted, &[], &[], &[]), subtrees(excluded, &[], &[], &[])).unwrap();
        constraints.permits(&San::guess(name).unwrap()).is_ok()
    };
    assert!(permits(&["example.com"], &[], "*.example.com"));
    assert!(!permits(&["a.example.com"], &[], "*.example.com"));
    assert!(permits(&["a.example.com"], &[], "*.a.example.com"));
    assert!(!permits(&[], &["a.example.com"], "*.example.com"));
    assert!(!permits(&[], &["a.example.com"], "*.a.example.com"));
    assert!(permits(&[], &["b.a.example.com"], "*.example.com"));
    assert!(!permits(&[], &[""], "example.com"));
    assert!(!permits(&[], &[""], "*.example.com"));
    assert!(permits(&[], &[""], "10.0.0.1"));
    assert!(permits(&["example.com"], &[], "10.0.0.1"));
}

#[test]
fn uris_without_a_host_are_refused_where_uris_are_constrained() {
    let constraints = NameConstraints::new(Subtrees::default(), subtrees(&[], &[], &[], &["bad.example.com"])).unwrap();
    let permits = |name: &str| constraints.permits(&San::parse(SanKind::Uri, name).unwrap()).is_ok();
    assert!(permits("https://good.example.com/"));
    for name in ["urn:x:y", "https://10.0.0.1/", "https://[::1]/", "https://bad.example.com/"] {
        assert!(!permits(name), "{name}");
    }
}

#[test]
fn a_common_name_that_looks_like_a_host_is_constrained() {
    let constraints = NameConstraints::new(subtrees(&["example.com"], &[], &[], &[]), Subtrees::default()).unwrap();
    assert!(constraints.admits_common_name("Ada Lovelace").is_ok());
    assert!(constraints.admits_common_name("Ada").is_ok());
    assert!(constraints.admits_common_name("www.example.com").is_ok());
    assert!(constraints.admits_common_name("www.evil.test").is_err());
    assert!(constraints.admits_common_name("www.example.com.").is_ok());
    for hidden in
        ["www.evil.test.", "www.evil.test..", "www_1.evil.test", "münchen.evil.test", "10.0.0.1", "::ffff:10.0.0.1", "a@evil.test"]
    {
        assert!(constraints.admits_common_name(hidden).is_err(), "{hidden}");
    }
    let none = NameConstraints::default();
    assert!(none.admits_common_name("www_1.evil.test.").is_ok());
}

#[test]
fn an_address_is_one_thing_to_everybody() {
    let constraints = NameConstraints::new(Subtrees::default(), subtrees(&[], &["10.0.0.0/8"], &[], &[])).unwrap();
    assert!(constraints.admits(&San::guess("10.0.0.1").unwrap()).is_err());
    for mapped in ["::ffff:10.0.0.1", "::ffff:a00:1", "0:0:0:0:0:ffff:10.0.0.1"] {
        let meant = SanError::Mapped { address: "10.0.0.1".parse().unwrap() };
        assert_eq!(San::parse(SanKind::Ip, mapped).unwrap_err(), meant, "{mapped}");
        assert_eq!(San::guess(mapped).unwrap_err(), meant, "{mapped}");
        assert!(constraints.admits_common_name(mapped).is_err(), "{mapped}");
    }
    assert!(San::guess("2001:db8::1").is_ok() && San::guess("::1").is_ok());
}

#[test]
fn who_permits_something_permits_nothing_else() {
    let constraints = NameConstraints::new(subtrees(&["corp.example"], &[], &[], &[]), Subtrees::default()).unwrap();
    let admits = |name: &str| constraints.admits(&San::guess(name).unwrap()).is_ok();
    assert!(admits("www.corp.example") && !admits("www.bank.example"));
    for other in ["8.8.8.8", "2001:db8::1", "ceo@bank.example", "spiffe://prod.bank.example/db"] {
        assert!(!admits(other), "{other}");
        assert!(constraints.permits(&San::guess(other).unwrap()).is_ok(), "to a client of the chain {other} is free");
    }
    let both = NameConstraints::new(subtrees(&["corp.example"], &["10.0.0.0/8"], &[], &[]), Subtrees::default()).unwrap();
    assert!(both.admits(&San::guess("10.1.2.3").unwrap()).is_ok() && both.admits(&San::guess("8.8.8.8").unwrap()).is_err());
    let excluded = NameConstraints::new(Subtrees::default(), subtrees(&["bank.example"], &[], &[], &[])).unwrap();
    assert!(excluded.admits(&San::guess("8.8.8.8").unwrap()).is_ok(), "nothing is permitted by name");
}

#[test]
fn constraints_that_are_none() {
    assert_eq!(NameConstraints::new(Subtrees::default(), Subtrees::default()), Err(ConstraintError::Empty));
    for (dns, ip, email, uri) in [
        ("*.a", "", "", ""),
        (".example.com", "", "", ""),
        ("a", "10.0.0.0/33", "", ""),
        ("a", "10.0.0.0", "", ""),
        ("a", "", "x@", ""),
        ("a", "", "", "http://x"),
    ] {
        let list = |text: &'static str| if text.is_empty() { vec![] } else { vec![text] };
        assert!(Subtrees::parse(&list(dns), &list(ip), &list(email), &list(uri)).is_err(), "{dns} {ip} {email} {uri}");
    }
    assert_eq!(NameConstraints::read(b"\x30\x00"), Err(ConstraintError::Empty));
    assert_eq!(NameConstraints::read(b"\x30\x02\xa0\x00"), Err(ConstraintError::Empty));
    // 10.0.0.0 with the mask 255.0.255.0, and a directory name.
    assert_eq!(NameConstraints::read(b"\x30\x0e\xa0\x0c\x30\x0a\x87\x08\x0a\0\0\0\xff\0\xff\0"), Err(ConstraintError::Malformed));
    assert_eq!(NameConstraints::read(b"\x30\x08\xa0\x06\x30\x04\xa4\x02\x30\x00"), Err(ConstraintError::Kind { kind: "directoryName" }));
}

fn dns() -> impl Strategy<Value = String> {
    "(\\*\\.)?[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z0-9]{1,10}){1,4}\\.[a-z]{2,8}".prop_filter("no xn--", |name| !name.contains("xn--"))
}

fn san() -> impl Strategy<Value = San> {
    prop_oneof![
        dns().prop_map(|text| San::Dns(DnsName::parse(&text).unwrap())),
        any::<std::net::IpAddr>().prop_map(|address| San::Ip(address.to_canonical())),
        "[a-zA-Z0-9+]{1,20}@[a-z]{1,10}\\.[a-z]{2,5}".prop_map(|text| San::Email(EmailAddress::parse(&text).unwrap())),
        "[a-z]{2,8}://[a-z]{1,10}\\.[a-z]{2,5}(/[a-zA-Z0-9]{0,8}){0,3}".prop_map(|text| San::Uri(Uri::parse(&text).unwrap())),
    ]
}

proptest! {
    #[test]
    fn names_are_read_back(name in san()) {
        let mut writer = Writer::default();
        name.write(&mut writer);
        let der = writer.into_vec();
        prop_assert_eq!(San::read(Reader::new(&der).element().unwrap()), Ok(name.clone()));
        prop_assert_eq!(San::parse(name.kind(), &name.to_string()), Ok(name.clone()));
        prop_assert_eq!(San::guess(&name.to_string()), Ok(name.clone()));
        prop_assert_eq!(serde_json::from_str::<San>(&serde_json::to_string(&name).unwrap()).unwrap(), name);
    }

    #[test]
    fn what_parses_is_its_own_form(text in "\\PC{0,40}") {
        for kind in [SanKind::Dns, SanKind::Ip, SanKind::Email, SanKind::Uri] {
            if let Ok(name) = San::parse(kind, &text) {
                prop_assert_eq!(San::parse(kind, &name.to_string()), Ok(name.clone()));
                prop_assert!(name.to_string().is_ascii());
            }
        }
        let _ = DnsName::parse_international(&text);
    }

    #[test]
    fn constraints_are_read_back(hosts in prop::collection::vec("[a-z]{1,8}\\.[a-z]{2,4}", 0..4), bits in 0_u8..=32, bits6 in 0_u8..=128, address: std::net::Ipv4Addr, address6: std::net::Ipv6Addr) {
        let ip = [format!("{address}/{bits}"), format!("{address6}/{bits6}")];
        let dotted: Vec<String> = hosts.iter().map(|host| format!(".{host}")).collect();
        let one = Subtrees::parse(&hosts, &ip, &hosts, &dotted).unwrap();
        let constraints = NameConstraints::new(one.clone(), one).unwrap();
        let mut writer = Writer::default();
        constraints.write(&mut writer);
        prop_assert_eq!(NameConstraints::read(&writer.into_vec()), Ok(constraints.clone()));
        prop_assert_eq!(&serde_json::from_str::<NameConstraints>(&serde_json::to_string(&constraints).unwrap()).unwrap(), &constraints);
    }

    /// Whatever is excluded, no name of it is permitted; whatever is permitted, no name outside it is.
    #[test]
    fn constraints_hold(name in dns(), tree in "[a-z0-9]{1,10}\\.[a-z]{2,8}") {
        let dns = DnsName::parse(&name).unwrap();
        let inside = dns.base() == tree || dns.base().ends_with(&format!(".{tree}"));
        let san = San::Dns(dns);
        let permitted = NameConstraints::new(Subtrees::parse(&[tree.as_str()], &[], &[], &[]).unwrap(), Subtrees::default()).unwrap();
        let excluded = NameConstraints::new(Subtrees::default(), Subtrees::parse(&[tree.as_str()], &[], &[], &[]).unwrap()).unwrap();
        prop_assert_eq!(permitted.permits(&san).is_ok(), inside);
        if inside {
            prop_assert!(excluded.permits(&san).is_err());
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = DistinguishedName::read(&bytes).map(|name| name.to_string());
        let _ = NameConstraints::read(&bytes);
    }
}
