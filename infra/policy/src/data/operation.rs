//! What authorises an operation of an AWS SDK, as CloudTrail names it: an event's source and name. botocore's models tell the operations;
//! 94 of 100 are named like their action, and the links of the actions' documentation and `data/operations.txt` tell most of the others.
//! Where none of it tells, the answer is that it is unknown, never a guess: an action that does not exist is never named.

use super::table::order;

/// An answer of [`super::Catalogue::operation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A call is authorised by [`Call::actions`], of which there is at least one.
    Authorised(&'static Call),
    /// A call needs no permission (`ConsoleLogin`, a user's own sign-up).
    Free(&'static Call),
    /// It is not known what authorises it.
    Unknown(Unknown),
}

/// Why an operation is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// No service has this event source.
    Source,
    /// The service has no operation of this name.
    Name,
    /// The operation is known, but nothing tells what authorises it.
    Actions(&'static Call),
}

/// An operation and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    group: &'static str,
    name: &'static str,
    basis: Basis,
    /// Its actions, the roles that it hands over and its parameters, as the line has them.
    rest: &'static str,
}

/// What tells that an operation is authorised by its actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The SDK has the operation, and the service an action of the same name.
    Named,
    /// The service has an action of the event's name, though the SDK has no operation.
    Action,
    /// AWS's service reference.
    Reference,
    /// The action's documentation is the operation's page.
    Documented,
    /// This project's table, from AWS's documentation.
    Curated,
    /// Nothing.
    Nothing,
}

/// How an operation needs an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Each call needs it.
    Direct,
    /// Some calls need it, by what they ask for; [`OperationAction::when`] names the request parameter, where there is one.
    Possible,
    /// A call may need it beside; CloudTrail does not show it.
    Dependent,
}

/// An action that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationAction {
    /// The prefix of its service.
    pub service: &'static str,
    /// Its name, as the catalogue has it.
    pub name: &'static str,
    /// How it is needed.
    pub how: How,
    /// The request parameter whose presence asks for it.
    pub when: Option<&'static str>,
}

/// A request parameter that names a role which the caller hands to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedRole {
    /// Where it is in `requestParameters`: members joined by `.`, and `[]` for the elements of a list (`overrides.taskRoleArn`,
    /// `targets[].roleArn`). Names are to be compared without regard to case, since S3's bodies keep their capitals, and EC2 wraps some requests
    /// in a member of its own (`CreateLaunchTemplateRequest`).
    pub path: &'static str,
    /// Whether AWS's documentation says that the action needs `iam:PassRole`; otherwise the parameter's name alone speaks for it.
    pub documented: bool,
}

impl PassedRole {
    /// Whether the parameter names an instance profile, whose role is what is passed.
    #[must_use]
    pub fn is_instance_profile(&self) -> bool {
        let path = self.path.to_ascii_lowercase();
        path.contains("instanceprofile") || path.ends_with("jobflowrole")
    }
}

impl Operation {
    /// The operation, if it is known, whatever is known of its permissions.
    #[must_use]
    pub fn call(self) -> Option<&'static Call> {
        match self {
            Self::Authorised(call) | Self::Free(call) | Self::Unknown(Unknown::Actions(call)) => Some(call),
            Self::Unknown(_) => None,
        }
    }

    /// The actions that it needs: none where it is free or unknown.
    pub fn actions(self) -> impl Iterator<Item = OperationAction> {
        self.call().into_iter().flat_map(Call::actions)
    }

    /// The request parameters that hand a role to a service.
    pub fn pass_role_parameters(self) -> impl Iterator<Item = PassedRole> {
        self.call().into_iter().flat_map(Call::pass_role_parameters)
    }

    /// The request parameters that name resources.
    pub fn parameters(self) -> impl Iterator<Item = &'static str> {
        self.call().into_iter().flat_map(Call::parameters)
    }
}

impl Call {
    /// Decodes a line of a section.
    pub(super) fn read(group: &'static str, line: &'static str) -> Option<Self> {
        let mut fields = line.splitn(3, '\t');
        let (name, basis, rest) = (fields.next()?, fields.next()?, fields.next()?);
        let basis = match basis {
            "n" => Basis::Named,
            "a" => Basis::Action,
            "r" => Basis::Reference,
            "d" => Basis::Documented,
            "c" | "0" => Basis::Curated,
            "u" => Basis::Nothing,
            _ => return None,
        };
        Some(Self { group, name, basis, rest })
    }

    pub(super) fn answer(&'static self) -> Operation {
        match self.basis {
            Basis::Nothing => Operation::Unknown(Unknown::Actions(self)),
            _ if self.field(0).is_empty() => Operation::Free(self),
            _ => Operation::Authorised(self),
        }
    }

    fn field(&self, number: usize) -> &'static str {
        self.rest.split('\t').nth(number).unwrap_or_default()
    }

    /// Whose operation it is: an IAM prefix, or botocore's name of a service that has none.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// Its name, without the version that CloudTrail may write at its end.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What tells its actions.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The actions that it needs: those that authorise it first, then what it may need beside.
    pub fn actions(&self) -> impl Iterator<Item = OperationAction> + use<> {
        self.field(0).split_ascii_whitespace().filter_map(|field| {
            let how = match field.as_bytes().first()? {
                b'=' => How::Direct,
                b'?' => How::Possible,
                b'+' => How::Dependent,
                _ => return None,
            };
            let (action, when) = match field.get(1..)?.split_once('@') {
                Some((action, when)) => (action, Some(when)),
                None => (field.get(1..)?, None),
            };
            let (service, name) = action.split_once(':')?;
            Some(OperationAction { service, name, how, when })
        })
    }

    /// The request parameters that hand a role to a service, as CloudTrail writes them.
    pub fn pass_role_parameters(&self) -> impl Iterator<Item = PassedRole> + use<> {
        self.field(1).split_ascii_whitespace().filter_map(|field| {
            let path = field.get(1..)?;
            Some(PassedRole { path, documented: field.starts_with('!') })
        })
    }

    /// The request parameters that name resources (identifiers, names, ARNs), as CloudTrail writes them: the first letter small.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.field(2).split_ascii_whitespace()
    }
}

/// Finds an operation among a section's, which are sorted; also by a name that ends in the API's version, as CloudTrail writes it of some
/// services (`CreateFunction20150331`, `UpdateFunctionCode20150331v2`, `CreateDistribution2020_05_31`).
pub(super) fn find(calls: &'static [Call], name: &str) -> Option<&'static Call> {
    let by_name = |name: &str| calls.binary_search_by(|call| order(call.name, name)).ok().and_then(|at| calls.get(at));
    by_name(name).or_else(|| by_name(without_version(name)?))
}

/// The name without a date, and a `v` and digits after the date, at its end.
fn without_version(name: &str) -> Option<&str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let dated = match name.rsplit_once('v') {
        Some((before, revision)) if digits(revision) => before,
        _ => name,
    };
    let is_date = |text: &str| text.starts_with("20") && digits(text);
    let plain = |length: usize| dated.len().checked_sub(length).and_then(|at| dated.split_at_checked(at));
    match (plain(8), plain(10)) {
        (Some((name, date)), _) if is_date(date) => Some(name),
        (_, Some((name, date)))
            if is_date(&date.replacen('_', "", 2)) && date.len() == 10 && date.get(4..5) == Some("_") && date.get(7..8) == Some("_") =>
        {
            Some(name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::without_version;

    #[test]
    fn only_a_version_comes_off_a_name() {
        for (name, plain) in [
            ("CreateFunction20150331", Some("CreateFunction")),
            ("UpdateFunctionCode20150331v2", Some("UpdateFunctionCode")),
            ("CreateDistribution2020_05_31", Some("CreateDistribution")),
            ("ListObjectsV2", None),
            ("GetFindingsv2", None),
            ("DescribeBuild12345678", None),
            ("CreateDistribution2020-05-31", None),
            ("20150331", Some("")),
            ("v2", None),
            ("é20150331", Some("é")),
            ("aéé20_05_31", None),
        ] {
            assert_eq!(without_version(name), plain, "{name}");
        }
    }
}
