//! Policy variables, as `${aws:username}` and `${aws:PrincipalTag/team, 'none'}`: their form, and where one ends. Rules: IAM
//! User Guide, "IAM policy elements: Variables and tags". Only policies of version 2012-10-17 have variables.

/// A policy variable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable {
    key: String,
    default: Option<String>,
}

/// What stands at a `${`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Dollar {
    /// `${*}`, `${?}` or `${$}`: the character itself.
    Escape(char),
    /// A variable.
    Variable(Variable),
}

impl Variable {
    /// The condition key whose value stands for the variable, as written: `aws:username`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What stands for the variable where the request has no such key.
    #[must_use]
    pub fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }
}

/// Reads what stands at the start of `text`, which begins with `${`: it, and how many bytes it takes. `None` where the text is
/// no variable (it never ends, or names nothing): then the characters stand for themselves.
pub(super) fn read(text: &str) -> Option<(Dollar, usize)> {
    let inner = text.strip_prefix("${")?;
    let mut quoted = false;
    // None begins within another: so a text of many beginnings is not read to its end for each.
    let end = inner.char_indices().find(|(at, character)| {
        quoted ^= *character == '\'';
        !quoted && (*character == '}' || *character == '{' || *character == '$' && *at > 0)
    });
    let (end, _) = end.filter(|(_, character)| *character == '}')?;
    let (inside, taken) = (&inner[..end], end + 3);
    let mut characters = inside.chars();
    if let (Some(character @ ('*' | '?' | '$')), None) = (characters.next(), characters.next()) {
        return Some((Dollar::Escape(character), taken));
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned())),
        None => (inside, None),
    };
    let key = key.trim();
    let valid = !key.is_empty() && !key.contains('$');
    valid.then(|| (Dollar::Variable(Variable { key: key.to_owned(), default }), taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(key: &str, default: Option<&str>) -> Dollar {
        Dollar::Variable(Variable { key: key.to_owned(), default: default.map(str::to_owned) })
    }

    #[test]
    fn variables_are_read_with_their_defaults() {
        assert_eq!(read("${aws:username}/x"), Some((variable("aws:username", None), 15)));
        let default = "${aws:PrincipalTag/team, 'a, } team'}";
        assert_eq!(read(default), Some((variable("aws:PrincipalTag/team", Some("a, } team")), default.len())));
    }

    #[test]
    fn escapes_stand_for_their_character() {
        for character in ['*', '?', '$'] {
            assert_eq!(read(&format!("${{{character}}}")), Some((Dollar::Escape(character), 4)));
        }
    }

    #[test]
    fn what_is_no_variable_is_text() {
        for text in ["${", "${}", "${ }", "${aws:x", "$aws", "${a, b}", "${${aws:x}}", "${$a}", "${a$}"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
