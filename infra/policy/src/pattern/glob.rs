//! A glob: literal characters, `?` for any one character, `*` for any run of them, and policy variables, whose values are
//! known only with a request. A run of `?` and `*` is kept in one form, the `?` first and one `*` after them, so that two
//! globs of one form of wildcards have one form here.

use super::truth::Truth;
use super::variable::{self, Dollar, Variable};

/// A pattern of characters, wildcards and policy variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob {
    pub(super) tokens: Box<[Token]>,
    variables: Box<[Variable]>,
    folded: bool,
    /// How many characters the shortest text has, variables being empty.
    shortest: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Token {
    Char(char),
    One,
    Many,
    /// The variable of this number.
    Variable(u32),
}

/// How many steps a comparison may take at most, as the product of the lengths. IAM's own limits keep it below: no policy is longer
/// than 10,240 characters, no ARN longer than 2,048.
pub(super) const MOST_STEPS: usize = 1 << 26;

/// What a request says of a variable's condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It has the key, with this one value.
    Value(String),
    /// It surely has no such key.
    Missing,
    /// It is not known whether it has the key, or with which value.
    Unknown,
}

/// A glob with a request's values for its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// What is left to match: variables stay where the request does not tell.
    Glob(Glob),
    /// The request has no value for a variable without a default: the pattern matches nothing.
    Never,
}

impl Glob {
    /// A glob without variables, whose letters count as written.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::build(text, false, true, false)
    }

    /// A glob without variables, in which ASCII letters match either case.
    #[must_use]
    pub fn ignoring_case(text: &str) -> Self {
        Self::build(text, false, true, true)
    }

    /// A glob with policy variables.
    #[must_use]
    pub fn with_variables(text: &str) -> Self {
        Self::build(text, true, true, false)
    }

    /// Text in which `*` and `?` stand for themselves; with `variables`, policy variables and `${*}` are read.
    #[must_use]
    pub fn literal(text: &str, variables: bool) -> Self {
        Self::build(text, variables, false, false)
    }

    /// This glob, with ASCII letters matching either case.
    #[must_use]
    pub fn folded(mut self) -> Self {
        self.folded = true;
        for token in &mut self.tokens {
            if let Token::Char(character) = token {
                character.make_ascii_lowercase();
            }
        }
        self
    }

    fn build(text: &str, with_variables: bool, wildcards: bool, folded: bool) -> Self {
        if text.bytes().all(|byte| byte.is_ascii() && !matches!(byte, b'*' | b'?' | b'$')) {
            return Self::plain(text, folded);
        }
        let mut tokens = Tokens(Vec::with_capacity(text.len()));
        let mut variables = Vec::new();
        let mut at = 0;
        while let Some(character) = text[at..].chars().next() {
            let read = if with_variables && character == '$' { variable::read(&text[at..]) } else { None };
            at += read.as_ref().map_or(character.len_utf8(), |(_, taken)| *taken);
            tokens.push(match (read, character) {
                (Some((Dollar::Escape(character), _)), _) => Token::Char(character),
                (Some((Dollar::Variable(variable), _)), _) => Token::Variable(number(&mut variables, variable)),
                (None, '*') if wildcards => Token::Many,
                (None, '?') if wildcards => Token::One,
                (None, character) if folded => Token::Char(character.to_ascii_lowercase()),
                (None, character) => Token::Char(character),
            });
        }
        tokens.into_glob(variables, folded)
    }

    /// What most patterns are: ASCII in which each character stands for itself.
    fn plain(text: &str, folded: bool) -> Self {
        let fold = |byte: u8| if folded { byte.to_ascii_lowercase() } else { byte };
        let tokens = text.bytes().map(|byte| Token::Char(char::from(fold(byte)))).collect();
        Self { tokens, variables: Box::default(), folded, shortest: text.len() }
    }

    /// Whether the text is one that the glob stands for. `Unknown` where that hangs on a variable's value, or where both are longer
    /// than IAM has anything.
    #[must_use]
    pub fn matches(&self, text: &str) -> Truth {
        if self.tokens.len().saturating_mul(text.len()) > MOST_STEPS && !self.is_exact() {
            return Truth::Unknown;
        }
        let fits = self.shortest <= text.len() && fits(&self.tokens, text, self.folded);
        match (fits, self.variables.is_empty()) {
            (false, _) => Truth::No,
            (true, true) => Truth::Yes,
            (true, false) => Truth::Unknown,
        }
    }

    /// Whether each text of `other` is one of this glob, whatever the values of the variables: they are taken to be the same on
    /// both sides. Exact where there is no variable, for an alphabet that has a letter besides those written.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        super::inclusion::covers(self, other)
    }

    /// Whether some text may be of both: exact where there is no variable, `true` where a variable leaves it open, or where both are
    /// longer than IAM has any.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        super::inclusion::overlaps(self, other)
    }

    /// Whether it stands for one text only.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.tokens.iter().all(|token| matches!(token, Token::Char(_)))
    }

    /// Whether it stands for every text.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self.tokens == [Token::Many]
    }

    /// The variables, in order.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Puts a request's values in the places of the variables. Wildcards in a value stand for themselves.
    #[must_use]
    pub fn resolve(&self, mut lookup: impl FnMut(&str) -> Lookup) -> Resolved {
        if self.variables.is_empty() {
            return Resolved::Glob(self.clone());
        }
        let values: Vec<Lookup> = self.variables.iter().map(|variable| lookup(variable.key())).collect();
        let (mut tokens, mut variables) = (Tokens(Vec::with_capacity(self.tokens.len())), Vec::new());
        for token in &self.tokens {
            let Token::Variable(at) = *token else {
                tokens.push(*token);
                continue;
            };
            let at = at as usize;
            let variable = &self.variables[at];
            let value = match (&values[at], variable.default()) {
                (Lookup::Value(value), _) => value,
                (Lookup::Missing, Some(default)) => default,
                (Lookup::Missing, None) => return Resolved::Never,
                (Lookup::Unknown, _) => {
                    tokens.push(Token::Variable(number(&mut variables, variable.clone())));
                    continue;
                }
            };
            for character in value.chars() {
                tokens.push(Token::Char(if self.folded { character.to_ascii_lowercase() } else { character }));
            }
        }
        Resolved::Glob(tokens.into_glob(variables, self.folded))
    }

    pub(super) fn variable(&self, number: u32) -> Option<&Variable> {
        self.variables.get(number as usize)
    }
}

/// Adds a variable: its number.
fn number(variables: &mut Vec<Variable>, variable: Variable) -> u32 {
    variables.push(variable);
    u32::try_from(variables.len() - 1).expect("a text has fewer variables than bytes, and fewer bytes than 2^32")
}

/// Tokens in their one form: in a run of wildcards each `?` stands before the only `*`.
struct Tokens(Vec<Token>);

impl Tokens {
    fn push(&mut self, token: Token) {
        match (self.0.last(), token) {
            (Some(Token::Many), Token::Many) => {}
            (Some(Token::Many), Token::One) => {
                let last = self.0.len() - 1;
                self.0.insert(last, Token::One);
            }
            _ => self.0.push(token),
        }
    }

    fn into_glob(self, variables: Vec<Variable>, folded: bool) -> Glob {
        let shortest = self.0.iter().filter(|token| matches!(token, Token::Char(_) | Token::One)).count();
        Glob { tokens: self.0.into(), variables: variables.into(), folded, shortest }
    }
}

/// Whether the text fits the tokens, a variable standing for anything. At a mismatch only the last `*` takes one character more:
/// an earlier one could gain nothing that the last cannot.
fn fits(tokens: &[Token], text: &str, folded: bool) -> bool {
    let (mut token, mut rest) = (0, text.chars());
    let mut last = None;
    loop {
        let before = rest.clone();
        let Some(mut character) = rest.next() else {
            return tokens[token..].iter().all(|token| matches!(token, Token::Many | Token::Variable(_)));
        };
        if folded {
            character.make_ascii_lowercase();
        }
        match tokens.get(token) {
            Some(Token::Many | Token::Variable(_)) => {
                token += 1;
                if token == tokens.len() {
                    return true;
                }
                last = Some((token, before.clone()));
                rest = before;
            }
            Some(Token::One) => token += 1,
            Some(Token::Char(wanted)) if *wanted == character => token += 1,
            _ => {
                let Some((resume, from)) = &mut last else { return false };
                from.next();
                (token, rest) = (*resume, from.clone());
            }
        }
    }
}
