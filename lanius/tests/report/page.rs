//! The page in a real browser: what the script makes of it, and that nothing of what was scanned runs.

use std::path::Path;
use std::time::Duration;

use menagerie_tests::Namespace;
use menagerie_tests::process::{command, run_within};

use crate::planted::Planted;

/// The page as Chromium has it once its script has run.
fn rendered(page: &Path) -> String {
    let profile = Namespace::new("chromium");
    let mut chromium = command("chromium");
    chromium.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions"]);
    chromium.arg(format!("--user-data-dir={}", profile.path().display()));
    chromium.args(["--virtual-time-budget=2000", "--dump-dom"]).arg(format!("file://{}", page.display()));
    let finished = run_within(Duration::from_secs(120), chromium, b"");
    assert!(finished.text().contains("</html>"), "{}", finished.stderr);
    finished.text()
}

#[test]
fn the_page_works_and_runs_nothing_that_was_scanned() {
    let planted = Planted::new();
    let page = planted.folder.write("report.html", planted.report("html"));
    let shown = rendered(&page);
    // The script ran: it uncovers the filters.
    assert!(shown.contains("<form id=\"filters\" class=\"toolbar\">") || shown.contains("class=\"toolbar\" id=\"filters\">"), "{shown}");
    assert!(!shown.contains("<img") && shown.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert_eq!(shown.matches("<script>").count(), 1);
    assert!(!shown.contains('\u{202e}') && !shown.contains('\u{1b}'));
}

/// What an injection would add runs no script: the policy of the page forbids it.
#[test]
fn the_policy_stops_what_is_added() {
    let planted = Planted::new();
    let added = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\"></body>";
    let page = planted.folder.write("report.html", planted.report("html").replace("</body>", added));
    let shown = rendered(&page);
    assert!(shown.contains("onerror") && !shown.contains("<title>taken"), "{shown}");
}
