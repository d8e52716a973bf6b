//! Certificates made byte by byte, so that each can be wrong in exactly one way. Signatures are not real: no lint looks at them.

use crate::keys;

/// Elements one in another.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = match length {
        0..=0x7f => vec![tag, u8::try_from(length).unwrap()],
        0x80..=0xff => vec![tag, 0x81, u8::try_from(length).unwrap()],
        0x100..=0xffff => vec![tag, 0x82, u8::try_from(length >> 8).unwrap(), u8::try_from(length & 0xff).unwrap()],
        _ => vec![
            tag,
            0x83,
            u8::try_from(length >> 16).unwrap(),
            u8::try_from(length >> 8 & 0xff).unwrap(),
            u8::try_from(length & 0xff).unwrap(),
        ],
    };
    bytes.extend_from_slice(content);
    bytes
}

pub(crate) fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// An object identifier's content.
pub(crate) fn arcs(dotted: &str) -> Vec<u8> {
    let numbers: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut bytes = Vec::new();
    for number in std::iter::once(numbers[0] * 40 + numbers[1]).chain(numbers[2..].iter().copied()) {
        let mut digits = vec![u8::try_from(number & 0x7f).unwrap()];
        let mut rest = number >> 7;
        while rest > 0 {
            digits.insert(0, 0x80 | u8::try_from(rest & 0x7f).unwrap());
            rest >>= 7;
        }
        bytes.extend(digits);
    }
    bytes
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    tlv(6, &arcs(dotted))
}

pub(crate) const CN: &str = "2.5.4.3";
pub(crate) const SURNAME: &str = "2.5.4.4";
pub(crate) const SERIAL: &str = "2.5.4.5";
pub(crate) const C: &str = "2.5.4.6";
pub(crate) const L: &str = "2.5.4.7";
pub(crate) const ST: &str = "2.5.4.8";
pub(crate) const STREET: &str = "2.5.4.9";
pub(crate) const O: &str = "2.5.4.10";
pub(crate) const OU: &str = "2.5.4.11";
pub(crate) const CATEGORY: &str = "2.5.4.15";
pub(crate) const GIVEN: &str = "2.5.4.42";
pub(crate) const ORG_ID: &str = "2.5.4.97";
pub(crate) const EMAIL: &str = "1.2.840.113549.1.9.1";
pub(crate) const DC: &str = "0.9.2342.19200300.100.1.25";
pub(crate) const JUR_L: &str = "1.3.6.1.4.1.311.60.2.1.1";
pub(crate) const JUR_C: &str = "1.3.6.1.4.1.311.60.2.1.3";

pub(crate) const SDA: &str = "2.5.29.9";
pub(crate) const SKI: &str = "2.5.29.14";
pub(crate) const KU: &str = "2.5.29.15";
pub(crate) const SAN: &str = "2.5.29.17";
pub(crate) const IAN: &str = "2.5.29.18";
pub(crate) const BC: &str = "2.5.29.19";
pub(crate) const NC: &str = "2.5.29.30";
pub(crate) const CDP: &str = "2.5.29.31";
pub(crate) const CP: &str = "2.5.29.32";
pub(crate) const ANY_POLICY: &str = "2.5.29.32.0";
pub(crate) const MAPPINGS: &str = "2.5.29.33";
pub(crate) const AKI: &str = "2.5.29.35";
pub(crate) const CONSTRAINTS: &str = "2.5.29.36";
pub(crate) const EKU: &str = "2.5.29.37";
pub(crate) const ANY_EKU: &str = "2.5.29.37.0";
pub(crate) const FRESHEST: &str = "2.5.29.46";
pub(crate) const INHIBIT: &str = "2.5.29.54";
pub(crate) const NO_REV: &str = "2.5.29.56";
pub(crate) const AIA: &str = "1.3.6.1.5.5.7.1.1";
pub(crate) const QC: &str = "1.3.6.1.5.5.7.1.3";
pub(crate) const SIA: &str = "1.3.6.1.5.5.7.1.11";
pub(crate) const FEATURE: &str = "1.3.6.1.5.5.7.1.24";
pub(crate) const ACME: &str = "1.3.6.1.5.5.7.1.31";
pub(crate) const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
pub(crate) const SMIME: &str = "1.2.840.113549.1.9.15";
pub(crate) const NETSCAPE: &str = "2.16.840.1.113730.1.1";
pub(crate) const SCTS: &str = "1.3.6.1.4.1.11129.2.4.2";
pub(crate) const POISON: &str = "1.3.6.1.4.1.11129.2.4.3";
pub(crate) const CABF_ORG: &str = "2.23.140.3.1";

pub(crate) const SERVER: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
pub(crate) const CODE: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const MAIL: &str = "1.3.6.1.5.5.7.3.4";
pub(crate) const STAMPING: &str = "1.3.6.1.5.5.7.3.8";
pub(crate) const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
pub(crate) const PRECERTS: &str = "1.3.6.1.4.1.11129.2.4.4";

pub(crate) const DV: &str = "2.23.140.1.2.1";
pub(crate) const OV: &str = "2.23.140.1.2.2";
pub(crate) const IV: &str = "2.23.140.1.2.3";
pub(crate) const EV: &str = "2.23.140.1.1";

pub(crate) const UTF8: u8 = 0x0c;
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const IA5: u8 = 0x16;

/// A set of a name, with one attribute.
pub(crate) fn attribute(kind: &str, tag: u8, text: &str) -> Vec<u8> {
    tlv(0x31, &seq(&[oid(kind), tlv(tag, text.as_bytes())]))
}

/// A name of UTF8Strings, but for the country.
pub(crate) fn name(attributes: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let tag = |kind: &str| match kind {
        C | SERIAL | JUR_C => PRINTABLE,
        DC | EMAIL => IA5,
        _ => UTF8,
    };
    attributes.iter().map(|(kind, text)| attribute(kind, tag(kind), text)).collect()
}

pub(crate) fn dns(name: &str) -> Vec<u8> {
    tlv(0x82, name.as_bytes())
}

pub(crate) fn email(address: &str) -> Vec<u8> {
    tlv(0x81, address.as_bytes())
}

pub(crate) fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, text.as_bytes())
}

pub(crate) fn ip(address: &[u8]) -> Vec<u8> {
    tlv(0x87, address)
}

pub(crate) fn directory(attributes: &[(&str, &str)]) -> Vec<u8> {
    tlv(0xa4, &tlv(0x30, &name(attributes).concat()))
}

pub(crate) fn mailbox(text: &str) -> Vec<u8> {
    tlv(0xa0, &[oid("1.3.6.1.5.5.7.8.9"), tlv(0xa0, &tlv(UTF8, text.as_bytes()))].concat())
}

/// A list of named bits.
pub(crate) fn bits(numbers: &[u8]) -> Vec<u8> {
    let Some(last) = numbers.iter().max() else { return tlv(3, &[0]) };
    let mut bytes = vec![0_u8; usize::from(last / 8) + 1];
    numbers.iter().for_each(|number| bytes[usize::from(number / 8)] |= 0x80 >> (number % 8));
    tlv(3, &[vec![7 - last % 8], bytes].concat())
}

pub(crate) fn purposes(of: &[&str]) -> Vec<u8> {
    seq(&of.iter().map(|purpose| oid(purpose)).collect::<Vec<_>>())
}

pub(crate) fn policies(of: &[&str]) -> Vec<u8> {
    seq(&of.iter().map(|policy| seq(&[oid(policy)])).collect::<Vec<_>>())
}

/// One policy with one qualifier.
pub(crate) fn qualified(policy: &str, kind: &str, qualifier: Vec<u8>) -> Vec<u8> {
    seq(&[seq(&[oid(policy), seq(&[seq(&[oid(kind), qualifier])])])])
}

/// A user notice with this explicit text.
pub(crate) fn notice(tag: u8, text: &str) -> Vec<u8> {
    qualified(DV, "1.3.6.1.5.5.7.2.2", seq(&[tlv(tag, text.as_bytes())]))
}

/// One distribution point with these names.
pub(crate) fn points(names: &[Vec<u8>]) -> Vec<u8> {
    seq(&[seq(&[tlv(0xa0, &tlv(0xa0, &names.concat()))])])
}

pub(crate) fn access(of: &[(&str, Vec<u8>)]) -> Vec<u8> {
    seq(&of.iter().map(|(method, place)| seq(&[oid(method), place.clone()])).collect::<Vec<_>>())
}

pub(crate) const OCSP: &str = "1.3.6.1.5.5.7.48.1";
pub(crate) const ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// A list of permitted and one of excluded subtrees, each where it is not empty.
pub(crate) fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let list = |number: u8, bases: &[Vec<u8>]| {
        if bases.is_empty() {
            Vec::new()
        } else {
            tlv(number, &bases.iter().map(|base| seq(std::slice::from_ref(base))).collect::<Vec<_>>().concat())
        }
    };
    seq(&[list(0xa0, permitted), list(0xa1, excluded)])
}

/// A list of one timestamp of version 1 and so many bytes of signature.
pub(crate) fn scts(signature: u8) -> Vec<u8> {
    let mut sct = vec![0; 1 + 32 + 8];
    sct.extend([0, 0, 4, 3, 0, signature]);
    sct.extend(vec![7; usize::from(signature)]);
    let mut list = vec![0, u8::try_from(sct.len()).unwrap()];
    list.extend(sct);
    let mut all = vec![0, u8::try_from(list.len()).unwrap()];
    all.extend(list);
    tlv(4, &all)
}

pub(crate) fn ec_key(point: &str) -> Vec<u8> {
    key(&[oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")], &hex::decode(point).unwrap())
}

/// An RSA key with 65537, unless another exponent is given.
pub(crate) fn rsa_key(modulus: &str, exponent: &[u8]) -> Vec<u8> {
    let modulus = [vec![0], hex::decode(modulus).unwrap()].concat();
    key(&[oid("1.2.840.113549.1.1.1"), tlv(5, &[])], &seq(&[tlv(2, &modulus), tlv(2, exponent)]))
}

pub(crate) fn key(algorithm: &[Vec<u8>], bytes: &[u8]) -> Vec<u8> {
    seq(&[seq(algorithm), tlv(3, &[&[0], bytes].concat())])
}

#[derive(Debug, Clone)]
pub(crate) struct Extension {
    pub(crate) oid: String,
    pub(crate) critical: Option<u8>,
    pub(crate) value: Vec<u8>,
}

/// What a certificate is made of.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) version: Option<Vec<u8>>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) outer: Option<Vec<u8>>,
    pub(crate) issuer: Vec<Vec<u8>>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<Vec<u8>>,
    pub(crate) key: Vec<u8>,
    pub(crate) unique_ids: Vec<u8>,
    pub(crate) extensions: Option<Vec<Extension>>,
    /// What comes after the certificate.
    pub(crate) tail: Vec<u8>,
    /// The whole bytes, where they are not made of the above.
    pub(crate) raw: Option<Vec<u8>>,
}

impl Made {
    /// The part that is signed.
    pub(crate) fn tbs(&self) -> Vec<u8> {
        let version = self.version.iter().map(|version| tlv(0xa0, &tlv(2, version))).collect::<Vec<_>>().concat();
        let extensions = self.extensions.iter().map(|all| {
            let all: Vec<Vec<u8>> = all
                .iter()
                .map(|one| {
                    let critical = one.critical.iter().map(|critical| tlv(1, &[*critical])).collect::<Vec<_>>().concat();
                    seq(&[oid(&one.oid), critical, tlv(4, &one.value)])
                })
                .collect();
            tlv(0xa3, &seq(&all))
        });
        seq(&[
            version,
            tlv(2, &self.serial),
            self.algorithm.clone(),
            tlv(0x30, &self.issuer.concat()),
            seq(&[self.not_before.clone(), self.not_after.clone()]),
            tlv(0x30, &self.subject.concat()),
            self.key.clone(),
            self.unique_ids.clone(),
            extensions.into_iter().collect::<Vec<_>>().concat(),
        ])
    }

    /// The certificate.
    pub(crate) fn der(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let outer = self.outer.clone().unwrap_or_else(|| self.algorithm.clone());
        let signature = tlv(3, &[vec![0], seq(&[tlv(2, &[1; 32]), tlv(2, &[2; 32])])].concat());
        [seq(&[self.tbs(), outer, signature]), self.tail.clone()].concat()
    }

    fn all(&mut self) -> &mut Vec<Extension> {
        self.extensions.as_mut().expect("there are extensions")
    }

    pub(crate) fn put(&mut self, oid: &str, critical: bool, value: Vec<u8>) {
        let new = Extension { oid: oid.to_owned(), critical: critical.then_some(0xff), value };
        let all = self.extensions.get_or_insert_default();
        match all.iter_mut().find(|one| one.oid == oid) {
            Some(one) => *one = new,
            None => all.push(new),
        }
    }

    pub(crate) fn drop(&mut self, oid: &str) {
        let all = self.all();
        let before = all.len();
        all.retain(|one| one.oid != oid);
        assert!(all.len() < before, "{oid} was not there");
    }

    pub(crate) fn critical(&mut self, oid: &str, critical: bool) {
        self.all().iter_mut().find(|one| one.oid == oid).expect("it is there").critical = critical.then_some(0xff);
    }

    pub(crate) fn valid(&mut self, not_before: &str, not_after: &str) {
        let time = |text: &str| tlv(if text.len() == 13 { 0x17 } else { 0x18 }, text.as_bytes());
        (self.not_before, self.not_after) = (time(not_before), time(not_after));
    }

    pub(crate) fn named(&mut self, attributes: &[(&str, &str)]) {
        self.subject = name(attributes);
    }

    pub(crate) fn rsa(&mut self) {
        self.key = rsa_key(keys::MODULUS, &[1, 0, 1]);
    }
}

const ISSUER: &[(&str, &str)] = &[(C, "DE"), (O, "Example Trust"), (CN, "Example Issuing CA 1")];
const ROOT_NAME: &[(&str, &str)] = &[(C, "DE"), (O, "Example Trust"), (CN, "Example Root CA")];

fn base() -> Made {
    Made {
        version: Some(vec![2]),
        serial: (0x41..0x51).collect(),
        algorithm: seq(&[oid("1.2.840.10045.4.3.2")]),
        outer: None,
        issuer: name(ISSUER),
        not_before: tlv(0x17, b"260601000000Z"),
        not_after: tlv(0x17, b"260829235959Z"),
        subject: Vec::new(),
        key: ec_key(keys::POINT),
        unique_ids: Vec::new(),
        extensions: Some(Vec::new()),
        tail: Vec::new(),
        raw: None,
    }
}

fn key_id(seed: u8) -> Vec<u8> {
    vec![seed; 20]
}

/// The digest of the key that certificates carry as subject key identifier.
fn own_key_id() -> Vec<u8> {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    digest(&SHA1_FOR_LEGACY_USE_ONLY, &hex::decode(keys::POINT).unwrap()).as_ref().to_vec()
}

/// A domain-validated leaf that keeps the Baseline Requirements of June 2026.
pub(crate) fn leaf() -> Made {
    let mut made = base();
    made.put(KU, true, bits(&[0]));
    made.put(EKU, false, purposes(&[SERVER]));
    made.put(AKI, false, seq(&[tlv(0x80, &key_id(1))]));
    made.put(SAN, true, seq(&[dns("www.example.com"), dns("*.example.org"), ip(&[8, 8, 4, 4])]));
    made.put(CP, false, policies(&[DV]));
    made.put(AIA, false, access(&[(ISSUERS, uri("http://ca.example.com/issuing.cer"))]));
    made.put(CDP, false, points(&[uri("http://ca.example.com/1.crl")]));
    made
}

/// The same, of an organization.
pub(crate) fn organization() -> Made {
    let mut made = leaf();
    made.named(&[(C, "DE"), (L, "Berlin"), (O, "Example GmbH")]);
    made.critical(SAN, false);
    made.put(CP, false, policies(&[OV]));
    made
}

/// The same, of a person.
pub(crate) fn individual() -> Made {
    let mut made = organization();
    made.named(&[(C, "DE"), (ST, "Berlin"), (SURNAME, "Muster"), (GIVEN, "Erika")]);
    made.put(CP, false, policies(&[IV]));
    made
}

/// The same, with extended validation.
pub(crate) fn extended() -> Made {
    let mut made = organization();
    made.named(&[(C, "DE"), (L, "Berlin"), (O, "Example GmbH"), (SERIAL, "HRB 1234"), (CATEGORY, "Private Organization"), (JUR_C, "DE")]);
    made.put(CP, false, policies(&[EV]));
    made.put(SAN, false, seq(&[dns("www.example.com")]));
    made
}

/// A leaf with an RSA key.
pub(crate) fn rsa_leaf() -> Made {
    let mut made = leaf();
    made.rsa();
    made
}

/// A leaf of three days, which cannot be revoked and says so.
pub(crate) fn short_lived() -> Made {
    let mut made = leaf();
    made.valid("260601000000Z", "260603235959Z");
    made.drop(CDP);
    made.put(NO_REV, false, tlv(5, &[]));
    made
}

/// A leaf that [`constrained`] issues.
pub(crate) fn chained() -> Made {
    let mut made = organization();
    made.put(AKI, false, seq(&[tlv(0x80, &own_key_id())]));
    made.put(CP, false, policies(&[DV]));
    made.subject.clear();
    made.put(SAN, true, seq(&[dns("www.example.com"), dns("*.example.com")]));
    made
}

/// A CA for TLS below a root.
pub(crate) fn intermediate() -> Made {
    let mut made = base();
    made.issuer = name(ROOT_NAME);
    made.subject = name(ISSUER);
    made.valid("260601000000Z", "310531235959Z");
    made.put(BC, true, seq(&[tlv(1, &[0xff]), tlv(2, &[0])]));
    made.put(KU, true, bits(&[0, 5, 6]));
    made.put(EKU, false, purposes(&[SERVER, CLIENT]));
    made.put(SKI, false, tlv(4, &own_key_id()));
    made.put(AKI, false, seq(&[tlv(0x80, &key_id(2))]));
    made.put(CP, false, policies(&[DV]));
    made.put(AIA, false, access(&[(ISSUERS, uri("http://ca.example.com/root.cer"))]));
    made.put(CDP, false, points(&[uri("http://ca.example.com/root.crl")]));
    made
}

/// The same, for some names only.
pub(crate) fn constrained() -> Made {
    let mut made = intermediate();
    let organization = directory(&[(C, "DE"), (O, "Example GmbH")]);
    made.put(NC, true, constraints(&[organization, dns("example.com")], &[ip(&[0; 8]), ip(&[0; 32])]));
    made
}

/// A root.
pub(crate) fn root() -> Made {
    let mut made = base();
    made.issuer = name(ROOT_NAME);
    made.subject = name(ROOT_NAME);
    made.valid("260601000000Z", "460531235959Z");
    made.put(BC, true, seq(&[tlv(1, &[0xff])]));
    made.put(KU, true, bits(&[0, 5, 6]));
    made.put(SKI, false, tlv(4, &own_key_id()));
    made.put(AKI, false, seq(&[tlv(0x80, &own_key_id())]));
    made
}

/// An OCSP responder.
pub(crate) fn responder() -> Made {
    let mut made = base();
    made.subject = name(&[(C, "DE"), (O, "Example Trust"), (CN, "Example OCSP 7")]);
    made.put(KU, true, bits(&[0]));
    made.put(EKU, false, purposes(&[OCSP_SIGNING]));
    made.put(SKI, false, tlv(4, &own_key_id()));
    made.put(AKI, false, seq(&[tlv(0x80, &key_id(1))]));
    made.put(NO_CHECK, false, tlv(5, &[]));
    made
}
