//! Rings in files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

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
    fs::write(folder.path().join("keys.0123456789abcdef.new"), "left by a process that was killed").unwrap();
    file.lock().unwrap().replace(&rotated).unwrap();
    assert_eq!(file.read().unwrap().ids(), rotated.ids(), "the newest is the last");
    assert_eq!(file.read().unwrap().open(&sealed, "x").unwrap().as_slice(), b"value");
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["keys", "keys.lock"], "nothing is left beside it but the lock");
    for path in [file.path(), &folder.path().join("keys.lock")] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
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
fn of_many_that_change_it_at_once_none_undoes_what_another_did() {
    let (_folder, file) = in_folder();
    let first = file.read_or_create().unwrap();
    let add = || {
        let lock = file.lock().unwrap();
        let ring = lock.read_again(&first).unwrap().with_fresh_key().unwrap();
        assert!(matches!(file.try_lock().unwrap_err(), RingFileError::Busy { .. }), "it is one at a time");
        lock.replace(&ring).unwrap().newest()
    };
    let mut added: Vec<_> = std::thread::scope(|threads| {
        let threads: Vec<_> = (0..8).map(|_| threads.spawn(|| (0..8).map(|_| add()).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    added.push(first.newest());
    let mut found = file.read().unwrap().ids();
    found.sort_unstable();
    added.sort_unstable();
    assert_eq!(found, added);
}

#[test]
fn no_more_is_written_than_is_read_again() {
    let (_folder, file) = in_folder();
    let mut ring = file.read_or_create().unwrap();
    let lock = file.lock().unwrap();
    let refused = loop {
        ring = ring.with_fresh_key().unwrap();
        if ring.ids().len() % 100 == 0
            && let Err(refused) = lock.replace(&ring)
        {
            break refused;
        }
    };
    assert!(refused.to_string().contains("too many keys"), "{refused}");
    assert_eq!(file.read().unwrap().ids().len(), ring.ids().len() - 100, "the one before is there");
}

/// As when root does it for a service. Only root can give files away: elsewhere the owner is who it was in any case.
#[test]
fn what_is_written_belongs_to_the_owner_of_what_was_there() {
    use std::os::unix::fs::{MetadataExt as _, chown};

    let (folder, file) = in_folder();
    file.read_or_create().unwrap();
    let own = fs::metadata(file.path()).unwrap();
    let given = if rustix::process::geteuid().is_root() { (own.uid() + 7, own.gid() + 8) } else { (own.uid(), own.gid()) };
    chown(file.path(), Some(given.0), Some(given.1)).unwrap();
    let lock = file.lock().unwrap();
    lock.replace(&file.read().unwrap().with_fresh_key().unwrap()).unwrap();
    for name in ["keys", "keys.lock"] {
        let found = fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (given.0, given.1, 0o600), "{name}");
    }
}

/// The owner of the folder may put links there, which root would follow.
#[test]
fn no_link_leads_a_write_elsewhere() {
    let (folder, file) = in_folder();
    let ring = file.read_or_create().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "as it was").unwrap();
    let fresh = folder.path().join(format!("keys.{}.new", ring.newest()));
    std::os::unix::fs::symlink(&elsewhere, &fresh).unwrap();
    file.lock().unwrap().replace(&ring).unwrap();
    let lock = folder.path().join("keys.lock");
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
    assert!(matches!(file.lock().unwrap_err(), RingFileError::File { .. }));
    fs::remove_file(&lock).unwrap();
    fs::hard_link(&elsewhere, &lock).unwrap();
    assert!(matches!(file.lock().unwrap_err(), RingFileError::File { .. }));
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "as it was");
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

/// Wraps by adding a pad that it keeps for each reference.
struct Pads {
    known: Vec<&'static str>,
    calls: std::sync::Mutex<Vec<String>>,
    unwraps: bool,
}

impl Pads {
    fn knowing(known: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { known: known.to_vec(), calls: std::sync::Mutex::default(), unwraps: true })
    }

    fn pad(&self, reference: &str, bytes: &[u8], belongs_to: &str) -> Result<Vec<u8>, KeeperError> {
        if !self.known.contains(&reference) {
            return Err(KeeperError::new(format!("no key {reference}")));
        }
        let pad = reference.bytes().chain(belongs_to.bytes()).cycle();
        Ok(bytes.iter().zip(pad).map(|(byte, pad)| byte ^ pad).collect())
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Keeper for Pads {
    fn wrap(&self, reference: &str, key: &[u8], belongs_to: &str) -> Result<Vec<u8>, KeeperError> {
        self.calls.lock().unwrap().push(format!("wrap by {reference}"));
        Ok([self.pad(reference, key, belongs_to)?, b"tag".to_vec()].concat())
    }

    fn unwrap(&self, reference: &str, wrapped: &[u8], belongs_to: &str) -> Result<Zeroizing<Vec<u8>>, KeeperError> {
        self.calls.lock().unwrap().push(format!("unwrap by {reference}"));
        let key = wrapped.strip_suffix(b"tag").filter(|_| self.unwraps).ok_or_else(|| KeeperError::new("it may not"))?;
        self.pad(reference, key, belongs_to).map(Zeroizing::new)
    }
}

#[test]
fn a_ring_under_a_key_elsewhere_has_no_key_in_its_file() {
    let (_folder, file) = in_folder();
    let pads = Pads::knowing(&["kms:one", "kms:two"]);
    let file = file.with_keeper(pads.clone()).wanted_under("kms:one");
    let made = file.read_or_create().unwrap();
    assert_eq!((made.kept_under(), pads.calls().join(", ").as_str()), (Some("kms:one"), "wrap by kms:one, unwrap by kms:one"));
    let written = fs::read_to_string(file.path()).unwrap();
    assert!(written.starts_with("menagerie-key-ring/2 kms:one\n"), "{written}");
    for key in made.keys() {
        assert!(!written.contains(&STANDARD.encode(key.key.as_slice())));
    }
    let sealed = made.seal(b"value", "x").unwrap();
    assert_eq!(file.read().unwrap().open(&sealed, "x").unwrap().as_slice(), b"value");
    assert_eq!(pads.calls(), ["unwrap by kms:one"]);

    // A fresh key is wrapped; those that are wrapped already are neither wrapped nor unwrapped again.
    let rotated = file.lock().unwrap().replace(&made.with_fresh_key().unwrap()).unwrap();
    assert_eq!(pads.calls(), ["wrap by kms:one", "unwrap by kms:one"]);
    assert_eq!(file.read_again(&rotated).unwrap().ids(), rotated.ids());
    assert_eq!(pads.calls(), [""; 0]);

    // To another, to the clear, and back.
    for reference in [Some("kms:two"), None, Some("kms:one")] {
        let moved = file.lock().unwrap().replace(&file.read().unwrap().to_be_kept_under(reference)).unwrap();
        assert_eq!((moved.kept_under(), moved.ids()), (reference, rotated.ids()));
        let read = RingFile::new(file.path()).with_keeper(pads.clone()).read().unwrap();
        assert_eq!((read.kept_under(), read.ids()), (reference, rotated.ids()));
        assert_eq!(read.open(&sealed, "x").unwrap().as_slice(), b"value");
        assert_eq!(file.check(&read).is_ok(), reference == Some("kms:one"), "{reference:?}");
    }
}

#[test]
fn nothing_is_written_that_would_not_unwrap() {
    let (folder, file) = in_folder();
    let in_the_clear = file.read_or_create().unwrap();
    let pads = Arc::new(Pads { known: vec!["kms:one"], calls: std::sync::Mutex::default(), unwraps: false });
    let guarded = file.clone().with_keeper(pads);
    let refused = guarded.lock().unwrap().replace(&in_the_clear.to_be_kept_under(Some("kms:one"))).unwrap_err();
    assert!(matches!(refused, RingFileError::Keeper { .. }), "{refused}");
    assert_eq!(file.read().unwrap().ids(), in_the_clear.ids(), "the old one is there");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the ring and its lock");
    let unknown = guarded.lock().unwrap().replace(&in_the_clear.to_be_kept_under(Some("kms:other"))).unwrap_err();
    assert!(unknown.to_string().ends_with("which cannot be used: no key kms:other"), "{unknown}");
}

#[test]
fn a_ring_under_a_key_elsewhere_does_not_open_without_it() {
    let (_folder, file) = in_folder();
    let pads = Pads::knowing(&["kms:one"]);
    let kept = file.clone().with_keeper(pads.clone()).wanted_under("kms:one");
    kept.read_or_create().unwrap();
    assert!(matches!(file.read().unwrap_err(), RingFileError::NoKeeper { .. }));
    let good = fs::read_to_string(file.path()).unwrap();
    for (text, line) in
        [(good.replace("/2 kms:one", "/2"), 1), (good.replace("/2 kms:one", "/2 "), 1), (good.replace("/2 kms:one", "/2 kms one"), 1)]
    {
        fs::write(file.path(), &text).unwrap();
        let error = kept.read().unwrap_err();
        assert!(matches!(error, RingFileError::Malformed { line: found, .. } if found == line), "{error}");
    }
}
