//! `repokid repo_role` and `repokid repo_all_roles`: narrowing what is live.

use menagerie_aws::AccountId;
use menagerie_aws_iam::Iam;
use menagerie_report::{self as report, Exit};

use super::office::{Office, block_on};
use crate::analysis::Outcome;
use crate::cli::{Narrowing, RepoAllRoles, RepoRole};
use crate::reach::Reach;
use crate::repo::{Choice, Repo, Tally, Told};
use crate::report::changes;
use crate::rewrite::Options;

pub(super) fn one(options: &RepoRole) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let accounts = [options.account.clone()];
        let exit = each(&office, &accounts, Choice::One(&options.role), options.narrowing).await;
        office.state.close().await;
        exit
    })
}

pub(super) fn all(options: &RepoAllRoles) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let accounts: Vec<_> = options.accounts.iter().chain(&options.account).cloned().collect();
        let exit = each(&office, &accounts, Choice::All, options.narrowing).await;
        office.state.close().await;
        exit
    })
}

/// Works on each account. One that fails is told, and the others are worked on all the same.
pub(super) async fn each(office: &Office, accounts: &[AccountId], choice: Choice<'_>, narrowing: Narrowing) -> anyhow::Result<Exit> {
    let reach = Reach::new(&office.config.connection_iam).await?;
    let blocklist = super::blocklist::read(&office.config).await;
    let (mut all, mut failed) = (Tally::default(), 0);
    for account in accounts {
        let iam = Iam::new(&reach.account(account).await);
        let repo = Repo {
            iam: &iam,
            state: &office.state,
            config: &office.config,
            account,
            clock: &office.clock,
            actor: &office.actor,
            run: &office.run,
            commit: narrowing.commit,
            options: Options { resources: narrowing.resources },
            blocklist: blocklist.as_ref(),
            code: &office.code,
        };
        match repo.run(choice, &mut tell).await {
            Ok(tally) => all = all.plus(tally),
            Err(error) => {
                failed += 1;
                report::error(format_args!("account {account}: {}", report::shown(&error.to_string())));
            }
        }
    }
    let verb = if narrowing.commit { "changed" } else { "would change" };
    report::note(format_args!(
        "{} looked at, {} {verb}, {} left alone, {} refused, {} failed{}",
        all.looked,
        all.changed,
        all.skipped,
        all.refused,
        all.failed,
        if failed == 0 { String::new() } else { format!("; {failed} of {} accounts failed", accounts.len()) },
    ));
    Ok(if failed + all.failed > 0 {
        Exit::Incomplete
    } else if all.refused > 0 {
        Exit::Found
    } else {
        Exit::Fine
    })
}

/// Prints what is told. A stdout that is gone keeps nothing from being done to its end.
pub(super) fn tell(told: &Told<'_>) {
    match told {
        Told::Problem(problem) => report::warning(report::shown(&problem.to_string())),
        Told::Recovered(recovered) => {
            let text = format!("change {} of {}: {}", recovered.change, recovered.principal, recovered.note);
            report::warning(report::shown(&text));
        }
        Told::Skipped(principal, why) => report::note(report::shown(&format!("{}: left alone: {why}", principal.arn))),
        Told::Analyzed(analysis, documents) => {
            let arn = &analysis.principal.arn;
            match &analysis.outcome {
                Outcome::Same => report::note(report::shown(&format!("{arn}: nothing is proved unused"))),
                Outcome::Left(left) => report::note(report::shown(&format!("{arn}: left alone: {left}"))),
                Outcome::Refused(reason) => report::warning(report::shown(&format!("{arn}: refused: {reason}"))),
                Outcome::Narrowed(_) => {
                    let removed = analysis.removed().len();
                    let head = format!("{arn}: {removed} permissions are proved unused");
                    let _ = report::data(format_args!("{}\n{}", report::shown(&head), changes(documents)));
                }
            }
        }
        Told::Owned(principal, owner) => {
            report::note(report::shown(&format!("{}: not changed: {owner}", principal.arn)));
        }
        Told::Proposed(_, Some(folder)) => {
            report::note(format_args!("the patch and the text of a pull request are in {}", folder.display()));
        }
        Told::Unwritten(error) => report::error(report::shown(&error.to_string())),
        Told::Proposed(proposed, None) => {
            let _ = report::data(format_args!("{}\n{}", proposed.pull_request(), proposed.diff()));
        }
        Told::Applied(principal, change) => report::note(report::shown(&format!("{}: done, as change {change}", principal.arn))),
        Told::Failed(_, error) => report::error(report::shown(&error.to_string())),
    }
}
