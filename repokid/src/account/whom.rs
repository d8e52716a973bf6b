//! How people name who is meant, in every command alike: a role by its name, `user/NAME`, `group/NAME`, or an ARN.

use menagerie_aws::Arn;

use super::Kind;

/// Who is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom<'a> {
    /// Whoever has this ARN.
    Arn(&'a str),
    /// Whoever of this kind has this name, in any case, as IAM takes it.
    Name(Kind, &'a str),
}

impl<'a> Whom<'a> {
    /// Of what was typed.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        match text.split_once('/') {
            _ if text.starts_with("arn:") => Self::Arn(text),
            Some(("user", name)) => Self::Name(Kind::User, name),
            Some(("group", name)) => Self::Name(Kind::Group, name),
            Some(("role", name)) => Self::Name(Kind::Role, name),
            _ => Self::Name(Kind::Role, text),
        }
    }

    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, arn: &Arn, name: &str) -> bool {
        match self {
            Self::Arn(wanted) => arn.as_str() == *wanted,
            Self::Name(kind, wanted) => Kind::of(arn) == *kind && name.eq_ignore_ascii_case(wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_a_roles() {
        assert_eq!(Whom::parse("reader"), Whom::Name(Kind::Role, "reader"));
        assert_eq!(Whom::parse("role/reader"), Whom::Name(Kind::Role, "reader"));
        assert_eq!(Whom::parse("user/ann"), Whom::Name(Kind::User, "ann"));
        assert_eq!(Whom::parse("group/team"), Whom::Name(Kind::Group, "team"));
        assert_eq!(Whom::parse("arn:aws:iam::111122223333:user/ann"), Whom::Arn("arn:aws:iam::111122223333:user/ann"));
    }

    #[test]
    fn a_name_is_of_one_kind_under_any_path() {
        let arn = |text: &str| format!("arn:aws:iam::111122223333:{text}").parse().expect("an ARN");
        let is = |typed: &str, of: &str| Whom::parse(typed).is(&arn(of), of.rsplit('/').next().expect("a name"));
        assert!(is("user/ANN", "user/team/ann") && is("ann", "role/ann"));
        assert!(!is("ann", "user/ann") && !is("user/ann", "role/ann") && !is("group/ann", "user/ann"));
        assert!(is("arn:aws:iam::111122223333:user/team/ann", "user/team/ann"));
        assert!(!is("arn:aws:iam::111122223333:user/ann", "user/team/ann"));
    }
}
