//! From an event to what IAM decided: the actions that the call needed, each with the resources that it was on.
//!
//! What authorises an operation comes from the catalogue of `menagerie-policy`. What this module knows is how the ARNs of resources are
//! rebuilt from an event's `resources`, `requestParameters` and `responseElements` (`resources.txt` tells where each service puts the parts
//! of its ARNs; what is not there follows from the names of parameters), which roles a call handed to a service, and what no event tells.
//!
//! - An ARN is said only where the event tells all of it. Where it tells the ends ([`Resource::Part`]: a user's name but not the path, a
//!   secret's name but not the random end), those are said, and where it tells too little, [`Resource::Unknown`], which stands for every
//!   resource of the action. Who narrows by resources takes both for what may be any of them.
//! - Names come from callers, who may write `*`, `?` or `${` into them: an ARN is text to compare, never a pattern.
//! - A name without an account is of the caller's account; a region, of the event's. What the parameters say in full (ARNs, queue URLs,
//!   registry and catalogue ids) goes before. Resources that other accounts may share (subnets, transit gateways…) leave the account open.
//! - An action that makes what it is on is authorised on `*` in the place of the id, as in EC2 (`instance/*`): that asterisk is literal.
//! - `iam:PassRole` is never in the log: it is read from the parameters that hand roles over ([`How::PassRole`]). Nor is what a call needs
//!   beside its own action ([`How::Dependent`]): it counts as used, since nothing can show that it was not.
//! - What no caller asked for through IAM is unmapped, with the reason: sign-in, the console's own actions, what services do on their own.

mod arn;
mod leaves;
mod plan;
mod resolve;
mod roles;
mod rules;
mod shape;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests;
mod types;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::Event;
use plan::Plan;

/// How many different calls a mapper remembers. There are some 20,000 operations; what is beyond is worked out each time, so that made-up
/// names of events fill no memory.
const REMEMBERED: usize = 40_000;
/// How many uses one event may come to. An event that names more resources of a type than this counts for all of them.
pub const MOST_RESOURCES: usize = 256;

/// What an action was on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The action takes no resource: only `*` grants it.
    Any,
    /// This one. It is literal: an asterisk in it is an asterisk.
    Arn(String),
    /// One whose ARN begins and ends so, literally; what is between is not told. Either may be empty, not both.
    Part {
        /// How its ARN begins.
        start: String,
        /// How its ARN ends.
        end: String,
    },
    /// The event does not tell: any resource that the action takes.
    Unknown,
}

/// How a call needed an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The call is authorised by it.
    Direct,
    /// Some calls of the operation are authorised by it, and nothing tells whether this one was.
    Possible,
    /// The call may have needed it beside; CloudTrail does not show it.
    Dependent,
    /// The call handed this role to a service.
    PassRole,
}

/// One action that a call needed, on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// `service:Name`, as the catalogue writes it.
    pub action: Arc<str>,
    /// What it was on.
    pub resource: Resource,
    /// How it was needed.
    pub how: How,
    /// To whom a role was passed, where that is certain: `lambda.amazonaws.com`.
    pub passed_to: Option<&'static str>,
}

/// Why nothing was found that IAM decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Someone signed in (`AwsConsoleSignIn`): IAM's policies do not decide that.
    SignIn,
    /// An action of the console that no API has (`AwsConsoleAction`).
    Console,
    /// A service did it on its own (`AwsServiceEvent`), or CloudTrail noticed something (`AwsCloudTrailInsight`): nobody was authorised.
    Service,
    /// The call needs no permission.
    Free,
    /// No service is known to have this event source.
    UnknownSource,
    /// The service is not known to have this operation.
    UnknownName,
    /// The operation is known, but not what authorises it.
    UnknownActions,
}

impl Reason {
    /// Whether something was authorised of which it is not known what: then nothing of that service counts as unused.
    #[must_use]
    pub fn is_gap(self) -> bool {
        matches!(self, Self::UnknownSource | Self::UnknownName | Self::UnknownActions)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SignIn => "a sign-in, which no policy decides",
            Self::Console => "an action of the console that no API has",
            Self::Service => "done by a service on its own",
            Self::Free => "needs no permission",
            Self::UnknownSource => "no service is known to have this event source",
            Self::UnknownName => "the service is not known to have this operation",
            Self::UnknownActions => "it is not known what authorises this operation",
        })
    }
}

/// What an event came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    /// The actions that it needed, at least one.
    Uses(Vec<Use>),
    /// No action is known.
    Unmapped {
        /// The event's source.
        source: String,
        /// The event's name.
        name: String,
        /// Why.
        reason: Reason,
    },
}

/// Maps events. It remembers how each kind of call is mapped, so one is kept for many events; threads have one each.
#[derive(Debug, Default)]
pub struct Mapper {
    plans: HashMap<Box<str>, HashMap<Box<str>, Arc<Plan>>>,
    remembered: usize,
}

impl Mapper {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The actions that an event's call needed, whether it was allowed or not.
    pub fn map(&mut self, event: &Event<'_>) -> Mapped {
        let unmapped = |reason| Mapped::Unmapped { source: event.source().to_owned(), name: event.name().to_owned(), reason };
        if let Some(reason) = by_type(event) {
            return unmapped(reason);
        }
        let plan = self.plan(event.source(), event.name());
        match &*plan {
            Plan::Unmapped(reason) => unmapped(*reason),
            Plan::Steps(steps) => Mapped::Uses(resolve::uses(steps, event)),
        }
    }

    fn plan(&mut self, source: &str, name: &str) -> Arc<Plan> {
        if let Some(plan) = self.plans.get(source).and_then(|of_source| of_source.get(name)) {
            return Arc::clone(plan);
        }
        let plan = Arc::new(Plan::of(source, name));
        if self.remembered < REMEMBERED {
            self.remembered += 1;
            self.plans.entry(source.into()).or_default().insert(name.into(), Arc::clone(&plan));
        }
        plan
    }
}

/// What an event's type alone tells.
fn by_type(event: &Event<'_>) -> Option<Reason> {
    match event.event_type().as_deref() {
        Some("AwsConsoleSignIn") => Some(Reason::SignIn),
        Some("AwsConsoleAction") => Some(Reason::Console),
        Some("AwsServiceEvent" | "AwsCloudTrailInsight") => Some(Reason::Service),
        _ => None,
    }
}
