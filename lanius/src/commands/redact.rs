//! `lanius redact`: a copy of a file or stream in which findings are covered or tokenised.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use menagerie_report::{self as output, Exit, count};

use crate::cli::Redact;
use crate::named;
use crate::personal::{Finder, Scope};
use crate::redact::{Redactor, Style, Summary, Tokens};
use crate::report::least;
use crate::scan::Engine;

/// The least confidence of personal data, which below it is any number.
const PERSONAL: u8 = 40;

pub(super) fn run(redact: &Redact) -> anyhow::Result<Exit> {
    let engine = Engine::new(super::rules::load(&redact.rules)?);
    let least = least(redact.confidence);
    let personal = redact.pii.then(|| Finder::new(Scope::everywhere().at_least(least.max(PERSONAL))));
    let redactor = Redactor::new(&engine, personal, least, style(redact)?);
    let (summary, name) = match &redact.file {
        Some(file) if file.as_os_str() != "-" => {
            let mut input = named::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
            (copy(&redactor, &mut input, redact.output.as_deref(), &file.to_string_lossy())?, file.to_string_lossy())
        }
        _ => {
            let path = redact.path.as_deref().unwrap_or("-");
            (copy(&redactor, &mut io::stdin(), redact.output.as_deref(), path)?, path.into())
        }
    };
    for reason in summary.left.reasons() {
        output::warning(format_args!("{name}: not looked at: {reason}"));
    }
    output::note(format_args!(
        "{} replaced; {} read, {} written",
        count(summary.replaced, "place", "places"),
        count(summary.read, "byte", "bytes"),
        summary.written
    ));
    Ok(Exit::Fine)
}

fn style(redact: &Redact) -> anyhow::Result<Style> {
    if redact.tokenise {
        let Some(key) = super::policy::key(redact.key_file.as_deref())? else {
            bail!("tokens need a key: name its file by --key-file or LANIUS_KEY_FILE (32 random bytes are a good key)");
        };
        return Ok(Style::Token(Tokens::new(key)));
    }
    Ok(redact.mask_char.map_or(Style::Mark, Style::Sign))
}

/// Copies to a file, which appears when it is whole, or to standard output.
fn copy(redactor: &Redactor<'_>, input: &mut (dyn Read + Send), to: Option<&Path>, path: &str) -> anyhow::Result<Summary> {
    let failed = |to: &Path| format!("{} cannot be written", to.display());
    let straight = match to {
        None => Some(Box::new(io::stdout()) as Box<dyn Write>),
        Some(to) => output::straight(to).with_context(|| failed(to))?,
    };
    let (Some(to), None) = (to, &straight) else {
        let mut out = straight.unwrap_or_else(|| Box::new(io::stdout()));
        return match redactor.copy(input, &mut out, path) {
            // A reader that has enough is no error.
            Err(crate::redact::Error::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Summary::default()),
            other => Ok(other?),
        };
    };
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(|| failed(to))?;
    let summary = redactor.copy(input, &mut file, path)?;
    file.flush().and_then(|()| file.as_file().sync_all()).with_context(|| failed(to))?;
    file.persist(to).with_context(|| failed(to))?;
    Ok(summary)
}
