//! The inventory of an account as IAM holds it now.

use std::collections::BTreeSet;
use std::time::SystemTime;

use jiff::Timestamp;
use menagerie_aws::Arn;
use menagerie_aws_iam::{Details, Holder, PrincipalKind};

use super::{Document, Inline, Inventory, Kind, Managed, Principal, Problem, Version};

/// Makes an inventory of what IAM answered. AWS's managed policies that no principal has are left out; what has no ARN is told.
#[must_use]
pub fn inventory(details: Details) -> (Inventory, Vec<Problem>) {
    let (mut inventory, mut problems) = (Inventory::default(), Vec::new());
    for principal in details.principals {
        match principal.arn.parse() {
            Ok(arn) => inventory.principals.push(of_principal(principal, arn)),
            Err(_) => problems.push(Problem::new("IAM", format!("{} is left out: {:?} is no ARN", principal.name, principal.arn))),
        }
    }
    inventory.principals.sort_by(|left, right| left.arn.cmp(&right.arn));
    let had: BTreeSet<String> =
        inventory.principals.iter().flat_map(|principal| principal.attached.iter().chain(&principal.boundary)).cloned().collect();
    for managed in details.managed {
        match managed.arn.parse::<Arn>() {
            Ok(arn) if arn.account() != "aws" || had.contains(arn.as_str()) => {
                inventory.managed.insert(arn.as_str().to_owned(), of_managed(managed, arn));
            }
            Ok(_) => {}
            Err(_) => problems.push(Problem::new("IAM", format!("{} is left out: {:?} is no ARN", managed.name, managed.arn))),
        }
    }
    (inventory, problems)
}

/// The principal as IAM's operations name it, by its ARN; none if it is the ARN of something else.
#[must_use]
pub fn holder(arn: &Arn) -> Option<Holder> {
    let (kind, path) = arn.resource().split_once('/').filter(|_| arn.service() == "iam")?;
    let kind = match kind {
        "role" => PrincipalKind::Role,
        "user" => PrincipalKind::User,
        "group" => PrincipalKind::Group,
        _ => return None,
    };
    let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(Holder { kind, name: name.to_owned() })
}

fn time(time: Option<SystemTime>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::try_from(time).ok())
}

fn of_principal(principal: menagerie_aws_iam::Principal, arn: Arn) -> Principal {
    Principal {
        arn,
        kind: match principal.kind {
            PrincipalKind::Role => Kind::Role,
            PrincipalKind::User => Kind::User,
            PrincipalKind::Group => Kind::Group,
        },
        id: principal.id,
        name: principal.name,
        path: principal.path,
        created: time(principal.created),
        trust: principal.trust.map(Document::new),
        inline: principal.inline.into_iter().map(|inline| Inline { name: inline.name, document: Document::new(inline.document) }).collect(),
        attached: principal.attached,
        groups: principal.groups,
        boundary: principal.boundary,
        tags: principal.tags.into_iter().collect(),
        last_used: time(principal.last_used),
    }
}

fn of_managed(managed: menagerie_aws_iam::Managed, arn: Arn) -> Managed {
    let version = |version: menagerie_aws_iam::Version| Version {
        id: version.id,
        document: Document::new(version.document),
        created: time(version.created),
    };
    // The answer may lack the name, which is the end of the ARN.
    let name = arn.resource().rsplit('/').next().unwrap_or_default().to_owned();
    Managed {
        arn,
        name: if managed.name.is_empty() { name } else { managed.name },
        path: managed.path,
        default_version: managed.default_version,
        versions: managed.versions.into_iter().map(version).collect(),
        attachments: managed.attachments,
        boundaries: managed.boundaries,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_named_without_its_path() {
        let of = |text: &str| holder(&text.parse().expect("an ARN")).map(|holder| (holder.kind, holder.name));
        assert_eq!(of("arn:aws:iam::111122223333:role/team/reader"), Some((PrincipalKind::Role, "reader".to_owned())));
        assert_eq!(of("arn:aws:iam::111122223333:user/ann"), Some((PrincipalKind::User, "ann".to_owned())));
        assert_eq!(of("arn:aws:iam::111122223333:policy/p"), None);
        assert_eq!(of("arn:aws:sts::111122223333:assumed-role/reader/s"), None);
    }

    #[test]
    fn policies_of_aws_that_nobody_has_are_left_out() {
        let managed = |arn: &str| menagerie_aws_iam::Managed {
            arn: arn.to_owned(),
            name: "p".to_owned(),
            path: "/".to_owned(),
            default_version: "v1".to_owned(),
            versions: Vec::new(),
            attachments: None,
            boundaries: None,
        };
        let own = "arn:aws:iam::111122223333:policy/p";
        let details = Details { principals: Vec::new(), managed: vec![managed("arn:aws:iam::aws:policy/p"), managed(own), managed("p")] };
        let (inventory, problems) = inventory(details);
        assert_eq!(inventory.managed.keys().collect::<Vec<_>>(), [own]);
        assert_eq!(problems.len(), 1);
    }
}
