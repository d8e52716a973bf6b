//! Processes, namespaces and waiting.

use menagerie_tests::process::{Running, command, peak_resident_kib, processor_time, run, run_within};
use menagerie_tests::{Namespace, assert_eventually};
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_dropped_process_has_ended() {
    let mut sleep = command("sleep");
    sleep.arg("600");
    let running = Running::start("sleep", sleep);
    let proc = format!("/proc/{}", running.id());
    assert!(std::path::Path::new(&proc).exists());
    assert!(running.peak_resident_kib().is_some_and(|kib| kib > 0));
    let number = running.id();
    drop(running);
    assert!(!std::path::Path::new(&proc).exists());
    assert_eq!((peak_resident_kib(number), processor_time(number, true)), (None, None));
}

#[test]
fn processor_time_grows_with_work_and_counts_children_that_are_over() {
    let of = |with_children| processor_time(std::process::id(), with_children).expect("this process runs");
    let (before, alone) = (of(true), of(false));
    let mut busy = command("bash");
    busy.args(["-c", "for ((i = 0; i < 300000; i++)); do :; done"]);
    let _ = run(busy, b"").success();
    let began = Instant::now();
    while of(false) == alone {
        assert!(began.elapsed() < Duration::from_secs(60), "work takes no time");
        std::hint::black_box((0..1_000_000_u64).sum::<u64>());
    }
    assert!(of(true) - before > of(false) - alone, "the shell's is not counted");
}

/// The child outlives the thread that asked for it, and not the process. The process here is a shell between.
#[test]
fn a_process_ends_with_the_one_that_started_it() {
    let sleeper = std::thread::spawn(|| {
        let mut sleep = command("sleep");
        sleep.arg("600");
        Running::start("sleep", sleep)
    });
    let mut sleeper = sleeper.join().expect("starting doesn't panic");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(sleeper.ended(), None, "the child ended with its thread");

    let namespace = Namespace::new("orphan");
    let file = namespace.file("pid");
    let script = format!("{:?} & echo $! > {}; exec sleep 600", tied_sleep(), file.display());
    let mut shell = Command::new("/bin/sh").args(["-c", &script]).spawn().expect("there is a shell");
    assert_eventually!(std::fs::read_to_string(&file).is_ok_and(|pid| pid.ends_with('\n')));
    let pid = std::fs::read_to_string(&file).expect("it is there");
    let stat = format!("/proc/{}/stat", pid.trim());
    assert_eventually!(std::fs::read_to_string(format!("/proc/{}/comm", pid.trim())).is_ok_and(|name| name == "sleep\n"));
    shell.kill().expect("it runs");
    shell.wait().expect("it is ours");
    // Gone, or waiting to be reaped by whoever adopted it.
    assert_eventually!(std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")));
}

fn tied_sleep() -> Command {
    let mut sleep = command("sleep");
    sleep.arg("601");
    sleep
}

#[test]
fn a_run_tells_status_input_and_both_outputs() {
    let mut shell = command("sh");
    shell.args(["-c", "cat; echo problem >&2; exit 3"]);
    let finished = run(shell, b"text");
    assert_eq!((finished.status, finished.text().as_str(), finished.stderr.as_str()), (Some(3), "text", "problem\n"));
}

#[test]
#[should_panic(expected = "had not ended")]
fn a_run_past_its_limit_fails() {
    let mut sleep = command("sleep");
    sleep.arg("600");
    let _ = run_within(Duration::from_millis(50), sleep, b"");
}

#[test]
#[should_panic(expected = "no-such-program is missing: install Debian's package")]
fn a_missing_program_is_named() {
    let _ = menagerie_tests::process::program("no-such-program");
}

#[test]
fn namespaces_do_not_meet() {
    let (one, other) = (Namespace::new("n"), Namespace::new("n"));
    assert_ne!(one.name("x"), other.name("x"));
    assert_ne!(one.path(), other.path());
    let path = one.write("secret", "s");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("it is there").permissions()) & 0o777, 0o600);
    drop(one);
    assert!(!path.exists());
}

#[test]
#[should_panic(expected = "never true")]
fn waiting_in_vain_fails() {
    let start = Instant::now();
    assert_eventually!(within Duration::from_millis(30), start.elapsed().is_zero(), "never {}", "true");
}
