//! Logs of CloudTrail: read in pieces of any length they say what they say as a whole, what is told of them is bounded, and of each event
//! everything that can be asked is; what is no digest of CloudTrail's is not taken for one.
#![no_main]

use std::io::Read;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use menagerie_cloudtrail::coverage::Change;
use menagerie_cloudtrail::digest::Digest;
use menagerie_cloudtrail::layout::{Layout, Name};
use menagerie_cloudtrail::outcome::Denial;
use menagerie_cloudtrail::read::{Limits, Place, Reader, Sink, Summary};
use menagerie_cloudtrail::selectors::Trails;
use menagerie_cloudtrail::signature::{PublicKeys, Standing};
use menagerie_cloudtrail::{Event, Json, Outcome};

/// A public key of nobody's: its other half was thrown away.
const KEYS: &str = r#"{"PublicKeyList":[{"Fingerprint":"31e8b5433410dfb61a9dc45cc65b22ff","ValidityStartTime":0.5,"ValidityEndTime":"9999-01-01T00:00:00Z",
"Value":"MIIBCgKCAQEAoaKzwLiSWIHUGuLlTMa5NtMzZSbVgJPpUkzUIJhcv83glEE0Cs5S/XyOLF3MdEEVvMvVMeyz8kvXlTqpUCmXf6diXP8TN3zuIXMqxWElZEqD0jFQxYAMeSnW354R4CHCNigbPo7cO1gNPCwAlVWNg/qW1A2P0Jq+2YIxJZK6323K2PIvdJkxgwTN2V3ttML8PpzPI3YoIKqrIjM9eZdhghWcEQEEl1C8IHnaDWuHb+pQqI5Iz9t/iJLd+oGXQO3HjPBs6AoekuYunaUKnK0j0qQQ9IZXW3LGtp80IjAwLJFbGICC18PaaUFxu4jVfu8U4SgimrT5ske+lOusyy+kxQIDAQAB"}]}"#;

/// That no digest is taken for signed, whatever it says of itself and of the one before it.
fn judged(digest: &Digest) {
    static READ: std::sync::LazyLock<PublicKeys> = std::sync::LazyLock::new(|| PublicKeys::parse(KEYS).expect("it is a key"));
    let mut digests = [digest.clone(), digest.clone()];
    for (number, seal) in digests.iter_mut().filter_map(|digest| digest.seal.as_deref_mut()).enumerate() {
        seal.hash = Some("ab".repeat(32));
        seal.signature = (number == 1).then(|| "cd".repeat(256));
    }
    READ.judge(&mut digests);
    assert!(digests.iter().all(|digest| matches!(digest.standing, Standing::Unsigned | Standing::Failed(_)) && !digest.vouches()));
}

const LIMITS: Limits = Limits { record: 4096, inflated: 1 << 20, places: 5 };

#[derive(Default, PartialEq, Debug)]
struct Seen(Vec<(u64, String)>);

impl Sink for Seen {
    fn event(&mut self, event: &Event<'_>, place: &Place<'_>) {
        if let Some(message) = event.error_message() {
            let _ = Denial::parse(&message);
        }
        let principal = event.identity().map(|identity| (identity.session_name().map(str::to_owned), identity.principal().to_string()));
        let resources: Vec<_> = event.resources().into_iter().flat_map(Json::items).filter_map(|one| one.str("ARN")).collect();
        let deep = event.request_parameters().into_iter().flat_map(Json::fields).filter_map(|(_, value)| value.as_scalar()).count();
        let change = Change::of(event);
        let same = Event::parse(event.text()).expect("an event's own text is that event");
        assert_eq!((same.name(), same.time()), (event.name(), event.time()));
        self.0.push((place.at, format!("{event:?} {:?} {principal:?} {resources:?} {deep} {change:?}", Outcome::of(event))));
    }

    fn digest(&mut self, digest: Json<'_>, place: &Place<'_>) {
        if let Ok(digest) = Digest::parse(digest.text()) {
            judged(&digest);
        }
        self.0.push((place.at, "digest".into()));
    }
}

/// A few bytes at a time.
struct Slowly<'a>(&'a [u8], usize);

impl Read for Slowly<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(out.len());
        out[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn read(source: impl Read) -> (Seen, Summary) {
    let (mut seen, mut summary) = (Seen::default(), Summary::default());
    Reader::new(LIMITS).stream(source, Place { file: Path::new("a"), number: 0, at: 0 }, &mut seen, &mut summary);
    assert!(summary.problems.places().count() <= LIMITS.places);
    assert_eq!(seen.0.len() as u64, summary.events + summary.digests);
    assert!(seen.0.is_sorted_by_key(|(at, _)| *at));
    (seen, summary)
}

fuzz_target!(|data: &[u8]| {
    let Some((slow, text)) = data.split_first() else { return };
    let (whole, slowly) = (read(text), read(Slowly(text, usize::from(*slow).max(1))));
    // How much comes out of damaged compressed data before the damage is seen depends on the pieces.
    assert!(text.starts_with(&[0x1f, 0x8b]) || whole == slowly, "{whole:?} and not {slowly:?}");
    if let Ok(text) = std::str::from_utf8(text) {
        let _ = Event::parse(text);
        let _ = Trails::parse(text);
        let _ = PublicKeys::parse(text);
        if let Ok(digest) = Digest::parse(text) {
            judged(&digest);
        }
        let (_, _) = (Name::parse(text), Layout::of(text));
    }
});
