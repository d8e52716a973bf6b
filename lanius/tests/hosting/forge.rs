//! A code host on loopback. Repositories are real and served by git; lists are what a test puts there, with pages of two entries, `Link`
//! headers, filters by time and order by change as the hosts document them.

use menagerie_tests::http::{Request, Response, Server};
use menagerie_tests::{GitFolder, git_http_backend};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub(crate) const TOKEN: &str = "token-of-the-test-0123456789";

type Intercept = dyn Fn(&Request, usize) -> Option<Response> + Send + Sync;

#[derive(Default)]
struct State {
    lists: BTreeMap<String, Vec<Value>>,
    things: BTreeMap<String, Value>,
    requests: Vec<Request>,
}

pub(crate) struct Forge {
    pub(crate) scratch: tempfile::TempDir,
    server: Server,
    state: Arc<Mutex<State>>,
}

impl Forge {
    /// A host whose API begins with `api`. `intercept` may answer a request, the n-th for that target, in the host's place.
    pub(crate) fn start(api: &'static str, intercept: impl Fn(&Request, usize) -> Option<Response> + Send + Sync + 'static) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let state = Arc::new(Mutex::new(State::default()));
        let (root, shared) = (scratch.path().join("git"), Arc::clone(&state));
        let intercept: Box<Intercept> = Box::new(intercept);
        let server = Server::start(move |request| {
            let nth = {
                let mut state = shared.lock().expect("no test panics with it");
                state.requests.push(request.clone());
                state.requests.iter().filter(|earlier| earlier.target == request.target).count()
            };
            if let Some(response) = intercept(&request, nth) {
                return Some(response);
            }
            let path = request.path();
            if let Some(path) = path.strip_prefix(api) {
                return Some(answer(&shared.lock().expect("no test panics with it"), path, &request));
            }
            if request.value("authorization").is_none_or(|header| !header.starts_with("Basic ")) {
                return Some(Response::new(401, ""));
            }
            Some(git_http_backend(&root, &path, &request))
        });
        Self { scratch, server, state }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// An empty repository `name`, as the host serves it; and a worktree to fill it from.
    pub(crate) fn repository(&self, name: &str) -> GitFolder {
        let bare = self.scratch.path().join("git").join(format!("{name}.git"));
        drop(GitFolder::init(&bare, &["--bare"]));
        let work = GitFolder::init(&self.scratch.path().join("work").join(name), &[]);
        work.git(&["remote", "add", "origin", &bare.display().to_string()]);
        work
    }

    pub(crate) fn list(&self, path: &str, items: &[Value]) {
        self.state.lock().expect("no test panics with it").lists.insert(path.to_owned(), items.to_vec());
    }

    pub(crate) fn thing(&self, path: &str, thing: Value) {
        self.state.lock().expect("no test panics with it").things.insert(path.to_owned(), thing);
    }

    /// The requests since the last time that this was asked.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().expect("no test panics with it").requests)
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.scratch.path().join("cache")
    }
}

/// Sends all that a worktree has to the host.
pub(crate) fn push(work: &GitFolder) {
    work.git(&["push", "--quiet", "origin", "+refs/*:refs/*"]);
}

fn answer(state: &State, path: &str, request: &Request) -> Response {
    if request.value("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return Response::new(401, r#"{"message":"Requires authentication"}"#);
    }
    if let Some(thing) = state.things.get(path) {
        return Response::new(200, thing.to_string());
    }
    let Some(list) = state.lists.get(path) else { return Response::new(404, r#"{"message":"Not Found"}"#) };
    let since = request.query("since").or_else(|| request.query("updated_after")).unwrap_or_default();
    let updated = |item: &Value| item["updated_at"].as_str().unwrap_or_default().to_owned();
    let mut items: Vec<&Value> = list.iter().filter(|item| since.is_empty() || updated(item) >= since).collect();
    if request.query("sort").is_some_and(|by| by == "updated") || request.query("order_by").is_some_and(|by| by == "updated_at") {
        items.sort_by_key(|item| std::cmp::Reverse(updated(item)));
    }
    let page: usize = request.query("page").map_or(1, |page| page.parse().expect("a page is a number"));
    let shown: Vec<&Value> = items.iter().skip((page - 1) * 2).take(2).copied().collect();
    let mut response =
        Response::new(200, serde_json::to_string(&shown).expect("values are JSON")).header("Content-Type", "application/json");
    if items.len() > page * 2 {
        let target: Vec<&str> = request.target.split('&').filter(|part| !part.starts_with("page=")).collect();
        let url = format!("http://{}{}", request.value("host").expect("a host"), target.join("&"));
        response = response.header("Link", &format!("<{url}&page={}>; rel=\"next\", <{url}&page=99>; rel=\"last\"", page + 1));
    }
    response
}

/// A secret that no other test has, made at run time.
pub(crate) fn secret(seed: u64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let tail: String = (0..20)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(LETTERS[usize::try_from(state >> 33).expect("it fits") % LETTERS.len()])
        })
        .collect();
    ["glpat", &tail].join("-")
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() { left.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found
}
