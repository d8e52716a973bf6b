//! What a file is, by its first bytes.

use std::fmt;

/// How many bytes [`sniff`] wants to see, where the file has them.
pub const HEAD: usize = 512;

/// A kind of container.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// zip, and what is a zip file: jar, war, whl, docx, xlsx, apk.
    Zip,
    /// tar: ustar, pax, GNU, and the one before them.
    Tar,
    /// gzip, with one member or many.
    Gzip,
    /// bzip2
    Bzip2,
    /// xz
    Xz,
    /// zstd
    Zstd,
    /// LZ4 frames
    Lz4,
    /// ar: static libraries, and Debian packages.
    Ar,
    /// A Jupyter notebook.
    Notebook,
    /// An archive of a kind that is told apart but not opened.
    Unsupported(&'static str),
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Ar => "ar",
            Self::Notebook => "notebook",
            Self::Unsupported(name) => name,
        })
    }
}

/// The container that a file with these first bytes is; none for everything else.
///
/// ```
/// use lanius::archive::{Format, sniff};
/// assert_eq!(sniff(b"PK\x03\x04..."), Some(Format::Zip));
/// assert_eq!(sniff(b"a text"), None);
/// ```
#[must_use]
pub fn sniff(head: &[u8]) -> Option<Format> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") || starts(b"PK\x07\x08PK\x03\x04") {
        return Some(Format::Zip);
    }
    if starts(b"\x1f\x8b\x08") {
        return Some(Format::Gzip);
    }
    if starts(b"BZh") && head.get(3).is_some_and(|level| (b'1'..=b'9').contains(level)) {
        let block = &head[4..head.len().min(10)];
        return (block == b"\x31\x41\x59\x26\x53\x59" || block == b"\x17\x72\x45\x38\x50\x90").then_some(Format::Bzip2);
    }
    if starts(b"\xfd7zXZ\0") {
        return Some(Format::Xz);
    }
    if starts(b"\x28\xb5\x2f\xfd") || (head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == *b"\x2a\x4d\x18") {
        return Some(Format::Zstd);
    }
    if starts(b"\x04\x22\x4d\x18") {
        return Some(Format::Lz4);
    }
    if starts(b"!<arch>\n") {
        return Some(Format::Ar);
    }
    if starts(b"7z\xbc\xaf\x27\x1c") {
        return Some(Format::Unsupported("7z"));
    }
    if starts(b"Rar!\x1a\x07") {
        return Some(Format::Unsupported("rar"));
    }
    if starts(b"\xed\xab\xee\xdb") {
        return Some(Format::Unsupported("rpm"));
    }
    if starts(b"MSCF\0\0\0\0") {
        return Some(Format::Unsupported("cab"));
    }
    if starts(b"070701") || starts(b"070702") || starts(b"070707") {
        return Some(Format::Unsupported("cpio"));
    }
    if super::tar::is_header(head) {
        return Some(Format::Tar);
    }
    super::notebook::may_be(head).then_some(Format::Notebook)
}
