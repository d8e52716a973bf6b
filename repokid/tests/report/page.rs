//! `--format html`.

use serde_json::json;

use crate::account::{ACCOUNT, Account, allows};

#[test]
fn the_page_shows_what_is_used_what_goes_and_why() {
    let mut account = Account::new();
    account.role(ACCOUNT, "/", "app", &json!([]), &[("access", allows(&["ec2:*", "s3:GetObject"]))]);
    account.call(ACCOUNT, "/", "app", "ec2.amazonaws.com", "DescribeInstances");
    let page = account.text(&["--format", "html"]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</body></html>\n"));
    assert!(
        page.contains("would change") && page.contains("<code>DescribeInstances</code>") && page.contains("1 event, 2026-05-20T10:00:00Z")
    );
    assert!(page.contains("s3</code>") && page.contains("verdict unobservable"), "what does not show stays, and is told of");
    assert!(page.contains("<ins>") && page.contains("<del>") && page.contains("Proved"));
    assert!(page.contains("assumed, not proved"), "what the verdicts stand on");
}

#[test]
fn nothing_from_outside_is_markup_and_nothing_is_loaded() {
    let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}";
    let mut account = Account::new();
    let document = json!({ "Statement": [{ "Sid": "x", "Effect": "Allow", "Action": ["ec2:*", hostile], "Resource": ["*", format!("arn:aws:s3:::{hostile}")] }] });
    account.role(ACCOUNT, "/", "app", &json!([{ "Key": hostile, "Value": hostile }]), &[(hostile, document.clone())]);
    account.role(ACCOUNT, "/", "<b>bold</b>", &json!([]), &[(hostile, allows(&["ec2:*"]))]);
    account.user("u", &[(hostile, document)]);
    let output = account.analyze_with(&["--format", "html"], 2);
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("is no policy that can be read"));
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains("<img") && !page.contains("<b>bold") && !page.contains('\u{202e}'));
    assert!(!page.contains(" style=") && !page.contains("http://") && !page.contains("https://"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_page_of_everything_stays_small() {
    let mut account = Account::new();
    for number in 0..20 {
        account.role(ACCOUNT, "/", &format!("admin{number}"), &json!([]), &[("all", allows(&["*"]))]);
    }
    let page = account.text(&["--format", "html"]);
    // What all have alike is shown once, and nothing of it is left out.
    assert!(page.len() < 500_000 + 20 * 70_000, "{} bytes", page.len());
    for place in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(page.matches(&format!("id=\"{place}\"")).count(), 1, "{place}");
    }
    assert!(page.matches("href=\"#s").count() > 20 * 100 && page.contains("<code>CloseAccount</code>"));
    assert_eq!(page.matches("data-kind=\"role\"").count(), 20);
}
