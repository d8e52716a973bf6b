//! An organisation on GitHub: all its repositories, with their histories, wikis and texts, and then what is new.

use crate::forge::{Forge, files, push, secret};
use crate::run::scan;
use serde_json::{Value, json};

pub(crate) fn repository(name: &str, more: &Value) -> Value {
    let mut value = json!({ "full_name": name, "fork": false, "archived": false, "has_wiki": false, "has_issues": false });
    value.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    value
}

/// `org` with repositories of one file each, which holds `secret(number)`.
pub(crate) fn organisation(forge: &Forge, names: &[&str]) {
    let mut listed = Vec::new();
    for (number, name) in (1..).zip(names) {
        let work = forge.repository(&format!("org/{name}"));
        work.commit("settings.env", format!("# settings\nTOKEN={}\n", secret(number)));
        push(&work);
        listed.push(repository(&format!("org/{name}"), &json!({})));
        forge.list(&format!("/repos/org/{name}/pulls"), &[]);
        forge.list(&format!("/repos/org/{name}/issues/comments"), &[]);
        forge.list(&format!("/repos/org/{name}/pulls/comments"), &[]);
    }
    forge.list("/orgs/org/repos", &listed);
}

fn issue(number: u64, updated: &str, body: &str) -> Value {
    json!({ "number": number, "title": format!("issue {number}"), "body": body, "updated_at": updated })
}

fn comment(id: u64, place: &str, updated: &str, body: &str) -> Value {
    json!({
        "id": id, "body": body, "updated_at": updated,
        "html_url": format!("https://host/org/one/{place}#issuecomment-{id}"),
        "issue_url": format!("https://host/api/repos/org/one/issues/{}", place.rsplit('/').next().expect("a number")),
    })
}

#[test]
fn all_of_an_organisation_and_then_what_is_new() {
    let forge = Forge::start("/api/v3", |_, _| None);
    let one = forge.repository("org/one");
    one.commit("gone.env", format!("first line\nTOKEN={}\n", secret(1)));
    one.commit("gone.env", "nothing any more\n");
    one.git(&["checkout", "--quiet", "-b", "side"]);
    one.commit("side.env", format!("TOKEN={}\n", secret(2)));
    one.git(&["checkout", "--quiet", "-b", "request", "main"]);
    one.commit("request.env", format!("TOKEN={}\n", secret(3)));
    one.git(&["update-ref", "refs/pull/4/head", "request"]);
    one.git(&["checkout", "--quiet", "main"]);
    one.git(&["branch", "--quiet", "-D", "request"]);
    push(&one);
    let wiki = forge.repository("org/one.wiki");
    wiki.commit("Home.md", format!("# Home\n\nThe token is {}\n", secret(4)));
    push(&wiki);
    for name in ["org/two", "org/fork", "org/old", "org/unwanted-1"] {
        let work = forge.repository(name);
        work.commit("a.env", format!("TOKEN={}\n", secret(50)));
        push(&work);
    }
    drop(forge.repository("org/empty"));
    forge.list(
        "/orgs/org/repos",
        &[
            repository("org/two", &json!({ "has_wiki": true })),
            repository("org/one", &json!({ "has_wiki": true, "has_issues": true })),
            repository("org/fork", &json!({ "fork": true })),
            repository("org/old", &json!({ "archived": true })),
            repository("org/unwanted-1", &json!({})),
            repository("org/empty", &json!({})),
        ],
    );
    let mut issues: Vec<Value> = (1..=5).map(|number| issue(number, &format!("2026-03-0{number}T10:00:00Z"), "nothing here")).collect();
    issues[1]["body"] = json!(format!("It fails with\r\n\r\n    TOKEN={}\r\n", secret(5)));
    let mut request = issue(6, "2026-03-05T10:00:00Z", &format!("see {}", secret(6)));
    request["pull_request"] = json!({ "url": "https://host/x" });
    request["title"] = json!(format!("Use {}", secret(7)));
    issues.push(request);
    issues.push(json!({ "number": 8, "title": null, "body": null, "updated_at": "2026-03-01T00:00:00Z" }));
    forge.list("/repos/org/one/issues", &issues);
    let comments = [
        comment(100, "issues/2", "2026-03-02T11:00:00Z", &format!("try {}", secret(8))),
        comment(101, "pull/6", "2026-03-06T11:00:00Z", &format!("or {}", secret(9))),
    ];
    forge.list("/repos/org/one/issues/comments", &comments);
    let review = json!({
        "id": 7, "body": format!("```\n{}\n```", secret(10)), "updated_at": "2026-03-06T11:00:00Z",
        "pull_request_url": "https://host/api/repos/org/one/pulls/6", "html_url": "https://host/org/one/pull/6#discussion_r7",
    });
    forge.list("/repos/org/one/pulls/comments", &[review]);
    for name in ["two", "empty"] {
        for list in ["pulls", "pulls/comments", "issues/comments"] {
            forge.list(&format!("/repos/org/{name}/{list}"), &[]);
        }
    }

    let filters = ["--no-forks", "--no-archived", "--exclude", "unwanted-*"];
    let first = scan(&forge, "github://org", &filters);
    first.has("github://org/one:gone.env", &secret(1), 2);
    first.has("github://org/one:side.env", &secret(2), 1);
    first.has("github://org/one:request.env", &secret(3), 1);
    first.has("github://org/one.wiki:Home.md", &secret(4), 3);
    first.has("github://org/one/issues/2", &secret(5), 3);
    first.has("github://org/one/pull/6", &secret(6), 1);
    first.has("github://org/one/pull/6#title", &secret(7), 1);
    first.has("github://org/one/issues/2#comment-100", &secret(8), 1);
    first.has("github://org/one/pull/6#comment-101", &secret(9), 1);
    first.has("github://org/one/pull/6#discussion-7", &secret(10), 2);
    first.has("github://org/two:a.env", &secret(50), 1);
    assert_eq!((first.places.len(), first.errors.len(), first.status), (11, 0, 1), "{}", first.said);
    let commit = first.places["github://org/one:gone.env"]["commit"].as_str().expect("of a history");
    assert_eq!(commit, one.git(&["rev-list", "--max-parents=0", "HEAD"]));
    assert!(files(&forge.cache()).iter().all(|file| !file.to_string_lossy().contains("org")), "no name of the host's is a path");

    let _ = forge.requests();
    let again = scan(&forge, "github://org", &filters);
    assert_eq!((again.paths(), again.status), (Vec::new(), 0), "{}", again.said);
    let fetches = forge.requests().into_iter().filter(|request| String::from_utf8_lossy(&request.body).contains("command=fetch"));
    assert_eq!(fetches.count(), 0, "nothing is fetched twice");

    one.commit("new.env", format!("TOKEN={}\n", secret(11)));
    push(&one);
    let mut comments = comments.to_vec();
    comments.push(comment(102, "issues/2", "2026-03-06T11:00:00Z", &format!("at the same second: {}", secret(12))));
    comments[0] = comment(100, "issues/2", "2026-03-07T11:00:00Z", &format!("edited: {}", secret(13)));
    forge.list("/repos/org/one/issues/comments", &comments);
    let new = scan(&forge, "github://org", &filters);
    new.has("github://org/one:new.env", &secret(11), 1);
    new.has("github://org/one/issues/2#comment-102", &secret(12), 1);
    new.has("github://org/one/issues/2#comment-100", &secret(13), 1);
    assert_eq!((new.places.len(), new.status), (3, 1), "{}", new.said);

    let lower = scan(&forge, "github://org", &["--no-issues", "--include", "one", "--rules", &rule(&forge)]);
    assert!(lower.places.contains_key("github://org/one:gone.env"), "other rules look at all again: {}", lower.said);
    assert!(lower.paths().iter().all(|path| path.starts_with("github://org/one") && !path.contains("/issues/")), "{}", lower.said);
}

/// A rule file with one more rule.
fn rule(forge: &Forge) -> String {
    let file = forge.scratch.path().join("more.toml");
    let text = "[[rule]]\nid = \"own-key\"\nname = \"Own key\"\nservice = \"Own\"\nseverity = \"high\"\nconfidence = \"high\"\nkeywords = [\"ownkey_\"]\npattern = 'ownkey_[a-z]{20}'\n";
    std::fs::write(&file, text).expect("a file");
    file.display().to_string()
}

#[test]
fn a_user_and_one_repository() {
    let forge = Forge::start("/api/v3", |_, _| None);
    organisation(&forge, &["one", "two"]);
    forge.thing("/repos/org/two", repository("org/two", &json!({})));
    let two = scan(&forge, "github://org/two", &[]);
    assert_eq!((two.paths(), two.status), (vec!["github://org/two:settings.env"], 1), "{}", two.said);

    forge.list("/users/ada/repos", &[repository("org/one", &json!({}))]);
    forge.list("/user/repos", &[repository("org/one", &json!({})), repository("ada/private", &json!({}))]);
    forge.thing("/user", json!({ "login": "Ada" }));
    let private = forge.repository("ada/private");
    private.commit("x.env", format!("TOKEN={}\n", secret(70)));
    push(&private);
    for list in ["pulls", "pulls/comments", "issues/comments"] {
        forge.list(&format!("/repos/ada/private/{list}"), &[]);
    }
    forge.list("/users/ada/gists", &[json!({ "id": "0a1b2c" })]);
    let gist = forge.repository("gist/0a1b2c");
    gist.commit("note.env", format!("TOKEN={}\n", secret(71)));
    push(&gist);
    let ada = scan(&forge, "github://ada", &[]);
    ada.has("github://ada/private:x.env", &secret(70), 1);
    ada.has("github://ada/gists/0a1b2c:note.env", &secret(71), 1);
    ada.has("github://org/one:settings.env", &secret(1), 2);
    assert_eq!((ada.places.len(), ada.status), (3, 1), "{}", ada.said);

    let nobody = scan(&forge, "github://nobody", &[]);
    assert_eq!(nobody.status, 2, "{}", nobody.said);
    assert_eq!(nobody.errors["github://nobody"], "it is not there, or not open to these credentials");
}
