//! Findings of IAM Access Analyzer of unused access: evidence for people. Nothing is removed on their strength: they say neither how complete
//! what they were made from was, nor what they do not track.

use jiff::Timestamp;
use menagerie_aws::CallError;
use menagerie_aws_access_analyzer::{AccessAnalyzer, Unused};
use serde::Serialize;

/// What a finding says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnusedAccess {
    /// Whose access: an ARN.
    pub principal: String,
    /// What is unused: `role`, `password`, an access key, a service (`s3`) or an action (`s3:GetObject`).
    pub what: String,
    /// When it was used last, as far as Access Analyzer knows.
    pub last: Option<Timestamp>,
    /// When Access Analyzer looked.
    pub analyzed: Option<Timestamp>,
}

/// The active findings of every active analyzer of unused access, by principal.
///
/// # Errors
/// [`CallError`] as Access Analyzer answered.
pub async fn findings(analyzer: &AccessAnalyzer) -> Result<Vec<UnusedAccess>, CallError> {
    let time = |time: Option<std::time::SystemTime>| time.and_then(|time| Timestamp::try_from(time).ok());
    let mut found = Vec::new();
    for arn in analyzer.analyzers().await? {
        for finding in analyzer.findings(&arn).await? {
            let analyzed = time(finding.analyzed);
            let mut add = |what: String, last| {
                found.push(UnusedAccess { principal: finding.resource.clone(), what, last: time(last), analyzed });
            };
            for unused in finding.unused {
                match unused {
                    Unused::Role(last) => add("role".to_owned(), last),
                    Unused::Password(last) => add("password".to_owned(), last),
                    Unused::AccessKey { id, last } => add(format!("access key {id}"), last),
                    Unused::Permission { service, last, actions } if actions.is_empty() => add(service, last),
                    Unused::Permission { service, actions, .. } => {
                        actions.into_iter().for_each(|(action, last)| {
                            let whole = if action.contains(':') { action } else { format!("{service}:{action}") };
                            add(whole, last);
                        });
                    }
                }
            }
        }
    }
    found.sort_by(|left, right| (&left.principal, &left.what).cmp(&(&right.principal, &right.what)));
    Ok(found)
}
