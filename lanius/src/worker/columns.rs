//! Records as a Parquet file: one row group, a column for each field, compressed by Zstandard.

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::record::Record;

/// A field's values: texts or numbers.
enum Column {
    Text(fn(&Record) -> Option<&str>),
    Number(fn(&Record) -> Option<u64>),
}

const COLUMNS: &[(&str, Column)] = &[
    ("type", Column::Text(|record| Some(record.kind))),
    ("rules", Column::Text(|record| Some(&record.rules))),
    ("path", Column::Text(|record| Some(&record.path))),
    ("bucket", Column::Text(|record| Some(&record.bucket))),
    ("key", Column::Text(|record| Some(&record.key))),
    ("version", Column::Text(|record| record.version.as_deref())),
    ("etag", Column::Text(|record| Some(&record.etag))),
    ("bytes", Column::Number(|record| record.bytes)),
    ("places", Column::Number(|record| record.places)),
    ("rule", Column::Text(|record| record.rule.as_deref())),
    ("severity", Column::Text(|record| record.severity.as_deref())),
    ("level", Column::Text(|record| record.level.as_deref())),
    ("confidence", Column::Number(|record| record.confidence)),
    ("line", Column::Number(|record| record.line)),
    ("end_line", Column::Number(|record| record.end_line)),
    ("column", Column::Number(|record| record.column)),
    ("secret", Column::Text(|record| record.secret.as_deref())),
    ("fingerprint", Column::Text(|record| record.fingerprint.as_deref())),
    ("reasons", Column::Text(|record| record.reasons.as_deref())),
    ("reason", Column::Text(|record| record.reason.as_deref())),
    ("encodings", Column::Text(|record| record.encodings.as_deref())),
];

pub(super) fn encode(records: &[Record]) -> Result<Vec<u8>> {
    let fields: String = COLUMNS
        .iter()
        .map(|(name, column)| match column {
            Column::Text(_) => format!("optional binary {name} (STRING); "),
            Column::Number(_) => format!("optional int64 {name}; "),
        })
        .collect();
    let schema = Arc::new(parse_message_type(&format!("message lanius {{ {fields}}}"))?);
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (_, column) in COLUMNS {
        let mut written = group.next_column()?.expect("the schema has each column");
        match column {
            Column::Text(of) => {
                let values: Vec<Option<&str>> = records.iter().map(of).collect();
                let texts: Vec<ByteArray> = values.iter().flatten().map(|text| ByteArray::from(*text)).collect();
                written.typed::<ByteArrayType>().write_batch(&texts, Some(&levels(&values)), None)?;
            }
            Column::Number(of) => {
                let values: Vec<Option<u64>> = records.iter().map(of).collect();
                let numbers: Vec<i64> = values.iter().flatten().map(|number| i64::try_from(*number).unwrap_or(i64::MAX)).collect();
                written.typed::<Int64Type>().write_batch(&numbers, Some(&levels(&values)), None)?;
            }
        }
        written.close()?;
    }
    group.close()?;
    writer.into_inner()
}

/// Which values are there.
fn levels<T>(values: &[Option<T>]) -> Vec<i16> {
    values.iter().map(|value| i16::from(value.is_some())).collect()
}
