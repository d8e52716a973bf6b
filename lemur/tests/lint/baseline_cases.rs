//! Certificates that break the lints of the Baseline Requirements and the EV Guidelines.

use crate::cases::{Case, case};
use crate::keys;
use crate::made::*;

fn san(made: &mut Made, names: &[Vec<u8>]) {
    let critical = made.subject.is_empty();
    made.put(SAN, critical, seq(names));
}

/// An onion name: a key of zeros, its checksum and its version.
const ONION: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaid.onion";

pub(crate) static CASES: &[Case] = &[
    case("br-validity-1187", leaf, |m| m.valid("170101000000Z", "200601000000Z")),
    case("br-validity-825", leaf, |m| m.valid("190101000000Z", "220601000000Z")),
    case("br-validity-398", leaf, |m| m.valid("250101000000Z", "260203000000Z")),
    case("br-validity-200", leaf, |m| m.valid("260315000000Z", "261001000000Z")),
    case("br-validity-100", leaf, |m| m.valid("270315000000Z", "270623000000Z")),
    case("br-validity-47", leaf, |m| m.valid("290315000000Z", "290501000000Z")),
    case("br-validity-397", leaf, |m| m.valid("250101000000Z", "260202235959Z")),
    case("br-validity-199", leaf, |m| m.valid("260315000000Z", "260930235959Z")),
    case("br-validity-99", leaf, |m| m.valid("270315000000Z", "270622235959Z")),
    case("br-validity-46", leaf, |m| m.valid("290315000000Z", "290430235959Z")),
    case("br-root-validity-short", root, |m| m.valid("260601000000Z", "310531235959Z")),
    case("br-root-validity-long", root, |m| m.valid("260601000000Z", "20560531235959Z")),
    case("br-signature-algorithm", leaf, |m| m.algorithm = seq(&[oid("1.3.101.112")])),
    case("br-key-algorithm", leaf, |m| m.key = key(&[oid("1.3.101.113")], &[1; 57])),
    case("br-rsa-size", rsa_leaf, |m| m.key = rsa_key(&keys::roca(), &[1, 0, 1])),
    case("br-extensions-missing", leaf, |m| m.extensions = None),
    case("br-serial-entropy", leaf, |m| m.serial = vec![5]),
    case("br-subject-order", organization, |m| m.subject.reverse()),
    case("br-subject-single", organization, |m| {
        let (one, other) = (seq(&[oid(CN), tlv(UTF8, b"www.example.com")]), seq(&[oid(O), tlv(UTF8, b"Example")]));
        m.subject = vec![attribute(C, PRINTABLE, "DE"), attribute(L, UTF8, "Berlin"), tlv(0x31, &[other, one].concat())];
    }),
    case("br-subject-duplicate", organization, |m| m.subject.push(attribute(O, UTF8, "Another"))),
    case("br-subject-string-type", organization, |m| m.subject[2] = attribute(O, 0x14, "Example GmbH")),
    case("br-subject-value-length", individual, |m| m.subject[2] = attribute(SURNAME, UTF8, &"x".repeat(65))),
    case("br-country-code", organization, |m| m.subject[0] = attribute(C, PRINTABLE, "QQ")),
    case("br-subject-insignificant", organization, |m| m.subject[1] = attribute(L, UTF8, "--")),
    case("br-subject-markup", organization, |m| m.subject[2] = attribute(O, UTF8, "Smith &amp; Sons")),
    case("br-dv-subject", leaf, |m| {
        m.named(&[(C, "DE"), (O, "Example GmbH")]);
        m.critical(SAN, false);
    }),
    case("br-iv-subject", individual, |m| {
        m.subject.pop();
    }),
    case("br-ov-subject", organization, |m| {
        m.subject.remove(0);
    }),
    case("br-ov-person", organization, |m| m.subject.push(attribute(SURNAME, UTF8, "Muster"))),
    case("br-subject-place", organization, |m| {
        m.subject.remove(1);
    }),
    case("br-subject-unit", organization, |m| m.subject.push(attribute(OU, UTF8, "Unit"))),
    case("br-subject-address", organization, |m| m.subject.insert(2, attribute(STREET, UTF8, "Main Street 1"))),
    case("br-subject-common-name", organization, |m| m.subject.push(attribute(CN, UTF8, "www.example.com"))),
    case("br-common-name-source", organization, |m| m.subject.push(attribute(CN, UTF8, "other.example.com"))),
    case("evg-organization-identifier", extended, |m| m.subject.push(attribute(ORG_ID, UTF8, "XYZDE-1"))),
    case("evg-organization-identifier", extended, |m| m.subject.push(attribute(ORG_ID, UTF8, "nonsense"))),
    case("evg-organization-extension", extended, |m| m.subject.push(attribute(ORG_ID, UTF8, "NTRDE-HRB 1234"))),
    case("evg-organization-extension", extended, |m| {
        m.subject.push(attribute(ORG_ID, UTF8, "NTRDE-HRB 1234"));
        m.put(CABF_ORG, false, seq(&[tlv(PRINTABLE, b"NTR"), tlv(PRINTABLE, b"DE"), tlv(UTF8, b"HRB 9")]));
    }),
    case("evg-organization-extension-content", extended, |m| {
        m.put(CABF_ORG, false, seq(&[tlv(PRINTABLE, b"NTR"), tlv(PRINTABLE, b"QQ"), tlv(UTF8, b"HRB 9")]));
    }),
    case("br-aia-missing", leaf, |m| m.drop(AIA)),
    case("br-policies-missing", leaf, |m| m.drop(CP)),
    case("br-eku-missing", leaf, |m| m.drop(EKU)),
    case("br-san-missing", leaf, |m| m.drop(SAN)),
    case("br-ku-missing", leaf, |m| m.drop(KU)),
    case("br-ski-present", leaf, |m| m.put(SKI, false, tlv(4, &[1; 20]))),
    case("br-extension-unknown", leaf, |m| m.put("1.2.3.4.5", false, tlv(5, &[]))),
    case("br-policies-critical", leaf, |m| m.critical(CP, true)),
    case("br-eku-critical", leaf, |m| m.critical(EKU, true)),
    case("br-cdp-critical", leaf, |m| m.critical(CDP, true)),
    case("br-scts-critical", leaf, |m| m.put(SCTS, true, scts(70))),
    case("br-ku-critical", intermediate, |m| m.critical(KU, false)),
    case("br-bc-critical", leaf, |m| m.put(BC, false, seq(&[]))),
    case("br-eku-server", leaf, |m| m.put(EKU, false, purposes(&[CLIENT]))),
    case("br-eku-forbidden", leaf, |m| m.put(EKU, false, purposes(&[SERVER, CODE, MAIL]))),
    case("br-eku-unknown", leaf, |m| m.put(EKU, false, purposes(&[SERVER, "1.2.3.4"]))),
    case("br-ku-forbidden", leaf, |m| m.put(KU, true, bits(&[0, 1]))),
    case("br-ku-ec-signature", leaf, |m| m.put(KU, true, bits(&[4]))),
    case("br-ku-advice", rsa_leaf, |m| m.put(KU, true, bits(&[0, 2]))),
    case("br-san-kind", leaf, |m| san(m, &[dns("www.example.com"), email("a@example.com")])),
    case("br-san-internal-name", leaf, |m| san(m, &[dns("server.local")])),
    case("br-san-internal-address", leaf, |m| san(m, &[ip(&[10, 1, 2, 3])])),
    case("br-san-internal-address", leaf, |m| san(m, &[ip(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])])),
    case("br-dns-reserved-label", leaf, |m| san(m, &[dns("ab--cd.example.com")])),
    case("br-dns-wildcard-top", leaf, |m| san(m, &[dns("*.com")])),
    case("br-dns-reverse-zone", leaf, |m| san(m, &[dns("1.2.0.192.in-addr.arpa")])),
    case("br-dns-onion", leaf, |m| san(m, &[dns("short.onion")])),
    case("br-dns-onion", leaf, |m| san(m, &[dns(ONION)])),
    case("br-dns-onion", leaf, |m| san(m, &[dns(&ONION.replace("aid.", "aic."))])),
    case("br-revocation", leaf, |m| m.drop(CDP)),
    case("evg-subject", extended, |m| {
        m.subject.remove(3);
    }),
    case("evg-subject-others", extended, |m| m.subject.push(attribute(OU, UTF8, "Unit"))),
    case("evg-jurisdiction", extended, |m| m.subject.push(attribute(JUR_L, UTF8, "Berlin"))),
    case("evg-business-category", extended, |m| m.subject[4] = attribute(CATEGORY, UTF8, "Club")),
    case("evg-san-kind", extended, |m| san(m, &[dns("www.example.com"), ip(&[8, 8, 8, 8])])),
    case("evg-wildcard", extended, |m| san(m, &[dns("*.example.com")])),
    case("br-policy-any", leaf, |m| m.put(CP, false, policies(&[DV, ANY_POLICY]))),
    case("br-policy-reserved", leaf, |m| m.put(CP, false, policies(&["1.2.3.4"]))),
    case("br-policy-reserved", organization, |m| m.put(CP, false, policies(&[OV, DV]))),
    case("br-policy-first", leaf, |m| m.put(CP, false, policies(&["1.2.3.4", DV]))),
    case("br-ca-policy-any-alone", intermediate, |m| m.put(CP, false, policies(&[ANY_POLICY, DV]))),
    case("br-ca-policy-reserved", intermediate, |m| m.put(CP, false, policies(&["1.2.3.4"]))),
    case("br-ca-policy-reserved", intermediate, |m| m.put(CP, false, policies(&[DV, OV]))),
    case("br-ca-policy-not-tls", intermediate, |m| m.put(EKU, false, purposes(&[MAIL]))),
    case("br-policy-qualifier", leaf, |m| {
        m.put(CP, false, qualified(DV, "1.3.6.1.5.5.7.2.1", tlv(IA5, b"http://ca.example.com/cps")));
    }),
    case("br-policy-qualifier-kind", leaf, |m| m.put(CP, false, notice(UTF8, "text"))),
    case("br-cps-uri", leaf, |m| m.put(CP, false, qualified(DV, "1.3.6.1.5.5.7.2.1", tlv(IA5, b"ftp://ca.example.com/cps")))),
    case("br-aki-issuer", leaf, |m| {
        let issuer = tlv(0xa1, &directory(&[(C, "DE"), (O, "Example Trust")]));
        m.put(AKI, false, seq(&[tlv(0x80, &[1; 20]), issuer, tlv(0x82, &[7])]));
    }),
    case("br-aia-uri", leaf, |m| m.put(AIA, false, access(&[(ISSUERS, uri("https://ca.example.com/issuing.cer"))]))),
    case("br-aia-duplicate", leaf, |m| {
        m.put(AIA, false, access(&[(ISSUERS, uri("http://ca.example.com/1")), (ISSUERS, uri("http://ca.example.com/1"))]));
    }),
    case("br-aia-method", leaf, |m| m.put(AIA, false, access(&[("1.2.3.4", uri("http://ca.example.com/1"))]))),
    case("br-aia-issuers", leaf, |m| m.put(AIA, false, access(&[(OCSP, uri("http://ocsp.example.com/"))]))),
    case("br-location-internal", leaf, |m| m.put(AIA, false, access(&[(ISSUERS, uri("http://ca.local/1"))]))),
    case("br-cdp-fields", leaf, |m| {
        let place = tlv(0xa0, &tlv(0xa0, &uri("http://ca.example.com/1.crl")));
        m.put(CDP, false, seq(&[seq(&[place, tlv(0xa2, &directory(&[(O, "Example Trust")]))])]));
    }),
    case("br-cdp-uri", leaf, |m| m.put(CDP, false, points(&[uri("ldap://ca.example.com/cn=crl")]))),
    case("br-cdp-several", leaf, |m| {
        let point = |place: &str| seq(&[tlv(0xa0, &tlv(0xa0, &uri(place)))]);
        m.put(CDP, false, seq(&[point("http://ca.example.com/1.crl"), point("http://ca.example.com/2.crl")]));
    }),
    case("br-ca-policies-missing", intermediate, |m| m.drop(CP)),
    case("br-ca-cdp-missing", intermediate, |m| m.drop(CDP)),
    case("br-ca-eku-missing", intermediate, |m| m.drop(EKU)),
    case("br-ca-aia-missing", intermediate, |m| m.drop(AIA)),
    case("br-ca-extension-unknown", intermediate, |m| m.put("1.2.3.4.5", false, tlv(5, &[]))),
    case("br-ca-policies-critical", intermediate, |m| m.critical(CP, true)),
    case("br-ca-eku-critical", intermediate, |m| m.critical(EKU, true)),
    case("br-ca-ku", intermediate, |m| m.put(KU, true, bits(&[0, 5]))),
    case("br-ca-ku-forbidden", intermediate, |m| m.put(KU, true, bits(&[0, 1, 5, 6]))),
    case("br-ca-ku-signature", intermediate, |m| m.put(KU, true, bits(&[5, 6]))),
    case("br-ca-eku-tls", intermediate, |m| m.put(EKU, false, purposes(&[SERVER, MAIL]))),
    case("br-ca-eku-unknown", intermediate, |m| m.put(EKU, false, purposes(&[SERVER, "1.2.3.4"]))),
    case("br-ca-eku-not-tls", intermediate, |m| {
        m.put(EKU, false, purposes(&[MAIL, OCSP_SIGNING]));
        m.put(CP, false, policies(&["1.2.3.4"]));
    }),
    case("br-ca-precertificates-alone", intermediate, |m| m.put(EKU, false, purposes(&[PRECERTS, CLIENT]))),
    case("br-ca-precertificates", intermediate, |m| m.put(EKU, false, purposes(&[PRECERTS]))),
    case("br-ca-subject", responder, |m| {
        m.subject.remove(1);
    }),
    case("br-ca-subject-unit", intermediate, |m| m.subject.insert(2, attribute(OU, UTF8, "Unit"))),
    case("br-ca-subject-unknown", root, |m| {
        m.subject.push(attribute(SERIAL, PRINTABLE, "1"));
        m.issuer = m.subject.clone();
    }),
    case("br-nc-complete", intermediate, |m| m.put(NC, true, constraints(&[dns("example.com")], &[]))),
    case("br-nc-kind", constrained, |m| m.put(NC, true, constraints(&[email("example.com")], &[]))),
    case("br-nc-excluded-directory", constrained, |m| m.put(NC, true, constraints(&[dns("example.com")], &[directory(&[(C, "FR")])]))),
    case("br-nc-internal-name", constrained, |m| m.put(NC, true, constraints(&[dns("corp.internal")], &[]))),
    case("br-root-eku", root, |m| m.put(EKU, false, purposes(&[SERVER]))),
    case("br-root-policies", root, |m| m.put(CP, false, policies(&[ANY_POLICY]))),
    case("br-root-aki", root, |m| m.drop(AKI)),
    case("br-root-aki-own", root, |m| m.put(AKI, false, seq(&[tlv(0x80, &[9; 20])]))),
    case("br-root-path-length", root, |m| m.put(BC, true, seq(&[tlv(1, &[0xff]), tlv(2, &[3])]))),
    case("br-ocsp-no-check", responder, |m| m.drop(NO_CHECK)),
    case("br-ocsp-ku-missing", responder, |m| m.drop(KU)),
    case("br-ocsp-ku", responder, |m| m.put(KU, true, bits(&[0, 1]))),
    case("br-ocsp-eku", responder, |m| m.put(EKU, false, purposes(&[OCSP_SIGNING, SERVER]))),
    case("br-ocsp-extension", responder, |m| m.put(SAN, false, seq(&[dns("ocsp.example.com")]))),
    case("br-ocsp-ski", responder, |m| m.drop(SKI)),
    case("br-ocsp-aia", responder, |m| m.put(AIA, false, access(&[(OCSP, uri("http://ocsp.example.com/"))]))),
];
