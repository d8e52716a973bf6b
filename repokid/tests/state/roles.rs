//! Roles, versions of their policies, counts, and Access Advisor's rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use repokid::state::{
    Activity, AdvisorAction, AdvisorRow, Disqualification, Imported, LastAccess, NewVersion, Observation, OptOut, Role, RoleHistory,
    Schedule, StateError, Statistic,
};

use crate::place::Place;
use crate::{account, arn, contract, hours, id, now, role};

contract!(
    a_role_is_read_as_it_was_written,
    a_role_is_found_by_its_name_in_any_case_the_living_one_first,
    a_role_that_another_run_has_changed_is_not_overwritten,
    of_roles_that_are_written_together_all_or_none_is,
    roles_that_are_gone_are_marked_and_their_schedule_cancelled,
    scheduled_roles_come_in_the_order_of_their_times,
    versions_are_kept_to_the_letter,
    versions_that_are_found_at_once_each_get_a_number,
    counts_are_kept_when_they_change,
    rows_of_access_advisor_replace_each_other,
    a_history_is_taken_whole_or_not_at_all,
);

fn full() -> Role {
    let mut role = role("reader");
    role.created = Some(now() - hours(9000));
    role.trust_policy = Some("{ \"Version\": \"2012-10-17\",\n\t\"Statement\": [] }".to_owned());
    role.tags = BTreeMap::from([("team".to_owned(), "dätä \"x\" \u{1f512}".to_owned())]);
    role.refreshed = Some(now());
    role.repoed = Some(now() - hours(1));
    role.disqualified_by = vec![Disqualification { filter: "AgeFilter".to_owned(), reason: "it is young".to_owned() }];
    role.opt_out = Some(OptOut { owner: "ann".to_owned(), reason: "it's hers; DROP TABLE role".to_owned(), expires: now() + hours(24) });
    role.protected.keep("s3:*".to_owned(), now() + hours(24));
    role.repoable.total = 10;
    role.repoable.permissions = 3;
    role.repoable.services = BTreeSet::from(["sqs".to_owned(), "s3:getobject".to_owned()]);
    role.schedule = Some(Schedule { at: now() + hours(168), permissions: role.repoable.services.clone(), by: "ann".to_owned() });
    role.observation = Some(Observation::Yearly);
    role
}

async fn a_role_is_read_as_it_was_written(place: &Place) {
    let state = place.open().await;
    let mut role = full();
    state.save(&mut role).await.expect("is kept");
    assert_eq!(state.role(&role.id).await.expect("is read"), Some(role.clone()));
    role.opt_out = None;
    role.schedule = None;
    role.trust_policy = None;
    role.created = None;
    role.observation = Some(Observation::Days(30));
    state.save(&mut role).await.expect("is kept");
    state.close().await;
    let state = place.open().await;
    assert_eq!(state.role(&role.id).await.expect("is read"), Some(role.clone()), "by the next run as well");
    assert_eq!(state.role(&id("AROANOBODY")).await.expect("is read"), None);
    assert_eq!(state.accounts().await.expect("are read"), [account()]);
}

async fn a_role_is_found_by_its_name_in_any_case_the_living_one_first(place: &Place) {
    let state = place.open().await;
    let mut dead = role("Reader");
    dead.active = false;
    dead.refreshed = Some(now());
    let mut living = Role::new(id("AROALATER"), account(), arn("role/reader"), "reader".to_owned());
    state.save(&mut dead).await.expect("is kept");
    assert_eq!(state.role_named(&account(), "READER").await.expect("is read"), Some(dead));
    state.save(&mut living).await.expect("is kept");
    assert_eq!(state.role_named(&account(), "READER").await.expect("is read"), Some(living));
    assert_eq!(state.role_named(&"444455556666".parse().expect("an account"), "reader").await.expect("is read"), None);
}

async fn a_role_that_another_run_has_changed_is_not_overwritten(place: &Place) {
    let (ours, theirs) = (place.open().await, place.open().await);
    let mut role = full();
    ours.save(&mut role).await.expect("is kept");
    let mut copy = theirs.role(&role.id).await.expect("is read").expect("is there");
    copy.opt_out = None;
    theirs.save(&mut copy).await.expect("is kept");
    role.tags.clear();
    assert!(matches!(ours.save(&mut role).await, Err(StateError::Stale { .. })));
    assert_eq!(ours.role(&role.id).await.expect("is read"), Some(copy), "theirs stays");
    let mut again = full();
    assert!(matches!(ours.save(&mut again).await, Err(StateError::Stale { .. })), "nor is it made a second time");
}

async fn of_roles_that_are_written_together_all_or_none_is(place: &Place) {
    let state = place.open().await;
    let mut known = role("b");
    state.save(&mut known).await.expect("is kept");
    let mut roles = [role("a"), role("b")];
    assert!(matches!(state.save_all(&mut roles).await, Err(StateError::Stale { .. })));
    assert_eq!(state.roles(&account(), Activity::All).await.expect("are read"), [known.clone()]);
    let mut roles = [role("a"), known];
    state.save_all(&mut roles).await.expect("are kept");
    state.save_all(&mut roles).await.expect("are kept again, as they were read");
    assert_eq!(state.roles(&account(), Activity::All).await.expect("are read"), roles);
}

async fn roles_that_are_gone_are_marked_and_their_schedule_cancelled(place: &Place) {
    let state = place.open().await;
    let mut roles = [full(), role("a")];
    state.save_all(&mut roles).await.expect("are kept");
    let mut stranger = Role::new(
        id("AROASTRANGER"),
        "444455556666".parse().expect("an account"),
        "arn:aws:iam::444455556666:role/x".parse().expect("an ARN"),
        "x".to_owned(),
    );
    state.save(&mut stranger).await.expect("is kept");
    let seen = BTreeSet::from([id("AROAA"), id("AROANEW")]);
    assert_eq!(state.mark_inactive(&account(), &seen).await.expect("are marked"), [id("AROAREADER")]);
    assert_eq!(state.mark_inactive(&account(), &seen).await.expect("are marked"), [], "once");
    let gone = state.roles(&account(), Activity::Inactive).await.expect("are read");
    assert_eq!((gone.len(), gone[0].active, &gone[0].schedule), (1, false, &None));
    assert_eq!(state.roles(&account(), Activity::Active).await.expect("are read").len(), 1);
    assert!(state.role(&stranger.id).await.expect("is read").expect("is there").active, "another account's");
    assert!(matches!(state.save(&mut roles[0]).await, Err(StateError::Stale { .. })), "who had read it before is told");
}

async fn scheduled_roles_come_in_the_order_of_their_times(place: &Place) {
    let state = place.open().await;
    let mut roles = ["a", "b", "c", "d"].map(role);
    let schedule = |at| Some(Schedule { at: now() + hours(at), permissions: BTreeSet::from(["sqs".to_owned()]), by: String::new() });
    roles[0].schedule = schedule(3);
    roles[2].schedule = schedule(1);
    roles[3].schedule = schedule(2);
    roles[3].active = false;
    state.save_all(&mut roles).await.expect("are kept");
    let names: Vec<_> = state.scheduled_roles(&account()).await.expect("are read").into_iter().map(|role| role.name).collect();
    assert_eq!(names, ["c", "a"]);
}

fn version(source: &str, text: &str) -> NewVersion {
    let policies = BTreeMap::from([("p".to_owned(), text.to_owned()), ("q, \"2\"".to_owned(), "{}".to_owned())]);
    NewVersion { source: source.to_owned(), discovered: now(), policies }
}

async fn versions_are_kept_to_the_letter(place: &Place) {
    let state = place.open().await;
    let mut role = role("reader");
    state.save(&mut role).await.expect("is kept");
    let texts = ["{ \"Version\" : \"2012-10-17\",\r\n\t\"Statement\":[ ] }\n", "{\"a\":\"\\u00e9é\u{2028}\\/ \u{1f512}\"}", ""];
    for (text, number) in texts.iter().zip(0..) {
        let version = version("Scan", text);
        assert_eq!(state.add_policy_version(&role.id, &version).await.expect("is kept"), number);
        assert_eq!(state.add_policy_version(&role.id, &version).await.expect("is known"), number, "the same again is none");
        let latest = state.latest_policy_version(&role.id).await.expect("is read").expect("is there");
        assert_eq!((latest.number, latest.version), (number, version));
    }
    let back = state.add_policy_version(&role.id, &version("Rollback", texts[0])).await.expect("is kept");
    assert_eq!(back, 3, "what was before is a version again");
    let versions = state.policy_versions(&role.id).await.expect("are read");
    let found: Vec<_> = versions.iter().map(|version| version.version.policies["p"].as_str()).collect();
    assert_eq!(found, [texts[0], texts[1], texts[2], texts[0]]);
    let nobody = state.add_policy_version(&id("AROANOBODY"), &version("Scan", "{}")).await;
    assert!(matches!(nobody, Err(StateError::NoRole { .. })));
}

async fn versions_that_are_found_at_once_each_get_a_number(place: &Place) {
    let state = place.open().await;
    let mut role = role("reader");
    state.save(&mut role).await.expect("is kept");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (state, id) = (place.open().await, role.id.clone());
        tasks.spawn(async move { state.add_policy_version(&id, &version("Scan", &number.to_string())).await.expect("is kept") });
    }
    let mut numbers = tasks.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (0..12).collect::<Vec<_>>());
}

async fn counts_are_kept_when_they_change(place: &Place) {
    let state = place.open().await;
    let mut role = role("reader");
    state.save(&mut role).await.expect("is kept");
    let counts =
        |total, at| Statistic { at: now() + hours(at), source: "Scan".to_owned(), total, repoable: 1, disqualified_by: Vec::new() };
    assert!(state.add_statistic(&role.id, &counts(5, 0)).await.expect("is kept"));
    assert!(!state.add_statistic(&role.id, &counts(5, 1)).await.expect("is known"));
    assert!(state.add_statistic(&role.id, &counts(4, 2)).await.expect("is kept"));
    let mut named = counts(4, 3);
    named.disqualified_by.push("AgeFilter".to_owned());
    assert!(state.add_statistic(&role.id, &named).await.expect("is kept"));
    assert_eq!(state.statistics(&role.id).await.expect("are read"), [counts(5, 0), counts(4, 2), named]);
}

fn row(service: &str, last: LastAccess) -> AdvisorRow {
    AdvisorRow {
        service: service.to_owned(),
        service_name: "A service".to_owned(),
        last_authenticated: last,
        last_authenticated_entity: Some("arn:aws:iam::111122223333:role/reader".to_owned()),
        total_authenticated_entities: 2,
        actions: vec![AdvisorAction { name: "PutObject".to_owned(), last_accessed: LastAccess::Never }],
        last_updated: Some(now()),
    }
}

async fn rows_of_access_advisor_replace_each_other(place: &Place) {
    let state = place.open().await;
    let reader = arn("role/reader");
    let first = [row("s3", LastAccess::At(now())), row("ec2", LastAccess::Unreadable), row("sqs", LastAccess::Never)];
    state.replace_advisor(&reader, &first).await.expect("are kept");
    let other = [row("s3", LastAccess::Never)];
    state.replace_advisor(&arn("user/ann"), &other).await.expect("are kept");
    let [s3, ec2, sqs] = first;
    assert_eq!(state.advisor(&reader).await.expect("are read"), [ec2, s3, sqs.clone()]);
    state.replace_advisor(&reader, std::slice::from_ref(&sqs)).await.expect("are kept");
    assert_eq!(state.advisor(&reader).await.expect("are read"), [sqs], "none of the old is left");
    state.replace_advisor(&reader, &[]).await.expect("are kept");
    assert_eq!(state.advisor(&reader).await.expect("are read"), []);
    assert_eq!(state.advisor(&arn("user/ann")).await.expect("are read"), other);
}

async fn a_history_is_taken_whole_or_not_at_all(place: &Place) {
    let state = place.open().await;
    let statistic =
        Statistic { at: now(), source: "Scan".to_owned(), total: 1, repoable: 0, disqualified_by: vec!["AgeFilter".to_owned()] };
    let history = RoleHistory {
        role: full(),
        versions: vec![version("Scan", "{}"), version("Repo", "{}")],
        statistics: vec![statistic.clone()],
        advisor: vec![row("s3", LastAccess::Never)],
    };
    assert_eq!(state.import(&history).await.expect("is taken"), Imported::New);
    assert_eq!(state.import(&history).await.expect("is known"), Imported::Known);
    assert_eq!(state.policy_versions(&history.role.id).await.expect("are read").len(), 2, "with the same documents, but as it was");
    assert_eq!(state.statistics(&history.role.id).await.expect("are read"), [statistic]);
    assert_eq!(state.advisor(&history.role.arn).await.expect("are read"), history.advisor);
    // A caller that stops waiting: what it had begun may be ended later, so all is looked at when nothing is under way any more.
    let mut begun = Vec::new();
    for number in 0..60_u64 {
        let mut next = history.clone();
        next.role.id = id(&format!("AROA{number}"));
        next.role.arn = arn(&format!("role/{number}"));
        let _ = tokio::time::timeout(Duration::from_micros(number * 40), state.import(&next)).await;
        begun.push(next.role);
    }
    state.close().await;
    let state = place.open().await;
    for role in begun {
        let there = usize::from(state.role(&role.id).await.expect("is read").is_some());
        let parts = (
            state.policy_versions(&role.id).await.expect("are read").len(),
            state.statistics(&role.id).await.expect("are read").len(),
            state.advisor(&role.arn).await.expect("are read").len(),
        );
        assert_eq!(parts, (2 * there, there, there));
    }
}
