//! Tests of reading saved authorization details.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

const ANSWER: &str = r#"{
    "UserDetailList": [{"Path": "/", "UserName": "ann", "UserId": "AIDA1", "Arn": "arn:aws:iam::111122223333:user/ann",
        "CreateDate": "2024-01-02T03:04:05+00:00", "GroupList": ["staff"], "AttachedManagedPolicies": [], "Tags": [{"Key": "team", "Value": "a"}]}],
    "GroupDetailList": [{"Path": "/", "GroupName": "staff", "GroupId": "AGPA1", "Arn": "arn:aws:iam::111122223333:group/staff",
        "CreateDate": "2024-01-02T03:04:05Z", "GroupPolicyList": [{"PolicyName": "list", "PolicyDocument":
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AListAllMyBuckets%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"}],
        "AttachedManagedPolicies": [{"PolicyName": "Own", "PolicyArn": "arn:aws:iam::111122223333:policy/Own"}]}],
    "RoleDetailList": [{"Path": "/app/", "RoleName": "web", "RoleId": "AROA1", "Arn": "arn:aws:iam::111122223333:role/app/web",
        "CreateDate": "2024-01-02T03:04:05+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "Resource": "*"
                }
            ]
        }}],
        "AttachedManagedPolicies": [{"PolicyName": "Gone", "PolicyArn": "arn:aws:iam::aws:policy/Gone"}],
        "RoleLastUsed": {"LastUsedDate": "2024-05-06T07:08:09+00:00", "Region": "eu-west-1"}}],
    "Policies": [{"PolicyName": "Own", "PolicyId": "ANPA1", "Arn": "arn:aws:iam::111122223333:policy/Own", "Path": "/", "DefaultVersionId": "v2",
        "AttachmentCount": 1, "PolicyVersionList": [
            {"VersionId": "v2", "IsDefaultVersion": true, "CreateDate": "2024-01-02T03:04:05+00:00",
             "Document": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["sqs:*"], "Resource": "*"}}}]}],
    "IsTruncated": false
}"#;

#[test]
fn an_answer_is_read_with_its_documents_to_the_byte() {
    let details = read(ANSWER, "details.json");
    let kinds: Vec<_> = details.inventory.principals.iter().map(|principal| (principal.kind, principal.name.as_str())).collect();
    assert_eq!(kinds, [(Kind::Group, "staff"), (Kind::Role, "web"), (Kind::User, "ann")]);
    let [group, role, user] = details.inventory.principals.as_slice() else { panic!("{details:?}") };
    assert_eq!(
        group.inline[0].document.text(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}"#
    );
    assert!(role.inline[0].document.policy().is_ok());
    let lines: Vec<_> = role.inline[0].document.text().lines().collect();
    assert_eq!((lines[1], lines[3], lines[9]), ("    \"Version\": \"2012-10-17\",", "        {", "}"));
    assert_eq!(role.last_used, "2024-05-06T07:08:09Z".parse().ok());
    assert_eq!((role.path.as_str(), role.account(), user.groups.as_slice()), ("/app/", "111122223333", ["staff".to_owned()].as_slice()));
    assert!(details.inventory.managed["arn:aws:iam::111122223333:policy/Own"].document().unwrap().policy().is_ok());
    let [problem] = details.problems.as_slice() else { panic!("{:?}", details.problems) };
    assert!(problem.reason.contains("arn:aws:iam::aws:policy/Gone is missing, which 1 principal acts with"), "{problem}");
}

#[test]
fn pages_one_after_the_other_are_one_account() {
    let page = |name: &str, more: bool| {
        format!(
            r#"{{"RoleDetailList":[{{"RoleName":"{name}","RoleId":"A","Arn":"arn:aws:iam::111122223333:role/{name}"}}],"IsTruncated":{more}}}"#
        )
    };
    for text in [format!("{}\n{}", page("a", true), page("b", false)), format!("[{},{}]", page("a", true), page("b", false))] {
        let details = read(&text, "f");
        assert_eq!(details.inventory.principals.len(), 2, "{text}");
        assert!(details.problems.is_empty(), "{:?}", details.problems);
    }
    assert!(read(&page("a", true), "f").problems[0].reason.contains("IsTruncated"));
}

#[test]
fn what_is_no_answer_is_told() {
    for (text, reason) in [
        ("", "is empty"),
        ("nonsense", "is not JSON"),
        ("{}", "has none of UserDetailList"),
        (r#"{"Records":[]}"#, "has none of UserDetailList"),
        (r#"{"RoleDetailList":[{"RoleName":"x"}]}"#, "role number 1 is left out"),
        (r#"{"RoleDetailList":[{"RoleName":"x","Arn":"nothing"}]}"#, "role x is left out"),
        (
            r#"{"Policies":[{"PolicyName":"x","Arn":"arn:aws:iam::aws:policy/x","DefaultVersionId":"v1"}]}"#,
            "no document of its default version",
        ),
        (
            r#"{"RoleDetailList":[{"RoleName":"x","Arn":"arn:aws:iam::111122223333:role/x","RolePolicyList":[{"PolicyName":"p","PolicyDocument":"%7B"}]}]}"#,
            "is kept as it is, since it is no policy",
        ),
    ] {
        let details = read(text, "details.json");
        assert!(details.problems.iter().any(|problem| problem.to_string().contains(reason)), "{text}: {:?}", details.problems);
    }
}
