//! The key ID of a certificate, which sshd logs at every login: BLESS's text, or a template of the configuration.
//!
//! What callers chose stands in it, and whoever reads sshd's log takes `]` for the end of a field: in those values `]` and control
//! characters are percent-encoded, so that nobody can forge a field or a line.

use std::fmt::Write as _;

/// What a key ID can say.
#[derive(Debug, Clone, Copy)]
pub struct KeyIdFields<'a> {
    /// The request's ID: the invocation's on Lambda.
    pub request_id: &'a str,
    /// Who says to ask (`bastion_user`).
    pub user: &'a str,
    /// The address that the user says to have.
    pub user_ip: &'a str,
    /// What the user says to run.
    pub command: &'a str,
    /// The certified key's type and MD5 fingerprint.
    pub key: &'a str,
    /// The invoked function's ARN.
    pub ca: &'a str,
    /// When the certificate ends, in UTC, as `2026/01/31 23:59:59`.
    pub valid_to: &'a str,
    /// The principals, with commas.
    pub principals: &'a str,
    /// The serial number.
    pub serial: u64,
    /// Who was verified to ask, or nothing.
    pub verified: &'a str,
}

/// A text with `{name}` for each field of [`KeyIdFields`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIdTemplate(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    RequestId,
    User,
    UserIp,
    Command,
    Key,
    Ca,
    ValidTo,
    Principals,
    Serial,
    Verified,
}

const FIELDS: [(&str, Field); 10] = [
    ("request_id", Field::RequestId),
    ("user", Field::User),
    ("user_ip", Field::UserIp),
    ("command", Field::Command),
    ("key", Field::Key),
    ("ca", Field::Ca),
    ("valid_to", Field::ValidTo),
    ("principals", Field::Principals),
    ("serial", Field::Serial),
    ("verified", Field::Verified),
];

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyIdTemplateError {
    /// A brace that does not close or does not open.
    #[error("a {{ or }} stands alone; a field is {{user}}")]
    Brace,
    /// A field that is not there.
    #[error("{{{0}}} is no field; request_id, user, user_ip, command, key, ca, valid_to, principals, serial and verified are")]
    Field(String),
    /// A control character.
    #[error("a control character")]
    Control,
}

impl KeyIdTemplate {
    /// BLESS's text of a user certificate (two spaces before `ca`).
    #[must_use]
    pub fn bless_user() -> Self {
        Self::parse("request[{request_id}] for[{user}] from[{user_ip}] command[{command}] ssh_key[{key}]  ca[{ca}] valid_to[{valid_to}]")
            .expect("a constant template")
    }

    /// BLESS's text of a host certificate.
    #[must_use]
    pub fn bless_host() -> Self {
        Self::parse("request[{request_id}] ssh_key[{key}] ca[{ca}] valid_to[{valid_to}]").expect("a constant template")
    }

    /// Reads a template.
    ///
    /// # Errors
    /// [`KeyIdTemplateError`].
    pub fn parse(text: &str) -> Result<Self, KeyIdTemplateError> {
        if text.chars().any(char::is_control) {
            return Err(KeyIdTemplateError::Control);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, behind) = rest.split_at(open);
            let (name, after) = behind[1..].split_once('}').ok_or(KeyIdTemplateError::Brace)?;
            if before.contains('}') {
                return Err(KeyIdTemplateError::Brace);
            }
            let field = FIELDS.iter().find(|(known, _)| *known == name).ok_or_else(|| KeyIdTemplateError::Field(name.to_owned()))?.1;
            parts.extend([Part::Text(before.to_owned()), Part::Field(field)]);
            rest = after;
        }
        if rest.contains('}') {
            return Err(KeyIdTemplateError::Brace);
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Fills the template in.
    #[must_use]
    pub fn fill(&self, fields: &KeyIdFields<'_>) -> String {
        let mut out = String::with_capacity(320);
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(Field::RequestId) => push(&mut out, fields.request_id),
                Part::Field(Field::User) => push(&mut out, fields.user),
                Part::Field(Field::UserIp) => push(&mut out, fields.user_ip),
                Part::Field(Field::Command) => push(&mut out, fields.command),
                Part::Field(Field::Key) => push(&mut out, fields.key),
                Part::Field(Field::Ca) => push(&mut out, fields.ca),
                Part::Field(Field::ValidTo) => push(&mut out, fields.valid_to),
                Part::Field(Field::Principals) => push(&mut out, fields.principals),
                Part::Field(Field::Verified) => push(&mut out, fields.verified),
                Part::Field(Field::Serial) => {
                    let _ = write!(out, "{}", fields.serial);
                }
            }
        }
        out
    }
}

fn push(out: &mut String, value: &str) {
    // Line separators and marks that turn the direction of text are as good as control characters to whoever reads a log.
    let hostile =
        |c: char| c == ']' || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !value.chars().any(hostile) {
        out.push_str(value);
        return;
    }
    let mut buffer = [0; 4];
    for c in value.chars() {
        if hostile(c) {
            for byte in c.encode_utf8(&mut buffer).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: KeyIdFields<'_> = KeyIdFields {
        request_id: "r1",
        user: "alice",
        user_ip: "10.0.0.1",
        command: "ls",
        key: "RSA aa:bb",
        ca: "arn",
        valid_to: "2026/01/31 23:59:59",
        principals: "alice,ops",
        serial: 7,
        verified: "alice",
    };

    #[test]
    fn bless_texts() {
        assert_eq!(
            KeyIdTemplate::bless_user().fill(&FIELDS),
            "request[r1] for[alice] from[10.0.0.1] command[ls] ssh_key[RSA aa:bb]  ca[arn] valid_to[2026/01/31 23:59:59]"
        );
        assert_eq!(KeyIdTemplate::bless_host().fill(&FIELDS), "request[r1] ssh_key[RSA aa:bb] ca[arn] valid_to[2026/01/31 23:59:59]");
    }

    /// Hole of BLESS: control characters or `]` in `command` forge the key ID.
    #[test]
    fn a_command_cannot_forge_the_key_id() {
        let text = KeyIdTemplate::bless_user().fill(&KeyIdFields { command: "x] valid_to[never]\nAccepted", ..FIELDS });
        assert!(text.contains("command[x%5D valid_to[never%5D%0AAccepted] ssh_key["), "{text}");
    }

    #[test]
    fn templates() {
        let template = KeyIdTemplate::parse("{verified} #{serial} {principals}").expect("a template");
        assert_eq!(template.fill(&FIELDS), "alice #7 alice,ops");
        assert_eq!(KeyIdTemplate::parse("{who}"), Err(KeyIdTemplateError::Field("who".to_owned())));
        for text in ["{user", "user}", "a} {user}"] {
            assert_eq!(KeyIdTemplate::parse(text), Err(KeyIdTemplateError::Brace), "{text}");
        }
    }
}
