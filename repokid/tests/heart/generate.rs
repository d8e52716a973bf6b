//! Random policies, random usage, random sight; and the requests that policies are asked about.

use std::collections::BTreeMap;

use menagerie_policy::document::{Effect, Policy, Resources};
use menagerie_policy::evaluate::{Attached, Context, Outcome, Policies, Principal, Request, evaluate};
use proptest::prelude::*;
use repokid::verdict::{Advice, Freshness, How, Judged, Resource, ServiceAdvice, Sight, Sights, Standing, Universe, Usage, Use, Verdict};
use serde_json::{Value, json};

use crate::stage::{ACCOUNT, GROUP, MEMBERS, ROLE, Stage, group_of, now, role};

/// Actions that requests are about: some the data do not know.
pub(crate) const ACTIONS: [&str; 13] = [
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:SendMessage",
    "sqs:ListQueues",
    "sqs:Frob",
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:Publish",
    "sns:GetTopicAttributes",
    "sns:Frob",
    "madeup:Thing",
    "sts:GetCallerIdentity",
    "account:GetContactInformation",
];

const PATTERNS: [&str; 17] = [
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:SendMessage",
    "sqs:*",
    "SQS:create*",
    "sqs:?eleteQueue",
    "sqs:Frob",
    "sns:*",
    "sns:CreateTopic",
    "sns:createtopic",
    "sns:Delete*",
    "sns:Get*",
    "s?s:List*",
    "sns:F*",
    "madeup:Thing",
    "*",
    "s*:Create*",
];

fn arn(service: &str, name: &str) -> String {
    format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{name}")
}

fn resources() -> Vec<String> {
    let mut all = vec!["*".to_owned(), "arn:aws:sns:*:*:t*".to_owned(), "arn:aws:sqs:*:*:${aws:PrincipalTag/team}-?".to_owned()];
    all.extend([arn("sns", "t1"), arn("sns", "t2"), arn("sqs", "q1")]);
    all
}

fn list(of: Vec<String>) -> Value {
    match of.as_slice() {
        // One element may stand without its list.
        [one] if one.len() % 2 == 0 => json!(one),
        _ => json!(of),
    }
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = (prop::bool::weighted(0.8), prop::collection::vec(prop::sample::select(&PATTERNS[..]), 1..4));
    let places = (prop::bool::weighted(0.9), prop::collection::vec(prop::sample::select(resources()), 1..3));
    let conditions = prop::sample::select(vec![
        Value::Null,
        Value::Null,
        json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    ]);
    let sid = prop::sample::select(vec![None, None, Some("Plain"), Some("NOREPOthis")]);
    (prop::bool::weighted(0.8), actions, places, conditions, sid, prop::bool::weighted(0.04)).prop_map(
        |(allows, (only, actions), (here, resources), condition, sid, strange)| {
            let keys = (if only { "Action" } else { "NotAction" }, if here { "Resource" } else { "NotResource" });
            let actions = list(actions.into_iter().map(str::to_owned).collect());
            let mut statement = json!({"Effect": if allows { "Allow" } else { "Deny" }, (keys.0): actions, (keys.1): list(resources)});
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            if let Some(sid) = sid {
                statement["Sid"] = json!(sid);
            }
            if strange {
                statement["Remark"] = json!("not of the grammar");
            }
            statement
        },
    )
}

pub(crate) fn policy() -> impl Strategy<Value = Value> {
    (prop::sample::select(vec![Some("2012-10-17"), Some("2012-10-17"), Some("2008-10-17"), None]), prop::collection::vec(statement(), 1..4))
        .prop_map(|(version, mut statements)| {
            for (number, statement) in statements.iter_mut().enumerate() {
                if let Some(sid) = statement.get("Sid").and_then(Value::as_str) {
                    statement["Sid"] = json!(format!("{sid}{number}"));
                }
            }
            let mut policy = json!({"Statement": statements});
            if let Some(version) = version {
                policy["Version"] = json!(version);
            }
            policy
        })
}

/// What was seen, without the numbers of a universe.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    uses: Vec<(&'static str, Resource, How)>,
    strange: bool,
    unmapped: bool,
    advice: Vec<(&'static str, bool)>,
    sights: u64,
}

pub(crate) fn seen() -> impl Strategy<Value = Seen> {
    let resources = vec![
        Resource::Any,
        Resource::Unknown,
        Resource::Arn(arn("sns", "t1")),
        Resource::Arn(arn("sns", "t2")),
        Resource::Arn(arn("sqs", "q1")),
        Resource::Arn(arn("sqs", "red-1")),
        Resource::Part { start: arn("sns", "t"), end: String::new() },
    ];
    let how = prop::sample::select(vec![How::Direct, How::Direct, How::Possible, How::Dependent]);
    let uses = prop::collection::vec(
        (
            prop::sample::select(&ACTIONS[..4]).boxed().prop_union(prop::sample::select(&ACTIONS[5..9]).boxed()),
            prop::sample::select(resources),
            how,
        ),
        0..5,
    );
    let advice = prop::collection::vec((prop::sample::select(vec!["sqs", "sns", "sts"]), any::<bool>()), 0..2);
    (uses, prop::bool::weighted(0.1), prop::bool::weighted(0.1), advice, any::<u64>())
        .prop_map(|(uses, strange, unmapped, advice, sights)| Seen { uses, strange, unmapped, advice, sights })
}

impl Seen {
    fn usage(&self, universe: &Universe) -> Usage {
        let mut usage = Usage::default();
        for (action, resource, how) in &self.uses {
            let one = Use { resource: resource.clone(), how: *how, first: now(), last: now(), count: 1 };
            usage.actions.entry(universe.named(action).unwrap()).or_default().push(one);
        }
        if self.strange {
            usage.strange.insert("sqs:frob".to_owned());
        }
        if self.unmapped {
            usage.unmapped.insert(("sns.amazonaws.com".to_owned(), "Frob".to_owned()), vec!["sns".to_owned()]);
        }
        if !self.advice.is_empty() {
            let row = |fresh| ServiceAdvice { last: None, fresh, actions: BTreeMap::new() };
            usage.advice = Some(Advice {
                services: self
                    .advice
                    .iter()
                    .map(|(service, fresh)| ((*service).to_owned(), row(if *fresh { Freshness::Fresh } else { Freshness::Undated })))
                    .collect(),
            });
        }
        usage
    }

    fn sights(&self, universe: &Universe) -> Sights {
        let mut state = self.sights;
        Sights::new(universe, |action| {
            // Of all other services nothing is proved, which keeps the lists short.
            if !["sns", "sqs", "sts"].contains(&action.service()) {
                return Sight::NotLogged;
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match (state >> 33) % 10 {
                0 => Sight::DataEvent("kind".into()),
                1 => Sight::NotLogged,
                2 => Sight::Gap("a gap".into()),
                _ => Sight::Seen,
            }
        })
    }
}

/// A role with this policy, of which this was seen.
pub(crate) fn stage(policy: &Value, seen: &Seen, resources: bool) -> Stage {
    let mut stage = Stage::new(&json!({"RoleDetailList": [role(policy)]}));
    stage.usage.insert(ROLE.to_owned(), seen.usage(stage.universe));
    stage.sights.insert(ACCOUNT.to_owned(), seen.sights(stage.universe));
    stage.resources = resources;
    stage
}

/// A group with this policy, of whose members this was seen.
pub(crate) fn group_stage(policy: &Value, seen: &[Seen; 2], resources: bool) -> Stage {
    let mut stage = Stage::new(&group_of(policy));
    for (member, seen) in MEMBERS.iter().zip(seen) {
        stage.usage.insert((*member).to_owned(), seen.usage(stage.universe));
    }
    // Of the group Access Advisor says what it says of the first.
    stage.usage.insert(GROUP.to_owned(), Usage { advice: seen[0].usage(stage.universe).advice, ..Usage::default() });
    stage.sights.insert(ACCOUNT.to_owned(), seen[0].sights(stage.universe));
    stage.resources = resources;
    stage
}

/// Requests of each action on several resources in several circumstances, by the role.
pub(crate) fn requests() -> Vec<Request> {
    requests_of(&Principal::RoleSession { role: ROLE.to_owned(), session: None })
}

/// The same by somebody.
pub(crate) fn requests_of(principal: &Principal) -> Vec<Request> {
    let contexts = [
        Context::complete().with("aws:PrincipalTag/team", ["red"]),
        Context::complete().with("aws:SourceVpc", ["vpc-1"]).with("aws:PrincipalTag/team", ["red"]),
        Context::complete().with("aws:MultiFactorAuthPresent", ["true"]),
    ];
    let places = [
        arn("sns", "t1"),
        arn("sns", "t2"),
        arn("sns", "other"),
        arn("sqs", "q1"),
        arn("sqs", "red-1"),
        arn("sqs", "${aws:PrincipalTag/team}-1"),
    ];
    let mut requests = Vec::new();
    for action in ACTIONS {
        for resource in &places {
            for context in &contexts {
                let resource_account = Some(ACCOUNT.to_owned());
                requests.push(Request { resource_account, context: context.clone(), ..Request::new(principal.clone(), action, resource) });
            }
        }
    }
    requests
}

pub(crate) fn allows(policies: &[Policy], request: &Request) -> bool {
    let identity = policies.iter().map(|policy| Attached { name: "p", policy }).collect();
    evaluate(&Policies { identity, ..Policies::default() }, request).outcome == Outcome::Allowed
}

/// By statement and resource, a policy that grants only that, and whether a request that it allows must stay allowed.
pub(crate) struct Oracle {
    parts: Vec<(Policy, usize, usize)>,
}

impl Oracle {
    pub(crate) fn new(policy: &Policy) -> Self {
        let mut parts = Vec::new();
        for (number, statement) in policy.statements().iter().enumerate().filter(|(_, one)| one.effect() == Effect::Allow) {
            let mut json: Value = serde_json::from_str(statement.text()).unwrap();
            let resources = match statement.resources() {
                Some(Resources::Only(patterns)) => patterns.iter().map(|one| Some(one.text().to_owned())).collect(),
                _ => vec![None],
            };
            for (at, resource) in resources.into_iter().enumerate() {
                if let Some(resource) = resource {
                    json["Resource"] = json!(resource);
                }
                let mut whole = json!({"Statement": [json.clone()]});
                if let Some(version) = policy.version() {
                    whole["Version"] = json!(version.as_str());
                }
                parts.push((Policy::parse(&whole.to_string()).unwrap(), number, at));
            }
        }
        Self { parts }
    }

    /// Whether some statement grants a request by right of something that is not proved unused.
    pub(crate) fn keeps(&self, request: &Request, old: &Policy, judged: &Judged, universe: &Universe) -> bool {
        let (service, name) = request.action.split_once(':').unwrap();
        self.parts.iter().any(|(part, number, at)| {
            let judged = &judged.statements[*number];
            let verdict = || match universe.named(&request.action) {
                Some(id) => judged.actions.iter().find(|one| one.id == id).is_some_and(|one| one.verdicts.of(*at).0 != Verdict::Unused),
                None => {
                    let patterns = old.statements()[*number].actions().patterns();
                    let kept = judged.strange.iter().chain(judged.open.iter().map(|(number, _)| number));
                    kept.into_iter().any(|number| patterns[*number].matches(service, name))
                }
            };
            allows(std::slice::from_ref(part), request) && (judged.standing == Standing::Protected || verdict())
        })
    }
}
