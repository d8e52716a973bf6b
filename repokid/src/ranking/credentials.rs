//! Keys and passwords, by IAM's credential report: the CSV, or the answer of `aws iam get-credential-report` that holds it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use menagerie_finding::Severity;
use serde::Deserialize;

use super::{Entry, Kind};
use crate::verdict::Window;

/// The most bytes of a report: IAM has at most 5,000 users in an account.
const MAX_BYTES: usize = 64 << 20;

/// A report that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It is too long.
    #[error("it has {0} bytes, more than a credential report can have")]
    TooLong(usize),
    /// Its content is not what IAM puts there.
    #[error("its Content is not Base64 of a text")]
    Content,
    /// It is no such table.
    #[error("it is no credential report: {0}")]
    Table(#[from] csv::Error),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    content: String,
}

#[derive(Deserialize)]
struct Row {
    user: String,
    arn: String,
    password_enabled: String,
    password_last_used: String,
    password_last_changed: String,
    mfa_active: String,
    access_key_1_active: String,
    access_key_1_last_rotated: String,
    access_key_1_last_used_date: String,
    access_key_2_active: String,
    access_key_2_last_rotated: String,
    access_key_2_last_used_date: String,
}

/// What a report says that a person should look at.
///
/// # Errors
/// The text is no credential report.
pub fn credentials(text: &str, window: &Window) -> Result<Vec<Entry>, CredentialError> {
    if text.len() > MAX_BYTES {
        return Err(CredentialError::TooLong(text.len()));
    }
    let decoded;
    let table = if let Ok(answer) = serde_json::from_str::<Answer>(text) {
        let bytes = STANDARD.decode(answer.content.trim()).map_err(|_| CredentialError::Content)?;
        decoded = String::from_utf8(bytes).map_err(|_| CredentialError::Content)?;
        decoded.as_str()
    } else {
        text
    };
    let mut entries = Vec::new();
    for row in csv::Reader::from_reader(table.as_bytes()).deserialize() {
        judge(&row?, window, &mut entries);
    }
    Ok(entries)
}

fn judge(row: &Row, window: &Window, entries: &mut Vec<Entry>) {
    let mut add =
        |severity, kind, reason: String| entries.push(Entry { severity, kind, subject: row.arn.clone(), reason, paths: Vec::new() });
    let keys = [
        (1, &row.access_key_1_active, &row.access_key_1_last_rotated, &row.access_key_1_last_used_date),
        (2, &row.access_key_2_active, &row.access_key_2_last_rotated, &row.access_key_2_last_used_date),
    ];
    for (number, active, made, used) in keys {
        if active != "true" {
            continue;
        }
        if row.user == "<root_account>" {
            add(Severity::Critical, Kind::RootKey, format!("Access key {number} of the root user is active: no policy can limit it."));
        } else if let Some(reason) = idle(made, used, window) {
            add(Severity::Medium, Kind::UnusedKey, format!("Access key {number} is active and {reason}."));
        }
    }
    if row.password_enabled == "true" {
        if row.mfa_active == "false" {
            add(Severity::High, Kind::NoMfa, "A password is set, and no second factor.".to_owned());
        }
        if let Some(reason) = idle(&row.password_last_changed, &row.password_last_used, window) {
            add(Severity::Low, Kind::UnusedPassword, format!("A password is set and {reason}."));
        }
    }
}

/// Why something counts as unused that was made and used at these times; what was made within the window does not.
fn idle(made: &str, used: &str, window: &Window) -> Option<String> {
    let made = made.parse::<Timestamp>().ok();
    if made.is_some_and(|made| made >= window.from) {
        return None;
    }
    match used.parse::<Timestamp>() {
        Ok(used) if used >= window.from => None,
        Ok(used) => Some(format!("was used last on {}", used.strftime("%Y-%m-%d"))),
        Err(_) => {
            let since = made.map(|made| format!(", though it is there since {}", made.strftime("%Y-%m-%d"))).unwrap_or_default();
            Some(format!("no use of it is known{since}"))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    const HEAD: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,\
        access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
        access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,\
        cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

    fn of(row: &str) -> Vec<(Severity, Kind)> {
        let text = format!("{HEAD}\n{row}\n");
        let window = Window::of_days(90, "2026-06-01T00:00:00Z".parse().unwrap());
        let entries = credentials(&text, &window).unwrap();
        let answer = serde_json::json!({ "Content": STANDARD.encode(&text), "ReportFormat": "text/csv" }).to_string();
        assert_eq!(credentials(&answer, &window).unwrap(), entries, "the answer says what its content says");
        entries.into_iter().map(|entry| (entry.severity, entry.kind)).collect()
    }

    const REST: &str = "N/A,N/A,N/A,N/A,false,N/A,false,N/A";

    #[test]
    fn a_key_that_nobody_uses_is_told_of() {
        let key = |made: &str, used: &str| {
            of(&format!(
                "u,arn:aws:iam::1:user/u,2020-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,{made},{used},us-east-1,s3,false,{REST}"
            ))
        };
        let (old, new) = ("2021-01-01T00:00:00+00:00", "2026-05-20T00:00:00+00:00");
        assert_eq!(key(old, "N/A"), [(Severity::Medium, Kind::UnusedKey)]);
        assert_eq!(key(old, "2025-01-01T00:00:00+00:00"), [(Severity::Medium, Kind::UnusedKey)]);
        assert_eq!(key(old, new), []);
        assert_eq!(key(new, "N/A"), [], "it is too new to be judged");
    }

    #[test]
    fn passwords_and_the_root_user_are_told_of() {
        let root = "<root_account>,arn:aws:iam::1:root,2020-01-01T00:00:00+00:00,not_supported,2026-05-01T00:00:00+00:00,not_supported,\
            not_supported,true,true,2020-01-01T00:00:00+00:00,2026-05-30T00:00:00+00:00,us-east-1,s3,false";
        assert_eq!(of(&format!("{root},{REST}")), [(Severity::Critical, Kind::RootKey)]);
        let person = "p,arn:aws:iam::1:user/p,2020-01-01T00:00:00+00:00,true,no_information,2020-01-01T00:00:00+00:00,N/A,false,\
            false,N/A,N/A,N/A,N/A,false";
        assert_eq!(of(&format!("{person},{REST}")), [(Severity::High, Kind::NoMfa), (Severity::Low, Kind::UnusedPassword)]);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let window = Window::of_days(90, "2026-06-01T00:00:00Z".parse().unwrap());
        assert!(matches!(credentials("a,b\n1,2\n", &window), Err(CredentialError::Table(_))));
        assert!(matches!(credentials(r#"{"Content":"!"}"#, &window), Err(CredentialError::Content)));
    }
}
