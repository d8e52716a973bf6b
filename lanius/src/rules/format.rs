//! The format of rule files, as TOML is read into it. The build script reads it too, to embed the rules of our own.

use menagerie_finding::Severity;
use serde::{Deserialize, Serialize};

/// A rule file.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The rules, each a `[[rule]]`.
    #[serde(default)]
    pub rule: Vec<Definition>,
}

/// How sure we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A weak shape.
    Low,
    /// A shape with a telling name.
    Medium,
    /// An unmistakable shape.
    High,
}

/// A check of the value itself, made without a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// Six base-62 digits of the CRC-32 of the characters after the prefix (GitHub).
    GithubCrc32,
    /// The same, for npm.
    NpmCrc32,
    /// A JSON Web Token whose header is JSON with an algorithm.
    Jwt,
    /// An AWS access key ID, whose characters hold the account.
    AwsKeyId,
    /// PEM whose body is base64.
    Pem,
}

/// What a name says of a value that has no shape of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// A password or passphrase.
    Password,
    /// A secret or credential.
    Secret,
    /// A token that authenticates.
    Token,
    /// A key of a service or a cipher.
    Key,
    /// It may be anything: `key`, `token`, `salt`.
    Weak,
}

/// Another pattern that must stand near.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// The pattern.
    pub pattern: String,
    /// Within how many lines, before or after.
    pub within: u32,
}

/// A call that tells, without a side effect, whether a credential lives.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The HTTP method.
    pub method: String,
    /// The address; its host is constant.
    pub url: String,
    /// Headers; `{secret}` stands for the value.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// User and password of HTTP basic authentication, separated by a colon; `{secret}` stands for the value.
    #[serde(default)]
    pub basic: Option<String>,
    /// The body; `{secret}` stands for the value.
    #[serde(default)]
    pub body: Option<String>,
    /// Statuses that say that it lives.
    pub active: Vec<u16>,
    /// Statuses that say that it does not.
    #[serde(default)]
    pub inactive: Vec<u16>,
    /// Text in the answer that it lives, for services that always answer 200.
    #[serde(default)]
    pub active_text: Option<String>,
    /// Text in the answer that it does not live.
    #[serde(default)]
    pub inactive_text: Option<String>,
    /// Where the service documents the call.
    pub source: String,
}

/// One rule as it is written.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name in reports and waivers: `github-pat-classic`.
    pub id: String,
    /// What it finds, for people.
    pub name: String,
    /// Whose credential it is.
    #[serde(default)]
    pub service: String,
    /// What a leak costs: `low` for a public identifier or a test key, `medium` for limited rights, `high` for an account of a service,
    /// `critical` for an account of a cloud or a key that signs.
    pub severity: Severity,
    /// How sure a match alone makes us.
    pub confidence: Level,
    /// Where the service documents the credential.
    #[serde(default)]
    pub source: String,
    /// Literals, one of which stands in every match of `pattern`.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// A self-identifying credential.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Literals, one of which stands in the name left of a value.
    #[serde(default)]
    pub names: Vec<String>,
    /// The value beside such a name.
    #[serde(default)]
    pub value: Option<String>,
    /// For a rule of our own without a pattern: the meaning of the names whose values are judged in their context.
    #[serde(default)]
    pub judges: Option<Meaning>,
    /// The least Shannon entropy of the secret, in bits for each character.
    #[serde(default)]
    pub entropy: Option<f32>,
    /// The longest match, in bytes.
    #[serde(default)]
    pub reach: Option<u32>,
    /// Only in files whose path matches one of these globs.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Secrets that match one of these patterns are none.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Patterns that must stand near.
    #[serde(default)]
    pub requires: Vec<Companion>,
    /// A check of the value.
    #[serde(default)]
    pub checksum: Option<Checksum>,
    /// How to ask the service whether it lives.
    #[serde(default)]
    pub verify: Option<Verify>,
    /// Texts in which the rule must fire.
    #[serde(default)]
    pub fire: Vec<String>,
    /// Texts in which it must not.
    #[serde(default)]
    pub quiet: Vec<String>,
}
