//! `repokid find_roles_with_permissions`: who has one of some permissions, as the state last saw it: roles, and users and groups that it knows.

use std::collections::BTreeSet;

use anyhow::Context as _;
use menagerie_policy::document::{Effect, Policy};
use menagerie_policy::pattern::ActionPattern;
use menagerie_report::{self as report, Exit};

use super::office::{Office, block_on};
use crate::cli::FindRoles;
use crate::state::Activity;

pub(super) fn run(options: &FindRoles) -> anyhow::Result<Exit> {
    let wanted = patterns(&options.permissions)?;
    block_on(async {
        let office = Office::open(&options.place).await?;
        let mut arns = Vec::new();
        for account in office.state.accounts().await? {
            for role in office.state.roles(&account, Activity::Active).await? {
                let Some(version) = office.state.latest_policy_version(&role.id).await? else { continue };
                let mut found = BTreeSet::new();
                for (name, text) in &version.version.policies {
                    match Policy::parse(text) {
                        Ok(policy) => found.extend(granted(&policy, &wanted)),
                        Err(error) => report::warning(report::shown(&format!("{}: {name} cannot be read: {error}", role.arn))),
                    }
                }
                if !found.is_empty() {
                    let found = found.into_iter().collect::<Vec<_>>().join(", ");
                    report::data(format_args!("{}: {}\n", role.arn, report::shown(&found)))?;
                    arns.push(role.arn.to_string());
                }
            }
        }
        office.state.close().await;
        if let Some(file) = &options.output {
            let text = serde_json::to_string_pretty(&arns)?;
            report::replace(file, text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        Ok(Exit::Fine)
    })
}

/// The permissions that a person names; a bare word is a whole service.
pub(super) fn patterns(permissions: &[String]) -> anyhow::Result<Vec<ActionPattern>> {
    let parse = |text: &String| {
        let whole = if text.contains(':') || text == "*" { text.clone() } else { format!("{text}:*") };
        let is_one = whole.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-*?".contains(&byte));
        let pattern = ActionPattern::parse(&whole).ok().filter(|_| is_one);
        pattern.with_context(|| format!("{text:?} is no permission; one is service:Action, and * stands for anything"))
    };
    permissions.iter().map(parse).collect()
}

/// Those of the permissions that a policy grants something of.
fn granted<'w>(policy: &Policy, wanted: &'w [ActionPattern]) -> Vec<&'w str> {
    use menagerie_policy::document::Actions;

    let grants = |wanted: &ActionPattern| {
        policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow).any(|statement| match statement.actions() {
            Actions::Only(patterns) => patterns.iter().any(|pattern| pattern.overlaps(wanted)),
            Actions::AllBut(patterns) => !patterns.iter().any(|pattern| pattern.covers(wanted)),
        })
    };
    wanted.iter().filter(|wanted| grants(wanted)).map(ActionPattern::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_grants_of_what_is_wanted() {
        let found = |text: &str, wanted: &[&str]| {
            let wanted = patterns(&wanted.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).expect("permissions");
            let policy = Policy::parse(text).expect("a policy");
            granted(&policy, &wanted).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let allow = r#"{"Statement":{"Effect":"Allow","Action":["S3:Get*"],"Resource":"*"}}"#;
        assert_eq!(found(allow, &["s3:getobject", "s3:PutObject", "s3", "sqs:*"]), ["s3:getobject", "s3:*"]);
        let but = r#"{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#;
        assert_eq!(found(but, &["iam:PassRole", "s3:PutObject", "*"]), ["s3:PutObject", "*"]);
        let deny = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
        assert_eq!(found(deny, &["s3:PutObject"]), Vec::<String>::new());
        assert!(patterns(&["not a permission".to_owned()]).is_err());
    }
}
