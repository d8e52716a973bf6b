//! What holds for all certificates: what is written is read as it was meant, no changed byte passes, and no input
//! makes the reader panic.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

use super::*;
use crate::certificate::{SourceAddress, blob_of, inspect, read, visible};

fn extensions() -> impl Strategy<Value = Extensions> {
    btree_map("[a-z]{1,6}(@[a-z.]{1,8})?", of(".{0,12}"), 0..5)
        .prop_map(|map| Extensions::new(map.iter().map(|(name, value)| (name.as_str(), value.as_deref()))).unwrap())
}

fn critical_options() -> impl Strategy<Value = CriticalOptions> {
    let networks = vec((any::<[u8; 4]>(), 8u8..=32), 1..5).prop_map(|list| {
        let entries: Vec<String> =
            list.into_iter().map(|(ip, length)| ipnet::Ipv4Net::new(ip.into(), length).unwrap().trunc().to_string()).collect();
        SourceAddress::parse(&entries.join(",")).unwrap()
    });
    (of("[ -~]{0,40}"), of(networks), any::<bool>()).prop_map(|(force_command, source_address, verify_required)| CriticalOptions {
        force_command,
        source_address,
        verify_required,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_as_meant(
        subject in 0usize..7, user in any::<bool>(), serial in any::<u64>(), key_id in "[^\0]{0,60}",
        principals in vec("[^\0]{0,12}", 0..6), valid_after in any::<u64>(), valid_before in any::<u64>(),
        critical_options in critical_options(), extensions in extensions(), nonce in any::<[u8; 32]>(),
    ) {
        let template = Template {
            kind: if user { Kind::User } else { Kind::Host },
            subject: &SUBJECTS[subject], serial, key_id: &key_id, principals, valid_after, valid_before, critical_options, extensions, nonce,
        };
        let written = P256_CA.certify(&template);
        let certificate = read(written.as_bytes()).unwrap();
        prop_assert_eq!(certificate.kind, template.kind);
        prop_assert_eq!(certificate.subject_blob(), template.subject.blob());
        prop_assert_eq!(certificate.serial, serial);
        prop_assert_eq!(certificate.key_id, key_id.as_bytes());
        prop_assert_eq!(&certificate.principals, &template.principals.iter().map(String::as_bytes).collect::<Vec<_>>());
        prop_assert_eq!((certificate.valid_after, certificate.valid_before), (valid_after, valid_before));
        prop_assert_eq!(certificate.nonce, nonce);
        let critical: Vec<_> = template.critical_options.entries().map(|(name, value)| (name.as_bytes(), value.map(str::as_bytes))).collect();
        prop_assert_eq!(certificate.critical_options.iter().map(|o| (o.name, o.text())).collect::<Vec<_>>(), critical);
        let meant: Vec<_> = template.extensions.iter().map(|e| (e.name().as_bytes(), e.value().map(str::as_bytes))).collect();
        prop_assert_eq!(certificate.extensions.iter().map(|o| (o.name, o.text())).collect::<Vec<_>>(), meant);
        prop_assert!(P256_CA.verify(certificate.signed, certificate.signature.algorithm, certificate.signature.raw));
        prop_assert!(!inspect(&certificate, &jiff::tz::TimeZone::UTC).contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn no_input_makes_the_reader_panic(input in vec(any::<u8>(), 0..2000), line in "\\PC{0,200}") {
        let _ = (read(&input), blob_of(&input), blob_of(line.as_bytes()), visible(&input));
    }

    #[test]
    fn no_mangled_certificate_makes_the_reader_panic(subject in 0usize..7, changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut blob = ED25519_CA.certify(&template(&SUBJECTS[subject])).as_bytes().to_vec();
        for (index, byte) in changes {
            let at = index.index(blob.len());
            blob[at] = byte;
        }
        if let Ok(certificate) = read(&blob) {
            let _ = inspect(&certificate, &jiff::tz::TimeZone::UTC);
        }
    }
}

#[test]
fn no_changed_byte_passes() {
    for authority in [&*ED25519_CA, &*P256_CA, &*RSA_CA] {
        for subject in [&SUBJECTS[0], &SUBJECTS[4], &SUBJECTS[6]] {
            let template = template(subject);
            let mut blob = authority.certify(&template).as_bytes().to_vec();
            authority.check(&blob, &template, &Policy::default()).unwrap();
            for at in 0..blob.len() {
                for change in [0x01, 0x80, 0xff] {
                    blob[at] ^= change;
                    assert!(authority.check(&blob, &template, &Policy::default()).is_err(), "byte {at} changed by {change:#x}");
                    blob[at] ^= change;
                }
            }
        }
    }
}
