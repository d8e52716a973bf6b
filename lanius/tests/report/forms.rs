//! Each form over the same run: that they agree, and what each is for.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use crate::planted::Planted;

#[test]
fn every_form_tells_the_same_places() {
    let planted = Planted::new();
    let json: serde_json::Value = serde_json::from_str(&planted.report("json")).unwrap();
    let places = |findings: &serde_json::Value| {
        let findings = findings["findings"].as_array().unwrap().clone();
        let mut places = BTreeSet::new();
        for finding in findings {
            for place in finding["places"].as_array().unwrap() {
                places.insert((
                    finding["rule"].as_str().unwrap().to_owned(),
                    place["path"].as_str().unwrap().to_owned(),
                    place["line"].as_u64().unwrap(),
                    place["fingerprint"].as_str().unwrap().to_owned(),
                ));
            }
        }
        places
    };
    let expected = places(&json);
    assert!(expected.len() >= planted.secrets.len(), "{expected:?}");

    let lines: BTreeSet<_> = planted
        .report("jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            (text("rule"), text("path"), line["line"].as_u64().unwrap(), text("fingerprint"))
        })
        .collect();
    assert_eq!(lines, expected);

    let sarif: serde_json::Value = serde_json::from_str(&planted.report("sarif")).unwrap();
    let results: BTreeSet<_> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            let fingerprint = result["partialFingerprints"]["lanius/v1"].as_str().unwrap().to_owned();
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}#?".contains(&byte)), "{uri}");
            let path = expected.iter().map(|(_, path, ..)| path).find(|path| menagerie_report::uri(path) == uri).unwrap();
            (result["ruleId"].as_str().unwrap().to_owned(), path.clone(), place["region"]["startLine"].as_u64().unwrap(), fingerprint)
        })
        .collect();
    assert_eq!(results, expected);

    let csv = planted.report("csv");
    for (rule, _, _, fingerprint) in &expected {
        assert!(csv.contains(rule) && csv.contains(fingerprint), "{rule} {fingerprint}");
    }
    assert!(!csv.lines().skip(1).any(|line| line.split(',').any(|cell| cell.starts_with(['=', '@']))), "{csv}");

    let html = planted.report("html");
    for (rule, _, _, fingerprint) in &expected {
        assert!(html.contains(rule) && html.contains(fingerprint), "{rule} {fingerprint}");
    }
}

#[test]
fn people_are_told_where_what_why_and_what_next() {
    let planted = Planted::new();
    let text = planted.report("human");
    for expected in [
        "critical: GitHub personal access token (classic) [github-pat-classic] 99 % sure",
        "  and both.yml:1:4",
        "   1 | a: **************************************** # and xoxb-… (55 characters)",
        "  = account: ",
        "  = issuer: https://id.test",
        "severity low in place of medium: it expired on 2017-07-14",
        "  = curve: P-256",
        "  = host: db.corp.test",
        "no longer in HEAD",
        "still in HEAD",
        "on 2024-01-01, 2 years ago",
        "hidden by base64",
        "  = next: deactivate the key in IAM",
        "severity  findings  places  rule",
        "`lanius explain ",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in\n{text}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "a pipe gets no colours, and nobody gets an author's");
    assert_eq!(text.matches("= next: revoke it under Settings > Developer settings").count(), 1, "advice is given once a service");
}

#[test]
fn nothing_found_is_said_in_every_form() {
    let planted = Planted::new();
    std::fs::create_dir(planted.file("clean")).unwrap();
    std::fs::write(planted.file("clean/readme"), "nothing\n").unwrap();
    for (form, expected) in [
        ("human", "Nothing found in 1 source (8 B)\n"),
        ("jsonl", ""),
        ("json", "\"findings\": []"),
        ("sarif", "\"results\": []"),
        ("csv", "code,title,severity"),
        ("html", "Nothing was found."),
    ] {
        let finished = planted.lanius(&["scan", "clean", "--format", form]);
        assert_eq!(finished.status, Some(0), "{form}: {}", finished.stderr);
        assert!(finished.text().contains(expected), "{form}: {}", finished.text());
    }
}

#[test]
fn a_lost_source_is_told_in_every_form() {
    let planted = Planted::new();
    for form in ["human", "json", "jsonl", "sarif", "html"] {
        let finished = planted.lanius(&["scan", "gone", "prod.env", "--format", form]);
        assert_eq!(finished.status, Some(2), "{form}");
        assert!(finished.stderr.contains("error: gone: "), "{form}: {}", finished.stderr);
        assert!(form == "human" || finished.text().contains("gone"), "{form}");
    }
}

#[test]
fn a_file_gets_the_report_whole_or_not_at_all() {
    let planted = Planted::new();
    let report = planted.file("report.html");
    for _ in 0..2 {
        let finished = planted.lanius(&["scan", "prod.env", "--format", "html", "-o", "report.html"]);
        assert_eq!(finished.status, Some(1), "{}", finished.stderr);
        assert!(finished.stdout.is_empty() && finished.stderr.contains("findings: "));
    }
    assert_eq!(std::fs::metadata(&report).unwrap().permissions().mode() & 0o077, 0, "only its owner may read it");
    assert!(std::fs::read_to_string(&report).unwrap().trim_end().ends_with("</html>"));
    let people = planted.lanius(&["scan", "prod.env", "--output", "report.txt"]);
    assert_eq!(people.status, Some(1));
    let text = std::fs::read_to_string(planted.file("report.txt")).unwrap();
    assert!(text.contains("AWS access key ID") && !text.contains('\u{1b}'));
    let failed = planted.lanius(&["scan", "prod.env", "-o", "no/such/folder/x"]);
    assert_eq!(failed.status, Some(2));
    assert!(failed.stderr.contains("cannot be written to no/such/folder/x"), "{}", failed.stderr);
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let planted = Planted::new();
    for form in ["human", "json", "jsonl", "sarif", "html", "csv"] {
        let run = |threads: &str| planted.lanius(&["scan", "--git", ".", "--format", form, "--threads", threads]).stdout;
        assert_eq!(run("1"), run("4"), "{form}");
    }
}
