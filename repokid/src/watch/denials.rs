//! Denied calls, gathered from events.

use jiff::Timestamp;
use menagerie_cloudtrail::Event;
use menagerie_cloudtrail::identity::Principal;
use menagerie_cloudtrail::map::{Mapped, Mapper, Resource};
use menagerie_cloudtrail::outcome::{Denial, Outcome, Reason};
use menagerie_cloudtrail::read::{Place, Sink};

/// How many denials are kept: more is an attack, or a fault that needs no more evidence.
const MOST: usize = 100_000;

/// A call that was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// CloudTrail's ID of the event.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// Who called: an ARN, or of a role without its path `account/name`.
    pub principal: String,
    /// What was called for, such as `s3:GetObject`.
    pub action: String,
    /// On what, where that is known.
    pub resource: Option<String>,
    /// Why, where the message says.
    pub reason: Reason,
    /// What AWS said.
    pub message: String,
}

/// Gathers denied calls.
#[derive(Debug, Default)]
pub struct Denials {
    mapper: Mapper,
    since: Option<Timestamp>,
    /// What was found.
    pub found: Vec<Denied>,
    /// How many more there were than are kept.
    pub dropped: u64,
}

impl Denials {
    /// Of events from then on.
    #[must_use]
    pub fn new(since: Option<Timestamp>) -> Self {
        Self { since, ..Self::default() }
    }

    /// Takes an event.
    pub fn take(&mut self, event: &Event<'_>) {
        if self.since.is_some_and(|since| event.time() < since) || Outcome::of(event).is_use() {
            return;
        }
        let Some(id) = event.event_id() else { return };
        let Some(identity) = event.identity() else { return };
        let principal = match identity.principal() {
            Principal::Role(arn) | Principal::User(arn) => arn.into_owned(),
            Principal::RoleNamed { account, name, .. } => format!("{account}/{name}"),
            _ => return,
        };
        let message = event.error_message().unwrap_or_default();
        let (action, resource, reason) = match Denial::parse(&message) {
            Some(denial) => (denial.action.to_owned(), denial.resource.map(str::to_owned), denial.reason),
            None => match self.mapper.map(event) {
                Mapped::Uses(uses) => match uses.into_iter().next() {
                    Some(first) => {
                        let resource = if let Resource::Arn(arn) = first.resource { Some(arn) } else { None };
                        (first.action.to_string(), resource, Reason::NotSaid)
                    }
                    None => return,
                },
                Mapped::Unmapped { .. } => return,
            },
        };
        if self.found.len() >= MOST {
            self.dropped += 1;
            return;
        }
        let resource = resource.filter(|resource| resource.starts_with("arn:"));
        let message = message.into_owned();
        self.found.push(Denied { event: id.into_owned(), at: event.time(), principal, action, resource, reason, message });
    }
}

impl Sink for Denials {
    fn event(&mut self, event: &Event<'_>, _: &Place<'_>) {
        self.take(event);
    }
}

#[cfg(test)]
mod tests {
    use menagerie_cloudtrail::outcome::PolicyKind;

    use super::*;

    fn event(code: &str, message: &str) -> String {
        let identity = r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/reader/s","accountId":"111122223333",
            "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/team/reader","userName":"reader","accountId":"111122223333"}}}"#;
        format!(
            r#"{{"eventVersion":"1.08","eventID":"e-1","eventTime":"2026-02-01T00:00:00Z","eventSource":"sqs.amazonaws.com","eventName":"ListQueues",
            "awsRegion":"us-east-1","errorCode":"{code}","errorMessage":"{message}","userIdentity":{identity},"requestParameters":null}}"#
        )
    }

    fn taken(text: &str) -> Vec<Denied> {
        let mut denials = Denials::new(None);
        denials.take(&Event::parse(text).expect("an event"));
        denials.found
    }

    #[test]
    fn a_denial_that_says_why() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/reader/s is not authorized to perform: sqs:ListQueues on resource: \
            arn:aws:sqs:us-east-1:111122223333: because no identity-based policy allows the sqs:ListQueues action";
        let found = taken(&event("AccessDenied", message));
        let [denied] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((denied.principal.as_str(), denied.action.as_str()), ("arn:aws:iam::111122223333:role/team/reader", "sqs:ListQueues"));
        assert_eq!(denied.reason, Reason::NotAllowedBy(PolicyKind::Identity));
    }

    #[test]
    fn a_denial_that_says_nothing_and_a_failure_of_another_kind() {
        let found = taken(&event("AccessDenied", "no"));
        let [denied] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((denied.action.as_str(), denied.reason), ("sqs:ListQueues", Reason::NotSaid));
        assert_eq!(taken(&event("Throttling", "slow down")), Vec::new());
    }
}
