//! How much there is to come: the sizes of files, for the time left. It reads folders and no file.

use std::fs;
use std::path::PathBuf;

/// The bytes of all files under `roots`, as the scan of files walks them. What cannot be read counts as nothing.
#[must_use]
pub fn bytes(roots: &[PathBuf]) -> u64 {
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut bytes = 0_u64;
    for root in roots {
        match fs::metadata(root) {
            Ok(kind) if kind.is_dir() => folders.push(root.clone()),
            Ok(file) => bytes = bytes.saturating_add(file.len()),
            Err(_) => {}
        }
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => bytes = bytes.saturating_add(entry.metadata().map_or(0, |file| file.len())),
                _ => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn all_files_count_once() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [("a", "12345"), ("b/c", "123"), ("b/.git/d", "1234567")] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(bytes(&[folder.path().to_owned(), folder.path().join("a"), folder.path().join("none")]), 13);
    }
}
