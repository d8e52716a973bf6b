//! `bless ssh-config`, read by the real ssh and run by real shells.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::service::path;
use crate::world::{World, read, run};

/// A directory whose name holds whatever a shell or ssh could take for more than a name.
const NASTY: &str = "a b'c\"d%h%%e$(touch pwned)`touch pwned`;f&g|h\\i\\'j #k~{l}*?[m]!n";

/// A program in `directory` that writes its arguments, one a line, into `log`.
fn recorder(directory: &Path, log: &Path) -> PathBuf {
    std::fs::create_dir_all(directory).expect("made");
    let program = directory.join("bless");
    std::fs::write(&program, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{}'\n", log.display())).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("set");
    program
}

fn snippet(world: &World, arguments: &[&str]) -> PathBuf {
    let done = run(world.command().args(["ssh-config", "--socket", path(&world.path("bless.sock"))]).args(arguments));
    assert_eq!(done.status, 0, "{done:?}");
    let file = world.path("snippet");
    std::fs::write(&file, done.stdout).expect("written");
    file
}

/// What `ssh -G` makes of a destination with this snippet.
fn ssh(world: &World, file: &Path, shell: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("ssh");
    command.arg("-G").arg("-F").arg(file).args(arguments).env("SHELL", shell).current_dir(world.directory.path());
    let done = read(command.output().expect("ssh runs"));
    assert!(!done.stderr.contains("onfiguration"), "ssh cannot read it: {done:?}");
    done.stdout
}

fn shells() -> Vec<&'static str> {
    ["/bin/sh", "/bin/bash", "/bin/dash", "/usr/bin/zsh", "/usr/bin/fish"].into_iter().filter(|shell| Path::new(shell).exists()).collect()
}

#[test]
fn a_host_that_matches_and_one_that_does_not() {
    let world = World::new();
    let file = snippet(&world, &["--match", "*.prod.example", "--match", "bastion,!old.prod.example"]);
    let identity = format!("identityfile {}", path(&world.kept("id")));
    let certificate = format!("certificatefile {}", path(&world.kept("id-cert.pub")));
    for host in ["a.prod.example", "bastion"] {
        let seen = ssh(&world, &file, "/bin/sh", &[host]);
        assert!(seen.contains(&identity) && seen.contains(&certificate) && seen.contains("identitiesonly yes"), "{seen}");
    }
    assert_eq!(world.service.connections(), 1, "the real bless was run by ssh, and the second time had it");
    for host in ["elsewhere.example", "old.prod.example"] {
        assert!(!ssh(&world, &file, "/bin/sh", &[host]).contains("cache/bless"), "{host}");
    }
}

#[test]
fn if_there_is_no_certificate_ssh_goes_on_without() {
    let world = World::new();
    let done = run(world.command().args(["ssh-config", "--socket", "nowhere.sock"]));
    std::fs::write(world.path("snippet"), done.stdout).expect("written");
    assert!(!ssh(&world, &world.path("snippet"), "/bin/sh", &["any.example"]).contains("cache/bless"));
}

#[test]
fn paths_with_spaces_quotes_and_percent_signs_work() {
    let world = World::new();
    let (nasty, log) = (world.path(NASTY), world.path("log"));
    let program = recorder(&nasty, &log);
    let cache = nasty.join("cache");
    let file = snippet(&world, &["--bless", path(&program), "--cache-dir", path(&cache), "--user=-x'y"]);
    let text = std::fs::read_to_string(&file).expect("written");
    for shell in shells() {
        let _ = std::fs::remove_file(&log);
        let seen = ssh(&world, &file, shell, &["host.example"]);
        let identity = format!("identityfile {}", path(&cache.join("default/id")).replace('%', "%%"));
        assert!(seen.contains(&identity), "{shell}: {identity} is not in {seen}\n{text}");
        let ran: Vec<String> = std::fs::read_to_string(&log).expect("it was run").lines().map(str::to_owned).collect();
        let wanted = [
            "get",
            "--quiet",
            &format!("--socket={}", path(&world.path("bless.sock"))),
            &format!("--cache-dir={}", path(&cache)),
            "--user=-x'y",
        ];
        assert_eq!(ran, wanted, "{shell}: {text}");
    }
    assert!(!world.path("pwned").exists(), "a name was run");
}

#[test]
fn ssh_opens_the_files_that_the_snippet_names() {
    let world = World::new();
    let cache = world.path(NASTY);
    let file = snippet(&world, &["--cache-dir", path(&cache)]);
    let mut command = Command::new("ssh");
    command.args(["-v", "-F"]).arg(&file).args(["-o", "ProxyCommand=echo SSH-2.0-none", "host.example", "true"]);
    let said = read(command.env("SHELL", "/bin/sh").current_dir(world.directory.path()).output().expect("ssh runs")).stderr;
    // ssh doubles backslashes in what it logs.
    let shown = path(&cache.join("default")).replace('\\', "\\\\");
    // A type of -1 is a file that could not be read.
    assert!(said.contains(&format!("identity file {shown}/id type 3")), "{said}");
    assert!(said.contains(&format!("certificate file {shown}/id-cert.pub type 7")), "{said}");
}

#[test]
fn what_a_host_or_user_is_called_reaches_no_shell() {
    let world = World::new();
    let log = world.path("log");
    let program = recorder(&world.path("bin"), &log);
    let file = snippet(&world, &["--bless", path(&program)]);
    let text = std::fs::read_to_string(&file).expect("written");
    let line = text.lines().find(|line| line.starts_with("Match")).expect("a Match line");
    assert!(!line.contains('%'), "a token is in {line}");
    ssh(&world, &file, "/bin/sh", &["plain.example"]);
    let plain = std::fs::read_to_string(&log).expect("it was run");
    for name in [
        "$(touch pwned)",
        "`touch pwned`",
        ";touch pwned",
        "x\";touch pwned;\"",
        "x';touch pwned;'",
        "x|touch pwned",
        "x\ntouch pwned",
        "%h",
    ] {
        for arguments in [&[name][..], &["-l", name, "host.example"], &["-o", &format!("HostKeyAlias={name}"), "host.example"]] {
            let _ = std::fs::remove_file(&log);
            ssh(&world, &file, "/bin/sh", arguments);
            // ssh itself refuses some of these names; if it goes on, the command is the same as ever.
            let ran = std::fs::read_to_string(&log).unwrap_or_else(|_| plain.clone());
            assert_eq!(ran, plain, "{arguments:?}");
            assert!(!world.path("pwned").exists(), "{arguments:?} was run");
        }
    }
}

#[test]
fn patterns_are_patterns() {
    let world = World::new();
    for bad in ["", "a b", "a\"b", "a'b", "a%hb", "a\nb", "a\\b", "a#b", "$(x)", "`x`", "a,,b", "a;b", "ü"] {
        let done = run(world.command().args(["ssh-config", "--socket", "/s", "--match", bad]));
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{bad:?}");
    }
    for bad in ["/a\nb", "/a\u{1b}b", "/a${HOME}b"] {
        let done = run(world.command().args(["ssh-config", "--socket", "/s", "--cache-dir", bad]));
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{bad:?}");
    }
}
