//! What is to be looked at: `github://OWNER[/REPOSITORY]`, `gitlab://GROUP[/SUBGROUP…][/PROJECT]`.

use std::fmt;

use super::Error;

/// A kind of code host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forge {
    /// GitHub, and GitHub Enterprise Server.
    GitHub,
    /// GitLab, also self-managed.
    GitLab,
}

impl Forge {
    /// What stands before `://`.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
        }
    }
}

/// An owner's or a group's repositories, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub forge: Forge,
    /// The parts between slashes, each of letters, digits, `-`, `_` and `.`.
    parts: Vec<String>,
}

/// Whether a part of a name can stand in a URL as it is.
pub(super) fn is_part(part: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !part.is_empty() && part.len() <= 255 && part != "." && part != ".." && part.bytes().all(letter)
}

/// Whether a name is that of a repository: two parts or more.
pub(super) fn is_name(name: &str) -> bool {
    (2..=21).contains(&name.split('/').count()) && name.split('/').all(is_part)
}

impl Target {
    /// Reads a target; `None` if the text is none of a host's, and so a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Result<Self, Error>> {
        let (forge, rest) = [Forge::GitHub, Forge::GitLab]
            .into_iter()
            .find_map(|forge| Some((forge, text.strip_prefix(forge.scheme())?.strip_prefix("://")?)))?;
        let parts: Vec<String> = rest.trim_end_matches('/').split('/').map(str::to_owned).collect();
        let most = if forge == Forge::GitHub { 2 } else { 21 };
        let sound = parts.len() <= most && parts.iter().all(|part| is_part(part));
        Some(if sound { Ok(Self { forge, parts }) } else { Err(Error::Target { name: text.chars().take(300).collect() }) })
    }

    /// The first part: an owner, or a group at the top.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.parts[0]
    }

    /// Of GitHub, the repository, if one is named.
    #[must_use]
    pub fn repository(&self) -> Option<&str> {
        self.parts.get(1).map(String::as_str)
    }

    /// All parts with slashes between them.
    #[must_use]
    pub fn path(&self) -> String {
        self.parts.join("/")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.forge.scheme(), self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_paths() {
        let parse = |text: &str| Target::parse(text).map(|target| target.map(|target| target.to_string()).ok());
        assert_eq!(parse("github://org"), Some(Some("github://org".to_owned())));
        assert_eq!(parse("gitlab://group/sub/project/"), Some(Some("gitlab://group/sub/project".to_owned())));
        for path in ["src", "./github", "github", "s3://bucket", "github:/x"] {
            assert_eq!(parse(path), None, "{path}");
        }
        for wrong in
            ["github://", "github://a/b/c", "gitlab://a/../b", "github://a b", "github://a?x", "gitlab://a//b", "github://user@host"]
        {
            assert_eq!(parse(wrong), Some(None), "{wrong}");
        }
    }
}
