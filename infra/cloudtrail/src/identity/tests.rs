//! Callers: whose permissions count.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

fn principal(json: &str) -> Principal<'_> {
    Identity::of(Json::new(json)).principal()
}

const SESSION: &str = r#"{"type":"AssumedRole","principalId":"AROA1:me","arn":"arn:aws:sts::111122223333:assumed-role/Deploy/me","accountId":"111122223333",
"accessKeyId":"ASIA1","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA1","arn":"arn:aws:iam::111122223333:role/ci/Deploy",
"accountId":"111122223333","userName":"Deploy"},"webIdFederationData":{"federatedProvider":"idp"},"sourceIdentity":"alice","attributes":{}},
"invokedBy":"athena.amazonaws.com"}"#;

#[test]
fn a_session_counts_for_its_role_also_when_a_service_asks_for_it() {
    let identity = Identity::of(Json::new(SESSION));
    assert_eq!(identity.principal(), Principal::Role("arn:aws:iam::111122223333:role/ci/Deploy".into()));
    assert_eq!((identity.invoked_by.as_deref(), identity.source_identity.as_deref()), (Some("athena.amazonaws.com"), Some("alice")));
    assert_eq!((identity.session_name(), identity.federated_provider.as_deref()), (Some("me"), Some("idp")));
}

#[test]
fn a_session_without_its_issuer_counts_for_a_name() {
    let json = r#"{"type":"AssumedRole","arn":"arn:aws-cn:sts::111122223333:assumed-role/Deploy/me"}"#;
    let named = Principal::RoleNamed { partition: "aws-cn".into(), account: "111122223333".into(), name: "Deploy".into() };
    assert_eq!(principal(json), named);
    assert_eq!(principal(json).into_owned(), named);
    assert_eq!(named.arn(), None);
}

#[test]
fn each_kind_of_caller_counts_for_whose_permissions_it_has() {
    let user = "arn:aws:iam::111122223333:user/team/bob";
    for (json, want) in [
        (format!(r#"{{"type":"IAMUser","arn":"{user}","userName":"bob"}}"#), Principal::User(user.into())),
        (
            format!(
                r#"{{"type":"FederatedUser","arn":"arn:aws:sts::1:federated-user/x","sessionContext":{{"sessionIssuer":{{"type":"IAMUser","arn":"{user}"}}}}}}"#
            ),
            Principal::User(user.into()),
        ),
        (
            r#"{"type":"Root","accountId":"111122223333","arn":"arn:aws:iam::111122223333:root"}"#.into(),
            Principal::Root("111122223333".into()),
        ),
        (r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#.into(), Principal::Service("ec2.amazonaws.com".into())),
        (r#"{"invokedBy":"ec2.amazonaws.com"}"#.into(), Principal::Service("ec2.amazonaws.com".into())),
        (
            r#"{"type":"AWSAccount","accountId":"222233334444","principalId":"AROA2:x"}"#.into(),
            Principal::OtherAccount("222233334444".into()),
        ),
        (r#"{"type":"AWSAccount","accountId":"ANONYMOUS_PRINCIPAL","principalId":""}"#.into(), Principal::Anonymous),
        (r#"{"type":"SAMLUser","principalId":"p:alice","userName":"alice"}"#.into(), Principal::External("p:alice".into())),
        (r#"{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}}"#.into(), Principal::External("u-1".into())),
        (r#"{"type":"Role","arn":"arn:aws:iam::1:role/x"}"#.into(), Principal::Role("arn:aws:iam::1:role/x".into())),
        (r#"{"type":"IAMUser","userName":"HIDDEN_DUE_TO_SECURITY_REASONS","accountId":"1"}"#.into(), Principal::Unknown),
        (r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:federated-user/x"}"#.into(), Principal::Unknown),
        (r#"{"type":"Sorcerer","arn":"arn:aws:iam::1:user/x"}"#.into(), Principal::Unknown),
        ("{}".into(), Principal::Unknown),
        (r#"{"type":{"x":1},"arn":[]}"#.into(), Principal::Unknown),
    ] {
        assert_eq!(principal(&json), want, "{json}");
    }
}
