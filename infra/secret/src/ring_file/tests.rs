//! Rings in files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

fn in_folder() -> (tempfile::TempDir, RingFile) {
    let folder = tempfile::tempdir().unwrap();
    let file = RingFile::new(folder.path().join("keys"));
    (folder, file)
}

#[test]
fn a_ring_is_made_once_and_read_again() {
    let (folder, file) = in_folder();
    assert!(matches!(file.read(), Err(RingFileError::File { .. })));
    let made = file.read_or_create().unwrap();
    let sealed = made.seal(b"value", "x").unwrap();
    assert_eq!(file.read_or_create().unwrap().open(&sealed, "x").unwrap().as_slice(), b"value");
    let rotated = made.with_fresh_key().unwrap();
    file.replace(&rotated).unwrap();
    assert_eq!(file.read().unwrap().ids(), rotated.ids(), "the newest is the last");
    assert_eq!(file.read().unwrap().open(&sealed, "x").unwrap().as_slice(), b"value");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["keys"], "nothing is left beside it");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file.path()).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn programs_that_make_it_at_once_have_the_same_ring() {
    let (_folder, file) = in_folder();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn({
                let file = file.clone();
                move || file.read_or_create().unwrap().ids()
            })
        })
        .collect();
    let rings: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(rings.iter().all(|ids| *ids == file.read().unwrap().ids()), "{rings:?}");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let (_folder, file) = in_folder();
    file.read_or_create().unwrap();
    fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    assert!(matches!(file.read(), Err(RingFileError::Open { mode: 0o640, .. })));
}

#[test]
fn what_is_no_ring_is_named_by_its_line_and_not_shown() {
    let (_folder, file) = in_folder();
    let good = text(&file.read_or_create().unwrap());
    let key_line = good.lines().nth(1).unwrap().to_owned();
    let cases = [
        (String::new(), 1),
        (good.replace("/1", "/2"), 1),
        (format!("{FIRST_LINE}\n"), 1),
        (good.replace(' ', ""), 2),
        (format!("{}secret\n", good.as_str()), 3),
        (format!("{}{key_line}\n", good.as_str()), 3),
        (good[..good.len() - 8].to_owned(), 2),
    ];
    for (text, expected) in cases {
        fs::write(file.path(), &text).unwrap();
        let error = file.read().unwrap_err();
        assert!(matches!(error, RingFileError::Malformed { line, .. } if line == expected), "{error} in {text:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret") && !shown.contains(key_line.split(' ').nth(1).unwrap()), "{shown}");
    }
}
