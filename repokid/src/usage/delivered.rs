//! What a file tells of what trails delivered, beside the uses in it.

use std::path::Path;

use menagerie_cloudtrail::coverage::hours_of;
use menagerie_cloudtrail::layout::{Kind, Name};
use menagerie_cloudtrail::read::{Problem, Problems};

use super::Observer;
use crate::state::{Damage, Delivered, DeliveredLog};

/// What an observer saw in a file that has this name, beside uses. `hash` is of what the file holds, and not wanted of a file that is damaged.
#[must_use]
pub fn delivered(observer: &Observer, name: &str, problems: &Problems, hash: Option<String>) -> Delivered {
    let mut delivered = of_events(observer);
    delivered.damage = damage(name, problems);
    if delivered.damage.is_none()
        && let (Some(named), Some(hash)) = (Name::parse(name).filter(|name| name.kind == Kind::Log), hash)
    {
        let hours = hours_of(&named).to_vec();
        let (account, region) = (named.account.to_owned(), named.region.to_owned());
        delivered.log = Some(DeliveredLog { account, region, hash: hash.to_ascii_lowercase(), hours });
    }
    delivered
}

/// What the events themselves tell, wherever they come from: which trails were changed, and where something was done.
#[must_use]
pub fn of_events(observer: &Observer) -> Delivered {
    let mut digests = observer.digests.clone();
    digests.iter_mut().flat_map(|digest| &mut digest.log_files).for_each(|log| log.hash_value.make_ascii_lowercase());
    Delivered {
        log: None,
        digests,
        changes: observer.trails.clone(),
        places: observer.places.iter().map(|(account, region)| (account.to_string(), region.to_string())).collect(),
        last: observer.span.map(|(_, last)| last),
        damage: None,
    }
}

/// How a file counts that something was wrong with.
#[must_use]
pub fn damage(name: &str, problems: &Problems) -> Option<Damage> {
    let told = u64::try_from(problems.places().count()).unwrap_or(u64::MAX);
    let is_log = Name::parse(name).is_some();
    if problems.count() > told || problems.places().any(|trouble| trouble.problem != Problem::NotALog || is_log) {
        return Some(Damage::Log);
    }
    (told > 0 && may_be_log(Path::new(name))).then_some(Damage::Perhaps)
}

/// Whether a file that holds no log may be what is left of one: by its ending, and not among what other services deliver.
#[must_use]
pub fn may_be_log(path: &Path) -> bool {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let service = parts
        .iter()
        .position(|part| part == "AWSLogs")
        .and_then(|at| parts[at + 1..].iter().find(|part| part.starts_with(|c: char| c.is_ascii_uppercase())));
    let of_another = service.is_some_and(|service| !service.starts_with("CloudTrail"));
    !of_another && path.extension().is_some_and(|end| end == "json" || end == "gz")
}
