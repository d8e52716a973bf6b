//! The audit log's verifier, by somebody who has no more than a copy of the database: no key, no right to write, not the server's user.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use menagerie_tests::Postgres;
use menagerie_tests::process::{Finished, command, run, run_within};

use super::house::{House, PATIENCE, set_mode};

/// The user and the group `nobody`.
const NOBODY: u32 = 65_534;

/// Verifies the log of the data in this folder, as a user who may do no more than the modes let everybody do.
fn verify(data: &Path, more: &[&str]) -> Finished {
    let me = std::fs::metadata("/proc/self").unwrap().uid();
    let mut tool = if me == 0 { command("setpriv") } else { command(env!("CARGO_BIN_EXE_lemur")) };
    if me == 0 {
        let who = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
        tool.args(who).arg(env!("CARGO_BIN_EXE_lemur"));
    }
    for name in ["LEMUR_CONFIG", "LEMUR_DATABASE", "LEMUR_SERVER", "LEMUR_TOKEN"] {
        tool.env_remove(name);
    }
    tool.current_dir("/").args(["audit", "verify", "--data"]).arg(data).args(more);
    run_within(PATIENCE, tool, b"")
}

/// A copy of files of the data that everybody may read and nobody may write, also its owner not.
fn copy(house: &House, name: &str, files: &[&str]) -> std::path::PathBuf {
    let folder = house.file(name);
    std::fs::create_dir(&folder).unwrap();
    for file in files {
        std::fs::copy(house.file("data").join(file), folder.join(file)).unwrap();
        set_mode(&folder.join(file), 0o444);
    }
    set_mode(&folder, 0o555);
    folder
}

/// The names in a folder, with what each file is and when it was changed.
fn listed(folder: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap())
        })
        .collect();
    files.sort();
    files
}

/// A folder that others may look through, with a log in `data` and what it was verified to be.
fn house_with_a_log() -> House {
    let house = House::new();
    set_mode(&house.file(""), 0o755);
    house.done("authority create root --common-name Root");
    let sound = house.lemur(["audit", "verify"]).success();
    house.write("ends", &sound.stdout);
    house
}

fn python(script: &str, database: &Path) {
    let mut python = command("python3");
    python.args(["-c", script, database.to_str().unwrap()]);
    let _ = run(python, b"").success();
}

#[test]
fn a_copy_that_nobody_may_write_is_verified_without_the_key() {
    let house = house_with_a_log();
    let folder = copy(&house, "copy", &["lemur.db"]);
    let before = listed(&folder);
    let ends = house.file("ends");
    let found = verify(&folder, &["--expect", ends.to_str().unwrap()]).success();
    assert!(found.stderr.contains("the log is whole"), "{}", found.stderr);
    assert_eq!(found.text(), house.read("ends"));
    assert_eq!(listed(&folder), before, "a verifier writes nothing");
    // Nor where it may write.
    set_mode(&folder, 0o777);
    set_mode(&folder.join("lemur.db"), 0o666);
    let _ = verify(&folder, &[]).success();
    assert_eq!(listed(&folder), before, "a verifier writes nothing");

    // What is wrong is found in a copy as well.
    python(
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('PRAGMA journal_mode = DELETE'); \
         db.execute('UPDATE log_line SET line = replace(line, \\'Root\\', \\'Toot\\')'); \
         db.execute('DELETE FROM log_line WHERE id = 1'); db.commit()",
        &folder.join("lemur.db"),
    );
    set_mode(&folder.join("lemur.db"), 0o444);
    set_mode(&folder, 0o555);
    let found = verify(&folder, &[]);
    assert_eq!(found.status, Some(1), "{}", found.stderr);
    assert!(found.stderr.contains("the log is NOT whole"), "{}", found.stderr);
}

/// What a server wrote last may be beside its database: it counts, or one sentence says that it cannot be read.
#[test]
fn what_was_written_last_is_verified_too_or_it_is_said_that_it_is_not_there() {
    let house = house_with_a_log();
    let server = house.serve();
    // While it runs, `data` has all three files; the last lines are in `lemur.db-wal` alone.
    let all = copy(&house, "all", &["lemur.db", "lemur.db-wal", "lemur.db-shm"]);
    let log = copy(&house, "log", &["lemur.db", "lemur.db-wal"]);
    let here = house.lemur(["audit", "verify"]).success();
    let entries = |said: &str| said.lines().find_map(|line| line.strip_prefix("the log is whole: entries ")?.parse::<u32>().ok());
    assert!(entries(&here.stderr).is_some(), "{}", here.stderr);
    drop(server);

    let found = verify(&all, &[]).success();
    assert_eq!(found.text(), here.text(), "{}", found.stderr);
    let ended = verify(&log, &[]);
    let said = ended.stderr.trim();
    assert_eq!(ended.status, Some(2), "{said}");
    assert!(said.lines().count() == 1 && said.contains("lemur.db-wal") && said.contains("into a folder that you can write to"), "{said}");
    // Done as it says.
    set_mode(&log, 0o777);
    set_mode(&log.join("lemur.db"), 0o666);
    set_mode(&log.join("lemur.db-wal"), 0o666);
    assert_eq!(verify(&log, &[]).success().text(), here.text());
}

#[test]
fn another_versions_tables_are_refused_and_left_as_they_are() {
    let house = house_with_a_log();
    for (change, sentence) in [
        ("INSERT INTO schema_version VALUES ('lemur', 99, 'x')", "schema of lemur is version 99"),
        ("DELETE FROM schema_version WHERE component = 'log' AND version > 1", "schema of log is version 1, and this program reads 3"),
        ("UPDATE schema_version SET digest = 'x' WHERE component = 'log'", "schema of log differs"),
        ("DROP TABLE schema_version", "no tables of lemur"),
    ] {
        let name = sentence.replace(' ', "-");
        let folder = house.file(&name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(house.file("data/lemur.db"), folder.join("lemur.db")).unwrap();
        let change = format!("import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(\"{change}\"); db.commit(); db.close()");
        python(&change, &folder.join("lemur.db"));
        set_mode(&folder.join("lemur.db"), 0o444);
        set_mode(&folder, 0o555);
        let before = listed(&folder);
        let ended = verify(&folder, &[]);
        let said = ended.stderr.trim();
        assert_eq!(ended.status, Some(2), "{said}");
        assert!(said.contains(sentence) && said.lines().count() == 1, "{said}");
        assert_eq!(listed(&folder), before);
    }
    let nowhere = house.file("nowhere");
    let ended = verify(&nowhere, &[]);
    assert!(ended.status == Some(2) && ended.stderr.contains("there are no data in"), "{}", ended.stderr);
    assert!(!nowhere.exists());
}

/// A user of PostgreSQL who may read three tables and write none verifies, without a key and without the data's folder.
#[test]
fn the_log_of_a_server_is_verified_by_who_may_only_read_it() {
    let postgres = Postgres::start();
    let house = House::on(postgres.url());
    house.done("authority create root --common-name Root");
    let here = house.lemur(["audit", "verify"]).success();
    postgres.sql("CREATE ROLE auditor LOGIN PASSWORD 'of-tests'; GRANT SELECT ON schema_version, log_line, log_head TO auditor");
    let url = postgres.url_of("auditor", "of-tests");
    let nowhere = house.file("nowhere");
    let found = verify(&nowhere, &["--database", &url]).success();
    assert_eq!(found.text(), here.text(), "{}", found.stderr);
    postgres.sql("INSERT INTO schema_version VALUES ('log', 99, 'x')");
    let ended = verify(&nowhere, &["--database", &url]);
    assert!(ended.status == Some(2) && ended.stderr.contains("schema of log is version 99"), "{}", ended.stderr);
}
