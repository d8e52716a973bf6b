//! What a test of the heart is made of: an account, events in it, and what its trail would have shown.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobSet;
use jiff::Timestamp;
use menagerie_cloudtrail::Event;
use menagerie_cloudtrail::read::Summary;
use menagerie_cloudtrail::selectors::Trails;
use menagerie_policy::document::Policy;
use repokid::account::{Inventory, read};
use repokid::analysis::{Analysis, Guards, Outcome, Setting, analyze};
use repokid::rewrite::Options;
use repokid::sight::{Observation, Trust};
use repokid::usage::Observer;
use repokid::verdict::{Advice, Sights, Universe, Usage, Verdict, Window};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/team/app";
pub(crate) const ROLE_ID: &str = "AROAEXAMPLE";
pub(crate) const GROUP: &str = "arn:aws:iam::111122223333:group/team";
pub(crate) const MEMBERS: [&str; 2] = ["arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/bob"];

/// The moment of every analysis.
pub(crate) fn now() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().expect("a time")
}

/// The actions, numbered once for a thread.
fn universe() -> &'static Universe {
    thread_local!(static UNIVERSE: &'static Universe = Box::leak(Box::new(Universe::new())));
    UNIVERSE.with(|universe| *universe)
}

/// A role with one inline policy, `p`.
pub(crate) fn role(policy: &Value) -> Value {
    json!({
        "Path": "/team/", "RoleName": "app", "RoleId": ROLE_ID, "Arn": ROLE, "CreateDate": "2020-01-01T00:00:00Z",
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy}], "AttachedManagedPolicies": [],
    })
}

/// An account with a group that has one inline policy, `p`, and two members, who have none.
pub(crate) fn group_of(policy: &Value) -> Value {
    let user = |arn: &&str| {
        let name = arn.rsplit('/').next().expect("a name");
        json!({
            "Path": "/", "UserName": name, "UserId": format!("AIDA{name}"), "Arn": arn, "CreateDate": "2020-01-01T00:00:00Z",
            "GroupList": ["team"], "UserPolicyList": [], "AttachedManagedPolicies": [],
        })
    };
    let group = json!({
        "Path": "/", "GroupName": "team", "GroupId": "AGPAEXAMPLE", "Arn": GROUP, "CreateDate": "2020-01-01T00:00:00Z",
        "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": policy}], "AttachedManagedPolicies": [],
    });
    json!({"GroupDetailList": [group], "UserDetailList": MEMBERS.iter().map(user).collect::<Vec<_>>()})
}

/// An event of a user's.
pub(crate) fn by(user: &str, event: Value) -> Value {
    let name = user.rsplit('/').next().expect("a name");
    with(event, json!({"userIdentity": {"type": "IAMUser", "arn": user, "accountId": ACCOUNT, "userName": name}}))
}

/// A policy of one statement that allows these actions on everything.
pub(crate) fn allow(actions: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

/// An event of the role: `ec2.amazonaws.com`, `RunInstances`.
pub(crate) fn event(source: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.08", "eventTime": "2026-06-01T10:00:00Z", "eventSource": source, "eventName": name, "awsRegion": "us-east-1",
        "eventID": "e", "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT, "managementEvent": true,
        "userIdentity": {
            "type": "AssumedRole", "principalId": format!("{ROLE_ID}:session"), "accountId": ACCOUNT,
            "arn": "arn:aws:sts::111122223333:assumed-role/app/session",
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "principalId": ROLE_ID, "arn": ROLE, "accountId": ACCOUNT, "userName": "app",
            }},
        },
        "requestParameters": {},
    })
}

/// The event with other members.
pub(crate) fn with(mut event: Value, members: Value) -> Value {
    let (Value::Object(event_members), Value::Object(members)) = (&mut event, members) else { panic!("objects") };
    event_members.extend(members);
    event
}

pub(crate) struct Stage {
    pub(crate) universe: &'static Universe,
    pub(crate) inventory: Inventory,
    pub(crate) observer: Observer,
    pub(crate) usage: BTreeMap<String, Usage>,
    pub(crate) sights: BTreeMap<String, Sights>,
    pub(crate) window: Window,
    pub(crate) resources: bool,
}

impl Stage {
    /// An account as `get-account-authorization-details` has it, and nothing seen of it.
    pub(crate) fn new(details: &Value) -> Self {
        let details = read(&details.to_string(), "details");
        let window = Window::of_days(90, now());
        Self {
            universe: universe(),
            inventory: details.inventory,
            observer: Observer::new(Some(window.from), Some(window.to)),
            usage: BTreeMap::new(),
            sights: BTreeMap::new(),
            window,
            resources: false,
        }
    }

    /// One role with one policy, of which all that management events show was seen.
    pub(crate) fn of(policy: &Value) -> Self {
        Self::new(&json!({"RoleDetailList": [role(policy)]})).complete()
    }

    /// Management events of every Region were seen.
    pub(crate) fn complete(mut self) -> Self {
        self.trusting(Trust::Assumed(Trails::default()));
        self
    }

    /// Management events and these data events were seen.
    pub(crate) fn complete_with_data(mut self, kinds: &[&str]) -> Self {
        let arn = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/t");
        let data = |kind: &&str| json!({"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": [kind]}]});
        let mut selectors: Vec<_> = kinds.iter().map(data).collect();
        selectors.push(json!({"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}));
        let trails = json!([
            {"trailList": [{"TrailARN": arn, "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true}]},
            {"TrailARN": arn, "AdvancedEventSelectors": selectors},
        ]);
        self.trusting(Trust::Assumed(Trails::parse(&trails.to_string()).expect("trails")));
        self
    }

    pub(crate) fn trusting(&mut self, trust: Trust) {
        // Somebody's event is in the logs of the account.
        self.observer.places.insert((ACCOUNT.into(), "us-east-1".into()));
        let observation = Observation::new(trust, &self.observer, &Summary::default(), &[], &mut Vec::new());
        self.sights.insert(ACCOUNT.to_owned(), observation.sights(ACCOUNT, self.window, &BTreeSet::new(), self.universe));
    }

    pub(crate) fn see(mut self, events: &[Value]) -> Self {
        for event in events {
            let text = event.to_string();
            self.observer.take(&Event::parse(&text).expect("an event"));
        }
        self.usage = self.observer.usage(self.universe, &self.inventory, self.window.from);
        self
    }

    pub(crate) fn advised(mut self, arn: &str, advice: Advice) -> Self {
        self.usage.entry(arn.to_owned()).or_default().advice = Some(advice);
        self
    }

    pub(crate) fn narrowing_resources(mut self) -> Self {
        self.resources = true;
        self
    }

    /// Analyses a principal and hands what was found to `look`.
    pub(crate) fn look<T>(&self, arn: &str, look: impl FnOnce(&Analysis<'_>) -> T) -> T {
        let attachments = self.inventory.attachments();
        let blind = Sights::none(self.universe, "no logs");
        let guards = Guards { protected: GlobSet::empty(), minimum_age_days: 14, whole_window: false };
        let setting = Setting {
            universe: self.universe,
            inventory: &self.inventory,
            attachments: &attachments,
            usage: &self.usage,
            sights: &self.sights,
            blind: &blind,
            window: self.window,
            guards: &guards,
            organization: repokid::organization::NONE,
            options: Options { resources: self.resources },
        };
        let principal = self.inventory.principals.iter().find(|principal| principal.arn.as_str() == arn).expect("a principal");
        look(&analyze(principal, &setting))
    }

    /// The documents that the role would have.
    pub(crate) fn after(&self) -> Vec<String> {
        self.look(ROLE, |analysis| {
            assert!(!matches!(analysis.outcome, Outcome::Refused(_)), "{:?}", analysis.outcome);
            analysis.policies.iter().flat_map(|policy| policy.after.clone()).collect()
        })
    }

    /// The actions that the role's statements would name, all together.
    pub(crate) fn actions_after(&self) -> Vec<String> {
        let texts = self.after();
        let policies = texts.iter().map(|text| Policy::parse(text).expect("a policy"));
        policies
            .flat_map(|policy| {
                let patterns = policy.statements().iter().flat_map(|one| one.actions().patterns());
                patterns.map(|pattern| pattern.text().to_owned()).collect::<Vec<_>>()
            })
            .collect()
    }

    /// The verdict that weighs most of an action that the principal's policies grant.
    pub(crate) fn verdict_of(&self, arn: &str, action: &str) -> Verdict {
        let id = self.universe.named(action).unwrap_or_else(|| panic!("{action} is not known"));
        self.look(arn, |analysis| {
            let judged = analysis.policies.iter().filter_map(|policy| policy.judged.as_ref());
            let verdicts = judged.flat_map(|judged| &judged.statements).flat_map(|one| &one.actions).filter(|one| one.id == id);
            let order = |verdict: &Verdict| {
                [Verdict::Unused, Verdict::Unobservable, Verdict::Unknown, Verdict::Used].iter().position(|one| one == verdict)
            };
            verdicts.map(|one| one.verdicts.verdict()).max_by_key(order).unwrap_or_else(|| panic!("{action} is not granted"))
        })
    }

    pub(crate) fn verdict(&self, action: &str) -> Verdict {
        self.verdict_of(ROLE, action)
    }
}
