//! Certificates that break the lints of X.690 and the RFCs.

use crate::cases::{Case, case};
use crate::keys;
use crate::made::*;

const DNS63: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn long_domain() -> String {
    format!("{DNS63}.{DNS63}.{DNS63}.{DNS63}.com")
}

fn san(made: &mut Made, names: &[Vec<u8>]) {
    let critical = made.subject.is_empty();
    made.put(SAN, critical, seq(names));
}

fn nist(made: &mut Made, number: u8) {
    made.key = key(&[oid(&format!("2.16.840.1.101.3.4.3.{number}"))], &[1; 32]);
}

pub(crate) static CASES: &[Case] = &[
    case("x509-malformed", leaf, |m| m.raw = Some(b"\x30\x03\x02\x01\x01".to_vec())),
    case("x509-too-large", leaf, |m| m.raw = Some(tlv(0x30, &vec![0; 300_000]))),
    case("der-unreadable", leaf, |m| m.put(SAN, true, vec![0x30, 0x80, 0, 0])),
    case("der-trailing-data", leaf, |m| m.tail = vec![0]),
    case("der-length", leaf, |m| m.not_after = [&[0x17, 0x81, 13], &b"260829235959Z"[..]].concat()),
    case("der-form", leaf, |m| m.put(CP, false, seq(&[tlv(0x10, &oid(DV))]))),
    case("der-boolean", leaf, |m| m.extensions.as_mut().unwrap()[0].critical = Some(1)),
    case("der-integer", leaf, |m| m.serial = vec![0, 0x41, 2, 3, 4, 5, 6, 7, 8]),
    case("der-unused-bits", leaf, |m| m.put(KU, true, tlv(3, &[6, 0x81]))),
    case("der-named-bits", leaf, |m| m.put(KU, true, tlv(3, &[0, 0x80]))),
    case("der-null", rsa_leaf, |m| m.key = key(&[oid("1.2.840.113549.1.1.1"), tlv(5, &[1])], &seq(&[tlv(2, &[1]), tlv(2, &[3])]))),
    case("der-object-identifier", leaf, |m| m.put(CP, false, seq(&[seq(&[oid(DV)]), seq(&[tlv(6, &[0x2a, 0x80, 1, 1])])]))),
    case("der-set-order", organization, |m| {
        let (one, other) = (seq(&[oid(O), tlv(UTF8, b"Example")]), seq(&[oid(CN), tlv(UTF8, b"www.example.com")]));
        m.subject = vec![tlv(0x31, &[other, one].concat())];
    }),
    case("der-default", leaf, |m| m.extensions.as_mut().unwrap()[1].critical = Some(0)),
    case("der-characters", organization, |m| m.subject[2] = attribute(O, PRINTABLE, "Example & Sons")),
    case("rfc5280-version", leaf, |m| m.version = Some(vec![1])),
    case("rfc5280-serial-positive", leaf, |m| m.serial = vec![0x81; 9]),
    case("rfc5280-serial-length", leaf, |m| m.serial = vec![0x41; 21]),
    case("rfc5280-signature-match", leaf, |m| m.outer = Some(seq(&[oid("1.2.840.10045.4.3.3")]))),
    case("rfc5280-signature-parameters", leaf, |m| m.algorithm = seq(&[oid("1.2.840.10045.4.3.2"), tlv(5, &[])])),
    case("rfc6151-md5", leaf, |m| m.algorithm = seq(&[oid("1.2.840.113549.1.1.4"), tlv(5, &[])])),
    case("rfc9155-sha1", leaf, |m| m.algorithm = seq(&[oid("1.2.840.113549.1.1.5"), tlv(5, &[])])),
    case("rfc5280-time-syntax", leaf, |m| m.not_after = tlv(0x17, b"2608292359Z")),
    case("rfc5280-time-type", leaf, |m| m.not_after = tlv(0x18, b"20260829235959Z")),
    case("rfc5280-validity-order", leaf, |m| m.valid("260601000000Z", "260531235959Z")),
    case("rfc5280-unique-id", leaf, |m| m.unique_ids = tlv(0x81, &[0, 1])),
    case("rfc5280-issuer-empty", organization, |m| m.issuer.clear()),
    case("rfc5280-subject-empty-ca", intermediate, |m| m.subject.clear()),
    case("rfc5280-subject-empty-without-san", leaf, |m| m.drop(SAN)),
    case("rfc5280-rdn-empty", organization, |m| m.subject[1] = tlv(0x31, &[])),
    case("rfc5280-rdn-duplicate-type", organization, |m| {
        let unit = |text: &str| seq(&[oid(OU), tlv(UTF8, text.as_bytes())]);
        m.subject.push(tlv(0x31, &[unit("A"), unit("B")].concat()));
    }),
    case("rfc5280-name-string-type", organization, |m| m.subject[2] = attribute(O, IA5, "Example GmbH")),
    case("rfc5280-name-string-old", organization, |m| m.subject[2] = attribute(O, 0x14, "Example GmbH")),
    case("rfc5280-name-value-empty", organization, |m| m.subject[1] = attribute(L, UTF8, "")),
    case("rfc5280-name-value-length", organization, |m| m.subject[2] = attribute(O, UTF8, &"x".repeat(65))),
    case("rfc5280-country-length", organization, |m| m.subject[0] = attribute(C, PRINTABLE, "DEU")),
    case("rfc5280-name-control", organization, |m| m.subject[2] = attribute(O, UTF8, "Example\u{1b}GmbH")),
    case("rfc5280-name-spaces", organization, |m| m.subject[2] = attribute(O, UTF8, "Example GmbH ")),
    case("rfc5280-name-email-syntax", organization, |m| m.subject.push(attribute(EMAIL, IA5, "nobody"))),
    case("rfc5280-subject-email-in-san", organization, |m| m.subject.push(attribute(EMAIL, IA5, "a@example.com"))),
    case("rfc5280-domain-components", organization, |m| m.subject.insert(0, attribute(DC, IA5, "not_a_label"))),
    case("rfc3279-rsa-parameters", rsa_leaf, |m| {
        let bytes = seq(&[tlv(2, &[vec![0], hex::decode(keys::MODULUS).unwrap()].concat()), tlv(2, &[1, 0, 1])]);
        m.key = key(&[oid("1.2.840.113549.1.1.1")], &bytes);
    }),
    case("rfc3279-rsa-malformed", rsa_leaf, |m| m.key = key(&[oid("1.2.840.113549.1.1.1"), tlv(5, &[])], &tlv(2, &[1]))),
    case("key-rsa-size", rsa_leaf, |m| m.key = rsa_key(keys::SHORT, &[1, 0, 1])),
    case("key-rsa-exponent", rsa_leaf, |m| m.key = rsa_key(keys::MODULUS, &[1, 0, 0])),
    case("key-rsa-exponent-range", rsa_leaf, |m| m.key = rsa_key(keys::MODULUS, &[3])),
    case("key-rsa-factor", rsa_leaf, |m| m.key = rsa_key(keys::FACTOR, &[1, 0, 1])),
    case("key-rsa-factor", rsa_leaf, |m| m.key = rsa_key(keys::PRIME, &[1, 0, 1])),
    case("key-rsa-roca", rsa_leaf, |m| m.key = rsa_key(&keys::roca(), &[1, 0, 1])),
    case("key-rsa-fermat", rsa_leaf, |m| m.key = rsa_key(keys::CLOSE, &[1, 0, 1])),
    case("key-compromised", leaf, |_| {}),
    case("rfc5480-named-curve", leaf, |m| m.key = key(&[oid("1.2.840.10045.2.1"), tlv(5, &[])], &hex::decode(keys::POINT).unwrap())),
    case("rfc5480-point", leaf, |m| m.key = ec_key(&keys::POINT[..128])),
    case("rfc5480-compressed", leaf, |m| m.key = ec_key(&format!("02{}", &keys::POINT[2..66]))),
    case("key-not-on-curve", leaf, |m| m.key = ec_key(&format!("{}00", &keys::POINT[..128]))),
    case("rfc8410-parameters", leaf, |m| m.key = key(&[oid("1.3.101.112"), tlv(5, &[])], &[1; 32])),
    case("rfc8410-length", leaf, |m| m.key = key(&[oid("1.3.101.112")], &[1; 31])),
    case("rfc9881-prehash-ca", intermediate, |m| nist(m, 32)),
    case("key-unknown", leaf, |m| m.key = key(&[oid("1.2.3.4")], &[1; 32])),
    case("rfc5280-extensions-empty", leaf, |m| m.extensions = Some(Vec::new())),
    case("rfc5280-extension-duplicate", leaf, |m| {
        let all = m.extensions.as_mut().unwrap();
        let again = all[0].clone();
        all.push(again);
    }),
    case("rfc5280-extension-malformed", leaf, |m| m.put(AIA, false, seq(&[]))),
    case("rfc5280-extension-unknown-critical", leaf, |m| m.put("1.2.3.4.5", true, tlv(5, &[]))),
    case("rfc5280-sda-critical", leaf, |m| m.put(SDA, true, seq(&[seq(&[oid(C), tlv(0x31, &tlv(PRINTABLE, b"DE"))])]))),
    case("rfc4262-smime-critical", leaf, |m| m.put(SMIME, true, seq(&[seq(&[oid("1.2.840.113549.3.7")])]))),
    case("rfc3739-statement-v1", leaf, |m| m.put(QC, false, seq(&[seq(&[oid("1.3.6.1.5.5.7.11.1")])]))),
    case("netscape-cert-type", leaf, |m| m.put(NETSCAPE, false, bits(&[1]))),
    case("rfc7633-feature-number", leaf, |m| m.put(FEATURE, false, seq(&[tlv(2, &[1, 0, 0])]))),
    case("rfc7633-feature-critical", leaf, |m| m.put(FEATURE, true, seq(&[tlv(2, &[5])]))),
    case("rfc8737-acme-critical", leaf, |m| m.put(ACME, false, tlv(4, &[1; 32]))),
    case("rfc8737-acme-length", leaf, |m| m.put(ACME, true, tlv(4, &[1; 20]))),
    case("rfc5280-bc-critical", intermediate, |m| m.critical(BC, false)),
    case("rfc5280-bc-path-length-leaf", leaf, |m| m.put(BC, true, seq(&[tlv(2, &[0])]))),
    case("rfc5280-bc-path-length-usage", intermediate, |m| m.put(KU, true, bits(&[0, 6]))),
    case("rfc5280-bc-path-length-range", intermediate, |m| m.put(BC, true, seq(&[tlv(1, &[0xff]), tlv(2, &[0xff])]))),
    case("rfc5280-policy-mappings-leaf", leaf, |m| m.put(MAPPINGS, true, seq(&[seq(&[oid(DV), oid(OV)])]))),
    case("rfc5280-policy-mappings-critical", intermediate, |m| m.put(MAPPINGS, false, seq(&[seq(&[oid(DV), oid(OV)])]))),
    case("rfc5280-policy-mappings-any", intermediate, |m| m.put(MAPPINGS, true, seq(&[seq(&[oid(ANY_POLICY), oid(OV)])]))),
    case("rfc5280-policy-constraints-leaf", leaf, |m| m.put(CONSTRAINTS, true, seq(&[tlv(0x80, &[0])]))),
    case("rfc5280-policy-constraints-critical", intermediate, |m| m.put(CONSTRAINTS, false, seq(&[tlv(0x80, &[0])]))),
    case("rfc5280-policy-constraints-empty", intermediate, |m| m.put(CONSTRAINTS, true, seq(&[]))),
    case("rfc5280-inhibit-any-policy-leaf", leaf, |m| m.put(INHIBIT, true, tlv(2, &[0]))),
    case("rfc5280-inhibit-any-policy-critical", intermediate, |m| m.put(INHIBIT, false, tlv(2, &[0]))),
    case("rfc5280-skip-certs-range", intermediate, |m| m.put(INHIBIT, true, tlv(2, &[0xff]))),
    case("rfc5280-ku-empty", leaf, |m| m.put(KU, true, bits(&[]))),
    case("rfc5280-ku-missing", root, |m| m.drop(KU)),
    case("rfc5280-ku-cert-sign-ca", intermediate, |m| m.put(KU, true, bits(&[6]))),
    case("rfc5280-ku-cert-sign-leaf", leaf, |m| m.put(KU, true, bits(&[0, 5]))),
    case("rfc5280-ku-critical", leaf, |m| m.critical(KU, false)),
    case("rfc5280-ku-both-only", leaf, |m| m.put(KU, true, bits(&[4, 7, 8]))),
    case("rfc5280-ku-only-without-agreement", leaf, |m| m.put(KU, true, bits(&[0, 7]))),
    case("rfc5280-ku-unknown", leaf, |m| m.put(KU, true, bits(&[0, 9]))),
    case("rfc4055-ku-rsa", rsa_leaf, |m| m.put(KU, true, bits(&[0, 4]))),
    case("rfc8813-ku-ec", leaf, |m| m.put(KU, true, bits(&[0, 2]))),
    case("rfc9295-ku-signing-curve", leaf, |m| {
        m.key = key(&[oid("1.3.101.113")], &[1; 57]);
        m.put(KU, true, bits(&[0, 4]));
    }),
    case("rfc9295-ku-agreement-curve", leaf, |m| m.key = key(&[oid("1.3.101.110")], &[1; 32])),
    case("rfc9881-ku-lattice", leaf, |m| {
        m.key = key(&[oid("2.16.840.1.101.3.4.3.17")], &[1; 1312]);
        m.put(KU, true, bits(&[0, 2]));
    }),
    case("rfc9881-ku-prehash", leaf, |m| {
        nist(m, 32);
        m.put(KU, true, bits(&[0, 6]));
    }),
    case("rfc9935-ku-kem", leaf, |m| m.key = key(&[oid("2.16.840.1.101.3.4.4.1")], &[1; 800])),
    case("rfc5280-eku-timestamping-critical", leaf, |m| m.put(EKU, false, purposes(&[STAMPING]))),
    case("rfc3161-eku-timestamping-alone", leaf, |m| m.put(EKU, true, purposes(&[STAMPING, SERVER]))),
    case("rfc5280-eku-any-critical", leaf, |m| m.put(EKU, true, purposes(&[SERVER, ANY_EKU]))),
    case("rfc5280-eku-duplicate", leaf, |m| m.put(EKU, false, purposes(&[SERVER, SERVER]))),
    case("rfc5280-eku-consistent", leaf, |m| {
        m.put(EKU, false, purposes(&[SERVER, CODE]));
        m.put(KU, true, bits(&[4]));
    }),
    case("rfc5280-ski-missing-ca", root, |m| m.drop(SKI)),
    case("rfc5280-ski-missing-leaf", responder, |m| m.drop(SKI)),
    case("rfc5280-ski-critical", root, |m| m.critical(SKI, true)),
    case("rfc5280-ski-empty", intermediate, |m| m.put(SKI, false, tlv(4, &[]))),
    case("rfc7093-ski-method", intermediate, |m| m.put(SKI, false, tlv(4, &[1, 2, 3, 4]))),
    case("rfc5280-aki-missing", leaf, |m| m.drop(AKI)),
    case("rfc5280-aki-critical", leaf, |m| m.critical(AKI, true)),
    case("rfc5280-aki-key", leaf, |m| m.put(AKI, false, seq(&[]))),
    case("rfc5280-aki-pair", leaf, |m| m.put(AKI, false, seq(&[tlv(0x80, &[1; 20]), tlv(0x82, &[7])]))),
    case("rfc5280-san-critical-without-subject", leaf, |m| m.critical(SAN, false)),
    case("rfc5280-san-critical", organization, |m| m.critical(SAN, true)),
    case("rfc5280-ian-critical", leaf, |m| m.put(IAN, true, seq(&[dns("ca.example.com")]))),
    case("rfc5280-dns-syntax", leaf, |m| san(m, &[dns("under_score.example.com")])),
    case("rfc5280-dns-syntax", leaf, |m| san(m, &[dns("w*.example.com")])),
    case("rfc5280-dns-syntax", leaf, |m| san(m, &[dns("www.example.com.")])),
    case("rfc5280-dns-syntax", leaf, |m| san(m, &[dns(" ")])),
    case("rfc5280-dns-length", leaf, |m| san(m, &[dns(&long_domain())])),
    case("rfc9549-a-label", leaf, |m| san(m, &[dns("xn--zz.example.com")])),
    case("rfc5280-ip-length", leaf, |m| san(m, &[ip(&[8, 8, 8])])),
    case("rfc5280-email-syntax", leaf, |m| san(m, &[email("nobody")])),
    case("rfc5280-email-length", leaf, |m| san(m, &[email(&format!("a@{}", long_domain()))])),
    case("rfc5280-uri-syntax", leaf, |m| san(m, &[uri("/relative/path")])),
    case("rfc5280-uri-syntax", leaf, |m| m.put(AIA, false, access(&[(OCSP, uri("http://bad host/"))]))),
    case("rfc5280-uri-length", leaf, |m| san(m, &[uri(&format!("http://{}/", long_domain()))])),
    case("rfc5280-directory-name-empty", leaf, |m| san(m, &[directory(&[])])),
    case("rfc5280-san-duplicate", leaf, |m| san(m, &[dns("www.example.com"), dns("www.example.com")])),
    case("rfc9598-mailbox", leaf, |m| san(m, &[mailbox("ascii@example.com")])),
    case("rfc9598-mailbox", leaf, |m| san(m, &[mailbox("jürgen@Example.com")])),
    case("rfc9598-mailbox", leaf, |m| san(m, &[mailbox("jürgen")])),
    case("rfc5280-policy-duplicate", leaf, |m| m.put(CP, false, policies(&[DV, DV]))),
    case("rfc5280-any-policy-qualifier", intermediate, |m| m.put(CP, false, qualified(ANY_POLICY, "1.2.3.4", tlv(5, &[])))),
    case("rfc5280-policy-qualifier", leaf, |m| {
        m.put(CP, false, qualified(DV, "1.3.6.1.5.5.7.2.1", tlv(IA5, b"http://ca.example.com/cps")));
    }),
    case("rfc5280-cps-uri", leaf, |m| m.put(CP, false, qualified(DV, "1.3.6.1.5.5.7.2.1", tlv(IA5, b"see our site")))),
    case("rfc5280-notice-reference", leaf, |m| {
        let reference = seq(&[tlv(UTF8, b"Example"), seq(&[tlv(2, &[1])])]);
        m.put(CP, false, qualified(DV, "1.3.6.1.5.5.7.2.2", seq(&[reference])));
    }),
    case("rfc6818-explicit-text-ia5", leaf, |m| m.put(CP, false, notice(IA5, "text"))),
    case("rfc6818-explicit-text-utf8", leaf, |m| m.put(CP, false, notice(0x1a, "text"))),
    case("rfc5280-explicit-text-length", leaf, |m| m.put(CP, false, notice(UTF8, &"x".repeat(201)))),
    case("rfc5280-explicit-text-control", leaf, |m| m.put(CP, false, notice(UTF8, "a\u{7}b"))),
    case("rfc5280-any-policy-leaf", leaf, |m| m.put(CP, false, policies(&[ANY_POLICY]))),
    case("rfc5280-nc-leaf", leaf, |m| m.put(NC, true, constraints(&[dns("example.com")], &[]))),
    case("rfc5280-nc-critical", constrained, |m| m.critical(NC, false)),
    case("rfc5280-nc-empty", intermediate, |m| m.put(NC, true, seq(&[]))),
    case("rfc5280-nc-minimum", intermediate, |m| {
        m.put(NC, true, seq(&[tlv(0xa0, &seq(&[dns("example.com"), tlv(0x80, &[1])]))]));
    }),
    case("rfc5280-nc-maximum", intermediate, |m| {
        m.put(NC, true, seq(&[tlv(0xa0, &seq(&[dns("example.com"), tlv(0x81, &[1])]))]));
    }),
    case("rfc5280-nc-ip-length", intermediate, |m| m.put(NC, true, constraints(&[ip(&[10, 0, 0, 0])], &[]))),
    case("rfc5280-nc-ip-mask", intermediate, |m| m.put(NC, true, constraints(&[ip(&[10, 0, 0, 0, 255, 0, 255, 0])], &[]))),
    case("rfc5280-nc-dns-syntax", intermediate, |m| m.put(NC, true, constraints(&[dns(".example.com")], &[]))),
    case("rfc5280-nc-uri-syntax", intermediate, |m| m.put(NC, true, constraints(&[uri("http://example.com/")], &[]))),
    case("rfc5280-nc-email-syntax", intermediate, |m| m.put(NC, true, constraints(&[email("a@b@")], &[]))),
    case("rfc5280-nc-kind", intermediate, |m| m.put(NC, true, constraints(&[tlv(0x88, &arcs("1.2.840.113549"))], &[]))),
    case("rfc5280-cdp-critical", leaf, |m| m.critical(CDP, true)),
    case("rfc5280-cdp-empty-point", leaf, |m| m.put(CDP, false, seq(&[seq(&[tlv(0x81, &[6, 0x40])])]))),
    case("rfc5280-cdp-scheme", leaf, |m| m.put(CDP, false, points(&[uri("ftp://ca.example.com/1.crl")]))),
    case("rfc5280-cdp-reasons", leaf, |m| {
        let place = tlv(0xa0, &tlv(0xa0, &uri("http://ca.example.com/1.crl")));
        m.put(CDP, false, seq(&[seq(&[place, tlv(0x81, &[6, 0x40])])]));
    }),
    case("rfc5280-freshest-critical", leaf, |m| m.put(FRESHEST, true, points(&[uri("http://ca.example.com/d.crl")]))),
    case("rfc5280-aia-critical", leaf, |m| m.critical(AIA, true)),
    case("rfc5280-sia-critical", root, |m| m.put(SIA, true, access(&[("1.3.6.1.5.5.7.48.5", uri("http://ca.example.com/"))]))),
    case("rfc5280-aia-issuers-location", leaf, |m| m.put(AIA, false, access(&[(ISSUERS, dns("ca.example.com"))]))),
    case("rfc6960-ocsp-location", leaf, |m| m.put(AIA, false, access(&[(OCSP, dns("ocsp.example.com"))]))),
    case("rfc9608-ca", intermediate, |m| m.put(NO_REV, false, tlv(5, &[]))),
    case("rfc9608-critical", short_lived, |m| m.critical(NO_REV, true)),
    case("rfc9608-crl", leaf, |m| m.put(NO_REV, false, tlv(5, &[]))),
    case("rfc9608-freshest", short_lived, |m| m.put(FRESHEST, false, points(&[uri("http://ca.example.com/d.crl")]))),
    case("rfc9608-ocsp", short_lived, |m| m.put(AIA, false, access(&[(OCSP, uri("http://ocsp.example.com/"))]))),
    case("rfc6960-no-check-critical", responder, |m| m.critical(NO_CHECK, true)),
    case("rfc6960-no-check-misplaced", leaf, |m| m.put(NO_CHECK, false, tlv(5, &[]))),
    case("rfc6962-poison-critical", leaf, |m| m.put(POISON, false, tlv(5, &[]))),
    case("rfc6962-poison-and-scts", leaf, |m| {
        m.put(POISON, true, tlv(5, &[]));
        m.put(SCTS, false, scts(70));
    }),
    case("rfc6962-scts-malformed", leaf, |m| m.put(SCTS, false, tlv(4, &[0, 0]))),
    case("rfc6962-scts-malformed", leaf, |m| m.put(SCTS, false, tlv(4, &[0, 9, 1]))),
    case("chain-issuer-readable", chained, |_| {}),
    case("chain-name", chained, |m| m.issuer = name(&[(C, "DE"), (O, "Another"), (CN, "Another CA")])),
    case("chain-key-id", chained, |m| m.put(AKI, false, seq(&[tlv(0x80, &[9; 20])]))),
    case("chain-authority", chained, |_| {}),
    case("chain-path-length", chained, |m| m.put(BC, true, seq(&[tlv(1, &[0xff])]))),
    case("chain-validity", chained, |m| m.valid("310501000000Z", "310701000000Z")),
    case("chain-algorithm", chained, |m| m.algorithm = seq(&[oid("1.2.840.113549.1.1.11"), tlv(5, &[])])),
    case("chain-purposes", chained, |m| m.put(EKU, false, purposes(&[CODE]))),
    case("chain-names-permitted", chained, |m| san(m, &[dns("www.example.net")])),
    case("chain-names-permitted", chained, |m| san(m, &[dns("www.example.com"), ip(&[8, 8, 8, 8])])),
    case("chain-names-permitted", chained, |m| {
        m.named(&[(C, "DE"), (O, "Another GmbH")]);
        m.critical(SAN, false);
    }),
    case("claim-kind", leaf, |m| m.put(BC, true, seq(&[tlv(1, &[0xff])]))),
    case("claim-validity", leaf, |m| m.valid("260601000000Z", "260830000001Z")),
];
