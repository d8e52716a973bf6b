//! What an observer saw, as the usage store keeps it, and back again.
//!
//! A resource that is known by its ends alone is kept as `START*END`, one that is not told as nothing. Read back, an asterisk stands for
//! anything: a use counts for more than it was of, never for less. An event that no action is known for is kept as `SOURCE NAME`, so that
//! what may have authorised it stays. How an action showed is not kept, but for `iam:PassRole`, which shows in one way only.

use foldhash::HashMap;

use menagerie_aws::Arn;
use menagerie_cloudtrail::map::{How, Resource};
use menagerie_policy::data::catalogue;

use super::{Seen, Span};
use crate::state::{UsageOutcome, UsageTuple};
use crate::verdict::{Universe, Usage, Use};

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

/// The names that a role's or user's uses may stand under: its ARN; and of a role `account/name`, where a log did not tell the path.
#[must_use]
pub fn principals_of(arn: &Arn) -> Vec<String> {
    let role = arn.resource().strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    std::iter::once(arn.as_str().to_owned()).chain(role.map(|name| format!("{}/{name}", arn.account()))).collect()
}

/// What tuples of one principal say of its use since `from`.
#[must_use]
pub fn of_tuples<'a>(tuples: impl IntoIterator<Item = &'a UsageTuple>, universe: &Universe, from: jiff::Timestamp) -> Usage {
    let mut usage = Usage::default();
    for tuple in tuples.into_iter().filter(|tuple| tuple.outcome != UsageOutcome::Denied && tuple.last >= from) {
        if let Some((source, name)) = tuple.action.split_once(' ') {
            let prefixes = catalogue().event_source(source).map(str::to_owned).into_iter().collect();
            usage.unmapped.insert((source.to_owned(), name.to_owned()), prefixes);
            continue;
        }
        let Some(id) = universe.named(&tuple.action) else {
            usage.strange.insert(tuple.action.to_ascii_lowercase());
            continue;
        };
        let how = if universe.is_pass_role(id) { How::PassRole } else { How::Direct };
        let resource = resource(&tuple.resource);
        usage.actions.entry(id).or_default().push(Use { resource, how, first: tuple.first, last: tuple.last, count: tuple.count });
    }
    usage
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
    fn a_role_is_looked_for_without_its_path_too() {
        let role: Arn = "arn:aws:iam::111122223333:role/team/reader".parse().expect("an ARN");
        assert_eq!(principals_of(&role), ["arn:aws:iam::111122223333:role/team/reader", "111122223333/reader"]);
        let user: Arn = "arn:aws:iam::111122223333:user/bob".parse().expect("an ARN");
        assert_eq!(principals_of(&user), ["arn:aws:iam::111122223333:user/bob"]);
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
