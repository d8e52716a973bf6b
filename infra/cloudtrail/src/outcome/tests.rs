//! Outcomes: codes and messages of denials.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

#[test]
fn the_list_can_be_searched() {
    assert!(DENIALS.is_sorted());
}

#[test]
fn codes_that_mean_a_denial() {
    for code in [
        "AccessDenied",
        "AccessDeniedException",
        "Client.UnauthorizedOperation",
        "UnauthorizedOperation",
        "AuthorizationError",
        "KMSAccessDeniedException",
        "com.amazon.coral.service#AccessDeniedException",
        "AccessDeniedException:http://internal.amazon.com/coral/",
        "403",
        "Forbidden",
    ] {
        assert!(is_denial(code), "{code}");
        assert_eq!(Outcome::of_code(code, || None), Outcome::Denied);
    }
    for code in
        ["ThrottlingException", "Client.DryRunOperation", "NotAuthorizedException", "AuthFailure", "NoSuchKey", "AccessDeniedish", ""]
    {
        assert!(!is_denial(code), "{code}");
        assert_eq!(Outcome::of_code(code, || None), Outcome::OtherError);
    }
}

#[test]
fn a_message_tells_a_denial_of_the_caller_only() {
    let mine = "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: r";
    let anothers = "The role arn:aws:iam::1:role/x is not authorized to perform: s3:GetObject";
    assert_eq!(Outcome::of_code("ValidationException", || Some(mine.into())), Outcome::Denied);
    assert_eq!(Outcome::of_code("ValidationException", || Some(anothers.into())), Outcome::OtherError);
    assert!(Outcome::OtherError.is_use() && Outcome::Used.is_use() && !Outcome::Denied.is_use());
}

#[test]
fn denials_say_what_and_why() {
    const WHO: &str = "arn:aws:sts::111122223333:assumed-role/A/b";
    for (rest, resource, reason, policy) in [
        (
            "on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action",
            Some("arn:aws:s3:::b/k"),
            Reason::NotAllowedBy(PolicyKind::Identity),
            None,
        ),
        (
            "on resource: \"arn:aws:s3:::b/k\" because no resource-based policy allows the s3:GetObject action",
            Some("arn:aws:s3:::b/k"),
            Reason::NotAllowedBy(PolicyKind::Resource),
            None,
        ),
        ("because no permissions boundary allows the s3:GetObject action", None, Reason::NotAllowedBy(PolicyKind::Boundary), None),
        (
            "on resource: * because no session policy allows the s3:GetObject action",
            Some("*"),
            Reason::NotAllowedBy(PolicyKind::Session),
            None,
        ),
        (
            "on resource: * because no service control policy allows the s3:GetObject action",
            Some("*"),
            Reason::NotAllowedBy(PolicyKind::ServiceControl),
            None,
        ),
        (
            "on resource: * because no VPC endpoint policy allows the s3:GetObject action",
            Some("*"),
            Reason::NotAllowedBy(PolicyKind::VpcEndpoint),
            None,
        ),
        ("on resource: * with an explicit deny in an identity-based policy", Some("*"), Reason::DeniedBy(PolicyKind::Identity), None),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/p-1",
            None,
            Reason::DeniedBy(PolicyKind::ServiceControl),
            Some("arn:aws:organizations::1:policy/o-1/p-1"),
        ),
        (
            "on resource: * with an explicit deny in a resource control policy",
            Some("*"),
            Reason::DeniedBy(PolicyKind::ResourceControl),
            None,
        ),
        ("on resource: * with an explicit deny in a permissions boundary", Some("*"), Reason::DeniedBy(PolicyKind::Boundary), None),
        ("on resource: * with an explicit deny", Some("*"), Reason::NotSaid, None),
        ("on resource: arn:aws:iam::1:role/x", Some("arn:aws:iam::1:role/x"), Reason::NotSaid, None),
        ("because no crystal ball allows it", None, Reason::NotSaid, None),
    ] {
        let message = format!("User: {WHO} is not authorized to perform: s3:GetObject {rest}");
        let denial = Denial::parse(&message).unwrap();
        assert_eq!((denial.principal, denial.action), (WHO, "s3:GetObject"));
        assert_eq!((denial.resource, denial.reason, denial.policy), (resource, reason, policy), "{rest}");
    }
    for message in
        ["Access Denied", "Encoded authorization failure message: abc", "User: x is not authorized to perform: nothing", "User: "]
    {
        assert_eq!(Denial::parse(message), None, "{message}");
    }
}
