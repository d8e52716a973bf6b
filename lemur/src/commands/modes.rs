//! The modes of what the data are in. Who can write to the database, or to the folder that it is in, can do what an administrator can, and is in
//! no log: a place where others can is refused, as a key file is that others can read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use menagerie_store::database::Database;

use crate::config::Config;

/// What lets the group or others write.
const WRITE: u32 = 0o022;
/// What lets them read.
const READ: u32 = 0o044;

/// Refuses data that others than their owner can write to, and warns of those that others can read.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    let mut folders = vec![config.data.clone()];
    if let Some(file) = Database::file(&config.database) {
        // Through a link: the folder that the file is in.
        let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        folders.extend(file.parent().map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }));
        check_file(&file)?;
    }
    for folder in folders {
        let Some(mode) = mode(&folder)? else { continue };
        anyhow::ensure!(
            mode & WRITE == 0,
            "the folder {}, where the data are, can be written by others (mode {mode:o}): chmod go-w it, or take a folder for the data alone",
            folder.display()
        );
    }
    Ok(())
}

fn check_file(file: &Path) -> anyhow::Result<()> {
    let Some(mode) = mode(file)? else { return Ok(()) };
    anyhow::ensure!(mode & WRITE == 0, "the database {} can be written by others (mode {mode:o}): chmod 600 it", file.display());
    if mode & READ != 0 {
        tracing::warn!(path = %file.display(), mode = format!("{mode:o}"), "the database can be read by others: chmod 600 it");
    }
    Ok(())
}

/// Of what is there.
fn mode(path: &Path) -> anyhow::Result<Option<u32>> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(found.permissions().mode() & 0o777)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}
