//! Saved answers of AWS Organizations.

use menagerie_policy::document::Policy;
use serde::Deserialize;

use super::{Control, Described, Organization};

/// Why a text tells nothing of an organisation.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// It is no JSON of such answers.
    #[error("no answers of AWS Organizations: {0}")]
    Form(#[from] serde_json::Error),
    /// One tells nothing, or not of what.
    #[error("answer {0} is neither describe-policy's, nor list-policies-for-target's with its TargetId, nor describe-organization's")]
    Answer(usize),
    /// Only a page of an answer is there.
    #[error("answer {0} goes on on another page (NextToken)")]
    Page(usize),
    /// There is nothing.
    #[error("there is no answer in it")]
    Empty,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answers {
    Several(Vec<Answer>),
    One(Box<Answer>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    policy: Option<PolicyAnswer>,
    organization: Option<OrganizationAnswer>,
    target_id: Option<String>,
    parent_id: Option<String>,
    policies: Option<Vec<Summary>>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyAnswer {
    policy_summary: Summary,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OrganizationAnswer {
    #[serde(alias = "ManagementAccountId")]
    master_account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    id: String,
    #[serde(default)]
    arn: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "Type")]
    kind: String,
}

impl Summary {
    /// Other kinds grant and withhold nothing.
    fn control(&self) -> Option<Control> {
        match self.kind.as_str() {
            "SERVICE_CONTROL_POLICY" => Some(Control::Service),
            "RESOURCE_CONTROL_POLICY" => Some(Control::Resource),
            _ => None,
        }
    }

    /// The management account owns the policies that are not AWS's.
    fn owner(&self) -> Option<&str> {
        let owner = self.arn.split(':').nth(4)?;
        (owner.len() == 12 && owner.bytes().all(|byte| byte.is_ascii_digit())).then_some(owner)
    }
}

/// Reads answers of `describe-policy`, of `list-policies-for-target` with `TargetId` and `ParentId` added, and of `describe-organization`, one
/// after the other or in lists, in any order.
///
/// # Errors
/// If there is none, or something else.
pub fn saved(text: &str) -> Result<Organization, OrganizationError> {
    let mut organization = Organization::default();
    let mut number = 0;
    for answers in serde_json::Deserializer::from_str(text).into_iter() {
        let answers = match answers? {
            Answers::Several(answers) => answers,
            Answers::One(answer) => vec![*answer],
        };
        for answer in answers {
            number += 1;
            take(&mut organization, answer, number)?;
        }
    }
    if number == 0 { Err(OrganizationError::Empty) } else { Ok(organization) }
}

fn take(organization: &mut Organization, answer: Answer, number: usize) -> Result<(), OrganizationError> {
    if answer.next_token.is_some() {
        return Err(OrganizationError::Page(number));
    }
    let Answer { policy, organization: told, target_id, parent_id, policies, .. } = answer;
    match (policy, told, target_id, policies) {
        (Some(policy), None, None, None) => {
            let summary = policy.policy_summary;
            manage(organization, summary.owner());
            if summary.control().is_some() {
                let policy = Policy::parse(&policy.content).map_err(|error| error.to_string());
                organization.policies.insert(summary.id, Described { name: summary.name, policy });
            }
        }
        (None, Some(told), None, None) => organization.management = told.master_account_id.or(organization.management.take()),
        (None, None, Some(target), Some(policies)) if !target.is_empty() => {
            policies.iter().for_each(|summary| manage(organization, summary.owner()));
            let target = organization.targets.entry(target).or_default();
            target.parent = parent_id.filter(|parent| !parent.is_empty()).or(target.parent.take());
            target.attached.extend(policies.into_iter().filter_map(|summary| Some((summary.control()?, summary.id))));
        }
        _ => return Err(OrganizationError::Answer(number)),
    }
    Ok(())
}

fn manage(organization: &mut Organization, owner: Option<&str>) {
    if organization.management.is_none() {
        organization.management = owner.map(str::to_owned);
    }
}
