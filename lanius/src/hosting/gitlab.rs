//! GitLab's REST API, version 4, as its documentation describes it: the projects of a group and of its subgroups, and a project's texts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::state::Mark;
use super::target::is_name;
use super::texts::{Dated, Piece, changed, is_older};
use super::{Error, Host, Hosted, Target};

#[derive(Deserialize)]
struct Project {
    path_with_namespace: String,
    forked_from_project: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    archived: bool,
    #[serde(default = "yes")]
    wiki_enabled: bool,
    #[serde(default = "yes")]
    issues_enabled: bool,
    #[serde(default = "yes")]
    merge_requests_enabled: bool,
    #[serde(default = "yes")]
    snippets_enabled: bool,
}

fn yes() -> bool {
    true
}

/// An issue or a merge request.
#[derive(Deserialize)]
struct Item {
    iid: u64,
    title: Option<String>,
    description: Option<String>,
    updated_at: String,
    #[serde(default = "some")]
    user_notes_count: u64,
}

fn some() -> u64 {
    1
}

#[derive(Deserialize)]
struct Note {
    id: u64,
    body: Option<String>,
    updated_at: String,
}

#[derive(Deserialize)]
struct Snippet {
    id: u64,
}

impl Dated for Item {
    fn id(&self) -> u64 {
        self.iid
    }
    fn updated(&self) -> &str {
        &self.updated_at
    }
}

impl Dated for Note {
    fn id(&self) -> u64 {
        self.id
    }
    fn updated(&self) -> &str {
        &self.updated_at
    }
}

impl Project {
    fn hosted(self) -> Result<Hosted, Error> {
        if !is_name(&self.path_with_namespace) {
            return Err(Error::Form { reason: "the name of a project is none".to_owned() });
        }
        Ok(Hosted {
            name: self.path_with_namespace,
            fork: self.forked_from_project.is_some(),
            archived: self.archived,
            wiki: self.wiki_enabled,
            issues: self.issues_enabled,
            requests: self.merge_requests_enabled,
            snippets: self.snippets_enabled,
        })
    }
}

/// A path as one part of a URL.
fn encoded(path: &str) -> String {
    path.replace('/', "%2F")
}

/// The projects of a group and all below it, or of a user, or the one that is named.
pub(super) fn repositories(host: &Host, target: &Target) -> Result<Vec<Hosted>, Error> {
    let path = target.path();
    let name = encoded(&path);
    let mut found = Vec::new();
    let mut take = |page: Vec<Project>| {
        for project in page {
            found.push(project.hosted()?);
        }
        Ok(true)
    };
    let group = format!("/groups/{name}/projects?include_subgroups=true&with_shared=false&order_by=id&sort=asc&per_page=100");
    match host.list(&group, &mut take) {
        Err(Error::Missing) => {}
        done => return done.map(|()| found),
    }
    if target.repository().is_some() {
        return Ok(vec![host.one::<Project>(&format!("/projects/{name}"))?.hosted()?]);
    }
    host.list(&format!("/users/{name}/projects?order_by=id&sort=asc&per_page=100"), &mut take)?;
    Ok(found)
}

/// The numbers of a project's snippets, each of which is a repository.
pub(super) fn snippets(host: &Host, project: &Hosted) -> Result<Vec<u64>, Error> {
    let mut found = Vec::new();
    host.list(&format!("/projects/{}/snippets?per_page=100", encoded(&project.name)), |page: Vec<Snippet>| {
        found.extend(page.into_iter().map(|snippet| snippet.id));
        Ok(true)
    })?;
    Ok(found)
}

/// Visits the texts of a project that changed since `marks`, and moves these on. What of them fails is told by its name.
pub(super) fn texts(
    host: &Host,
    project: &Hosted,
    marks: &mut BTreeMap<String, Mark>,
    visit: &mut dyn FnMut(&Piece<'_>),
) -> Vec<(&'static str, Error)> {
    let mut failed = Vec::new();
    let kinds = [("issues", project.issues), ("merge_requests", project.requests)];
    for (kind, _) in kinds.into_iter().filter(|(_, enabled)| *enabled) {
        let base = format!("/projects/{}/{kind}", encoded(&project.name));
        let list = format!("{base}?scope=all&state=all&order_by=updated_at&sort=desc&per_page=100");
        let mark = marks.get(kind).cloned();
        let read = changed(host, &list, Some("updated_after"), mark.as_ref(), |item: &Item| {
            let place = format!("{kind}/{}", item.iid);
            visit(&Piece { place: format!("{place}#title"), body: item.title.as_deref().unwrap_or_default() });
            visit(&Piece { place: place.clone(), body: item.description.as_deref().unwrap_or_default() });
            if item.user_notes_count == 0 {
                return Ok(());
            }
            host.list(&format!("{base}/{}/notes?order_by=updated_at&sort=desc&per_page=100", item.iid), |page: Vec<Note>| {
                for note in &page {
                    if is_older(note, mark.as_ref())? {
                        return Ok(false);
                    }
                    visit(&Piece { place: format!("{place}#note-{}", note.id), body: note.body.as_deref().unwrap_or_default() });
                }
                Ok(true)
            })
        });
        match read {
            Ok(mark) if mark.since.is_empty() => {}
            Ok(mark) => drop(marks.insert(kind.to_owned(), mark)),
            Err(error) => failed.push((kind, error)),
        }
    }
    failed
}
