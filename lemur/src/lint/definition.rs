//! What a lint is: a rule with a name, where the rule stands, how bad it is to break it, to which certificates and from which day it applies.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::context::Context;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Against a SHOULD.
    Warning,
    /// Against a MUST: such a certificate is not signed.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The document: `RFC 5280`, `BR` (the CA/Browser Forum's TLS Baseline Requirements), `EVG` (its EV Guidelines), `X.690`.
    pub document: &'static str,
    /// The section of it.
    pub section: &'static str,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.document, self.section)
    }
}

/// A section of RFC 5280.
pub(super) const fn rfc5280(section: &'static str) -> Source {
    Source { document: "RFC 5280", section }
}

/// A section of the TLS Baseline Requirements.
pub(super) const fn br(section: &'static str) -> Source {
    Source { document: "BR", section }
}

/// A section of another document.
pub(super) const fn of(document: &'static str, section: &'static str) -> Source {
    Source { document, section }
}

/// What a certificate is for, as its own content tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A CA certificate whose issuer is its subject.
    Root,
    /// Any other CA certificate.
    Intermediate,
    /// A certificate that signs OCSP answers.
    OcspResponder,
    /// Everything else.
    Leaf,
}

impl Kind {
    const fn bit(self) -> u8 {
        match self {
            Self::Root => 1,
            Self::Intermediate => 2,
            Self::OcspResponder => 4,
            Self::Leaf => 8,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::OcspResponder => "OCSP responder",
            Self::Leaf => "leaf",
        })
    }
}

/// Which rules a lint belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Holds for every certificate.
    Pkix,
    /// Holds for certificates that claim the Baseline Requirements.
    Baseline,
}

/// How a check tells what it found.
pub(super) type Say<'s> = dyn FnMut(String) + 's;

/// A rule.
pub struct Lint {
    /// Its name, which stays.
    pub id: &'static str,
    /// What it asks for, as one sentence.
    pub says: &'static str,
    /// Where it stands.
    pub source: Source,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Which rules it belongs to.
    pub family: Family,
    /// The first day on which it holds; none where it holds for certificates of any age.
    pub since: Option<Date>,
    /// The first day on which it holds no more.
    pub until: Option<Date>,
    kinds: u8,
    pub(super) check: fn(&Context<'_>, &mut Say<'_>),
}

impl fmt::Debug for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lint").field("id", &self.id).field("severity", &self.severity).finish_non_exhaustive()
    }
}

impl Lint {
    const fn new(severity: Severity, id: &'static str, source: Source, says: &'static str, check: fn(&Context<'_>, &mut Say<'_>)) -> Self {
        Self { id, says, source, severity, family: Family::Pkix, since: None, until: None, kinds: 15, check }
    }

    /// A MUST.
    pub(super) const fn error(id: &'static str, source: Source, says: &'static str, check: fn(&Context<'_>, &mut Say<'_>)) -> Self {
        Self::new(Severity::Error, id, source, says, check)
    }

    /// A SHOULD.
    pub(super) const fn warning(id: &'static str, source: Source, says: &'static str, check: fn(&Context<'_>, &mut Say<'_>)) -> Self {
        Self::new(Severity::Warning, id, source, says, check)
    }

    /// Something to know.
    pub(super) const fn notice(id: &'static str, source: Source, says: &'static str, check: fn(&Context<'_>, &mut Say<'_>)) -> Self {
        Self::new(Severity::Notice, id, source, says, check)
    }

    /// Holds only where the Baseline Requirements are claimed, for certificates of these kinds.
    pub(super) const fn baseline(self, kinds: &[Kind]) -> Self {
        Self { family: Family::Baseline, ..self }.of(kinds)
    }

    /// Holds for certificates of these kinds.
    pub(super) const fn of(mut self, kinds: &[Kind]) -> Self {
        self.kinds = 0;
        let mut at = 0;
        while at < kinds.len() {
            self.kinds |= kinds[at].bit();
            at += 1;
        }
        self
    }

    /// Holds from this day on.
    pub(super) const fn since(mut self, year: i16, month: i8, day: i8) -> Self {
        self.since = Some(jiff::civil::date(year, month, day));
        self
    }

    /// Holds until the day before this one.
    pub(super) const fn until(mut self, year: i16, month: i8, day: i8) -> Self {
        self.until = Some(jiff::civil::date(year, month, day));
        self
    }

    /// Whether certificates of this kind are held to it.
    #[must_use]
    pub const fn applies_to(&self, kind: Kind) -> bool {
        self.kinds & kind.bit() != 0
    }

    /// Whether it holds for a certificate issued on this day (UTC).
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.since.is_none_or(|since| day >= since) && self.until.is_none_or(|until| day < until)
    }
}

/// A rule that a certificate breaks.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub lint: &'static Lint,
    /// What exactly is wrong; text from the certificate is shortened, and its control characters are written out.
    pub detail: String,
}

impl Finding {
    /// Whether a certificate with this finding is not to be signed.
    #[must_use]
    pub fn forbids(&self) -> bool {
        self.lint.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}; {})", self.lint.severity, self.detail, self.lint.id, self.lint.source)
    }
}
