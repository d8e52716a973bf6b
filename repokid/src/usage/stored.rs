//! What the state knows of a principal's use, for the judgement.
//!
//! A resource that is known by its ends alone is kept as `START*END`, one that is not told as nothing. Read back, an asterisk stands for
//! anything: a use counts for more than it was of, never for less. An event that no action is known for is kept as `SOURCE NAME`, so that
//! what may have authorised it stays. How an action showed is not kept, but for `iam:PassRole`, which shows in one way only.

use menagerie_aws::Arn;
use menagerie_cloudtrail::map::{How, Resource};
use menagerie_policy::data::catalogue;

use crate::state::{UsageOutcome, UsageTuple};
use crate::verdict::{Universe, Usage, Use};

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
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_is_not_known_for_sure_counts_for_all() {
        let universe = Universe::new();
        let time = Timestamp::UNIX_EPOCH;
        let tuple = |action: &str, resource: &str, outcome| UsageTuple {
            principal: "arn:aws:iam::111122223333:role/reader".to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            outcome,
            first: time,
            last: time,
            count: 1,
        };
        let tuples = [
            tuple("s3:getobject", "arn:aws:s3:::b/k", UsageOutcome::Used),
            tuple("s3:GetObject", "", UsageOutcome::Error),
            tuple("s3:ListBucket", "arn:aws:s3:::b*", UsageOutcome::Used),
            tuple("s3:PutObject", "", UsageOutcome::Denied),
            tuple("s3:Zap", "", UsageOutcome::Used),
            tuple("zap.amazonaws.com Zap", "", UsageOutcome::Used),
        ];
        let usage = of_tuples(&tuples, &universe, time);
        let resources = |name: &str| {
            let uses = universe.named(name).and_then(|id| usage.actions.get(&id));
            uses.map(|uses| uses.iter().map(|one| one.resource.clone()).collect::<Vec<_>>())
        };
        assert_eq!(resources("s3:GetObject"), Some(vec![Resource::Arn("arn:aws:s3:::b/k".to_owned()), Resource::Unknown]));
        assert_eq!(resources("s3:ListBucket"), Some(vec![Resource::Part { start: "arn:aws:s3:::b".to_owned(), end: String::new() }]));
        assert_eq!(resources("s3:PutObject"), None);
        assert!(usage.strange.contains("s3:zap"));
        assert!(usage.unmapped.contains_key(&("zap.amazonaws.com".to_owned(), "Zap".to_owned())));
        assert!(of_tuples(&tuples, &universe, time + jiff::SignedDuration::from_secs(1)).is_empty());
    }
}
