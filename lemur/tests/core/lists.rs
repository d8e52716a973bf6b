//! Lists of certificates: every condition, order and page gives what a plain look at all of them gives, on both databases.

use jiff::{SignedDuration, Timestamp};
use lemur::crl::Reason;
use lemur::engine::Engine;
use lemur::name::San;
use lemur::profile::Period;
use lemur::store::certificates::{Certificate, CertificateChange};
use lemur::store::list::{Filter, Match, Order, Page, SortBy};
use lemur::store::{RoleId, UserId};

use super::support::{House, actor, on_both, their_order, two_authorities};

const ALL: Page = Page::Offset { offset: 0, limit: 1_000 };

async fn make(engine: &Engine) -> Vec<Certificate> {
    let (root, issuing) = two_authorities(engine).await;
    for number in 0..24_usize {
        let mut order = their_order(if number % 5 == 0 { root } else { issuing }, &format!("n{number}.pay.example.com"));
        order.names.push(San::guess(&format!("alt-{}.Example.org", number % 7)).unwrap());
        order.record.owner = format!("team{}@example.com", number % 3);
        order.record.notify = number % 4 != 0;
        order.record.rotation = number % 6 == 0;
        order.record.roles = vec![RoleId(i64::try_from(number % 2).unwrap())];
        order.actor.user = Some(UserId(i64::try_from(number % 3).unwrap()));
        if number % 3 == 0 {
            order.record.name = Some(format!("Wanted_{number}%"));
        }
        if number % 2 == 0 {
            order.period = Period::Until(Timestamp::now() + SignedDuration::from_hours(24 + i64::try_from(number).unwrap()));
        }
        let issued = engine.issue(order).await.unwrap();
        if number % 8 == 7 {
            engine.revoke(issued.id, Reason::Superseded, "", &actor()).await.unwrap();
        }
    }
    let all = engine.certificates(&Filter::default(), Order { by: SortBy::Id, descending: false }, ALL).await.unwrap();
    assert!(all.exact && all.total == 26, "two authorities and 24 leaves: {}", all.total);
    let replaces = CertificateChange { replaces: Some(vec![all.items[5].id]), ..CertificateChange::default() };
    assert!(engine.change_certificate(all.items[9].id, &replaces, &actor()).await.unwrap());
    engine.certificates(&Filter::default(), Order { by: SortBy::Id, descending: false }, ALL).await.unwrap().items
}

/// A condition, and the same said plainly.
type Case = (Filter, Box<dyn Fn(&Certificate) -> bool>);

fn has(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn any_name(certificate: &Certificate, part: &str) -> bool {
    let names = certificate.names.iter().any(|name| has(&name.value, part));
    names || has(&certificate.name, part) || has(&certificate.common_name, part)
}

fn alternative(certificate: &Certificate, part: &str) -> bool {
    certificate.names.iter().any(|name| has(&name.value, part))
}

/// Whether a text is like another as a whole, in which `%` stands for anything.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let mut pieces = pattern.split('%');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap()) else { return false };
    let pieces: Vec<_> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else { return rest.is_empty() };
    for piece in between {
        let Some(found) = rest.find(piece) else { return false };
        rest = &rest[found + piece.len()..];
    }
    rest.ends_with(last)
}

fn cases(all: &[Certificate]) -> Vec<Case> {
    let sample = all[8].clone();
    let (serial, name) = (sample.serial.clone(), sample.name.clone());
    let soon = Timestamp::now() + SignedDuration::from_hours(40);
    let filter = Filter::default;
    let mut cases: Vec<Case> = vec![
        (Filter { name: Some(name.clone()), ..filter() }, Box::new(move |c| c.name == name)),
        (Filter { serial: Some(serial.clone()), ..filter() }, Box::new(move |c| c.serial == serial)),
        (Filter { id: Some(sample.id), ..filter() }, Box::new(move |c| c.id == sample.id)),
        (Filter { authority: sample.authority, ..filter() }, Box::new(move |c| c.authority == sample.authority)),
        (Filter { creator: Some(UserId(2)), ..filter() }, Box::new(|c| c.creator == Some(UserId(2)))),
        (Filter { role: Some(RoleId(1)), ..filter() }, Box::new(|c| c.roles.contains(&RoleId(1)))),
        (
            Filter { alternative_name: Some(Match::Is("alt-3.example.org".to_owned())), ..filter() },
            Box::new(|c| c.names.iter().any(|name| name.value == "alt-3.example.org")),
        ),
        // The last second of a certificate is one in which it holds.
        (Filter { not_ended_by: Some(soon), ..filter() }, Box::new(move |c| c.not_after.as_second() >= soon.as_second())),
        (
            Filter { ends_from: Some(soon - SignedDuration::from_hours(6)), ends_before: Some(soon), ..filter() },
            Box::new(move |c| (soon.as_second() - 6 * 3600..soon.as_second()).contains(&c.not_after.as_second())),
        ),
    ];
    for state in [false, true] {
        cases.push((Filter { notify: Some(state), ..filter() }, Box::new(move |c| c.notify == state)));
        cases.push((Filter { rotation: Some(state), ..filter() }, Box::new(move |c| c.rotation == state)));
        cases.push((Filter { revoked: Some(state), ..filter() }, Box::new(move |c| c.revoked.is_some() == state)));
        cases.push((Filter { replaced: Some(state), ..filter() }, Box::new(move |c| c.replaced == state)));
    }
    // With what is special to LIKE, to FTS5 and to SQL, too short for an index of three letters, in capitals.
    for part in ["pay", "N1", "n", "alt-3", "EXAMPLE.ORG", "wanted_3%", "%", "_", "\\", "\"", "'; --", "zzz", "", "é", "pay.example", "\0"]
    {
        let text = part.to_owned();
        cases.push((Filter { text: Some(text.clone()), ..filter() }, Box::new(move |c| any_name(c, &text))));
        let text = part.to_owned();
        let condition = Some(Match::Has(text.clone()));
        cases.push((
            Filter { common_name: condition.clone(), ..filter() },
            Box::new(move |c| has(&c.common_name, &text) || alternative(c, &text)),
        ));
        let text = part.to_owned();
        cases.push((Filter { alternative_name: condition.clone(), ..filter() }, Box::new(move |c| alternative(c, &text))));
        let text = part.to_owned();
        cases.push((Filter { issuer: condition, ..filter() }, Box::new(move |c| has(&c.issuer, &text))));
    }
    for owner in ["team1@example.com", "TEAM1@", "@example", "nobody"] {
        let text = owner.to_owned();
        cases.push((Filter { owner: Some(Match::Is(text.clone())), ..filter() }, Box::new(move |c| c.owner == text)));
        let text = owner.to_owned();
        cases.push((Filter { owner: Some(Match::Has(text.clone())), ..filter() }, Box::new(move |c| has(&c.owner, &text))));
    }
    let (own, common_name) = (all[8].name.clone(), all[8].common_name.clone());
    let wholes = [
        "alt-3.example.org",
        "ALT-3.Example.ORG",
        "alt-3.example.or",
        "%.example.org",
        "a%3.EXAMPLE.%",
        "%",
        "",
        "_lt-3.example.org",
        "%n1%",
        "\0",
    ];
    for text in wholes.into_iter().map(str::to_owned).chain([own.clone(), common_name.to_uppercase(), format!("%{}", &common_name[1..])]) {
        let (condition, wanted) = (Some(Match::Like(text.clone())), text.clone());
        cases.push((Filter { common_name: condition.clone(), ..filter() }, Box::new(move |c| like(&c.common_name, &wanted))));
        let wanted = text.clone();
        let any = move |c: &Certificate| c.names.iter().any(|name| like(&name.value, &wanted));
        cases.push((Filter { alternative_name: condition, ..filter() }, Box::new(any)));
        let same = |one: &str, other: &str| one == other || one == other.to_lowercase();
        let wanted = text.clone();
        let stands = move |c: &Certificate| same(&c.common_name, &wanted) || c.names.iter().any(|name| same(&name.value, &wanted));
        let (also, wanted) = (stands.clone(), text.clone());
        cases.push((Filter { stands_for: Some(text.clone()), ..filter() }, Box::new(stands)));
        cases.push((Filter { known_as: Some(text), ..filter() }, Box::new(move |c| also(c) || same(&c.name, &wanted))));
    }
    for owner in ["TEAM1@example.com", "team1", "%1@EXAMPLE.com", "%", "team_@example.com"] {
        let text = owner.to_owned();
        cases.push((Filter { owner: Some(Match::Like(text.clone())), ..filter() }, Box::new(move |c| like(&c.owner, &text))));
    }
    let both = Filter { text: Some("pay".to_owned()), owner: Some(Match::Has("team2".to_owned())), revoked: Some(false), ..filter() };
    cases.push((both, Box::new(|c| any_name(c, "pay") && has(&c.owner, "team2") && c.revoked.is_none())));
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_condition_gives_what_a_plain_look_gives() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let all = make(&engine).await;
        let mut found_some = 0;
        for (filter, holds) in cases(&all) {
            let expected: Vec<_> = all.iter().filter(|certificate| holds(certificate)).cloned().collect();
            let ascending = Order { by: SortBy::Id, descending: false };
            let listing = engine.certificates(&filter, ascending, ALL).await.unwrap();
            let ids = |items: &[Certificate]| items.iter().map(|item| item.id.0).collect::<Vec<_>>();
            assert_eq!(ids(&listing.items), ids(&expected), "{filter:?}");
            assert_eq!(listing.items, expected, "{filter:?}");
            assert_eq!((listing.total, listing.exact), (u64::try_from(expected.len()).unwrap(), true), "{filter:?}");
            found_some += usize::from(!expected.is_empty());
            // In any order, it is the same rows.
            for by in [SortBy::Id, SortBy::Name, SortBy::CommonName, SortBy::Owner, SortBy::NotAfter] {
                let mut sorted = engine.certificates(&filter, Order { by, descending: true }, ALL).await.unwrap().items;
                sorted.sort_by_key(|item| item.id);
                assert_eq!(ids(&sorted), ids(&expected), "{filter:?} by {by:?}");
            }
        }
        assert!(found_some > 30, "the conditions find something: {found_some}");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_orders_meet_end_to_end() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let all = make(&engine).await;
        for by in [SortBy::Id, SortBy::Name, SortBy::CommonName, SortBy::Owner, SortBy::NotAfter] {
            for descending in [false, true] {
                let order = Order { by, descending };
                let whole = engine.certificates(&Filter::default(), order, ALL).await.unwrap().items;
                let mut paged = Vec::new();
                for offset in (0..30).step_by(7) {
                    let page = engine.certificates(&Filter::default(), order, Page::Offset { offset, limit: 7 }).await.unwrap();
                    assert_eq!(page.total, 26, "{order:?} at {offset}");
                    paged.extend(page.items);
                }
                assert_eq!(paged, whole, "{order:?}");
                let key = |certificate: &Certificate| match by {
                    SortBy::Id => format!("{:020}", certificate.id.0),
                    SortBy::Name => certificate.name.clone(),
                    SortBy::CommonName => certificate.common_name.clone(),
                    SortBy::Owner => certificate.owner.clone(),
                    SortBy::NotAfter => format!("{:020}", certificate.not_after.as_second()),
                };
                let in_order =
                    |pair: &[Certificate]| if descending { key(&pair[0]) >= key(&pair[1]) } else { key(&pair[0]) <= key(&pair[1]) };
                assert!(whole.windows(2).all(in_order), "{order:?}");
            }
        }
        let beyond = engine.certificates(&Filter::default(), Order::default(), Page::Offset { offset: 500, limit: 10 }).await.unwrap();
        assert_eq!((beyond.total, beyond.exact, beyond.items.len()), (26, true, 0));
        let mut last = None;
        let mut followed = Vec::new();
        loop {
            let page = engine.certificates(&Filter::default(), Order::default(), Page::After { id: last, limit: 4 }).await.unwrap();
            let Some(item) = page.items.last() else { break };
            last = Some(item.id);
            followed.extend(page.items);
        }
        followed.reverse();
        assert_eq!(followed, all);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_certificate_is_found_no_more() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let issued = engine.issue(their_order(issuing, "gone.example.com")).await.unwrap();
        let by_text = Filter { text: Some("gone".to_owned()), ..Filter::default() };
        assert_eq!(engine.certificates(&by_text, Order::default(), ALL).await.unwrap().items.len(), 1);
        assert!(engine.delete_certificate(issued.id, &actor()).await.unwrap());
        assert!(!engine.delete_certificate(issued.id, &actor()).await.unwrap());
        assert_eq!(engine.certificates(&by_text, Order::default(), ALL).await.unwrap().items.len(), 0);
        engine.close().await;
    })
    .await;
}
