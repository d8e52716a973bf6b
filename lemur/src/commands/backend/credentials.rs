//! What `lemur login` keeps: for each server a file of its own with mode 0600, in `lemur` under the user's configuration.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use menagerie_secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::super::place;

/// The most bytes of a file.
const LARGEST: usize = 16 * 1024;

/// What is kept of a server.
pub(in crate::commands) struct Kept {
    /// The user's name.
    pub(in crate::commands) user: String,
    /// What one comes in by.
    pub(in crate::commands) token: Secret<String>,
    /// By what the server is trusted, if not by the system's roots.
    pub(in crate::commands) ca_file: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct File {
    server: String,
    user: String,
    token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
}

impl Drop for File {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.token);
    }
}

fn bare(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// The folder of the user's configuration.
fn folder() -> anyhow::Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = named("XDG_CONFIG_HOME").filter(|path| path.is_absolute()).or_else(|| named("HOME").map(|home| home.join(".config")));
    Ok(base.context("neither XDG_CONFIG_HOME nor HOME says where the configuration is: name an API key by --token-file")?.join("lemur"))
}

/// A server's file: its host and port, with what no file has in its name written out.
fn file(url: &str) -> anyhow::Result<PathBuf> {
    let plain = |character: char| if character.is_ascii_alphanumeric() || ".-".contains(character) { character } else { '_' };
    let name: String = bare(url).trim_start_matches("https://").chars().take(200).map(plain).collect();
    Ok(folder()?.join(format!("{name}.json")))
}

/// What is kept of a server, if there is anything.
pub(in crate::commands) fn of_server(url: &str) -> anyhow::Result<Option<Kept>> {
    // Without a place for it nothing is kept.
    let Ok(path) = file(url) else { return Ok(None) };
    let bytes = match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        Ok(found) => {
            refuse_shown(&path, &found)?;
            Zeroizing::new(place::bytes(&path, LARGEST)?)
        }
    };
    let mut file: File = serde_json::from_slice(&bytes)
        .map_err(|_| anyhow::anyhow!("{} is not understood: `lemur login --server {}` writes it anew", path.display(), bare(url)))?;
    // Two servers whose names differ in what no file name has.
    if file.server != bare(url) {
        return Ok(None);
    }
    let (user, ca_file) = (std::mem::take(&mut file.user), file.ca_file.take());
    Ok(Some(Kept { user, token: Secret::new(std::mem::take(&mut file.token)), ca_file }))
}

#[cfg(unix)]
fn refuse_shown(path: &Path, found: &std::fs::Metadata) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = found.permissions().mode() & 0o077 != 0;
    anyhow::ensure!(!shown, "{} can be read by others: sign in again, and the token that it holds will end", path.display());
    Ok(())
}

#[cfg(not(unix))]
fn refuse_shown(_: &Path, _: &std::fs::Metadata) -> anyhow::Result<()> {
    Ok(())
}

/// Keeps what one comes in by; gives the file.
pub(in crate::commands) fn keep(url: &str, kept: &Kept) -> anyhow::Result<PathBuf> {
    let path = file(url)?;
    place::make_folder(path.parent().unwrap_or(Path::new("")))?;
    let file =
        File { server: bare(url).to_owned(), user: kept.user.clone(), token: kept.token.expose().clone(), ca_file: kept.ca_file.clone() };
    let text = Zeroizing::new(serde_json::to_vec_pretty(&file).context("what is kept cannot be written")?);
    place::write_private(&path, &text)?;
    Ok(path)
}

/// Forgets what is kept of a server.
pub(in crate::commands) fn forget(url: &str) -> anyhow::Result<()> {
    let path = file(url)?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
