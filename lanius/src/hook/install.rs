//! Where a hook is put, beside or before a hook of someone else.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::Hook;

/// By this line we know our own.
const MARK: &str = "# A hook of lanius: `lanius hook uninstall` removes it.";
/// What the name of a hook that stood there before ends with.
const BEFORE: &str = ".before-lanius";
/// A hook is no longer than this; a longer one is not ours.
const LONGEST: u64 = 64 << 10;

/// What to do with a hook of someone else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// Leave it, and fail.
    #[default]
    Free,
    /// Keep it, and call it first.
    Chain,
    /// Write over it.
    Force,
}

/// What the script calls.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program.
    pub program: PathBuf,
    /// What comes after `hook run TYPE`.
    pub arguments: Vec<String>,
    /// What to do with a hook of someone else.
    pub place: Place,
}

/// What became of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It is there.
    Done(PathBuf),
    /// It is there, and the hook that was there before is called first.
    Chained(PathBuf),
    /// A hook of someone else is there.
    Taken(PathBuf),
}

/// What became of a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Done(PathBuf),
    /// It is gone, and the hook that was there before is back.
    Restored(PathBuf),
    /// There was none of ours.
    Nothing,
}

/// Puts a hook into a folder of hooks.
///
/// # Errors
/// If a file cannot be read, written or renamed.
pub fn install(folder: &Path, hook: Hook, options: &Options) -> io::Result<Installed> {
    fs::create_dir_all(folder)?;
    let (path, before) = (folder.join(hook.name()), folder.join(format!("{}{BEFORE}", hook.name())));
    let standing = path.symlink_metadata().is_ok();
    if standing && !is_ours(&path)? {
        match options.place {
            Place::Free => return Ok(Installed::Taken(path)),
            Place::Chain if before.symlink_metadata().is_ok() => return Ok(Installed::Taken(before)),
            Place::Chain => fs::rename(&path, &before)?,
            Place::Force => {}
        }
    }
    // A hook that was chained stays chained when ours is installed again.
    let chained = before.symlink_metadata().is_ok();
    write(folder, &path, hook, &script(hook, options, chained.then_some(before.as_path())))?;
    Ok(if chained { Installed::Chained(path) } else { Installed::Done(path) })
}

/// Takes a hook of ours out of a folder of hooks.
///
/// # Errors
/// If a file cannot be read, removed or renamed.
pub fn uninstall(folder: &Path, hook: Hook) -> io::Result<Removed> {
    let (path, before) = (folder.join(hook.name()), folder.join(format!("{}{BEFORE}", hook.name())));
    if path.symlink_metadata().is_err() || !is_ours(&path)? {
        return Ok(Removed::Nothing);
    }
    if before.symlink_metadata().is_ok() {
        // One step, so that there is a hook at any time.
        fs::rename(&before, &path)?;
        return Ok(Removed::Restored(path));
    }
    fs::remove_file(&path)?;
    Ok(Removed::Done(path))
}

fn is_ours(path: &Path) -> io::Result<bool> {
    let kind = path.symlink_metadata()?;
    if !kind.is_file() || kind.len() > LONGEST {
        return Ok(false);
    }
    let text = fs::read(path)?;
    Ok(text.split(|byte| *byte == b'\n').any(|line| line == MARK.as_bytes()))
}

/// Writes the whole file or nothing.
fn write(folder: &Path, path: &Path, hook: Hook, text: &str) -> io::Result<()> {
    let new = folder.join(format!("{}.lanius-{}", hook.name(), std::process::id()));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o755).open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        let _ = fs::remove_file(&new);
    }
    done
}

/// The script. What it is made of is quoted: a path may hold anything.
fn script(hook: Hook, options: &Options, before: Option<&Path>) -> String {
    let name = hook.name();
    let mut text = format!("#!/bin/sh\n{MARK}\nlanius={}\n", quoted(&options.program.to_string_lossy()));
    text.push_str("[ -x \"$lanius\" ] || lanius=lanius\n");
    let arguments: String = options.arguments.iter().map(|argument| format!(" {}", quoted(argument))).collect();
    let run = format!("\"$lanius\" hook run {name}{arguments} -- \"$@\"");
    match before {
        Some(before) => {
            let _ = writeln!(text, "before={}", quoted(&before.to_string_lossy()));
            if hook.reads() {
                // Both read what git writes.
                text.push_str("lines=$(cat && echo .) || exit 2\nlines=${lines%.}\n");
                text.push_str("if [ -x \"$before\" ]; then\n    printf %s \"$lines\" | \"$before\" \"$@\" || exit $?\nfi\n");
                let _ = writeln!(text, "printf %s \"$lines\" | {run}");
            } else {
                text.push_str("if [ -x \"$before\" ]; then\n    \"$before\" \"$@\" || exit $?\nfi\n");
                let _ = writeln!(text, "exec {run}");
            }
        }
        None => {
            let _ = writeln!(text, "exec {run}");
        }
    }
    text
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn options(place: Place) -> Options {
        Options { program: PathBuf::from("/opt/it's here/lanius"), arguments: vec!["--confidence=high".to_owned()], place }
    }

    #[test]
    fn a_hook_of_someone_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, before) = (folder.path().join("pre-push"), folder.path().join("pre-push.before-lanius"));
        fs::write(&path, "#!/bin/sh\nexit 3\n").unwrap();
        let put = |place| install(folder.path(), Hook::PrePush, &options(place)).unwrap();
        assert_eq!(put(Place::Free), Installed::Taken(path.clone()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\nexit 3\n");
        assert_eq!(uninstall(folder.path(), Hook::PrePush).unwrap(), Removed::Nothing);
        assert_eq!(put(Place::Chain), Installed::Chained(path.clone()));
        assert_eq!(put(Place::Free), Installed::Chained(path.clone()), "ours may be put there again");
        assert_eq!(fs::read_to_string(&before).unwrap(), "#!/bin/sh\nexit 3\n");
        assert_eq!(uninstall(folder.path(), Hook::PrePush).unwrap(), Removed::Restored(path.clone()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\nexit 3\n");
        assert_eq!(put(Place::Force), Installed::Done(path.clone()));
        assert!(fs::read_to_string(&path).unwrap().contains(r"lanius='/opt/it'\''s here/lanius'"));
        assert_eq!(uninstall(folder.path(), Hook::PrePush).unwrap(), Removed::Done(path));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_second_one_is_not_chained_over_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (path, before) = (folder.path().join("pre-commit"), folder.path().join("pre-commit.before-lanius"));
        fs::write(&before, "first").unwrap();
        fs::write(&path, "second").unwrap();
        assert_eq!(install(folder.path(), Hook::PreCommit, &options(Place::Chain)).unwrap(), Installed::Taken(before.clone()));
        assert_eq!((fs::read_to_string(before).unwrap(), fs::read_to_string(path).unwrap()), ("first".to_owned(), "second".to_owned()));
    }
}
