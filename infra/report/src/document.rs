//! What a report tells, whatever its form: the tool, the rules, the findings, what became of the sources. The forms are written
//! from it by [`crate::sarif`], [`crate::html`] and [`crate::csv`].

use jiff::{SpanRound, Timestamp, Unit, Zoned};
use menagerie_finding::{Finding, Outcome, Severity};

/// The tool that ran.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// A rule of which there are findings.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id: the findings' code.
    pub id: String,
    /// What it finds, in a few words.
    pub title: String,
    /// What it finds, and why that matters, in a sentence or two.
    pub description: String,
    /// What to do about it.
    pub help: String,
    /// Where to read more.
    pub help_uri: Option<String>,
    /// What a finding costs.
    pub severity: Severity,
}

/// Why a finding is not to be acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Whether it stands in the source itself, not in a file of its own.
    pub in_source: bool,
    /// The reason that was given.
    pub justification: String,
}

/// A finding as it is reported.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The finding.
    pub finding: Finding,
    /// Why it is suppressed, if it is.
    pub suppressed: Option<Suppression>,
}

/// A report.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// The tool that ran.
    pub tool: Tool<'a>,
    /// What was looked at, for people.
    pub subject: String,
    /// When it ran.
    pub made: Timestamp,
    /// The rules that the findings name.
    pub rules: Vec<Rule>,
    /// The findings, in the order in which they are told.
    pub findings: Vec<Reported>,
    /// The sources that were not looked at in full.
    pub outcomes: Vec<Outcome>,
    /// More numbers for people: what, how many.
    pub totals: Vec<(&'a str, String)>,
}

impl Document<'_> {
    /// The rule of a finding.
    #[must_use]
    pub fn rule(&self, finding: &Finding) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == finding.code)
    }

    /// The sources that could not be read, with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Failed { asset, reason } => Some((asset.name.as_str(), reason.as_str())),
            _ => None,
        })
    }
}

/// A time in seconds since 1970 as RFC 3339, or nothing where it is no time.
#[must_use]
pub fn date(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// How long ago that was, for people: `3 years`; nothing where it is no time, or lies ahead.
#[must_use]
pub fn age(seconds: i64, now: Timestamp) -> Option<String> {
    let utc = |time: Timestamp| -> Zoned { time.to_zoned(jiff::tz::TimeZone::UTC) };
    let (then, now) = (utc(Timestamp::from_second(seconds).ok()?), utc(now));
    let span = then.until(&now).ok()?;
    for (unit, name) in [(Unit::Year, "year"), (Unit::Month, "month"), (Unit::Day, "day"), (Unit::Hour, "hour")] {
        let whole = span.round(SpanRound::new().largest(unit).smallest(unit).mode(jiff::RoundMode::Trunc).relative(&then)).ok()?;
        let count = match unit {
            Unit::Year => i64::from(whole.get_years()),
            Unit::Month => i64::from(whole.get_months()),
            Unit::Day => i64::from(whole.get_days()),
            _ => i64::from(whole.get_hours()),
        };
        if count < 0 {
            return None;
        }
        if count > 0 {
            return Some(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    (span.is_positive() || span.is_zero()).then(|| "less than an hour".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn ages_are_for_people() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| age(text.parse::<Timestamp>().unwrap().as_second(), now);
        assert_eq!(at("2023-03-01T11:00:00Z").as_deref(), Some("3 years"));
        assert_eq!(at("2025-03-02T12:00:00Z").as_deref(), Some("11 months"));
        assert_eq!(at("2026-02-28T12:00:00Z").as_deref(), Some("1 day"));
        assert_eq!(at("2026-03-01T09:59:00Z").as_deref(), Some("2 hours"));
        assert_eq!(at("2026-03-01T11:59:00Z").as_deref(), Some("less than an hour"));
        assert_eq!(at("2026-03-01T12:01:00Z"), None);
        assert_eq!(age(i64::MAX, now), None);
        assert_eq!(date(i64::MIN), None);
    }
}
