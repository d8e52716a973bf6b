//! Where usage comes from, as it is typed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

/// Why a text is no such place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// A bucket has no name.
    #[error("{0:?} names no bucket: s3://BUCKET/PREFIX is wanted")]
    Bucket(String),
    /// A table has no name that Athena takes.
    #[error("{0:?} names no table: athena://DATABASE/TABLE is wanted, of letters, digits and underscores")]
    Table(String),
    /// A setting is not known.
    #[error("{setting:?} is no setting of {place}")]
    Setting {
        /// The setting.
        setting: String,
        /// The kind of place.
        place: &'static str,
    },
    /// Another scheme.
    #[error("{0:?} is neither a path nor s3://, athena:// or lookup://")]
    Scheme(String),
}

/// Where usage comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedPlace {
    /// A folder or a file.
    Folder(PathBuf),
    /// Objects of a bucket whose keys begin so: `s3://BUCKET/PREFIX`.
    Bucket {
        /// The bucket.
        bucket: String,
        /// What their keys begin with.
        prefix: String,
    },
    /// A table of CloudTrail's logs: `athena://DATABASE/TABLE?workgroup=W&output=s3://…&partition=timestamp`.
    Athena {
        /// The database.
        database: String,
        /// The table.
        table: String,
        /// The workgroup.
        workgroup: Option<String>,
        /// Where Athena puts its answers, if the workgroup does not say.
        output: Option<String>,
        /// A column that the table is partitioned by, whose values are dates as `2026/01/31`.
        partition: Option<String>,
    },
    /// The event history of the account: `lookup://`, or of another Region than the session's `lookup://REGION`.
    Lookup {
        /// The Region.
        region: Option<String>,
    },
}

impl FromStr for FeedPlace {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(Self::Folder(text.into())) };
        match scheme {
            "s3" => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                let is_bucket = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
                let named = !bucket.is_empty() && bucket.bytes().all(is_bucket);
                let place = Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
                named.then_some(place).ok_or_else(|| PlaceError::Bucket(text.to_owned()))
            }
            "athena" => athena(text, rest),
            "lookup" => Ok(Self::Lookup { region: Some(rest.trim_end_matches('/').to_owned()).filter(|region| !region.is_empty()) }),
            _ => Err(PlaceError::Scheme(text.to_owned())),
        }
    }
}

/// A name that can stand between double quotes in SQL.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn athena(text: &str, rest: &str) -> Result<FeedPlace, PlaceError> {
    let (names, settings) = rest.split_once('?').unwrap_or((rest, ""));
    let (database, table) = names.split_once('/').ok_or_else(|| PlaceError::Table(text.to_owned()))?;
    let mut said: BTreeMap<&str, String> = BTreeMap::new();
    for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        if !matches!(name, "workgroup" | "output" | "partition") || value.is_empty() {
            return Err(PlaceError::Setting { setting: setting.to_owned(), place: "athena://" });
        }
        said.insert(name, value.to_owned());
    }
    let partition = said.remove("partition");
    if !is_name(database) || !is_name(table) || partition.as_deref().is_some_and(|column| !is_name(column)) {
        return Err(PlaceError::Table(text.to_owned()));
    }
    let (workgroup, output) = (said.remove("workgroup"), said.remove("output"));
    Ok(FeedPlace::Athena { database: database.to_owned(), table: table.to_owned(), workgroup, output, partition })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_as_they_are_typed() {
        let bucket = |bucket: &str, prefix: &str| FeedPlace::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        assert_eq!("logs/".parse(), Ok(FeedPlace::Folder("logs/".into())));
        assert_eq!("s3://trail".parse(), Ok(bucket("trail", "")));
        assert_eq!("s3://trail/AWSLogs/o-1/".parse(), Ok(bucket("trail", "AWSLogs/o-1/")));
        assert_eq!("lookup://".parse(), Ok(FeedPlace::Lookup { region: None }));
        assert_eq!("lookup://eu-west-1".parse(), Ok(FeedPlace::Lookup { region: Some("eu-west-1".to_owned()) }));
        let table = FeedPlace::Athena {
            database: "logs".to_owned(),
            table: "cloudtrail_logs".to_owned(),
            workgroup: Some("audit".to_owned()),
            output: Some("s3://out/x/".to_owned()),
            partition: Some("timestamp".to_owned()),
        };
        assert_eq!("athena://logs/cloudtrail_logs?workgroup=audit&output=s3://out/x/&partition=timestamp".parse(), Ok(table));
    }

    #[test]
    fn what_is_no_place() {
        for text in [
            "s3://",
            "s3:///x",
            "s3://a b",
            "athena://x",
            "athena://a/b\"c",
            "athena://a/b?partition=x;y",
            "athena://a/b?colour=red",
            "ftp://x",
        ] {
            assert!(text.parse::<FeedPlace>().is_err(), "{text}");
        }
    }
}
