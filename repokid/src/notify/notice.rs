//! What a notice says.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

/// The longest text that is sent to people: Slack cuts at 40,000 characters.
const LONGEST: usize = 12_000;

/// When a notice is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before something is changed.
    Before,
    /// After it was.
    After,
    /// When something was denied that had been removed.
    Denied,
}

/// What is said of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleNotice {
    /// The role's name.
    pub role: String,
    /// What happens to it, in a few words: `scheduled for 2026-02-01`, `12 permissions removed`.
    pub what: String,
    /// The permissions that it is about.
    pub permissions: Vec<String>,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Before or after.
    pub moment: Moment,
    /// The account.
    pub account: String,
    /// Whether anything is written; in a dry run nothing is.
    pub commit: bool,
    /// One sentence.
    pub title: String,
    /// By role.
    pub roles: Vec<RoleNotice>,
    /// What went wrong.
    pub problems: Vec<String>,
    /// When.
    pub at: Timestamp,
}

impl Notice {
    /// For people. What is too long for a message is counted.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("repokid, account {}: {}{}\n", self.account, self.title, if self.commit { "" } else { " (dry run)" });
        let lines = self.roles.iter().map(|role| format!("- {}: {}", role.role, role.what));
        let lines: Vec<_> = lines.chain(self.problems.iter().map(|problem| format!("! {problem}"))).collect();
        for (number, line) in lines.iter().enumerate() {
            if text.len() + line.len() > LONGEST {
                let _ = writeln!(text, "and {} more", lines.len() - number);
                break;
            }
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// For machines.
    #[must_use]
    pub fn json(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a notice is plain data");
        value["schema"] = "repokid.notice/1".into();
        value.to_string()
    }
}
