//! A report as one HTML file that needs nothing else: style and script stand in it, and a content security policy lets nothing but
//! these two run or load, by their hashes. Every text is escaped by maud; text from outside passes [`shown`] too.

mod frame;

use maud::{Markup, html as markup};
use menagerie_finding::{Commit, Finding, Location, Outcome, Severity};

use crate::{Document, Reported, age, date, shown};

pub use frame::Frame;

const SCRIPT: &str = include_str!("report.js");
/// How many characters of a commit's name are shown.
const ABBREVIATED: usize = 10;

/// A report as HTML.
#[must_use]
pub fn html(document: &Document<'_>) -> String {
    let title = format!("{}: {} findings in {}", document.tool.name, document.findings.len(), shown(&document.subject));
    let frame = Frame { title: &title, style: "", script: SCRIPT };
    let body = markup! {
        (header(document))
        main {
            (toolbar(document))
            @if document.findings.is_empty() {
                p.empty { "Nothing was found." }
            } @else {
                div #findings {
                    @for (number, reported) in document.findings.iter().enumerate() {
                        (card(document, reported, number))
                    }
                }
                p #none .empty hidden { "No finding is like that." }
            }
            (outcomes(document))
        }
        footer { (document.tool.name) " " (document.tool.version) " · made " (document.made.strftime("%Y-%m-%d %H:%M UTC")) }
    };
    format!("{}{}{}", frame.open(), body.into_string(), frame.close())
}

fn header(document: &Document<'_>) -> Markup {
    let count = |severity| document.findings.iter().filter(|reported| reported.finding.severity == severity).count();
    let places: usize = document.findings.iter().map(|reported| reported.finding.locations.len()).sum();
    markup! {
        header {
            div.wide {
                p.tool { (document.tool.name) " report" }
                h1 { bdi { (shown(&document.subject)) } }
                div.totals {
                    @for severity in Severity::ALL.into_iter().rev() {
                        div.total.(severity.name()).zero[count(severity) == 0] { b { (count(severity)) } span { (severity.name()) } }
                    }
                    div.rest {
                        (number("findings", &document.findings.len().to_string()))
                        (number("places", &places.to_string()))
                        @for (what, value) in &document.totals { (number(what, value)) }
                    }
                }
            }
        }
    }
}

fn number(what: &str, value: &str) -> Markup {
    markup! { div.number { b { (value) } span { (what) } } }
}

fn toolbar(document: &Document<'_>) -> Markup {
    let has_history = document.findings.iter().flat_map(|reported| &reported.finding.locations).any(|place| place.history.is_some());
    let mut codes: Vec<&str> = document.findings.iter().map(|reported| reported.finding.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    markup! {
        form #filters .toolbar hidden {
            input #search type="search" placeholder="Search paths, rules, authors, facts  ( / )" aria-label="Search" autocomplete="off";
            span.choices role="group" aria-label="Severity" {
                @for severity in Severity::ALL.into_iter().rev() {
                    label.choice.(severity.name()) { input type="checkbox" name="severity" value=(severity.name()) checked; (severity.name()) }
                }
            }
            select #rule aria-label="Rule" {
                option value="" { "every rule" }
                @for code in codes { option value=(code) { (code) } }
            }
            @if has_history {
                label.choice { input #head type="checkbox"; "in HEAD" }
            }
            button #open type="button" { "Open all" }
            span #count aria-live="polite" {}
        }
    }
}

fn card(document: &Document<'_>, reported: &Reported, number: usize) -> Markup {
    let finding = &reported.finding;
    let in_head = finding.locations.iter().any(|place| place.history.as_ref().is_none_or(|(_, _, in_head)| *in_head));
    let first = finding.locations.first();
    markup! {
        details.finding.(finding.severity.name()).suppressed[reported.suppressed.is_some()]
            data-severity=(finding.severity.name()) data-rule=(finding.code) data-head=(if in_head { "true" } else { "false" }) id={ "f" (number + 1) } {
            summary {
                span.badge.(finding.severity.name()) { (finding.severity.name()) }
                span.what {
                    b { (shown(&finding.title)) }
                    @if let Some(place) = first {
                        span.where { bdi { (shown(&place.asset.name)) } ":" (place.line)
                            @if finding.locations.len() > 1 { span.more { " and " (finding.locations.len() - 1) " more" } }
                        }
                    }
                }
                @if first.is_some_and(|place| place.history.is_some()) {
                    span.state.(if in_head { "live" } else { "past" }) { (if in_head { "in HEAD" } else { "in history" }) }
                }
                span.sure { meter min="0" max="100" low="50" high="80" optimum="100" value=(finding.confidence) {} (finding.confidence) " %" }
            }
            div.body {
                @if let Some(suppression) = &reported.suppressed {
                    p.suppression { "Suppressed" (if suppression.in_source { " in the source" } else { "" }) ": " (shown(&suppression.justification)) }
                }
                div.columns {
                    (facts(finding))
                    section {
                        h3 { "Why" }
                        ul { @for reason in &finding.reasons { li { (shown(reason)) } } }
                        @if let Some(rule) = document.rule(finding) {
                            h3 { "What to do" }
                            p { (shown(&rule.help)) }
                            @if let Some(uri) = rule.help_uri.as_deref().filter(|uri| uri.starts_with("https://")) {
                                p { a href=(uri) rel="noreferrer noopener" target="_blank" { (shown(uri)) } }
                            }
                        }
                    }
                }
                (places(document, finding))
            }
        }
    }
}

fn facts(finding: &Finding) -> Markup {
    markup! {
        section {
            h3 { "Facts" }
            table.facts {
                tr { th { "rule" } td { code { (finding.code) } } }
                @if let Some(place) = finding.locations.first() {
                    tr { th { "secret" } td { code { bdi { (shown(&place.excerpt.shown)) } } } }
                }
                @for fact in &finding.facts {
                    tr { th { (shown(&fact.label())) } td { bdi { (shown(&fact.value)) } } }
                }
            }
        }
    }
}

fn places(document: &Document<'_>, finding: &Finding) -> Markup {
    let history = finding.locations.iter().any(|place| place.history.is_some());
    markup! {
        section {
            h3 { (if finding.locations.len() == 1 { "Place".to_owned() } else { format!("{} places", finding.locations.len()) }) }
            div.scroll {
                table.places {
                    thead { tr {
                        th { "place" }
                        @if history { th { "first commit" } th { "last commit" } th { "HEAD" } }
                        th { "sure" }
                        th { "fingerprint" }
                    } }
                    tbody { @for place in &finding.locations { (row(document, place, history)) } }
                }
            }
        }
    }
}

fn row(document: &Document<'_>, place: &Location, history: bool) -> Markup {
    let excerpt = &place.excerpt;
    markup! {
        tr {
            td {
                div.path { bdi { (shown(&place.asset.name)) } ":" (place.line) ":" (place.column) }
                pre { bdi { (shown(excerpt.before.trim_start())) } mark { (shown(&excerpt.shown)) } bdi { (shown(excerpt.after.trim_end())) } }
            }
            @if history {
                @if let Some((first, last, in_head)) = &place.history {
                    td { (commit(document, first)) }
                    td { @if last == first { span.tight { "the same" } } @else { (commit(document, last)) } }
                    td { (if *in_head { "yes" } else { "no" }) }
                } @else { td {} td {} td {} }
            }
            td.tight { (place.confidence) " %" }
            td { code.print { (place.fingerprint) } }
        }
    }
}

fn commit(document: &Document<'_>, commit: &Commit) -> Markup {
    let id: String = commit.id.chars().take(ABBREVIATED).collect();
    markup! {
        code title=(commit.id) { (id) } br;
        bdi { (shown(&commit.author)) }
        @if let Some(date) = date(commit.time) {
            br; time datetime=(date) { (date.get(..10).unwrap_or(&date)) }
            @if let Some(age) = age(commit.time, document.made) { br; (age) " ago" }
        }
    }
}

fn outcomes(document: &Document<'_>) -> Markup {
    let rows = |failed: bool| {
        document.outcomes.iter().filter_map(move |outcome| match outcome {
            Outcome::Failed { asset, reason } if failed => Some((asset, reason)),
            Outcome::Skipped { asset, reason } if !failed => Some((asset, reason)),
            _ => None,
        })
    };
    markup! {
        @for (failed, title) in [(true, "Could not be read"), (false, "Left out")] {
            @if rows(failed).next().is_some() {
                details.sources.failed[failed] open[failed] {
                    summary { (title) " " span.more { (rows(failed).count()) } }
                    div.scroll { table {
                        @for (asset, reason) in rows(failed) { tr { td.path { bdi { (shown(&asset.name)) } } td { (shown(reason)) } } }
                    } }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::tests::document;

    #[test]
    fn hostile_text_stays_text() {
        for hostile in
            ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "</style></script>", "'\u{202e}"]
        {
            let page = html(&document(hostile, 3));
            assert_eq!(page.matches("<script>").count(), 1, "{hostile}");
            assert_eq!(page.matches("</script>").count(), 1, "{hostile}");
            assert_eq!(page.matches("</style>").count(), 1, "{hostile}");
            assert!(!page.contains("<img") && !page.contains("href=\"javascript"), "{hostile}");
            assert!(!page.contains('\u{202e}'));
        }
    }

    #[test]
    fn the_policy_names_the_style_and_the_script() {
        let page = html(&document("x", 1));
        for (tag, text) in [("style", include_str!("report.css")), ("script", SCRIPT)] {
            let inside = page.split_once(&format!("<{tag}>")).unwrap().1.split_once(&format!("</{tag}>")).unwrap().0;
            assert_eq!(inside, text);
            assert!(page.contains(&format!("{tag}-src 'sha256-{}'", STANDARD.encode(Sha256::digest(inside)))));
        }
        assert!(!page.contains(" style=") && !page.contains(" onclick=") && !page.contains("http://"));
    }

    #[test]
    fn an_empty_report_says_so() {
        let mut document = document("x", 1);
        document.findings.clear();
        document.outcomes.clear();
        let page = html(&document);
        assert!(page.contains("Nothing was found.") && !page.contains("Could not be read"));
    }
}
