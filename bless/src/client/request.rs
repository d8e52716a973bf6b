//! What is asked of a service, and the event that asks it: BLESS's JSON of strings, the same on every transport.

use serde::{Deserialize, Serialize};

/// A certificate that is wanted. Two equal ones are answered by the same cached certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Wanted {
    /// A user's certificate.
    User {
        /// Who asks (`bastion_user`).
        user: String,
        /// The principals that it is to name (`remote_usernames`).
        principals: Vec<String>,
        /// The addresses and networks that it is to be used from (`bastion_ips`); the first is the user's own.
        sources: Vec<String>,
    },
    /// A host's certificate.
    Host {
        /// Who asks, if the service wants to know.
        user: String,
        /// The names that it is to bear.
        hostnames: Vec<String>,
    },
}

impl Wanted {
    /// The names that the certificate is to bear.
    #[must_use]
    pub fn principals(&self) -> &[String] {
        match self {
            Self::User { principals, .. } => principals,
            Self::Host { hostnames, .. } => hostnames,
        }
    }

    /// Who asks.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::User { user, .. } | Self::Host { user, .. } => user,
        }
    }

    /// The path of `bless serve` that answers it.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self {
            Self::User { .. } => "/user",
            Self::Host { .. } => "/host",
        }
    }

    /// The event that asks for it.
    #[must_use]
    pub fn event(&self, public_key: &str, command: &str, kmsauth_token: Option<&str>) -> Vec<u8> {
        let event = match self {
            Self::User { user, principals, sources } => Event::User {
                bastion_ips: sources.join(","),
                bastion_user: user,
                bastion_user_ip: sources.first().map_or("", String::as_str),
                command,
                public_key_to_sign: public_key,
                remote_usernames: principals.join(","),
                kmsauth_token,
            },
            Self::Host { user, hostnames } => Event::Host {
                hostnames: hostnames.join(","),
                public_key_to_sign: public_key,
                // A service as old as BLESS knows neither field: they are sent together or not at all.
                bastion_user: kmsauth_token.is_some().then_some(user),
                kmsauth_token,
            },
        };
        serde_json::to_vec(&event).expect("strings always serialize")
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Event<'a> {
    User {
        bastion_ips: String,
        bastion_user: &'a str,
        bastion_user_ip: &'a str,
        command: &'a str,
        public_key_to_sign: &'a str,
        remote_usernames: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        kmsauth_token: Option<&'a str>,
    },
    Host {
        hostnames: String,
        public_key_to_sign: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        bastion_user: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        kmsauth_token: Option<&'a str>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_event() {
        let wanted = Wanted::User {
            user: "ada".into(),
            principals: vec!["ada".into(), "ops".into()],
            sources: vec!["192.0.2.1".into(), "2001:db8::/32".into()],
        };
        let event = String::from_utf8(wanted.event("ssh-ed25519 AAAA", "ssh \"x\"", Some("tok"))).expect("text");
        assert_eq!(
            event,
            r#"{"bastion_ips":"192.0.2.1,2001:db8::/32","bastion_user":"ada","bastion_user_ip":"192.0.2.1","command":"ssh \"x\"","public_key_to_sign":"ssh-ed25519 AAAA","remote_usernames":"ada,ops","kmsauth_token":"tok"}"#
        );
        assert!(!wanted.event("k", "", None).windows(7).any(|w| w == b"kmsauth"));
    }

    #[test]
    fn a_hosts_event() {
        let wanted = Wanted::Host { user: "ada".into(), hostnames: vec!["a.example".into(), "b.example".into()] };
        assert_eq!(wanted.event("k", "", None), br#"{"hostnames":"a.example,b.example","public_key_to_sign":"k"}"#);
        assert_eq!(
            wanted.event("k", "", Some("t")),
            br#"{"hostnames":"a.example,b.example","public_key_to_sign":"k","bastion_user":"ada","kmsauth_token":"t"}"#
        );
    }
}
