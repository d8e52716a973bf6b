//! AWS's evaluation logic and condition operators, after the examples of the IAM User Guide, in policies of our own.

mod conditions;
mod identity;
mod knowledge;
mod limits;
mod resource;

use super::*;
use crate::document::Policy;

const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";
const BUCKET: &str = "arn:aws:s3:::shelf";
const OBJECT: &str = "arn:aws:s3:::shelf/book";

fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn allow(actions: &str) -> Policy {
    policy(&format!(r#"{{"Sid":"Grant","Effect":"Allow","Action":{actions},"Resource":"*"}}"#))
}

fn deny(actions: &str) -> Policy {
    policy(&format!(r#"{{"Effect":"Deny","Action":{actions},"Resource":"*"}}"#))
}

/// A resource's policy that grants reading to a principal.
fn grants(principal: &str) -> Policy {
    policy(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"{BUCKET}/*"}}"#))
}

fn attached<'a>(name: &'a str, policy: &'a Policy) -> Attached<'a> {
    Attached { name, policy }
}

fn user() -> Principal {
    Principal::User { arn: format!("arn:aws:iam::{ACCOUNT}:user/ann") }
}

fn role() -> Principal {
    let session = Some(format!("arn:aws:sts::{ACCOUNT}:assumed-role/Reader/now"));
    Principal::RoleSession { role: format!("arn:aws:iam::{ACCOUNT}:role/team/Reader"), session }
}

fn request(principal: Principal, action: &str, resource: &str) -> Request {
    let context = Context::complete();
    Request { resource_account: Some(ACCOUNT.to_owned()), context, ..Request::new(principal, action, resource) }
}

fn read(principal: Principal) -> Request {
    request(principal, "s3:GetObject", OBJECT)
}

fn outcome(policies: &Policies<'_>, request: &Request) -> Outcome {
    evaluate(policies, request).outcome
}
