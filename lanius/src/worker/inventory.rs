//! S3 Inventory: its manifest, and the parts that list objects, as gzipped CSV or as Parquet.
//!
//! Forms are those of the Amazon S3 User Guide ("Inventory lists"): the manifest names the files and their columns; CSV has no
//! header and URL-encoded keys, Parquet has snake-case column names and keys as they are.

use std::fs::File;
use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader as CsvReader};
use flate2::read::MultiGzDecoder;
use menagerie_aws_s3::decoded;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde::{Deserialize, Serialize};

use crate::bucket::Object;

/// The longest row of a CSV that is read: a key has at most 1,024 bytes, three times as many when encoded.
const LONGEST_ROW: usize = 64 << 10;
/// The most columns; S3 has some twenty.
const MOST_COLUMNS: usize = 64;
/// The most files of a manifest.
const MOST_FILES: usize = 100_000;

/// A file of an inventory, as a message names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// [`Part::SCHEMA`].
    pub schema: String,
    /// The bucket that the file is in.
    pub bucket: String,
    /// The file's key.
    pub key: String,
    /// `CSV` or `Parquet`.
    pub format: String,
    /// The columns of a CSV, as the manifest names them.
    #[serde(default)]
    pub columns: String,
}

impl Part {
    /// What such messages call themselves.
    pub const SCHEMA: &'static str = "lanius.inventory-part/1";
}

/// Why an inventory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The manifest is none.
    #[error("the inventory's manifest cannot be used: {0}")]
    Manifest(String),
    /// A part is in a form that is not read.
    #[error("the inventory's format {0:?} is not read: CSV and Parquet are")]
    Format(String),
    /// A part lacks what tells which objects it lists.
    #[error("the inventory's part has no columns Bucket and Key")]
    Columns,
    /// A part is not of its form.
    #[error("the inventory's part is damaged: {0}")]
    Damaged(String),
}

impl From<io::Error> for InventoryError {
    fn from(error: io::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<ParquetError> for InventoryError {
    fn from(error: ParquetError) -> Self {
        Self::Damaged(error.to_string())
    }
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "destinationBucket")]
    destination: String,
    #[serde(rename = "fileFormat")]
    format: String,
    #[serde(rename = "fileSchema")]
    columns: String,
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    key: String,
}

/// The parts that a manifest names. They lie in the bucket that it names, which must be the one it was found in.
///
/// # Errors
/// [`InventoryError`].
pub(super) fn parts(manifest: &[u8], bucket: &str) -> Result<Vec<Part>, InventoryError> {
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(|error| InventoryError::Manifest(error.to_string()))?;
    let destination = manifest.destination.rsplit(':').next().unwrap_or_default();
    if destination != bucket {
        return Err(InventoryError::Manifest(format!("it is of the bucket {destination:?} and lies in {bucket:?}")));
    }
    if !matches!(manifest.format.as_str(), "CSV" | "Parquet") {
        return Err(InventoryError::Format(manifest.format));
    }
    if manifest.files.len() > MOST_FILES {
        return Err(InventoryError::Manifest(format!("it names more than {MOST_FILES} files")));
    }
    let (format, columns) = (manifest.format, if manifest.columns.len() < 4096 { manifest.columns } else { String::new() });
    let part = |file: Listed| Part {
        schema: Part::SCHEMA.to_owned(),
        bucket: bucket.to_owned(),
        key: file.key,
        // A Parquet file says itself which columns it has.
        columns: if format == "CSV" { columns.clone() } else { String::new() },
        format: format.clone(),
    };
    Ok(manifest.files.into_iter().map(part).collect())
}

/// Reads the objects that a part lists, until `each` says that it wants no more.
///
/// # Errors
/// [`InventoryError`].
pub(super) fn objects(part: &Part, file: File, each: &mut dyn FnMut(Object) -> bool) -> Result<(), InventoryError> {
    match part.format.as_str() {
        "CSV" => of_csv(&part.columns, MultiGzDecoder::new(io::BufReader::new(file)), each),
        "Parquet" => of_parquet(file, each),
        other => Err(InventoryError::Format(other.to_owned())),
    }
}

/// A row, by the names that both formats have when case and underlines are taken away.
#[derive(Default)]
struct Row {
    object: Object,
    deleted: bool,
    archived: bool,
}

impl Row {
    fn set(&mut self, column: &str, value: &str) {
        let object = &mut self.object;
        let some = || (!value.is_empty() && value != "null").then(|| value.to_owned());
        match column {
            "bucket" => object.bucket = value.to_owned(),
            "key" => object.key = value.to_owned(),
            "versionid" => object.version = some(),
            "isdeletemarker" => self.deleted = value.eq_ignore_ascii_case("true"),
            "size" => object.size = value.parse().ok(),
            "etag" => object.etag = some(),
            "storageclass" => self.archived = matches!(value, "GLACIER" | "DEEP_ARCHIVE"),
            _ => {}
        }
    }

    /// The object, unless there is none to read.
    fn object(self) -> Option<Object> {
        let folder = self.object.key.ends_with('/') && self.object.size == Some(0);
        let there = !(self.deleted || self.archived || folder);
        there.then_some(self.object)
    }
}

fn plain(column: &str) -> String {
    column.trim().trim_matches('"').replace('_', "").to_ascii_lowercase()
}

fn of_csv(columns: &str, mut input: impl Read, each: &mut dyn FnMut(Object) -> bool) -> Result<(), InventoryError> {
    let columns: Vec<String> = columns.split(',').map(plain).collect();
    if !["bucket", "key"].iter().all(|name| columns.iter().any(|column| column == name)) {
        return Err(InventoryError::Columns);
    }
    let (mut reader, mut bytes, mut ends) = (CsvReader::new(), vec![0; LONGEST_ROW], vec![0; MOST_COLUMNS]);
    let mut buffer = vec![0; 64 << 10];
    let (mut from, mut to, mut filled, mut fields) = (0, 0, 0, 0);
    loop {
        if from == to {
            (from, to) = (0, input.read(&mut buffer)?);
        }
        let (result, read, written, ended) = reader.read_record(&buffer[from..to], &mut bytes[filled..], &mut ends[fields..]);
        from += read;
        filled += written;
        fields += ended;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                return Err(InventoryError::Damaged("a row is longer than any of S3".to_owned()));
            }
            ReadRecordResult::End => return Ok(()),
            ReadRecordResult::Record => {
                let (mut row, mut begin) = (Row::default(), 0);
                for (number, end) in ends[..fields].iter().enumerate() {
                    let text = std::str::from_utf8(&bytes[begin..*end]).map_err(|error| InventoryError::Damaged(error.to_string()))?;
                    begin = *end;
                    match columns.get(number).map_or("", String::as_str) {
                        "key" => row.set("key", &decoded(text)),
                        column => row.set(column, text),
                    }
                }
                (filled, fields) = (0, 0);
                if row.object.bucket.is_empty() || row.object.key.is_empty() {
                    return Err(InventoryError::Columns);
                }
                if row.object().is_some_and(|object| !each(object)) {
                    return Ok(());
                }
            }
        }
    }
}

fn of_parquet(file: File, each: &mut dyn FnMut(Object) -> bool) -> Result<(), InventoryError> {
    let reader = SerializedFileReader::new(file)?;
    for row in reader.get_row_iter(None)? {
        let mut read = Row::default();
        for (name, field) in row?.get_column_iter() {
            let name = plain(name);
            match field {
                Field::Str(text) => read.set(&name, text),
                Field::Bool(flag) => read.set(&name, if *flag { "true" } else { "false" }),
                Field::Long(number) => read.set(&name, &number.to_string()),
                _ => {}
            }
        }
        if read.object.bucket.is_empty() || read.object.key.is_empty() {
            return Err(InventoryError::Columns);
        }
        if read.object().is_some_and(|object| !each(object)) {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn read(columns: &str, csv: &str) -> Result<Vec<Object>, InventoryError> {
        let mut objects = Vec::new();
        of_csv(columns, csv.as_bytes(), &mut |object| {
            objects.push(object);
            true
        })?;
        Ok(objects)
    }

    #[test]
    fn rows_of_a_csv() {
        let csv = "\"b\",\"a+b%2F%22x%22\",\"v1\",\"true\",\"false\",\"12\",\"e1\",\"STANDARD\"\n\
                   \"b\",\"gone\",\"v2\",\"true\",\"true\",\"\",\"\",\"\"\n\
                   \"b\",\"cold\",\"v3\",\"true\",\"false\",\"5\",\"e3\",\"DEEP_ARCHIVE\"\n\
                   \"b\",\"folder%2F\",\"\",\"true\",\"false\",\"0\",\"e4\",\"STANDARD\"\n";
        let objects = read("Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag, StorageClass", csv).unwrap();
        let wanted = Object {
            bucket: "b".to_owned(),
            key: "a b/\"x\"".to_owned(),
            version: Some("v1".to_owned()),
            etag: Some("e1".to_owned()),
            size: Some(12),
        };
        assert_eq!(objects, [wanted]);
    }

    #[test]
    fn what_is_no_inventory() {
        assert!(matches!(read("Size, ETag", "1,2\n"), Err(InventoryError::Columns)));
        assert!(matches!(read("Bucket, Key", "b\n"), Err(InventoryError::Columns)));
        assert!(matches!(read("Bucket, Key", &format!("b,{}\n", "x".repeat(LONGEST_ROW))), Err(InventoryError::Damaged(_))));
        assert!(matches!(read("Bucket, Key", &",".repeat(MOST_COLUMNS + 1)), Err(InventoryError::Damaged(_))));
    }

    #[test]
    fn parts_of_a_manifest() {
        let manifest = |format: &str, bucket: &str| {
            serde_json::json!({"sourceBucket": "s", "destinationBucket": format!("arn:aws:s3:::{bucket}"), "fileFormat": format,
                "fileSchema": "Bucket, Key", "files": [{"key": "data/1.csv.gz", "size": 1, "MD5checksum": "0"}]})
            .to_string()
        };
        let parts_of = |text: String| parts(text.as_bytes(), "inventory");
        let part = &parts_of(manifest("CSV", "inventory")).unwrap()[0];
        assert_eq!((part.bucket.as_str(), part.key.as_str(), part.columns.as_str()), ("inventory", "data/1.csv.gz", "Bucket, Key"));
        assert!(matches!(parts_of(manifest("ORC", "inventory")), Err(InventoryError::Format(_))));
        assert!(matches!(parts_of(manifest("CSV", "elsewhere")), Err(InventoryError::Manifest(_))));
        assert!(matches!(parts_of("{}".to_owned()), Err(InventoryError::Manifest(_))));
    }
}
