//! `lemur dns`, and `lemur serve` with a program: which process runs it, and what is left when the server is killed.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use menagerie_tests::process::{Running, command, run};
use menagerie_tests::{NameServer, Namespace, TsigKey, assert_eventually};

const KEY: TsigKey<'_> = TsigKey { name: "lemur", algorithm: "hmac-sha256", secret: "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZw==" };

fn lemur(data: &Path, arguments: &[&str]) -> Command {
    let mut lemur = command(env!("CARGO_BIN_EXE_lemur"));
    lemur.args(arguments).env("LEMUR_DATA", data).env_remove("LEMUR_CONFIG").env_remove("LEMUR_DATABASE");
    lemur
}

#[test]
fn a_provider_is_tried_from_the_command_line() {
    let server = NameServer::start(&[("corp.example", "grant lemur subdomain corp.example TXT;")], &[KEY]);
    let folder = Namespace::new("dns-verbs");
    menagerie_tests::write_secret(folder.file("it.tsig"), KEY.text());
    let text = format!("[dns.corp]\nkind = \"rfc2136\"\nserver = \"{}\"\nkey_file = \"it.tsig\"", server.address());
    std::fs::write(folder.file("lemur.toml"), text).unwrap();
    let listed = run(lemur(folder.path(), &["dns", "list"]), b"").success().text();
    assert_eq!(listed.split_whitespace().collect::<Vec<_>>(), ["corp", "rfc2136"]);
    let tried = run(lemur(folder.path(), &["dns", "try", "corp", "_acme-challenge.corp.example"]), b"").success();
    assert!(tried.stderr.contains("corp wrote _acme-challenge.corp.example") && tried.stderr.contains("took"), "{}", tried.stderr);
    assert_eq!(server.text("_acme-challenge.corp.example"), [""; 0]);
    for (arguments, said) in [
        (["dns", "try", "none", "a.corp.example"], "there is no [dns.none]"),
        (["dns", "try", "corp", "a.other.example"], "no zone of this provider holds a.other.example"),
        (["dns", "try", "corp", "a b"], "is no name for a TXT record"),
    ] {
        let refused = run(lemur(folder.path(), &arguments), b"");
        assert!(refused.status == Some(2) && refused.stderr.contains(said), "{}", refused.stderr);
    }
}

#[test]
fn what_runs_programs_is_no_verb_for_people() {
    let folder = Namespace::new("dns-runner");
    let refused = run(lemur(folder.path(), &["hook-runner"]), b"{}\n");
    assert!(refused.status == Some(2) && refused.stderr.contains("started by `lemur serve` itself"), "{}", refused.stderr);
    let help = run(lemur(folder.path(), &["--help"]), b"").success().text();
    assert!(help.contains("dns") && !help.contains("hook-runner"), "{help}");
}

/// The processes that a process started, by what they were started with.
fn children(of: u32) -> Vec<(u32, String)> {
    let tasks = std::fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let ids: Vec<u32> = lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect();
    ids.into_iter().map(|id| (id, std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default())).collect()
}

#[test]
fn the_runner_holds_no_file_of_the_server_and_ends_with_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Namespace::new("dns-serve");
    let hook = folder.file("hook");
    std::fs::write(&hook, "#!/bin/sh\nexit 0\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(folder.file("data")).unwrap();
    std::fs::write(folder.file("data/lemur.toml"), "[dns.own]\nkind = \"hook\"\nprogram = \"../hook\"").unwrap();
    let mut serve = lemur(&folder.file("data"), &["serve", "--listen", "127.0.0.1:0"]);
    serve.env("LEMUR_TEST_MARK", "a-variable-of-the-server");
    let (mut server, said) = Running::start_followed("lemur serve", serve);
    assert_eventually!(within Duration::from_secs(120), said.text().contains("lemur serves") || server.ended().is_some());
    assert!(server.ended().is_none(), "{}", said.text());
    let started = children(server.id());
    let [(runner, command)] = started.as_slice() else { panic!("{started:?}") };
    assert_eq!(command, "lemur\0hook-runner\0");
    // Of files it has its three streams, one of which is the socket, and the copies that it made of that.
    let open = std::fs::read_dir(format!("/proc/{runner}/fd")).unwrap().flatten();
    let places: Vec<_> = open.map(|entry| std::fs::read_link(entry.path()).unwrap_or_default().display().to_string()).collect();
    assert!(places.iter().all(|place| place.starts_with("socket:") || place.starts_with("pipe:") || place == "/dev/null"), "{places:?}");
    let sockets: std::collections::BTreeSet<_> = places.iter().filter(|place| place.starts_with("socket:")).collect();
    assert_eq!(sockets.len(), 1, "{places:?}");
    let environment = std::fs::read(format!("/proc/{runner}/environ")).unwrap();
    assert!(environment.is_empty(), "{}", String::from_utf8_lossy(&environment));
    server.kill();
    assert_eventually!(!Path::new(&format!("/proc/{runner}")).exists(), "the runner lives on");
}

#[test]
fn a_program_that_runs_ends_with_the_server() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Namespace::new("dns-ends");
    let hook = folder.file("hook");
    std::fs::write(&hook, "#!/bin/sh\necho $$ >\"${0%/*}/self\"\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(folder.file("lemur.toml"), "[dns.own]\nkind = \"hook\"\nprogram = \"hook\"").unwrap();
    let (mut tries, said) = Running::start_followed("lemur dns try", lemur(folder.path(), &["dns", "try", "own", "a.corp.example"]));
    let read = || std::fs::read_to_string(folder.file("self")).ok().and_then(|text| text.trim().parse::<u32>().ok());
    assert_eventually!(within Duration::from_secs(60), read().is_some() || tries.ended().is_some());
    let program = read().unwrap_or_else(|| panic!("{}", said.text()));
    tries.kill();
    assert_eventually!(!Path::new(&format!("/proc/{program}")).exists(), "the program lives on");
}

/// The hole: the command line sent its reader to a server's log that has nothing of it.
#[test]
fn what_a_program_wrote_is_shown_where_it_is_tried() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Namespace::new("dns-try-hook");
    std::fs::write(folder.file("hook"), "#!/bin/sh\necho 'the zone is locked' >&2\nexit 3\n").unwrap();
    std::fs::set_permissions(folder.file("hook"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(folder.file("lemur.toml"), "[dns.it]\nkind = \"hook\"\nprogram = \"hook\"").unwrap();
    let tried = run(lemur(folder.path(), &["dns", "try", "it", "_acme-challenge.corp.example"]), b"");
    assert_eq!(tried.status, Some(2), "{}", tried.stderr);
    assert!(tried.stderr.contains("the zone is locked") && tried.stderr.contains("ended with the status 3"), "{}", tried.stderr);
    assert!(!tried.stderr.contains("the server's log"), "{}", tried.stderr);
}
