//! People of a provider, and what it may and may not do to users who are here; and workloads' tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

const ISSUER: &str = "https://idp.example";

struct Person {
    subject: &'static str,
    email: &'static str,
    create: bool,
    link: bool,
    roles: &'static [&'static str],
}

const ADA: Person = Person { subject: "ada", email: "ada@example.com", create: true, link: false, roles: &[] };

impl World {
    async fn comes(&self, person: &Person) -> Result<Session, OutsideError> {
        let (username, email) = (Username::parse(person.email).unwrap(), Email::parse(person.email).unwrap());
        let roles: BTreeSet<_> = person.roles.iter().map(|role| (*role).to_owned()).collect();
        let outside = Outside {
            issuer: ISSUER,
            subject: person.subject,
            username: &username,
            email: &email,
            create: person.create,
            link: person.link,
            roles: &roles,
        };
        self.access.sign_in_from(&outside, &actor()).await
    }

    async fn roles_of(&self, user: UserId) -> Vec<String> {
        self.access.user(user).await.unwrap().roles.into_iter().map(|role| role.name).collect()
    }
}

#[tokio::test]
async fn a_provider_gives_and_takes_its_own_roles_alone() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.role(name).await;
    }
    let user = world.comes(&Person { roles: &["a", "b", "missing"], ..ADA }).await.unwrap().user;
    assert_eq!(world.roles_of(user).await, ["a", "b"]);
    let c = world.role("c").await;
    let held = world.access.user(user).await.unwrap().roles.iter().map(|role| role.id).chain([c]).collect();
    world.access.change_user(user, UserChange { roles: Some(held), ..UserChange::default() }, &actor()).await.unwrap();
    // What the provider gives as well is not its to take: it was here before.
    assert_eq!(world.comes(&Person { roles: &["a", "c"], ..ADA }).await.unwrap().user, user);
    assert_eq!(world.roles_of(user).await, ["a", "c"]);
    world.comes(&ADA).await.unwrap();
    assert_eq!(world.roles_of(user).await, ["c"]);
}

#[tokio::test]
async fn who_is_known_is_known_by_the_subject() {
    let world = World::new().await;
    assert!(matches!(world.comes(&Person { create: false, ..ADA }).await, Err(OutsideError::Unknown)));
    let user = world.comes(&ADA).await.unwrap().user;
    let moved = Person { email: "ada@other.example", create: false, ..ADA };
    assert_eq!(world.comes(&moved).await.unwrap().user, user);
    assert_eq!(world.access.user(user).await.unwrap().email, "ada@example.com", "an address stays what it was");
    assert!(matches!(world.comes(&Person { subject: "eve", ..ADA }).await, Err(OutsideError::Exists)));
    // Case makes no other subject the same.
    assert!(matches!(
        world.comes(&Person { subject: "Ada", create: false, email: "x@example.com", ..ADA }).await,
        Err(OutsideError::Unknown)
    ));
    world.access.change_user(user, UserChange { active: Some(false), ..UserChange::default() }, &actor()).await.unwrap();
    assert!(matches!(world.comes(&ADA).await, Err(OutsideError::Disabled)));
}

#[tokio::test]
async fn a_provider_does_not_go_around_a_second_factor() {
    let world = World::new().await;
    let user = world.user("ada", &[]).await;
    let enrolment = world.access.enrol_second_factor(user.id).await.unwrap();
    world.access.confirm_second_factor(user.id, &code_at(&enrolment.secret, START), &actor()).await.unwrap();
    let linked = Person { link: true, ..ADA };
    assert!(matches!(world.comes(&ADA).await, Err(OutsideError::Exists)));
    assert!(matches!(world.comes(&linked).await, Err(OutsideError::SecondFactor)));
    world.access.remove_second_factor(user.id, &actor()).await.unwrap();
    assert_eq!(world.comes(&linked).await.unwrap().user, user.id);
}

/// Whoever would be left out by it changes nothing, and is not signed in as what they are no more.
#[tokio::test]
async fn the_last_administrator_is_not_signed_in_without_being_one() {
    let world = World::new().await;
    let user = world.comes(&Person { roles: &["admin"], ..ADA }).await.unwrap().user;
    let admin = world.access.user_named(&Username::parse("admin").unwrap()).await.unwrap();
    world.access.change_user(admin.id, UserChange { active: Some(false), ..UserChange::default() }, &actor()).await.unwrap();
    for roles in [&[][..], &["admin", "read-only"]] {
        let refused = world.comes(&Person { roles, ..ADA }).await;
        assert!(matches!(refused, Err(OutsideError::Access(AccessError::LastAdministrator))));
        assert_eq!(world.roles_of(user).await, ["admin"]);
    }
}

#[tokio::test]
async fn a_workloads_token_ends_and_is_of_no_use_without_its_grant() {
    let world = World::new().await;
    let grant = Grant {
        name: "ci".to_owned(),
        owner: "team@example.com".to_owned(),
        authority: "ca".to_owned(),
        profiles: vec!["tls-server".to_owned()],
        names: vec![".example.com".parse().unwrap()],
        actions: Actions::default(),
        token_lifetime: Duration::from_secs(900),
    };
    let settings = Settings { workloads: [("ci".to_owned(), Arc::new(grant))].into(), ..Settings::default() };
    let now = Arc::clone(&world.now);
    let clock = Clock::new(move || Timestamp::from_second(now.load(Ordering::SeqCst)).unwrap());
    let access = Access::open(world.store.clone(), world.ring.clone(), clock, settings).await.unwrap();
    let subject = format!("repo:\"org\\app\"{}", "é".repeat(2_000));
    let admitted = Admitted { name: "ci".to_owned(), subject, certificate: None };
    let pass = access.admit(&admitted, &actor()).await.unwrap();
    assert_eq!(pass.expires, START + 900);
    let requester = access.requester(&pass.token).await.unwrap();
    assert!(requester.user().is_none() && requester.person().is_none() && requester.api_key().is_none());
    assert!(requester.workload().unwrap().subject().starts_with("repo:\"org\\app\"é"), "a long subject is cut, and the token not too long");
    assert!(matches!(world.access.requester(&pass.token).await, Err(TokenError::User)), "where there is no such workload");
    let other = Admitted { name: "other".to_owned(), ..admitted.clone() };
    assert!(matches!(access.admit(&other, &actor()).await, Err(TokenError::User)));
    world.wait(900);
    assert!(matches!(access.requester(&pass.token).await, Err(TokenError::Expired)));
    // A role of the workload's name makes no member a workload, and a password none either.
    let role = access.role_named("workload:ci").await.unwrap();
    let user = world.user("workload-ci", &[role.id]).await;
    let token = world.login("workload-ci", PASSWORD, None, "192.0.2.1").await.unwrap().token;
    assert_eq!(access.requester(&token).await.unwrap().user(), Some(user.id));
}
