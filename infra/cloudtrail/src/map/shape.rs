//! The forms that services give names in, where they are not the part of the ARN as it stands: URLs, partial ARNs, paths, prefixes.

use std::borrow::Cow;

use super::Resource;
use super::arn::{Scene, is_arn, last_part};

/// A form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// The part itself, or a whole ARN.
    Plain,
    /// The part begins so; what does not is of another type (`i-` beside `mi-`).
    Starts(Box<str>),
    /// What is after the last `/` (`/hostedzone/Z1`).
    Last,
    /// A queue's URL, which tells the account too.
    Queue,
    /// A function's name, ARN, or partial ARN, with or without a qualifier.
    Function,
    /// A secret's name or ARN, with or without the six random characters at the end.
    Secret,
    /// The name of a thing of IAM, whose path the request may tell.
    Named,
    /// `alias/` is in front of it.
    Alias,
    /// A key's id; not an alias, which does not tell the key.
    Key,
    /// Without the `/` in front.
    Bare,
    /// Without the scheme in front.
    Host,
    /// A group of logs, whose ARN is written with and without `:*`.
    LogGroup,
    /// A bucket's name; not an access point's ARN or alias.
    Bucket,
    /// An access point's ARN; not a bucket's name.
    AccessPoint,
    /// `bucket/key`, URL-encoded, of an object that is copied.
    CopySource,
    /// An account's id; anything else (an organisation's unit) is not.
    AccountId,
    /// Of a name and an optional part after `:`, the name (`family:revision`).
    BeforeColon,
    /// Of a name and a part after `:`, that part.
    AfterColon,
    /// An ARN, whatever of.
    Arn,
    /// A name that does not tell the ARN.
    Unknown,
    /// Not `default`.
    NotDefault,
    /// By what targets are chosen: if not by their ids, which they are is not told.
    TargetKey,
    /// A catalog's id, if it is not the account's, which is that of the root.
    Catalog,
    /// `REGIONAL` or `CLOUDFRONT`.
    Scope,
    /// A foundation model's id.
    Model,
    /// The id of a profile that spreads calls over regions: a model's, with their continent in front.
    Profile,
}

/// What a value comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shaped<'a> {
    /// The part.
    Part(Cow<'a, str>),
    /// How the part begins.
    Begins(&'a str),
    /// How the part ends.
    Ends(&'a str),
    /// The resource.
    Whole(Resource),
    /// It is of another type.
    Other,
}

impl Shape {
    pub(super) fn new(name: &str) -> Option<Self> {
        Some(match name {
            "last" => Self::Last,
            "queue" => Self::Queue,
            "function" => Self::Function,
            "secret" => Self::Secret,
            "named" => Self::Named,
            "alias" => Self::Alias,
            "key" => Self::Key,
            "bare" => Self::Bare,
            "host" => Self::Host,
            "loggroup" => Self::LogGroup,
            "bucket" => Self::Bucket,
            "accesspoint" => Self::AccessPoint,
            "copysource" => Self::CopySource,
            "account" => Self::AccountId,
            "family" => Self::BeforeColon,
            "revision" => Self::AfterColon,
            "arn" => Self::Arn,
            "unknown" => Self::Unknown,
            "notdefault" => Self::NotDefault,
            "targetkey" => Self::TargetKey,
            "catalog" => Self::Catalog,
            "scope" => Self::Scope,
            "model" => Self::Model,
            "profile" => Self::Profile,
            prefix if prefix.ends_with(['-', ':']) => Self::Starts(prefix.into()),
            _ => return None,
        })
    }

    /// What a value of this form says. `path` is what the request says of a path in IAM: of what it makes, it tells all.
    pub(super) fn read<'a>(&self, value: &'a str, scene: Scene<'_>, path: Option<&str>) -> Shaped<'a> {
        let part = |text: &'a str| Shaped::Part(Cow::Borrowed(text));
        #[expect(clippy::match_same_arms, reason = "one line for each form")]
        match self {
            Self::Plain => part(value),
            Self::Starts(prefix) if value.starts_with(&**prefix) => part(value),
            Self::Starts(_) => Shaped::Other,
            Self::Last => part(value.trim_end_matches('/').rsplit('/').next().unwrap_or(value)),
            Self::Queue => queue(value, scene).map_or_else(|| part(value), Shaped::Whole),
            Self::Function => function(value, scene),
            Self::Secret => secret(value),
            Self::Named => match path {
                Some(path) => Shaped::Part(Cow::Owned(format!("{}{value}", path.trim_start_matches('/')))),
                None => Shaped::Ends(value),
            },
            Self::Alias => part(value.strip_prefix("alias/").unwrap_or(value)),
            Self::Key if value.starts_with("alias/") => Shaped::Other,
            Self::Key => part(value),
            Self::Bare => part(value.trim_start_matches('/')),
            Self::Host => part(value.strip_prefix("https://").unwrap_or(value)),
            Self::LogGroup => match value.strip_prefix("arn:") {
                Some(_) => Shaped::Whole(Resource::Part { start: value.trim_end_matches(":*").to_owned(), end: String::new() }),
                None => Shaped::Begins(value),
            },
            Self::Bucket if value.starts_with("arn:") || value.contains('/') => Shaped::Other,
            Self::Bucket if value.ends_with("-s3alias") || value.ends_with("--ol-s3") => Shaped::Whole(Resource::Unknown),
            Self::Bucket => part(value),
            Self::AccessPoint if value.contains(":accesspoint/") => part(value.rsplit('/').next().unwrap_or(value)),
            Self::AccessPoint => Shaped::Other,
            Self::AfterColon => value.split_once(':').map_or(Shaped::Other, |(_, revision)| part(revision)),
            Self::Arn if is_arn(value) => Shaped::Whole(Resource::Arn(value.to_owned())),
            Self::Arn => Shaped::Other,
            Self::NotDefault if value == "default" => Shaped::Other,
            Self::NotDefault => part(value),
            Self::TargetKey if value.eq_ignore_ascii_case("InstanceIds") => Shaped::Other,
            Self::Catalog if value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()) => Shaped::Other,
            Self::Unknown | Self::TargetKey | Self::Catalog => Shaped::Whole(Resource::Unknown),
            Self::Scope => match value {
                "REGIONAL" => part("regional"),
                "CLOUDFRONT" => part("global"),
                _ => Shaped::Other,
            },
            Self::CopySource => Shaped::Whole(copy_source(value, scene)),
            Self::Model | Self::Profile if is_of_continent(value) != (*self == Self::Profile) => Shaped::Other,
            Self::Model | Self::Profile => part(value),
            Self::AccountId if value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()) => part(value),
            Self::AccountId => Shaped::Other,
            Self::BeforeColon => match value.split_once(':') {
                Some(_) if value.starts_with("arn:") => part(last_part(value.rsplit_once(':').map_or(value, |(before, _)| before))),
                Some((family, _)) => part(family),
                None => part(value),
            },
        }
    }
}

/// `https://sqs.eu-west-1.amazonaws.com/111122223333/name`, and the older `https://eu-west-1.queue.amazonaws.com/…`.
fn queue(url: &str, scene: Scene<'_>) -> Option<Resource> {
    let (host, path) = url.split_once("://")?.1.split_once('/')?;
    let (account, name) = path.trim_end_matches('/').split_once('/')?;
    let is_region = |label: &&str| label.contains('-') && !label.starts_with("vpce");
    let region = host.split('.').find(is_region).or(scene.region)?;
    Some(Resource::Arn(format!("arn:{}:sqs:{region}:{account}:{name}", scene.partition)))
}

/// `name`, `name:qualifier`, `account:function:name[:qualifier]`, or an ARN. A qualified call is authorised on the qualified ARN.
fn function<'a>(value: &'a str, scene: Scene<'_>) -> Shaped<'a> {
    if is_arn(value) {
        return if value.contains(":function:") { Shaped::Whole(Resource::Arn(value.to_owned())) } else { Shaped::Other };
    }
    match value.split_once(":function:") {
        Some((account, name)) => {
            let Some(region) = scene.region else { return Shaped::Whole(Resource::Unknown) };
            Shaped::Whole(Resource::Arn(format!("arn:{}:lambda:{region}:{account}:function:{name}", scene.partition)))
        }
        None => Shaped::Part(Cow::Borrowed(value.strip_prefix("function:").unwrap_or(value))),
    }
}

/// The ARN of a secret ends in `-` and six random letters and digits. A name, and an ARN without them, are taken too; six small letters
/// after a hyphen are as likely a word of the name, so that they are not taken for random.
fn secret(value: &str) -> Shaped<'_> {
    let random = value.len() > 7
        && value.as_bytes()[value.len() - 7] == b'-'
        && value.as_bytes()[value.len() - 6..].iter().all(u8::is_ascii_alphanumeric)
        && value.as_bytes()[value.len() - 6..].iter().any(|byte| !byte.is_ascii_lowercase());
    match (value.starts_with("arn:"), random) {
        (true, true) => Shaped::Whole(Resource::Arn(value.to_owned())),
        (true, false) => Shaped::Whole(Resource::Part { start: value.to_owned(), end: String::new() }),
        (false, _) => Shaped::Begins(value),
    }
}

/// `/bucket/key?versionId=…`, or an access point's ARN. Where the key is encoded, only the bucket is told.
fn copy_source(value: &str, scene: Scene<'_>) -> Resource {
    let source = value.split_once('?').map_or(value, |(source, _)| source).trim_start_matches('/');
    match source.split_once('/') {
        _ if source.starts_with("arn:") => Resource::Unknown,
        Some((bucket, key)) if !bucket.is_empty() && key.contains(['%', '+']) => {
            Resource::Part { start: format!("arn:{}:s3:::{bucket}/", scene.partition), end: String::new() }
        }
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Resource::Arn(format!("arn:{}:s3:::{source}", scene.partition)),
        _ => Resource::Unknown,
    }
}

/// Whether a model's id has the continent in front (`eu.anthropic.claude…`).
fn is_of_continent(value: &str) -> bool {
    let head = value.split_once('.').map_or("", |(head, _)| head);
    matches!(head, "us" | "eu" | "apac" | "jp" | "au" | "ca" | "sa" | "us-gov" | "global")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    const SCENE: Scene<'_> = Scene { partition: "aws", region: Some("eu-west-1"), account: Some("111122223333") };

    fn read<'a>(shape: &str, value: &'a str) -> Shaped<'a> {
        Shape::new(shape).unwrap().read(value, SCENE, None)
    }

    fn whole(arn: &str) -> Shaped<'static> {
        Shaped::Whole(Resource::Arn(arn.to_owned()))
    }

    #[test]
    fn forms_of_names_are_read() {
        let part = |text: &'static str| Shaped::Part(Cow::Borrowed(text));
        assert_eq!(read("queue", "https://sqs.us-east-1.amazonaws.com/444455556666/q"), whole("arn:aws:sqs:us-east-1:444455556666:q"));
        assert_eq!(read("queue", "https://us-west-2.queue.amazonaws.com/444455556666/q"), whole("arn:aws:sqs:us-west-2:444455556666:q"));
        assert_eq!(read("queue", "https://queue.amazonaws.com/444455556666/q"), whole("arn:aws:sqs:eu-west-1:444455556666:q"));
        assert_eq!(read("queue", "q"), part("q"));
        assert_eq!(read("function", "444455556666:function:f:live"), whole("arn:aws:lambda:eu-west-1:444455556666:function:f:live"));
        assert_eq!(read("function", "f"), part("f"));
        assert_eq!(read("last", "/hostedzone/Z1"), part("Z1"));
        assert_eq!(read("bare", "/a/b"), part("a/b"));
        assert_eq!(read("key", "alias/a"), Shaped::Other);
        assert_eq!(read("i-", "mi-1"), Shaped::Other);
        assert_eq!(read("account", "ou-1"), Shaped::Other);
        assert_eq!(read("family", "web:3"), part("web"));
        assert_eq!(read("copysource", "/b/k?versionId=1"), whole("arn:aws:s3:::b/k"));
        assert_eq!(read("model", "eu.anthropic.claude"), Shaped::Other);
        assert_eq!(read("profile", "eu.anthropic.claude"), part("eu.anthropic.claude"));
        assert_eq!(read("copysource", "b"), Shaped::Whole(Resource::Unknown));
        assert_eq!(Shape::new("no such"), None);
    }

    #[test]
    fn a_secret_without_its_end_is_told_in_part() {
        let arn = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{name}");
        assert_eq!(read("secret", &arn("a-4Rzn83")), whole(&arn("a-4Rzn83")));
        assert_eq!(read("secret", &arn("my-secret")), Shaped::Whole(Resource::Part { start: arn("my-secret"), end: String::new() }));
        assert_eq!(read("secret", "my-secret"), Shaped::Begins("my-secret"));
        assert_eq!(read("secret", "ééééé"), Shaped::Begins("ééééé"));
    }
}
