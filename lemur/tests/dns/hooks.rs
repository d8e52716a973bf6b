//! Programs: what they are run with, as whom, for how long, and by which process.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lemur::dns::DnsError;
use lemur::dns::hook::Hooks;
use menagerie_tests::{assert_eventually, eventually};

use super::given::{ONE, OTHER, block_on, config, hooked, refused};

const RECORD: &str = "_acme-challenge.www.corp.example";

/// A folder that other users may enter, and a script in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(script: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("lemur-hook-").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let place = Self { folder };
        place.program("hook", script);
        place
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.file(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }
}

fn is_there(process: u32) -> bool {
    // One that nobody has waited for yet is a zombie.
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z"))
}

fn parent(process: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap()
}

#[test]
fn a_program_gets_its_arguments_and_nothing_else() {
    let place = Place::new(
        r#"out="${0%/*}/out"; { printf '%s\n' "$@"; echo ==; /usr/bin/env | sort; echo ==; ls /proc/self/fd | tr '\n' ' '; echo; pwd; cat; } >"$out" 2>&1
        echo $PPID >"${0%/*}/parent""#,
    );
    let text = "program = \"hook\"\narguments = [\"--zone\", \"a b; touch $(pwd)\"]\nenvironment = { API = \"https://dns.example\" }";
    let (it, hooks) = hooked(place.path(), text);
    block_on(async {
        it.publish(RECORD, OTHER).await.unwrap();
        let said = place.read("out");
        let mut parts = said.split("==\n");
        let (arguments, environment) = (parts.next().unwrap(), parts.next().unwrap());
        assert_eq!(arguments, format!("--zone\na b; touch $(pwd)\npublish\n{RECORD}\n{OTHER}\n"), "{said}");
        let variables: Vec<_> = environment.lines().filter(|line| !line.starts_with("PWD=") && !line.starts_with("_=")).collect();
        assert_eq!(variables, ["API=https://dns.example", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]);
        assert_eq!(parts.next().unwrap(), "0 1 2 3 \n/\n", "the fourth is by which ls reads the folder; the input is empty");
        it.withdraw(RECORD, ONE).await.unwrap();
        assert!(place.read("out").contains("withdraw\n"));
        // It is not this process that ran it, nor one that this one could have given its memory.
        let runner: u32 = place.read("parent").trim().parse().unwrap();
        assert_eq!(hooks.process().await, Some(runner));
        assert_eq!(parent(runner), std::process::id());
        let command = std::fs::read_to_string(format!("/proc/{runner}/cmdline")).unwrap();
        assert_eq!(command, "lemur\0hook-runner\0");
    });
}

#[test]
fn what_the_starter_left_open_is_no_programs() {
    let place = Place::new(r#"ls /proc/self/fd | tr '\n' ' ' >"${0%/*}/open""#);
    std::fs::write(place.file("secret"), "x").unwrap();
    std::fs::write(place.file("lemur.toml"), "[dns.it]\nkind = \"hook\"\nprogram = \"hook\"").unwrap();
    // A shell leaves its files open for what it starts.
    let script = format!(
        "exec 7<'{0}/secret' 9<'{0}/secret'; exec '{1}' dns try it {RECORD} --data '{0}'",
        place.path().display(),
        env!("CARGO_BIN_EXE_lemur")
    );
    let done = Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(place.read("open"), "0 1 2 3 ");
}

#[test]
fn a_program_runs_as_the_user_who_is_set() {
    let place = Place::new(r#"grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr -s '\t ' ' ' >"${0%/*}/who""#);
    let root = nix_root();
    let refusal = |user: &str| {
        let config = config(place.path(), &format!("[dns.it]\nkind = \"hook\"\nprogram = \"hook\"\nuser = \"{user}\""));
        Hooks::start(&config.dns, Path::new(env!("CARGO_BIN_EXE_lemur"))).map(|_| ()).unwrap_err().to_string()
    };
    let unknown = refusal("no-such-user");
    assert!(unknown.starts_with("dns.it.user: ") && unknown.contains("no-such-user"), "{unknown}");
    if !root {
        let refused = refusal("nobody");
        assert!(refused.contains("only root runs programs as another user"), "{refused}");
        return;
    }
    let nobody = std::fs::read_to_string("/etc/passwd").unwrap();
    let nobody: Vec<&str> = nobody.lines().find_map(|line| line.strip_prefix("nobody:")).unwrap().split(':').collect();
    let (user, group) = (nobody[1], nobody[2]);
    for said in ["nobody", user] {
        let (it, _hooks) = hooked(place.path(), &format!("program = \"hook\"\nuser = \"{said}\""));
        block_on(it.publish(RECORD, ONE)).unwrap();
        let who = place.read("who");
        assert_eq!(who, format!("Uid: {user} {user} {user} {user}\nGid: {group} {group} {group} {group}\nGroups: \n"));
        std::fs::remove_file(place.file("who")).unwrap();
    }
    // One who is not root may not, and is told so before anything is served.
    std::fs::write(place.file("lemur.toml"), "[dns.it]\nkind = \"hook\"\nprogram = \"hook\"\nuser = \"daemon\"").unwrap();
    let program = place.file("lemur");
    std::fs::copy(env!("CARGO_BIN_EXE_lemur"), &program).unwrap();
    let mut as_nobody = Command::new(menagerie_tests::process::program("setpriv"));
    as_nobody.args(["--reuid=nobody", &format!("--regid={group}"), "--clear-groups", "--"]).arg(&program);
    let done = as_nobody.args(["dns", "list", "--data"]).arg(place.path()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains("dns.it.user") && said.contains("only root runs programs"), "{said}");
}

fn nix_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn what_takes_too_long_is_killed_with_all_that_it_started() {
    let place = Place::new(r#"d="${0%/*}"; sleep 600 & echo $! >"$d/child"; echo $$ >"$d/self"; trap '' TERM HUP INT; wait; sleep 600"#);
    let (it, _hooks) = hooked(place.path(), "program = \"hook\"\ntimeout = \"1s\"");
    let start = Instant::now();
    let error = block_on(it.publish(RECORD, ONE)).unwrap_err();
    assert!(matches!(error, DnsError::TimedOut(time) if time == Duration::from_secs(1)), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    for file in ["self", "child"] {
        let process: u32 = place.read(file).trim().parse().unwrap();
        assert_eventually!(!is_there(process), "{file} lives on");
    }
}

#[test]
fn what_a_program_leaves_running_ends_with_it() {
    let place = Place::new(r#"d="${0%/*}"; sleep 600 & echo $! >"$d/child""#);
    let (it, _hooks) = hooked(place.path(), "program = \"hook\"");
    block_on(it.publish(RECORD, ONE)).unwrap();
    let process: u32 = place.read("child").trim().parse().unwrap();
    assert_eventually!(!is_there(process));
}

#[test]
fn how_a_program_ends_is_said_and_what_it_writes_is_not() {
    let place = Place::new(
        r#"case "$1" in 
        fail) echo secret-in-the-output; exit 3;; 
        signal) kill -9 $$;; 
        loud) yes | head -c 5000000; { yes | head -c 5000000; } >&2; exit 0;; 
    esac"#,
    );
    let run = |argument: &str| {
        let (it, _hooks) = hooked(place.path(), &format!("program = \"hook\"\narguments = [\"{argument}\"]\ntimeout = \"60s\""));
        block_on(it.publish(RECORD, ONE))
    };
    let text = refused(run("fail"));
    assert!(text.contains("status 3") && !text.contains("secret-in-the-output"), "{text}");
    let text = refused(run("signal"));
    assert!(text.contains("signal 9"), "{text}");
    run("loud").unwrap();
    place.program("hook", "");
    std::fs::write(place.file("hook"), "no program").unwrap();
    let text = refused(run("x"));
    assert!(text.contains("not started"), "{text}");
}

#[test]
fn a_runner_that_died_is_started_again() {
    let place = Place::new(r#"d="${0%/*}"; echo "$1" >>"$d/log"; [ -e "$d/slow" ] && { echo $$ >"$d/self"; sleep 600; }; exit 0"#);
    let (it, hooks) = hooked(place.path(), "program = \"hook\"");
    block_on(async {
        let first = hooks.process().await.unwrap();
        kill(first);
        assert_eventually!(!is_there(first));
        // Also where it was never asked before.
        it.publish(RECORD, ONE).await.unwrap();
        let second = hooks.process().await.unwrap();
        assert_ne!(first, second);
        std::fs::write(place.file("slow"), "").unwrap();
        let waiting = it.publish(RECORD, ONE);
        let killer = async {
            while place.read("self").is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            kill(second);
        };
        // Whoever waited is told, and does not wait for ever.
        let (done, ()) = tokio::join!(waiting, killer);
        let error = done.unwrap_err();
        assert!(error.passes(), "{error:?}");
        std::fs::remove_file(place.file("slow")).unwrap();
        it.withdraw(RECORD, ONE).await.unwrap();
        assert_eq!(place.read("log"), "publish\npublish\nwithdraw\n");
        // The one that was killed is waited for.
        assert!(eventually(Duration::from_secs(10), || !Path::new(&format!("/proc/{second}")).exists()));
        let orphan: u32 = place.read("self").trim().parse().unwrap();
        kill(orphan);
    });
}

/// As `kill -9`.
fn kill(process: u32) {
    let done = Command::new("/bin/sh").args(["-c", &format!("kill -9 {process}")]).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_runner_that_hangs_is_replaced() {
    let place = Place::new("exit 0");
    let (it, hooks) = hooked(place.path(), "program = \"hook\"\ntimeout = \"1s\"");
    block_on(async {
        let first = hooks.process().await.unwrap();
        it.publish(RECORD, ONE).await.unwrap();
        let stopped = Command::new("/bin/sh").args(["-c", &format!("kill -STOP {first}")]).status().unwrap();
        assert!(stopped.success());
        let error = it.publish(RECORD, ONE).await.unwrap_err();
        assert!(error.passes(), "{error:?}");
        it.publish(RECORD, ONE).await.unwrap();
        assert_ne!(hooks.process().await.unwrap(), first);
        assert!(eventually(Duration::from_secs(20), || !is_there(first)), "the one that hangs is killed");
    });
}

#[test]
fn many_at_once_are_run_a_few_at_a_time() {
    let place = Place::new(r#"d="${0%/*}"; : >"$d/run.$$"; ls "$d" | grep -c '^run\.' >>"$d/counts"; sleep 0.3; rm "$d/run.$$""#);
    let (it, _hooks) = hooked(place.path(), "program = \"hook\"");
    block_on(async {
        let values: Vec<_> = (0..24).map(|number| format!("value-{number}")).collect();
        let all = futures_util::future::join_all(values.iter().map(|value| it.publish(RECORD, value))).await;
        all.into_iter().for_each(|done| done.unwrap());
    });
    let counts: Vec<usize> = place.read("counts").lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(counts.len(), 24);
    assert!(counts.iter().all(|count| (1..=8).contains(count)), "{counts:?}");
}

#[test]
fn what_cannot_be_run_is_named_at_the_start() {
    let place = Place::new("exit 0");
    std::fs::write(place.file("text"), "x").unwrap();
    place.program("open", "exit 0");
    std::fs::set_permissions(place.file("open"), std::fs::Permissions::from_mode(0o777)).unwrap();
    for (program, said) in [("none", "cannot be run"), ("text", "is no program"), (".", "is no program"), ("open", "written by everybody")]
    {
        let config = config(place.path(), &format!("[dns.it]\nkind = \"hook\"\nprogram = \"{program}\""));
        let error = Hooks::start(&config.dns, Path::new(env!("CARGO_BIN_EXE_lemur"))).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("dns.it.program: ") && error.contains(said), "{error}");
    }
    assert!(Hooks::start(&config(place.path(), "").dns, Path::new("/nowhere")).unwrap().is_none(), "nothing is started for nothing");
}
