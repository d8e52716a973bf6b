//! A group on GitLab, with a group in it: projects, wikis, snippets, issues, merge requests and their notes.

use crate::forge::{Forge, push, secret};
use crate::run::scan;
use serde_json::json;

#[test]
fn a_group_with_subgroups_and_then_what_is_new() {
    let forge = Forge::start("/api/v4", |_, _| None);
    for (number, name) in [(1, "top/app"), (2, "top/deep/er/lib"), (3, "top/app.wiki"), (4, "top/app/snippets/31"), (5, "top/copy")] {
        let work = forge.repository(name);
        work.commit("a.env", format!("TOKEN={}\n", secret(number)));
        push(&work);
    }
    let off = json!({ "wiki_enabled": false, "issues_enabled": false, "merge_requests_enabled": false, "snippets_enabled": false });
    let project = |name: &str, more: &serde_json::Value| {
        let mut value = json!({ "path_with_namespace": name, "archived": false });
        value.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        value
    };
    let mut copy = off.clone();
    copy["forked_from_project"] = json!({ "id": 1 });
    let projects = [project("top/app", &json!({})), project("top/deep/er/lib", &off), project("top/copy", &copy)];
    forge.list("/groups/top/projects", &projects);
    forge.list("/projects/top/app/snippets", &[json!({ "id": 31, "title": "x" })]);
    let item = |iid: u64, updated: &str, body: String, notes: u64| json!({ "iid": iid, "title": "a title", "description": body, "updated_at": updated, "user_notes_count": notes });
    let note = |id: u64, updated: &str, body: String| json!({ "id": id, "body": body, "updated_at": updated, "system": false });
    let mut issues = vec![
        item(1, "2026-05-01T08:00:00.100Z", format!("a\nb {}", secret(6)), 0),
        item(2, "2026-05-02T08:00:00.200Z", "nothing".to_owned(), 3),
        item(3, "2026-05-03T08:00:00.300Z", "nothing".to_owned(), 0),
    ];
    forge.list("/projects/top/app/issues", &issues);
    let mut notes: Vec<_> = (1..=3).map(|id| note(id, &format!("2026-05-02T0{id}:00:00.000Z"), "nothing".to_owned())).collect();
    notes[2]["body"] = json!(format!("in the log: {}", secret(7)));
    forge.list("/projects/top/app/issues/2/notes", &notes);
    let request = item(9, "2026-05-04T08:00:00.000Z", format!("closes {}", secret(8)), 1);
    forge.list("/projects/top/app/merge_requests", &[request]);
    forge.list("/projects/top/app/merge_requests/9/notes", &[note(20, "2026-05-04T07:00:00.000Z", format!("why {}", secret(9)))]);

    let first = scan(&forge, "gitlab://top", &["--no-forks"]);
    first.has("gitlab://top/app:a.env", &secret(1), 1);
    first.has("gitlab://top/deep/er/lib:a.env", &secret(2), 1);
    first.has("gitlab://top/app.wiki:a.env", &secret(3), 1);
    first.has("gitlab://top/app/snippets/31:a.env", &secret(4), 1);
    first.has("gitlab://top/app/issues/1", &secret(6), 2);
    first.has("gitlab://top/app/issues/2#note-3", &secret(7), 1);
    first.has("gitlab://top/app/merge_requests/9", &secret(8), 1);
    first.has("gitlab://top/app/merge_requests/9#note-20", &secret(9), 1);
    assert_eq!((first.places.len(), first.errors.len(), first.status), (8, 0, 1), "{}", first.said);

    let again = scan(&forge, "gitlab://top", &["--no-forks"]);
    assert_eq!((again.paths(), again.status), (Vec::new(), 0), "{}", again.said);

    notes.push(note(4, "2026-06-01T00:00:00.000Z", format!("later: {}", secret(10))));
    forge.list("/projects/top/app/issues/2/notes", &notes);
    issues[1] = item(2, "2026-06-01T00:00:00.000Z", "nothing".to_owned(), 4);
    forge.list("/projects/top/app/issues", &issues);
    let new = scan(&forge, "gitlab://top", &["--no-forks"]);
    new.has("gitlab://top/app/issues/2#note-4", &secret(10), 1);
    assert_eq!(new.places.len(), 1, "{}", new.said);

    forge.thing("/projects/top/deep/er/lib", project("top/deep/er/lib", &off));
    let one = scan(&forge, "gitlab://top/deep/er/lib", &["--threads", "1"]);
    assert_eq!(one.status, 0, "it was looked at with the group: {}", one.said);
}
