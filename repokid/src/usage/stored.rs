//! What an observer saw, as the usage store keeps it, and back again.
//!
//! A resource that is known by its ends alone is kept as `START*END`, one that is not told as nothing. Read back, an asterisk stands for
//! anything: a use counts for more than it was of, never for less. An event that no action is known for is kept as `SOURCE NAME`, so that
//! what may have authorised it stays. How an action showed is not kept, but for `iam:PassRole`, which shows in one way only.

use foldhash::HashMap;

use menagerie_cloudtrail::map::{How, Resource};

use super::observer::judged;
use super::{Seen, Span};
use crate::account::{Kind, Principal};
use crate::state::{UsageOutcome, UsageTuple};
use crate::verdict::{Universe, Usage};

/// What was seen, as tuples of the store.
#[must_use]
pub fn tuples(principals: HashMap<Box<str>, Seen>) -> Vec<UsageTuple> {
    let mut tuples = Vec::new();
    for (principal, seen) in principals {
        let tuple = |action: &str, resource: String, outcome, span: Span| UsageTuple {
            principal: principal.to_string(),
            action: action.to_owned(),
            resource,
            outcome,
            first: span.first,
            last: span.last,
            count: span.count,
        };
        for (action, resources) in seen.uses {
            tuples.extend(resources.into_iter().map(|((resource, _), span)| tuple(&action, text(resource), UsageOutcome::Used, span)));
        }
        tuples.extend(seen.denied.into_iter().map(|(action, span)| tuple(&action, String::new(), UsageOutcome::Denied, span)));
        let unmapped = seen.unmapped.into_iter();
        tuples.extend(unmapped.map(|((source, name), span)| tuple(&format!("{source} {name}"), String::new(), UsageOutcome::Used, span)));
    }
    tuples
}

/// What a principal's uses are known by ([`crate::state::known_as`]): its name, for there is one of a name in an account, so that what it did
/// under another path, it did; and its unique ID, which some events have alone. A group does nothing itself.
#[must_use]
pub fn names_of(principal: &Principal) -> Vec<String> {
    let name = match principal.kind {
        Kind::Role => format!("{}/{}", principal.account(), principal.name),
        Kind::User => format!("{}/user/{}", principal.account(), principal.name),
        Kind::Group => return Vec::new(),
    };
    vec![name, principal.id.clone()]
}

/// What tuples of one principal say of its use since `from`.
#[must_use]
pub fn of_tuples<'a>(tuples: impl IntoIterator<Item = &'a UsageTuple>, universe: &Universe, from: jiff::Timestamp) -> Usage {
    let mut seen = Seen::default();
    for tuple in tuples.into_iter().filter(|tuple| tuple.outcome != UsageOutcome::Denied && tuple.last >= from) {
        let span = Span { first: tuple.first, last: tuple.last, count: tuple.count };
        if let Some((source, name)) = tuple.action.split_once(' ') {
            seen.unmapped.insert((source.to_owned(), name.to_owned()), span);
            continue;
        }
        let passes = universe.named(&tuple.action).is_some_and(|id| universe.is_pass_role(id));
        let how = if passes { How::PassRole } else { How::Direct };
        seen.add(tuple.action.as_str().into(), resource(&tuple.resource), how, span);
    }
    judged(&seen, universe, from)
}

fn text(resource: Resource) -> String {
    match resource {
        Resource::Any => "*".to_owned(),
        Resource::Arn(arn) => arn,
        Resource::Part { start, end } => format!("{start}*{end}"),
        Resource::Unknown => String::new(),
    }
}

fn resource(text: &str) -> Resource {
    match (text, text.split_once('*')) {
        ("", _) => Resource::Unknown,
        ("*", _) => Resource::Any,
        (_, None) => Resource::Arn(text.to_owned()),
        // Whether the asterisk was in the name or stands for a part of it: it stands for a part.
        (_, Some((start, rest))) => {
            let end = rest.rsplit('*').next().unwrap_or_default();
            Resource::Part { start: start.to_owned(), end: end.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(text: &str) -> Resource {
        Resource::Arn(text.to_owned())
    }

    #[test]
    fn what_is_read_back_is_never_less() {
        let part = |start: &str, end: &str| Resource::Part { start: start.to_owned(), end: end.to_owned() };
        for (kept, read) in [
            (arn("arn:aws:s3:::bucket/key"), arn("arn:aws:s3:::bucket/key")),
            (Resource::Unknown, Resource::Unknown),
            (Resource::Any, Resource::Any),
            (part("arn:aws:iam::111122223333:user/", "/bob"), part("arn:aws:iam::111122223333:user/", "/bob")),
            // A name with an asterisk in it, and parts with one: more is meant afterwards.
            (arn("arn:aws:s3:::bucket/a*b*c"), part("arn:aws:s3:::bucket/a", "c")),
            (part("arn:aws:s3:::bucket/a*", "z"), part("arn:aws:s3:::bucket/a", "z")),
        ] {
            assert_eq!(resource(&text(kept.clone())), read, "{kept:?}");
        }
    }

    #[test]
    fn whoever_it_is_has_one_name() {
        for (principal, name) in [
            ("arn:aws:iam::111122223333:role/team/reader", "111122223333/reader"),
            ("arn:aws:iam::111122223333:role/reader", "111122223333/reader"),
            ("111122223333/reader", "111122223333/reader"),
            ("arn:aws-cn:iam::111122223333:user/x/bob", "111122223333/user/bob"),
            ("AROAEXAMPLE", "AROAEXAMPLE"),
            ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
        ] {
            assert_eq!(crate::state::known_as(principal), name);
        }
    }

    #[test]
    fn uses_go_through_the_store_and_denials_do_not_count() {
        let (universe, now) = (Universe::new(), jiff::Timestamp::from_second(1_767_225_600).expect("a time"));
        let before = jiff::Timestamp::UNIX_EPOCH;
        let mut seen = Seen::default();
        seen.add("s3:GetObject".into(), arn("arn:aws:s3:::bucket/key"), How::Direct, Span::once(now));
        seen.add("sqs:SendMessage".into(), Resource::Unknown, How::Direct, Span::once(before));
        seen.add("s3:Invented".into(), Resource::Unknown, How::Direct, Span::once(now));
        seen.denied.insert("ec2:RunInstances".into(), Span::once(now));
        seen.unmapped.insert(("glue.amazonaws.com".to_owned(), "Dream".to_owned()), Span::once(now));
        let tuples = tuples(HashMap::from_iter([("arn:aws:iam::111122223333:role/reader".into(), seen)]));
        assert_eq!(tuples.len(), 5);
        let usage = of_tuples(&tuples, &universe, now);
        let get = universe.named("s3:GetObject").expect("is known");
        assert_eq!(usage.actions.keys().copied().collect::<Vec<_>>(), [get], "old uses and denials do not count");
        assert!(usage.strange.contains("s3:invented"));
        assert_eq!(usage.unmapped.values().next().map(Vec::as_slice), Some(&["glue".to_owned()][..]));
    }
}
