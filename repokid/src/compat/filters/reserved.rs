//! Roles that are not the account's to change: a service's own (`/aws-service-role/`), and those that Identity Center writes anew from its
//! permission sets (`/aws-reserved/`). Asked always.

use crate::state::Role;

pub(super) fn names(role: &Role) -> Option<String> {
    let path = role.arn.resource().strip_prefix("role/")?;
    if path.starts_with("aws-service-role/") {
        Some("it is linked to a service of AWS, which alone may change it".to_owned())
    } else if path.starts_with("aws-reserved/") {
        Some("it is written by Identity Center: change its permission set".to_owned())
    } else {
        None
    }
}
