//! What the embedded tables hold: counts, known cases, that every action named anywhere exists, and that nothing in them fails to decode.

use super::*;

fn actions(source: &str, name: &str) -> Vec<String> {
    let found = catalogue().operation(source, name);
    let authorising = found.actions().filter(|action| action.how != How::Dependent);
    authorising.map(|action| format!("{}:{}", action.service, action.name)).collect()
}

#[test]
fn the_reference_is_all_there() {
    let all: usize = catalogue().services().map(|service| service.actions().len()).sum();
    assert!(all >= 22_000, "{all} actions");
    assert!(catalogue().services().count() >= 450);
}

#[test]
fn actions_are_found_in_any_case() {
    let action = catalogue().action("S3", "getobject").expect("is an action");
    assert_eq!((action.service(), action.name(), action.access_level()), ("s3", "GetObject", AccessLevel::Read));
    assert_eq!(catalogue().named("S3:GETOBJECT"), Some(action));
    assert_eq!(catalogue().action("s3", "GetObjec"), None);
    assert!(action.resources().any(|resource| resource.resource_type.arn == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"));
    assert!(action.description().starts_with("Grants permission to retrieve objects"), "{}", action.description());
}

#[test]
fn every_action_that_an_operation_names_exists() {
    for group in catalogue().groups() {
        for call in catalogue().operations(group) {
            for action in call.actions() {
                let known = catalogue().action(action.service, action.name);
                assert_eq!(known.map(Action::name), Some(action.name), "{group} {}", call.name());
            }
        }
    }
}

#[test]
fn operations_are_found_as_cloudtrail_writes_them() {
    for (source, name, expected) in [
        ("ec2.amazonaws.com", "RunInstances", "ec2:RunInstances"),
        ("lambda.amazonaws.com", "CreateFunction20150331", "lambda:CreateFunction"),
        ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
        ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution"),
        ("monitoring.amazonaws.com", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
        ("ecr.amazonaws.com", "PutImage", "ecr:PutImage"),
        ("apigateway.amazonaws.com", "CreateRestApi", "apigateway:POST"),
    ] {
        assert_eq!(actions(source, name), [expected], "{source} {name}");
    }
}
