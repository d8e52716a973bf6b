//! Where actions are seen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

#[test]
fn actions_are_seen_where_they_are() {
    for (action, want) in [
        ("s3:GetObject", Data("AWS::S3::Object")),
        ("S3:getobjectversiontagging", Data("AWS::S3::Object")),
        ("s3:ListBucket", Data("AWS::S3::Object")),
        ("s3:ListAllMyBuckets", Visibility::Management),
        ("s3:PutBucketPolicy", Visibility::Management),
        ("lambda:InvokeFunction", Data("AWS::Lambda::Function")),
        ("lambda:GetFunction", Visibility::Management),
        ("dynamodb:Query", Data("AWS::DynamoDB::Table")),
        ("dynamodb:GetRecords", Data("AWS::DynamoDB::Stream")),
        ("dynamodb:DescribeTable", Visibility::Management),
        ("kms:Decrypt", Visibility::Management),
        ("sns:Publish", Data("AWS::SNS::Topic")),
        ("sqs:SendMessage", Data("AWS::SQS::Queue")),
        ("kinesis:PutRecords", Data("AWS::Kinesis::Stream")),
        ("iam:PassRole", Nowhere(PERMISSION)),
        ("execute-api:Invoke", Nowhere(WIRE)),
        ("rds-db:connect", Nowhere(WIRE)),
        ("iot:Publish", Nowhere(WIRE)),
        ("logs:PutLogEvents", Unknown),
        ("ssmmessages:OpenDataChannel", Unknown),
        ("s3", Unknown),
    ] {
        assert_eq!(visibility(action), want, "{action}");
    }
}

#[test]
fn the_table_says_each_thing_once_and_in_lower_case() {
    let mut seen = std::collections::BTreeSet::new();
    for (service, names, what) in TABLE {
        assert!(!names.is_empty());
        for name in *names {
            assert_eq!(*name, name.to_ascii_lowercase());
            assert!(seen.insert((service, name)), "{service}:{name} is there twice");
        }
        if let Data(kind) = what {
            assert_eq!(kind.split("::").count(), 3, "{kind}");
        }
    }
}
