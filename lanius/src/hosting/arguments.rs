//! What can be typed about code hosts.

use std::path::PathBuf;

use clap::Args;

/// Of code hosts: where they are, what of them is looked at.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Code hosts (github://OWNER[/REPO], gitlab://GROUP[/PROJECT])")]
pub struct Hosting {
    /// Where repositories are kept from run to run [default: lanius in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// A host of your own: GitHub Enterprise Server, a self-managed GitLab
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// A file with the access token [default: of GITHUB_TOKEN or GITLAB_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Leave out forks
    #[arg(long)]
    pub no_forks: bool,
    /// Leave out what is archived
    #[arg(long)]
    pub no_archived: bool,
    /// Leave out issues, pull and merge requests, snippets
    #[arg(long)]
    pub no_issues: bool,
    /// Only repositories with such names
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// No repositories with such names
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// The most that is kept of one repository; a larger one is an error
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "10GiB")]
    pub max_repository_size: u64,
}

/// Bytes, with KiB, MiB, GiB or TiB behind the number.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err("it is a number with KiB, MiB, GiB or TiB behind it".to_owned()),
    };
    let number = digits.parse::<u64>().map_err(|_| "it is a number with KiB, MiB, GiB or TiB behind it".to_owned())?;
    number.checked_mul(unit).filter(|size| *size > 0).ok_or_else(|| "it is out of bounds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes() {
        assert_eq!(size("10GiB"), Ok(10 << 30));
        assert_eq!(size("512"), Ok(512));
        for wrong in ["", "GiB", "1GB", "-1", "99999999999TiB", "0", "1 é"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
