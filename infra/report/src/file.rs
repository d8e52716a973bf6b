//! A report written to a file: whole or not at all, and readable by its owner alone until it is complete.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file in one step: what stood there before stays until the new one is complete and on the disk. What cannot be replaced is
/// written to: a device such as `/dev/null`, a pipe, what stands behind `/dev/stdout` and other open descriptors. There, a reader that has
/// enough is no error.
///
/// # Errors
/// What the system said.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(mut straight) = straight(path)? {
        return match straight.write_all(bytes).and_then(|()| straight.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        };
    }
    // Through a link: the file that it leads to is replaced, the link stays.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(old) = fs::metadata(&path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// What writes to a path that cannot be replaced: a device, a pipe, an open descriptor. None if the path is, or will be, a file.
///
/// # Errors
/// If it cannot be opened.
pub fn straight(path: &Path) -> io::Result<Option<Box<dyn Write>>> {
    Ok(match descriptor(path) {
        Some(1) => Some(Box::new(io::stdout())),
        Some(2) => Some(Box::new(io::stderr())),
        // Behind a descriptor may be a file that something was written to before.
        Some(_) => Some(Box::new(fs::OpenOptions::new().append(true).open(path)?)),
        None if fs::metadata(path).is_ok_and(|kind| !kind.is_file() && !kind.is_dir()) => {
            Some(Box::new(fs::OpenOptions::new().write(true).open(path)?))
        }
        None => None,
    })
}

/// The number of the open descriptor that a path names: 0, 1, 2 for `/dev/stdin`, `/dev/stdout`, `/dev/stderr`, N for `/dev/fd/N`, which
/// is also what a shell puts in place of `<(…)` and `>(…)`.
#[must_use]
pub fn descriptor(path: &Path) -> Option<u32> {
    let text = path.to_str()?;
    match text {
        "/dev/stdin" => Some(0),
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        _ => {
            let number = text.strip_prefix("/dev/fd/").or_else(|| text.strip_prefix("/proc/self/fd/"))?;
            number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        replace(&path, b"one, and longer").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        assert!(replace(&folder.path().join("missing/report"), b"x").is_err());
        assert!(replace(folder.path(), b"x").is_err(), "a folder is no file");
    }

    #[test]
    fn descriptors_are_told_from_files() {
        let number = |path: &str| descriptor(Path::new(path));
        assert_eq!([number("/dev/stdin"), number("/dev/stdout"), number("/dev/fd/63")], [Some(0), Some(1), Some(63)]);
        assert_eq!([number("/dev/fd/"), number("/dev/fd/+1"), number("/dev/fd/1/x"), number("/dev/null"), number("x")], [None; 5]);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_replaced_is_written_to() {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::fs::FileTypeExt as _;
        replace(Path::new("/dev/null"), b"x").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "before\n").unwrap();
        let open = fs::OpenOptions::new().append(true).open(&path).unwrap();
        replace(Path::new(&format!("/dev/fd/{}", open.as_raw_fd())), b"after\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before\nafter\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_rights_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
