//! The value of a CAA property `issue` or `issuewild` (RFC 8659, 4.2), which is that of a record of dns-persist-01 as well.

/// Who may issue, and on what conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IssueValue<'a> {
    /// The issuer's domain name; none where nobody may.
    pub(super) issuer: Option<&'a str>,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> IssueValue<'a> {
    /// Reads a value. `None` if it is malformed, or names a parameter twice: it then lets nobody issue.
    pub(super) fn parse(value: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(value).ok().filter(|text| text.is_ascii())?;
        let (issuer, rest) = text.split_once(';').unwrap_or((text, ""));
        let issuer = blank(issuer);
        let is_name = issuer.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        if !is_name {
            return None;
        }
        let mut parameters: Vec<(&str, &str)> = Vec::new();
        let rest = blank(rest);
        for parameter in rest.split(';').filter(|_| !rest.is_empty()) {
            let (tag, value) = blank(parameter).split_once('=')?;
            let (tag, value) = (blank(tag), blank(value));
            let tag_is_right = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let is_new = !parameters.iter().any(|(known, _)| known.eq_ignore_ascii_case(tag));
            if !tag_is_right || !is_new || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return None;
            }
            parameters.push((tag, value));
        }
        Some(Self { issuer: (!issuer.is_empty()).then_some(issuer), parameters })
    }

    /// The value of a parameter. Its name's case does not matter.
    pub(super) fn parameter(&self, tag: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag)).map(|(_, value)| *value)
    }

    /// Whether one of these domain names is the issuer's.
    pub(super) fn names_one_of(&self, issuers: &[String]) -> bool {
        self.issuer.is_some_and(|named| issuers.iter().any(|issuer| issuer.eq_ignore_ascii_case(named.trim_end_matches('.'))))
    }
}

fn blank(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let value =
            IssueValue::parse(b" ca.example ; accounturi=https://ca.example/acct/1; validationmethods = dns-01,http-01 ").expect("a value");
        assert_eq!(value.issuer, Some("ca.example"));
        assert_eq!(value.parameter("AccountURI"), Some("https://ca.example/acct/1"));
        assert_eq!(value.parameter("validationmethods"), Some("dns-01,http-01"));
        assert_eq!(value.parameter("policy"), None);
        assert!(value.names_one_of(&["CA.example".to_owned()]) && !value.names_one_of(&["example".to_owned()]));
        for nobody in [&b";"[..], b"", b" ; ", b"; policy=x"] {
            assert_eq!(IssueValue::parse(nobody).expect("a value").issuer, None);
        }
    }

    #[test]
    fn malformed_values_let_nobody_issue() {
        for text in [
            &b"ca.example; accounturi"[..],
            b"ca.example; =x",
            b"ca.example; a=1; A=2",
            b"ca.example; a=1;; b=2",
            b"ca example",
            b"ca.example; a=b c",
            b"ca.example\xff",
            b"%%%%",
        ] {
            assert_eq!(IssueValue::parse(text), None, "{}", String::from_utf8_lossy(text));
        }
    }
}
