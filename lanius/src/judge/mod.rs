//! Judges a value that has no shape of its own by its name, its form and where it stands: is this a password, a key, a token that
//! someone wrote down, or a word, a placeholder, a path, a hash? The answer is a probability in percent, with its reasons.

mod name;
mod specimen;
mod value;
mod words;

pub use name::{Meaning, meaning, meaning_after, span};
pub use specimen::is_well_known;
pub use value::word_share;

use crate::scan::{Kind, Operator, Quote};

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// What kind of text the file is.
    pub kind: Kind,
    /// Whether the path is of tests, examples or documentation.
    pub fixture: bool,
    /// How the value is quoted.
    pub quote: Quote,
    /// What joins it to its name.
    pub operator: Operator,
    /// Whether blanks stood beside the operator.
    pub spaced: bool,
    /// Whether the line is documentation within a program.
    pub documents: bool,
}

/// Why a confidence is what it is.
pub type Reason = std::borrow::Cow<'static, str>;

/// The probability, in percent, that `value` is a credential of this meaning; `None` where it cannot be one.
#[must_use]
pub fn probability(meaning: Meaning, name: &[u8], value: &[u8], context: &Context) -> Option<(u8, Vec<Reason>)> {
    if !stands_where_values_stand(context) {
        return None;
    }
    let mut reasons = Vec::new();
    let mut score = -1.2_f32;
    let mut weigh = |weight: f32, reason: &'static str| {
        score += weight;
        reasons.push(Reason::from(reason));
    };
    match meaning {
        Meaning::Password => weigh(1.8, "the name says password"),
        Meaning::Secret => weigh(1.6, "the name says secret"),
        Meaning::Token => weigh(1.0, "the name says token"),
        Meaning::Key => weigh(0.9, "the name says which key"),
        Meaning::Weak => weigh(-0.8, "the name is vague"),
    }
    for (weight, reason) in value::evidence(meaning, name, value)? {
        weigh(weight, reason);
    }
    match context.operator {
        Operator::Assigns | Operator::Colon | Operator::Tag => {}
        Operator::Compares => weigh(-0.6, "it is compared, not set"),
        Operator::Comma | Operator::Call => weigh(-0.7, "it is an argument"),
        Operator::Blank if context.quote == Quote::Bare => weigh(-1.0, "only a blank stands between"),
        Operator::Blank => weigh(-0.6, "only a blank stands between"),
        Operator::Says => weigh(-0.4, "a sentence says it"),
    }
    if context.quote == Quote::Bare {
        let doubt = match context.kind {
            Kind::Settings => -0.2,
            Kind::Prose => -0.6,
            Kind::Source | Kind::Unknown | Kind::Lock => -1.2,
        };
        weigh(doubt, "it is not quoted");
    }
    match context.kind {
        Kind::Prose => weigh(-0.9, "it stands in text for people"),
        Kind::Lock => weigh(-3.0, "it stands in a file of locks and sums"),
        Kind::Source | Kind::Settings | Kind::Unknown => {}
    }
    if context.fixture {
        weigh(-1.5, "the path is of tests, examples or documentation");
    }
    if context.documents {
        weigh(-1.8, "the line is documentation");
    }
    let probability = 100.0 / (1.0 + (-score).exp());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 100")]
    Some((probability.round() as u8, reasons))
}

/// Whether a value without quotes can stand in such a file: in a program it would be an expression.
fn stands_where_values_stand(context: &Context) -> bool {
    match (context.quote, context.kind) {
        (Quote::Quoted { .. }, _) => true,
        (Quote::Bare, Kind::Source) => context.operator == Operator::Tag,
        (Quote::Bare, Kind::Settings | Kind::Unknown) => true,
        (Quote::Bare, Kind::Prose | Kind::Lock) => {
            matches!(context.operator, Operator::Assigns | Operator::Colon | Operator::Tag | Operator::Says)
        }
    }
}

/// Doubts values of which a program or a text holds many that are alike: test vectors, tables, digests. Only what has the form of a
/// digest is doubted, or what stands beside a vague name; never a password, and nothing in settings, where ten keys are ten keys. `judged`
/// gives, for each finding that was judged, its meaning, its value and its confidence.
pub fn doubt_crowds<'a>(kind: Kind, judged: impl Iterator<Item = (Meaning, &'a [u8], &'a mut u8, &'a mut Vec<Reason>)>) {
    const MANY: usize = 8;
    if kind == Kind::Settings {
        return;
    }
    let mut groups = std::collections::BTreeMap::<usize, Vec<_>>::new();
    for (meaning, value, confidence, reasons) in judged {
        let digest = value.iter().all(u8::is_ascii_hexdigit);
        if meaning == Meaning::Weak || digest && meaning != Meaning::Password {
            groups.entry(value.len()).or_default().push((value, confidence, reasons));
        }
    }
    for group in groups.into_values() {
        let different = group.iter().map(|(value, ..)| *value).collect::<std::collections::BTreeSet<_>>().len();
        if different > MANY {
            for (_, confidence, reasons) in group {
                *confidence = (*confidence).min(40);
                reasons.push("it is one of many alike in the file".into());
            }
        }
    }
}

/// Doubts credentials of one service of which a compiled program holds many different ones: those of a scanner's rules, or of tests. No
/// program needs so many. `found` gives the number of its rule, the value and the confidence of each.
pub fn doubt_examples<'a>(found: impl Iterator<Item = (usize, &'a [u8], &'a mut u8, &'a mut Vec<Reason>)>) {
    const MANY: usize = 8;
    let mut rules = std::collections::BTreeMap::<usize, Vec<_>>::new();
    for (rule, value, confidence, reasons) in found {
        rules.entry(rule).or_default().push((value, confidence, reasons));
    }
    for alike in rules.into_values() {
        if alike.iter().map(|(value, ..)| *value).collect::<std::collections::BTreeSet<_>>().len() > MANY {
            for (_, confidence, reasons) in alike {
                *confidence = (*confidence).min(40);
                reasons.push("it is one of many of its service in a compiled program".into());
            }
        }
    }
}

#[cfg(test)]
mod tests;
