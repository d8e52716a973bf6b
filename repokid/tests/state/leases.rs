//! Leases: one run at a time in an account.

use repokid::state::StateError;

use crate::place::Place;
use crate::{account, contract, hours, now};

contract!(
    one_of_many_gets_the_lease,
    a_lease_that_has_run_out_is_another_runs_to_take,
    a_lease_that_was_given_back_is_free,
    accounts_have_leases_of_their_own,
);

async fn one_of_many_gets_the_lease(place: &Place) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let state = place.open().await;
        tasks.spawn(async move { state.lease(&account(), &format!("run {number}"), now(), hours(1)).await.expect("is asked").is_some() });
    }
    let got = tasks.join_all().await.into_iter().filter(|got| *got).count();
    assert_eq!(got, 1);
}

async fn a_lease_that_has_run_out_is_another_runs_to_take(place: &Place) {
    let (ours, theirs) = (place.open().await, place.open().await);
    let mut first = ours.lease(&account(), "a", now(), hours(1)).await.expect("is asked").expect("is free");
    assert_eq!(first.expires(), now() + hours(1));
    assert_eq!(ours.lease_holder(&account(), now()).await.expect("is read"), Some(("a".to_owned(), now() + hours(1))));
    ours.renew(&mut first, now(), hours(2)).await.expect("is kept on");
    assert_eq!(theirs.lease(&account(), "b", now() + hours(1), hours(1)).await.expect("is asked"), None);
    let mut second = theirs.lease(&account(), "b", now() + hours(2), hours(1)).await.expect("is asked").expect("has run out");
    assert!(matches!(ours.renew(&mut first, now() + hours(2), hours(1)).await, Err(StateError::LeaseLost { .. })));
    assert!(matches!(ours.release(first).await, Err(StateError::LeaseLost { .. })), "what is not ours is not given back");
    theirs.renew(&mut second, now() + hours(2), hours(1)).await.expect("is theirs still");
}

async fn a_lease_that_was_given_back_is_free(place: &Place) {
    let state = place.open().await;
    let lease = state.lease(&account(), "a", now(), hours(1)).await.expect("is asked").expect("is free");
    assert_eq!(state.lease(&account(), "a", now(), hours(1)).await.expect("is asked"), None, "the same name is no right to it");
    state.release(lease).await.expect("is given back");
    assert_eq!(state.lease_holder(&account(), now()).await.expect("is read"), None);
    assert!(state.lease(&account(), "b", now(), hours(1)).await.expect("is asked").is_some());
}

async fn accounts_have_leases_of_their_own(place: &Place) {
    let state = place.open().await;
    for account in ["111122223333", "444455556666"] {
        let account = account.parse().expect("an account");
        let lease = state.lease(&account, "a", now(), hours(1)).await.expect("is asked").expect("is free");
        assert_eq!(lease.account(), &account);
    }
}
