//! Changes, stored before they are made; denials.

use repokid::state::{ChangeId, ChangeStatus, Denial, Document, DocumentPlace, Lease, NewChange, Purpose, State, StateError};

use crate::place::Place;
use crate::{account, arn, contract, hours, now};

contract!(
    a_change_is_kept_to_the_letter_before_it_is_made,
    a_principal_has_one_change_under_way,
    a_change_goes_forward_only,
    what_undoes_a_change_marks_it,
    nothing_is_planned_without_the_lease,
    what_a_killed_run_left_is_found,
    a_denial_is_noted_once,
    a_principal_is_rolled_back_by_itself_once_a_day,
);

async fn lease(state: &State) -> Lease {
    state.lease(&account(), "run", now(), hours(1)).await.expect("is asked").expect("is free")
}

fn change(principal: &str) -> NewChange {
    let document = |place, policy: &str, before: Option<&str>, after: Option<&str>| {
        let (before, after) = (before.map(str::to_owned), after.map(str::to_owned));
        Document { place, policy: policy.to_owned(), before, after }
    };
    NewChange {
        principal: arn(principal),
        purpose: Purpose::Repo,
        actor: "ann".to_owned(),
        undoes: None,
        documents: vec![
            document(DocumentPlace::Inline, "p", Some("{ \"Statement\" :\r\n[] }\t"), Some("{}")),
            document(DocumentPlace::Inline, "gone", Some("{}"), None),
            document(DocumentPlace::Managed, "arn:aws:iam::111122223333:policy/m", Some("{\"é\":1}"), Some("{}")),
            document(DocumentPlace::Attached, "arn:aws:iam::aws:policy/ReadOnlyAccess", None, Some("{}")),
        ],
        proof: Some("{\"holds\": true }".to_owned()),
    }
}

async fn a_change_is_kept_to_the_letter_before_it_is_made(place: &Place) {
    let state = place.open().await;
    let lease = lease(&state).await;
    let planned = change("role/reader");
    let id = state.plan(&lease, &planned, now()).await.expect("is stored");
    state.close().await;
    let state = place.open().await;
    let stored = state.change(id).await.expect("is read").expect("is there");
    assert_eq!((&stored.change, stored.status, stored.planned), (&planned, ChangeStatus::Planned, now()));
    state.advance(id, ChangeStatus::Applying, None, now() + hours(1)).await.expect("goes on");
    for (what, at) in [("PutRolePolicy p", 1), ("DeleteRolePolicy gone", 2), ("read back", 3)] {
        state.record_step(id, what, now() + hours(at)).await.expect("is noted");
    }
    state.advance(id, ChangeStatus::Applied, Some("as proved"), now() + hours(4)).await.expect("goes on");
    let stored = state.change(id).await.expect("is read").expect("is there");
    let steps: Vec<_> = stored.steps.iter().map(|step| (step.what.as_str(), step.at)).collect();
    let expected = [("PutRolePolicy p", now() + hours(1)), ("DeleteRolePolicy gone", now() + hours(2)), ("read back", now() + hours(3))];
    assert_eq!(steps, expected);
    assert_eq!((stored.status, stored.note.as_deref(), stored.updated), (ChangeStatus::Applied, Some("as proved"), now() + hours(4)));
    let mut without_proof = stored.clone();
    without_proof.change.proof = None;
    assert_eq!(state.changes_since(&account(), now() + hours(4)).await.expect("are read"), [without_proof]);
    assert_eq!(state.changes_since(&account(), now() + hours(5)).await.expect("are read"), []);
    assert_eq!(state.changes_of(&planned.principal).await.expect("are read"), [stored]);
    assert_eq!(state.change("999".parse().expect("a number")).await.expect("is read"), None);
}

async fn a_principal_has_one_change_under_way(place: &Place) {
    let state = place.open().await;
    let lease = lease(&state).await;
    let first = state.plan(&lease, &change("role/reader"), now()).await.expect("is stored");
    assert!(matches!(state.plan(&lease, &change("role/reader"), now()).await, Err(StateError::Open { .. })));
    state.advance(first, ChangeStatus::Applying, None, now()).await.expect("goes on");
    assert!(matches!(state.plan(&lease, &change("role/reader"), now()).await, Err(StateError::Open { .. })));
    state.plan(&lease, &change("role/other"), now()).await.expect("another principal's is stored");
    state.advance(first, ChangeStatus::Failed, Some("it has changed meanwhile"), now()).await.expect("is given up");
    let second = state.plan(&lease, &change("role/reader"), now()).await.expect("is stored");
    let ids: Vec<_> = state.changes_of(&arn("role/reader")).await.expect("are read").iter().map(|change| change.id).collect();
    assert_eq!(ids, [second, first]);
}

async fn a_change_goes_forward_only(place: &Place) {
    let state = place.open().await;
    let lease = lease(&state).await;
    let id = state.plan(&lease, &change("role/reader"), now()).await.expect("is stored");
    let refused = state.advance(id, ChangeStatus::Applied, None, now()).await;
    assert!(matches!(refused, Err(StateError::Transition { found: ChangeStatus::Planned, wanted: ChangeStatus::Applied, .. })));
    state.advance(id, ChangeStatus::Applying, None, now()).await.expect("goes on");
    assert!(state.advance(id, ChangeStatus::Applying, None, now()).await.is_err(), "two runs do not make it");
    let nothing: ChangeId = "999".parse().expect("a number");
    assert!(matches!(state.advance(nothing, ChangeStatus::Failed, None, now()).await, Err(StateError::NoChange { .. })));
    assert!(matches!(state.record_step(nothing, "x", now()).await, Err(StateError::NoChange { .. })));
}

async fn make(state: &State, lease: &Lease, change: &NewChange) -> ChangeId {
    let id = state.plan(lease, change, now()).await.expect("is stored");
    state.advance(id, ChangeStatus::Applying, None, now()).await.expect("goes on");
    state.advance(id, ChangeStatus::Applied, None, now()).await.expect("goes on");
    id
}

async fn what_undoes_a_change_marks_it(place: &Place) {
    let state = place.open().await;
    let lease = lease(&state).await;
    let first = make(&state, &lease, &change("role/reader")).await;
    let undoing =
        NewChange { purpose: Purpose::Rollback, undoes: Some(first), proof: None, documents: Vec::new(), ..change("role/reader") };
    let second = make(&state, &lease, &undoing).await;
    let undone = state.change(first).await.expect("is read").expect("is there");
    assert_eq!(undone.status, ChangeStatus::RolledBack);
    assert!(undone.note.is_some_and(|note| note.contains(&second.to_string())));
    let third = state.plan(&lease, &undoing, now()).await.expect("is stored");
    state.advance(third, ChangeStatus::Applying, None, now()).await.expect("goes on");
    assert!(state.advance(third, ChangeStatus::Applied, None, now()).await.is_err(), "nothing is undone twice");
    assert_eq!(state.change(third).await.expect("is read").expect("is there").status, ChangeStatus::Applying, "nor half");
}

async fn nothing_is_planned_without_the_lease(place: &Place) {
    let (ours, theirs) = (place.open().await, place.open().await);
    let lease = lease(&ours).await;
    let late = ours.plan(&lease, &change("role/reader"), now() + hours(1)).await;
    assert!(matches!(late, Err(StateError::LeaseLost { .. })), "it has run out");
    theirs.lease(&account(), "other", now() + hours(1), hours(1)).await.expect("is asked").expect("has run out");
    let slept = ours.plan(&lease, &change("role/reader"), now()).await;
    assert!(matches!(slept, Err(StateError::LeaseLost { .. })), "by its own clock it holds, and another run has it");
    assert_eq!(ours.unfinished(&account()).await.expect("are read"), []);
}

async fn what_a_killed_run_left_is_found(place: &Place) {
    let state = place.open().await;
    let lease = lease(&state).await;
    let applied = make(&state, &lease, &change("role/a")).await;
    let planned = state.plan(&lease, &change("role/b"), now()).await.expect("is stored");
    let applying = state.plan(&lease, &change("role/c"), now()).await.expect("is stored");
    state.advance(applying, ChangeStatus::Applying, None, now()).await.expect("goes on");
    state.record_step(applying, "PutRolePolicy p", now()).await.expect("is noted");
    let left = place.open().await.unfinished(&account()).await.expect("are read");
    assert_eq!(left.iter().map(|change| (change.id, change.steps.len())).collect::<Vec<_>>(), [(planned, 0), (applying, 1)]);
    assert_ne!(applied, planned);
}

fn denial(event: &str) -> Denial {
    Denial {
        event: event.to_owned(),
        principal: arn("role/reader"),
        action: "s3:GetObject".to_owned(),
        resource: Some("arn:aws:s3:::b/k".to_owned()),
        at: now(),
        change: None,
        message: "because no identity-based policy allows the s3:GetObject action".to_owned(),
    }
}

async fn a_denial_is_noted_once(place: &Place) {
    let state = place.open().await;
    let lease = lease(&state).await;
    let ours = make(&state, &lease, &change("role/reader")).await;
    let mut first = denial("e1");
    first.change = Some(ours);
    assert!(state.note_denial(&first).await.expect("is noted"));
    assert!(!state.note_denial(&first).await.expect("is known"));
    let second = Denial { at: now() + hours(1), resource: None, ..denial("e2") };
    assert!(state.note_denial(&second).await.expect("is noted"));
    assert_eq!(state.denials(&arn("role/reader"), now()).await.expect("are read"), [first, second.clone()]);
    assert_eq!(state.denials(&arn("role/reader"), now() + hours(1)).await.expect("are read"), [second]);
    assert_eq!(state.denials(&arn("role/other"), now()).await.expect("are read"), []);
}

async fn a_principal_is_rolled_back_by_itself_once_a_day(place: &Place) {
    let state = place.open().await;
    let lease = lease(&state).await;
    let ours = make(&state, &lease, &change("role/reader")).await;
    let claim = |at, principal| {
        let state = state.clone();
        async move { state.claim_auto_rollback(&arn(principal), ours, now() + hours(at)).await.expect("is asked") }
    };
    assert!(claim(0, "role/reader").await);
    assert!(!claim(11, "role/reader").await, "the same day");
    assert!(claim(12, "role/reader").await, "the next day, by UTC");
    assert!(claim(0, "role/other").await);
    assert!(state.claim_auto_rollback(&arn("role/reader"), "999".parse().expect("a number"), now() + hours(99)).await.is_err());
}
