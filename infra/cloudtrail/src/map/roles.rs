//! The roles that a call hands to a service. CloudTrail has no event of `iam:PassRole`: that it was needed shows in the request alone.

use std::sync::Arc;

use menagerie_policy::data::{Call, How as Needs};

use super::arn::is_arn;
use super::leaves::Path;
use super::resolve::Facts;
use super::{How, MOST_RESOURCES, Resource, Use};

/// Where a call's roles are.
#[derive(Debug)]
pub(super) struct Roles {
    action: Arc<str>,
    places: Vec<(Path, bool)>,
    /// Whether AWS documents that calls need `iam:PassRole`.
    documented: bool,
    to: Option<&'static str>,
}

/// Services whose calls hand roles to themselves, or to one other, whatever the call.
const PASSED_TO: [(&str, &str); 34] = [
    ("amplify", "amplify.amazonaws.com"),
    ("apprunner", "tasks.apprunner.amazonaws.com"),
    ("appsync", "appsync.amazonaws.com"),
    ("backup", "backup.amazonaws.com"),
    ("bedrock", "bedrock.amazonaws.com"),
    ("cloudformation", "cloudformation.amazonaws.com"),
    ("cloudtrail", "cloudtrail.amazonaws.com"),
    ("codebuild", "codebuild.amazonaws.com"),
    ("codedeploy", "codedeploy.amazonaws.com"),
    ("codepipeline", "codepipeline.amazonaws.com"),
    ("config", "config.amazonaws.com"),
    ("datasync", "datasync.amazonaws.com"),
    ("dax", "dax.amazonaws.com"),
    ("ec2", "ec2.amazonaws.com"),
    ("ecs", "ecs-tasks.amazonaws.com"),
    ("events", "events.amazonaws.com"),
    ("firehose", "firehose.amazonaws.com"),
    ("forecast", "forecast.amazonaws.com"),
    ("fsx", "fsx.amazonaws.com"),
    ("glue", "glue.amazonaws.com"),
    ("imagebuilder", "imagebuilder.amazonaws.com"),
    ("iot", "iot.amazonaws.com"),
    ("kendra", "kendra.amazonaws.com"),
    ("lambda", "lambda.amazonaws.com"),
    ("logs", "logs.amazonaws.com"),
    ("personalize", "personalize.amazonaws.com"),
    ("pipes", "pipes.amazonaws.com"),
    ("redshift", "redshift.amazonaws.com"),
    ("rekognition", "rekognition.amazonaws.com"),
    ("sagemaker", "sagemaker.amazonaws.com"),
    ("scheduler", "scheduler.amazonaws.com"),
    ("states", "states.amazonaws.com"),
    ("synthetics", "lambda.amazonaws.com"),
    ("transfer", "transfer.amazonaws.com"),
];

/// Calls that hand a role to another service than the rest of their own do.
const ELSEWHERE: [(&str, &str); 5] =
    [("ecs", "CreateService"), ("ecs", "UpdateService"), ("ec2", "CreateFlowLogs"), ("ec2", "RequestSpotFleet"), ("ec2", "ImportImage")];

impl Roles {
    pub(super) fn of(source: &str, call: &Call) -> Option<Self> {
        let mut places: Vec<_> = call.pass_role_parameters().map(|role| (Path::new(role.path), role.is_instance_profile())).collect();
        places.sort_by_key(|(_, is_profile)| *is_profile);
        let documented = call.actions().any(|one| one.service == "iam" && one.name == "PassRole" && one.how != Needs::Possible)
            || call.pass_role_parameters().any(|role| role.documented);
        if places.is_empty() && !documented {
            return None;
        }
        let service = source.split('.').next().unwrap_or(source);
        let to = PASSED_TO.iter().find(|(name, _)| *name == service).map(|(_, to)| *to);
        let to = to.filter(|_| !ELSEWHERE.iter().any(|(name, operation)| *name == service && *operation == call.name()));
        Some(Self { action: "iam:PassRole".into(), places, documented, to })
    }

    pub(super) fn add(&self, facts: &Facts<'_>, uses: &mut Vec<Use>) {
        let mut found: Vec<Resource> = Vec::new();
        for (path, is_profile) in &self.places {
            // A profile stands for a role of which nothing is told, unless the role is named beside it.
            if *is_profile && !found.is_empty() {
                continue;
            }
            for value in facts.request.at(path) {
                let role = if *is_profile { Resource::Unknown } else { role(value, facts) };
                if !found.contains(&role) {
                    found.push(role);
                }
                if found.len() > MOST_RESOURCES {
                    found = vec![Resource::Unknown];
                    break;
                }
            }
        }
        if self.places.is_empty() {
            // AWS says that a role is handed over, and no parameter is known to name it.
            let roles = facts.request.all.iter().filter(|leaf| is_arn(&leaf.value) && leaf.value.contains(":role/"));
            found.extend(roles.take(MOST_RESOURCES).map(|leaf| Resource::Arn(leaf.value.as_ref().to_owned())));
        }
        if facts.request.cut || (found.is_empty() && self.documented && !facts.shown) {
            found.push(Resource::Unknown);
        }
        uses.extend(found.into_iter().map(|resource| Use {
            action: self.action.clone(),
            resource,
            how: How::PassRole,
            passed_to: self.to,
        }));
    }
}

/// A role by its ARN or by its name, which does not tell its path. What is an ARN of something else (an instance profile) names none.
fn role(value: &str, facts: &Facts<'_>) -> Resource {
    if is_arn(value) {
        return if value.contains(":role/") { Resource::Arn(value.to_owned()) } else { Resource::Unknown };
    }
    let is_name = value.len() <= 64 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte));
    match facts.scene.account {
        Some(account) if is_name => {
            let (start, name) = (format!("arn:{}:iam::{account}:role/", facts.scene.partition), value.trim_start_matches('/'));
            // A name with its path is the whole.
            if name.contains('/') { Resource::Arn(start + name) } else { Resource::Part { start, end: name.to_owned() } }
        }
        _ => Resource::Unknown,
    }
}
