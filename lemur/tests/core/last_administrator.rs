//! Several processes that change who is an administrator at once.

use jiff::Timestamp;
use lemur::access::{self, Access, Bootstrap, Email, NewUser, UserChange, UserId, Username, Window};
use lemur::engine::{Clock, Engine};

use super::support::{House, actor, on_both};

async fn access(engine: &Engine) -> Access {
    let clock = Clock::new(Timestamp::now);
    Access::open(engine.store().clone(), engine.ring().clone(), clock, access::Settings::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_leave_an_administrator() {
    on_both(async |house: House| {
        let (engine, other) = (house.engine().await, house.engine().await);
        let (one, two) = (access(&engine).await, access(&other).await);
        assert!(matches!(one.bootstrap(None).await.unwrap(), Bootstrap::Administrator(_)));
        let admin = one.role_named(access::ADMIN).await.unwrap().id;
        let second = NewUser {
            username: Username::parse("second").unwrap(),
            email: Email::parse("second@example.com").unwrap(),
            password: None,
            active: true,
            roles: vec![admin],
        };
        let second = one.create_user(second, &actor()).await.unwrap().id;
        let change = |roles: &[_]| UserChange { roles: Some(roles.to_vec()), ..UserChange::default() };
        let actor = actor();
        for round in 0..12 {
            let (first, last) = tokio::join!(one.change_user(UserId(1), change(&[]), &actor), two.change_user(second, change(&[]), &actor));
            assert!(first.is_ok() != last.is_ok(), "round {round}: one of the two stays: {first:?} {last:?}");
            let left = one.users(Window::ALL).await.unwrap().items.into_iter().filter(|user| !user.roles.is_empty()).count();
            assert_eq!(left, 1, "round {round}");
            for id in [UserId(1), second] {
                one.change_user(id, change(&[admin]), &actor).await.unwrap();
            }
        }
        other.close().await;
        engine.close().await;
    })
    .await;
}
