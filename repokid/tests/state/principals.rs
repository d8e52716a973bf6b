//! Users and groups beside roles, and a state of before there were any.

use std::collections::BTreeSet;

use menagerie_store::database::{Database, Migrations};
use repokid::account::Kind;
use repokid::state::{Activity, Footing, NewVersion, Role, State};

use crate::place::Place;
use crate::{account, arn, contract, hours, id, now, role};

contract!(
    each_kind_has_names_of_its_own,
    what_a_use_is_told_by_is_read_as_it_was_written,
    a_state_of_before_users_and_groups_is_gone_on_with,
);

fn principal(unique: &str, resource: &str) -> Role {
    let name = resource.rsplit('/').next().expect("a name");
    Role::new(id(unique), account(), arn(resource), name.to_owned())
}

async fn each_kind_has_names_of_its_own(place: &Place) {
    let state = place.open().await;
    let mut all = [principal("AGPASAME", "group/same"), principal("AROASAME", "role/same"), principal("AIDASAME", "user/team/same")];
    state.save_all(&mut all).await.expect("are kept");
    let found = async |text: &str| state.role_named(&account(), text).await.expect("is read").map(|role| (role.kind(), role.label()));
    for (text, kind, label) in [
        ("same", Kind::Role, "same"),
        ("role/SAME", Kind::Role, "same"),
        ("user/Same", Kind::User, "user/same"),
        ("group/same", Kind::Group, "group/same"),
        ("arn:aws:iam::111122223333:user/team/same", Kind::User, "user/same"),
    ] {
        assert_eq!(found(text).await, Some((kind, label.to_owned())), "{text}");
    }
    assert_eq!(found("arn:aws:iam::111122223333:user/same").await, None, "an ARN has its path");
    assert_eq!(state.roles(&account(), Activity::Active).await.expect("are read").len(), 3);
    let version = NewVersion { source: "Scan".to_owned(), discovered: now(), policies: [("p".to_owned(), "{ }\n".to_owned())].into() };
    for one in &all {
        assert_eq!(state.add_policy_version(&one.id, &version).await.expect("is kept"), 0);
        assert_eq!(state.policy_versions(&one.id).await.expect("are read")[0].version, version, "to the letter");
    }
    let gone = state.mark_inactive(&account(), &BTreeSet::from([id("AROASAME")])).await.expect("are marked");
    assert_eq!(gone.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([id("AGPASAME"), id("AIDASAME")]));
    assert_eq!(state.role_named(&account(), "user/same").await.expect("is read").map(|role| role.active), Some(false));
}

async fn what_a_use_is_told_by_is_read_as_it_was_written(place: &Place) {
    let state = place.open().await;
    let mut group = principal("AGPATEAM", "group/team");
    group.footing = Some(Footing::new(BTreeSet::from(["AIDAA".to_owned(), "AIDAB".to_owned()]), now()));
    state.save(&mut group).await.expect("is kept");
    assert_eq!(state.role(&group.id).await.expect("is read"), Some(group.clone()));
    group.footing.as_mut().expect("is there").renew(BTreeSet::new(), now() + hours(1));
    state.save(&mut group).await.expect("is kept");
    assert_eq!(state.role(&group.id).await.expect("is read"), Some(group));
}

/// The tables as they were before: without the columns, and without the note that they were added.
async fn a_state_of_before_users_and_groups_is_gone_on_with(place: &Place) {
    let state = place.open().await;
    let mut reader = role("reader");
    reader.repoable.total = 7;
    state.save(&mut reader).await.expect("is kept");
    let version = NewVersion { source: "Scan".to_owned(), discovered: now(), policies: [("p".to_owned(), "{}".to_owned())].into() };
    state.add_policy_version(&reader.id, &version).await.expect("is kept");
    state.close().await;
    let database = Database::connect(place.url(), &Migrations { component: "tests", steps: &[] }).await.expect("opens");
    let mut before = database.write().await.expect("begins");
    for sql in [
        "ALTER TABLE role DROP COLUMN footing",
        "ALTER TABLE role DROP COLUMN kind",
        "DELETE FROM schema_version WHERE component = 'repokid'
            AND version = (SELECT max(version) FROM schema_version WHERE component = 'repokid')",
    ] {
        before.execute(sql, &[]).await.expect("is done");
    }
    before.commit().await.expect("is kept");
    database.close().await;

    let state: State = place.open().await;
    assert_eq!(state.role_named(&account(), "READER").await.expect("is read"), Some(reader.clone()), "what was there are roles");
    assert_eq!(state.policy_versions(&reader.id).await.expect("are read").len(), 1);
    state.save(&mut reader).await.expect("is written");
    let mut user = principal("AIDAREADER", "user/reader");
    state.save(&mut user).await.expect("is kept");
    assert_eq!(state.role_named(&account(), "user/reader").await.expect("is read"), Some(user));
    assert_eq!(state.role_named(&account(), "reader").await.expect("is read"), Some(reader));
}
