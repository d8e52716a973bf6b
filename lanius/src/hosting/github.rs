//! GitHub's REST API, version 3, as its documentation describes it: what an owner has, and the texts of a repository.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::state::Mark;
use super::target::{is_name, is_part};
use super::texts::{Dated, Piece, changed};
use super::{Error, Host, Hosted, Target};

#[derive(Deserialize)]
struct Repository {
    full_name: String,
    #[serde(default)]
    fork: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default = "yes")]
    has_wiki: bool,
    #[serde(default = "yes")]
    has_issues: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Gist {
    id: String,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    title: Option<String>,
    body: Option<String>,
    updated_at: String,
    /// Of a request that is listed among issues.
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    body: Option<String>,
    updated_at: String,
    html_url: Option<String>,
    issue_url: Option<String>,
    pull_request_url: Option<String>,
}

impl Dated for Issue {
    fn id(&self) -> u64 {
        self.number
    }
    fn updated(&self) -> &str {
        &self.updated_at
    }
}

impl Dated for Comment {
    fn id(&self) -> u64 {
        self.id
    }
    fn updated(&self) -> &str {
        &self.updated_at
    }
}

impl Repository {
    fn hosted(self) -> Result<Hosted, Error> {
        if !is_name(&self.full_name) {
            return Err(Error::Form { reason: "the name of a repository is none".to_owned() });
        }
        Ok(Hosted {
            name: self.full_name,
            fork: self.fork,
            archived: self.archived,
            wiki: self.has_wiki,
            issues: self.has_issues,
            requests: true,
            snippets: false,
        })
    }
}

/// The repositories of an organisation or a user, or the one that is named.
pub(super) fn repositories(host: &Host, target: &Target) -> Result<Vec<Hosted>, Error> {
    let owner = target.owner();
    if let Some(name) = target.repository() {
        return Ok(vec![host.one::<Repository>(&format!("/repos/{owner}/{name}"))?.hosted()?]);
    }
    let mut found = Vec::new();
    let mut take = |page: Vec<Repository>| {
        for repository in page {
            found.push(repository.hosted()?);
        }
        Ok(true)
    };
    match host.list(&format!("/orgs/{owner}/repos?type=all&per_page=100"), &mut take) {
        Err(Error::Missing) => {}
        done => return done.map(|()| found),
    }
    host.list(&format!("/users/{owner}/repos?type=owner&per_page=100"), &mut take)?;
    // What is private is told to its owner alone, and by another list.
    if host.has_token() && host.one::<User>("/user").is_ok_and(|user| user.login.eq_ignore_ascii_case(owner)) {
        host.list("/user/repos?affiliation=owner&per_page=100", &mut take)?;
    }
    Ok(found)
}

/// The gists of a user; an organisation has none.
pub(super) fn gists(host: &Host, target: &Target) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let listed = host.list(&format!("/users/{}/gists?per_page=100", target.owner()), |page: Vec<Gist>| {
        found.extend(page.into_iter().map(|gist| gist.id).filter(|id| is_part(id)));
        Ok(true)
    });
    match listed {
        Err(Error::Missing) => Ok(Vec::new()),
        done => done.map(|()| found),
    }
}

impl Issue {
    fn visit(&self, kind: &str, visit: &mut dyn FnMut(&Piece<'_>)) {
        let place = format!("{kind}/{}", self.number);
        visit(&Piece { place: format!("{place}#title"), body: self.title.as_deref().unwrap_or_default() });
        visit(&Piece { place, body: self.body.as_deref().unwrap_or_default() });
    }
}

impl Comment {
    fn place(&self) -> String {
        if let Some(url) = &self.pull_request_url {
            return format!("pull/{}#discussion-{}", number(url), self.id);
        }
        let of_request = self.html_url.as_deref().is_some_and(|url| url.contains("/pull/"));
        let kind = if of_request { "pull" } else { "issues" };
        format!("{kind}/{}#comment-{}", self.issue_url.as_deref().map_or(0, number), self.id)
    }
}

/// The number at the end of a URL.
fn number(url: &str) -> u64 {
    url.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0)
}

/// Visits the texts of a repository that changed since `marks`, and moves these on. What of them fails is told by its name.
pub(super) fn texts(
    host: &Host,
    repository: &Hosted,
    marks: &mut BTreeMap<String, Mark>,
    visit: &mut dyn FnMut(&Piece<'_>),
) -> Vec<(&'static str, Error)> {
    let path = |list: &str| format!("/repos/{}/{list}sort=updated&direction=desc&per_page=100", repository.name);
    let mut failed = Vec::new();
    let mut read =
        |kind: &'static str, visit_changed: &mut dyn FnMut(Option<&Mark>) -> Result<Mark, Error>| match visit_changed(marks.get(kind)) {
            Ok(mark) if mark.since.is_empty() => {}
            Ok(mark) => drop(marks.insert(kind.to_owned(), mark)),
            Err(error) => failed.push((kind, error)),
        };
    if repository.issues {
        // Requests are issues too.
        read("issues", &mut |mark| {
            changed(host, &path("issues?state=all&"), Some("since"), mark, |issue: &Issue| {
                issue.visit(if issue.pull_request.is_some() { "pull" } else { "issues" }, visit);
                Ok(())
            })
        });
    } else {
        read("pulls", &mut |mark| {
            changed(host, &path("pulls?state=all&"), None, mark, |request: &Issue| {
                request.visit("pull", visit);
                Ok(())
            })
        });
    }
    for (kind, list) in [("comments", "issues/comments?"), ("reviews", "pulls/comments?")] {
        read(kind, &mut |mark| {
            changed(host, &path(list), Some("since"), mark, |comment: &Comment| {
                visit(&Piece { place: comment.place(), body: comment.body.as_deref().unwrap_or_default() });
                Ok(())
            })
        });
    }
    failed
}
