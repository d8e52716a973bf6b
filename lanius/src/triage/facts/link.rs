//! What stands beside a secret in its line: the end of a signed link, the project of a service account.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use super::{Clue, Gathered};

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is constant")
}

/// An account of a service of Google, whose domain names the project.
static ACCOUNT: LazyLock<Regex> = LazyLock::new(|| compiled(r"([a-z0-9-]{1,63})@([a-z][a-z0-9-]{4,61})\.iam\.gserviceaccount\.com"));
static PROJECT: LazyLock<Regex> = LazyLock::new(|| compiled(r#""project_id"\s{0,4}:\s{0,4}"([a-z][a-z0-9-]{4,61})""#));
/// The end of a shared access signature of Azure.
static SAS: LazyLock<Regex> = LazyLock::new(|| compiled(r"[?&]se=(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::|%3[Aa])(\d\d))?"));
static AMAZON_DATE: LazyLock<Regex> = LazyLock::new(|| compiled(r"X-Amz-Date=(\d{8}T\d{6}Z)"));
static AMAZON_EXPIRES: LazyLock<Regex> = LazyLock::new(|| compiled(r"X-Amz-Expires=(\d{1,7})"));
static TENANT: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"(?i)(tenant|client|subscription)_?id\W{1,6}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
});

pub(super) fn gather(clue: Clue<'_>, gathered: &mut Gathered) {
    let service = clue.rule.definition.service.as_str();
    for text in [clue.before, clue.after] {
        if service == "Google Cloud" {
            if let Some(found) = ACCOUNT.captures(text) {
                gathered.tell("account", &found[0]);
                gathered.tell("project", &found[2]);
            }
            if let Some(found) = PROJECT.captures(text) {
                gathered.tell("project", &found[1]);
            }
        }
        if service == "Microsoft Azure" {
            for found in TENANT.captures_iter(text) {
                gathered.tell(&format!("{}_id", found[1].to_ascii_lowercase()), found[2].to_ascii_lowercase());
            }
            if let Some(end) = SAS.captures(text).and_then(|found| sas_end(&found)) {
                gathered.expires(end, clue.now);
            }
        }
    }
    let find = |pattern: &Regex| [clue.before, clue.after].into_iter().find_map(|text| Some(pattern.captures(text)?[1].to_owned()));
    // The signature of a link may be the secret, or the link as a whole.
    let whole = std::str::from_utf8(clue.secret).unwrap_or_default();
    let find = |pattern: &Regex| find(pattern).or_else(|| Some(pattern.captures(whole)?[1].to_owned()));
    if let (Some(begin), Some(seconds)) = (find(&AMAZON_DATE), find(&AMAZON_EXPIRES))
        && let Some(end) = amazon_end(&begin, &seconds)
    {
        gathered.expires(end, clue.now);
    }
}

fn sas_end(found: &regex::Captures<'_>) -> Option<Timestamp> {
    let number = |group: usize| found.get(group).and_then(|text| text.as_str().parse().ok()).unwrap_or(0_i8);
    let date: Date = found[1].parse().ok()?;
    let time = jiff::civil::Time::new(number(2), number(3), 0, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

fn amazon_end(begin: &str, seconds: &str) -> Option<Timestamp> {
    let begin: Timestamp = begin.parse().ok()?;
    begin.checked_add(SignedDuration::from_secs(seconds.parse().ok()?)).ok()
}
