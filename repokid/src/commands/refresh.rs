//! `repokid update_role_cache`: brings what the state knows of an account up to date.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use menagerie_report::{self as report, Exit};

use super::now;
use super::office::{Office, block_on};
use crate::account::{self, MAX_BYTES};
use crate::cache::{Refreshed, Source, refresh};
use crate::cli::UpdateRoleCache;
use crate::compat::advisor::{self, Advice};
use crate::survey::Survey;

/// Rows of Access Advisor of a saved file.
pub(super) fn saved(path: &Path) -> anyhow::Result<Advice> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    advisor::saved(&text, now()).with_context(|| format!("{} cannot be used", path.display()))
}

pub(super) fn run(options: &UpdateRoleCache) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let mut problems = Vec::new();
        let refreshed = match &options.authorization_details {
            Some(path) => of_file(&office, options, path, &mut problems).await?,
            #[cfg(feature = "aws")]
            None => super::round::refresh(&office, &options.account, options.access_advisor.as_deref(), &mut problems).await?,
            #[cfg(not(feature = "aws"))]
            None => bail!("this repokid was built without what talks to AWS: give --authorization-details"),
        };
        for problem in &problems {
            report::warning(report::shown(problem));
        }
        tell(&refreshed)?;
        Ok(if problems.is_empty() { Exit::Fine } else { Exit::Incomplete })
    })
}

fn tell(refreshed: &Refreshed) -> anyhow::Result<()> {
    let Refreshed { new, changed, gone, repoable, .. } = refreshed;
    report::data(format_args!(
        "{} up to date: {new} new, {changed} with other policies than before, {gone} gone; {repoable} permissions are repoable\n",
        refreshed.counted()
    ))?;
    Ok(())
}

/// From saved answers, without a call to AWS.
async fn of_file(office: &Office, options: &UpdateRoleCache, path: &Path, problems: &mut Vec<String>) -> anyhow::Result<Refreshed> {
    let size = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    if size > MAX_BYTES {
        bail!("{} has {size} bytes, more than any account's authorization details", path.display());
    }
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let details = account::read(&text, &path.display().to_string());
    problems.extend(details.problems.iter().map(ToString::to_string));
    let advice = options.access_advisor.as_deref().map(saved).transpose()?.unwrap_or_default();
    problems.extend(advice.faults.iter().map(|fault| format!("Access Advisor, {}: {}", fault.of, fault.reason)));
    let mut inventory = details.inventory;
    inventory.principals.retain(|principal| principal.account() == options.account.as_str());
    if inventory.principals.is_empty() {
        bail!("{} has no role, user or group of account {}", path.display(), options.account);
    }
    let complete = problems.is_empty();
    #[cfg(feature = "aws")]
    let blocklist = super::blocklist::read(&office.config).await;
    #[cfg(not(feature = "aws"))]
    let blocklist = None;
    let now = now();
    let survey = Survey::new((inventory, Vec::new()), &office.state, &office.config, blocklist.as_ref(), &options.account, now).await?;
    problems.extend(survey.problems.iter().map(ToString::to_string));
    let refreshed = refresh(&office.state, &survey, &Source { complete, advice: &advice, occasion: "Scan" }, now).await?;
    problems.extend(refreshed.problems.iter().cloned());
    Ok(refreshed)
}
