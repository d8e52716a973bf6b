//! What a user names on the command line to be read: a file, or an open descriptor (`/dev/stdin`, `/dev/fd/63`, which is what a shell puts
//! in place of `<(…)`). A named pipe, a device or a socket is refused: opening it may wait for ever, reading it may never end.

use std::fs::{self, File, FileType};
use std::io;
use std::path::Path;

use menagerie_report::descriptor;

/// Opens it.
///
/// # Errors
/// What the system said; or that it is nothing to read, and what to do instead.
pub fn open(path: &Path) -> io::Result<File> {
    if descriptor(path).is_none() {
        refuse(fs::metadata(path)?.file_type())?;
    }
    File::open(path)
}

/// Refuses what is neither a file nor a folder.
///
/// # Errors
/// What it is, and what to do instead.
pub fn refuse(kind: FileType) -> io::Result<()> {
    if kind.is_file() || kind.is_dir() {
        return Ok(());
    }
    let reason = format!("{} is not opened: it might never end; send what it has to standard input", special(kind));
    Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "what is neither a file nor a folder"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn devices_are_refused_and_descriptors_read() {
        let refused = open(Path::new("/dev/zero")).unwrap_err();
        assert!(refused.to_string().starts_with("a device is not opened"), "{refused}");
        let (reader, writer) = io::pipe().unwrap();
        io::Write::write_all(&mut &writer, b"piped").unwrap();
        drop(writer);
        let mut text = String::new();
        open(Path::new(&format!("/dev/fd/{}", reader.as_raw_fd()))).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "piped");
    }
}
