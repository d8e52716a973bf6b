//! A repository with planted secrets, made by real git, and the command run over it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lanius::rules::examples::{Dice, expand};
use menagerie_tests::Namespace;
use menagerie_tests::process::{Finished, command, run};

/// A name and an address that would be markup, a formula, or a command to a terminal.
pub(crate) const HOSTILE: &str = "=cmd|'x'!A0 \u{1b}[31m</script><img src=x onerror=alert(1)>\u{202e}";

/// The repository.
pub(crate) struct Planted {
    /// Where it is.
    pub(crate) folder: Namespace,
    /// Each planted secret.
    pub(crate) secrets: Vec<String>,
}

fn git(folder: &Path, arguments: &[&str], date: &str) {
    let mut git = command("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=Ann", "-c", "user.email=ann@corp.test", "-c", "init.defaultBranch=main"]);
    let author = HOSTILE.replace(['<', '>'], "");
    git.env("GIT_AUTHOR_NAME", author).env("GIT_AUTHOR_DATE", date).env("GIT_COMMITTER_DATE", date).env("GIT_CONFIG_NOSYSTEM", "1");
    let _ = run(with(git, arguments), b"").success();
}

fn with<A: AsRef<OsStr>>(mut command: Command, arguments: &[A]) -> Command {
    command.args(arguments);
    command
}

impl Planted {
    /// A repository with secrets in its files and in its history alone.
    pub(crate) fn new() -> Self {
        let folder = Namespace::new("report");
        let mut dice = Dice::new(7);
        let mut made = |template: &str| expand(template, &mut dice).unwrap();
        let (id, key) = (made("${akid:AKIA}"), made("${alnum:40}"));
        let (github, gone) = (made("${crc:ghp_}"), made("${crc:ghp_}"));
        let (password, slack, stripe) =
            (made("${alnum:18}"), made("xoxb-${digits:12}-${digits:12}-${alnum:24}"), made("sk_test_${alnum:24}"));
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let expired = format!(
            "{}.{}.{}",
            encoded(r#"{"alg":"HS256"}"#),
            encoded(r#"{"iss":"https://id.test","exp":1500000000}"#),
            made("${alnum:43}")
        );
        let hidden = made("${crc:gho_}");
        let pem = String::from_utf8(menagerie_tests::keys::generate_pem("P-256")).unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.file(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        git(folder.path(), &["init", "-q"], "2024-01-01T00:00:00Z");
        write("old/deploy.sh", &format!("curl -H \"Authorization: token {gone}\"\n"));
        git(folder.path(), &["add", "."], "2024-01-01T00:00:00Z");
        git(folder.path(), &["commit", "-q", "-m", "one"], "2024-01-01T00:00:00Z");
        fs::remove_file(folder.file("old/deploy.sh")).unwrap();
        write(
            "prod.env",
            &format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={key}\nURL=postgres://app:{password}@db.corp.test/main\n"),
        );
        write("both.yml", &format!("a: {github} # and {slack}\nagain: {github}\nstripe: {stripe}\n"));
        write("session.py", &format!("TOKEN = \"{expired}\"\n"));
        write("tls.key", &pem);
        write("hidden.yml", &format!("data: {}\n", STANDARD.encode(format!("token={hidden};"))));
        write(&format!("{}.env", HOSTILE.replace('/', "_")), &format!("GITHUB_TOKEN={github}\n"));
        git(folder.path(), &["add", "-A"], "2025-06-01T00:00:00Z");
        git(folder.path(), &["commit", "-q", "-m", "two"], "2025-06-01T00:00:00Z");
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let secrets = vec![id, key, github, gone, password, slack, stripe, expired, hidden, body[..48].to_owned()];
        Self { folder, secrets }
    }

    /// Runs the command in the repository.
    pub(crate) fn lanius(&self, arguments: &[&str]) -> Finished {
        let mut lanius = command(env!("CARGO_BIN_EXE_lanius"));
        lanius.current_dir(self.folder.path()).env("SOURCE_DATE_EPOCH", "1780272000").args(arguments);
        run(lanius, b"")
    }

    /// A report in a form, of the history.
    pub(crate) fn report(&self, form: &str) -> String {
        let finished = self.lanius(&["scan", "--git", ".", "--format", form]);
        assert_eq!(finished.status, Some(1), "{}", finished.stderr);
        finished.text()
    }

    /// A file with a text in the repository's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }
}
