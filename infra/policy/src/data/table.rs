//! The form of the embedded tables, as `data/make.py` writes them: text packed with zstd. A head of lines (`menagerie-policy NAME 1`, `V`
//! versions, `E` event sources, `S` a section's names and its length in bytes), an empty line, then the sections one after the other. A
//! section is decoded when it is first asked for. What does not decode is left out, so that a damaged table would make actions unknown,
//! which keeps grants; the tests hold that nothing is left out.

use std::cmp::Ordering;

/// One version of what the tables were made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The package, by its name on PyPI, or `service-reference`.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// A section that has not been decoded.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) body: &'static str,
}

/// A table's head, and where its sections are.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) versions: Vec<Version>,
    /// Event source (without `.amazonaws.com`) and the section that its calls are in, sorted.
    pub(super) sources: Vec<(&'static str, &'static str)>,
    /// Sorted by name.
    pub(super) sections: Vec<Section>,
}

/// Unpacks a table. The text is empty if it cannot be.
pub(super) fn unpack(packed: &[u8]) -> String {
    zstd::decode_all(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

impl Table {
    pub(super) fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        let Some((head, mut rest)) = text.split_once("\n\n") else { return table };
        for line in head.lines().skip(1) {
            let mut fields = line.split('\t');
            match (fields.next(), fields.next(), fields.next(), fields.next()) {
                (Some("V"), Some(package), Some(version), None) => table.versions.push(Version { package, version }),
                (Some("E"), Some(source), Some(group), None) => table.sources.push((source, group)),
                (Some("S"), Some(name), Some(title), Some(length)) => table.section(name, title, length, &mut rest),
                (Some("S"), Some(name), Some(length), None) => table.section(name, "", length, &mut rest),
                _ => {}
            }
        }
        table
    }

    fn section(&mut self, name: &'static str, title: &'static str, length: &str, rest: &mut &'static str) {
        let Some((body, after)) = length.parse().ok().and_then(|length| rest.split_at_checked(length)) else { return };
        *rest = after;
        self.sections.push(Section { name, title, body });
    }
}

/// The order of the tables: by bytes, upper case as lower.
pub(super) fn order(one: &str, other: &str) -> Ordering {
    let mut both = one.bytes().zip(other.bytes()).filter(|(a, b)| a != b).map(|(a, b)| (a.to_ascii_lowercase(), b.to_ascii_lowercase()));
    both.find(|(a, b)| a != b).map_or_else(|| one.len().cmp(&other.len()), |(a, b)| a.cmp(&b))
}
