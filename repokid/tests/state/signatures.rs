//! Digests wait for their signatures to be checked, and count as it comes out.

use menagerie_cloudtrail::digest::Digest;
use menagerie_cloudtrail::signature::Standing;
use repokid::state::{Delivered, State};
use serde_json::json;

use crate::delivery::{digest, digest_name, kept, take};
use crate::place::Place;
use crate::{contract, hours, now};

contract!(
    a_digest_waits_until_it_is_settled,
    what_is_settled_is_not_replaced_and_what_failed_is,
    digests_that_did_not_wait_are_left,
    a_region_that_was_never_checked_may_be_left_so,
    signatures_go_with_the_rest,
);

/// A digest of an hour that waits: it carries this signature of the hour before.
fn waiting(hour: u32, carried: &str) -> Delivered {
    let plain = digest(hour, &[]).digests.remove(0);
    let text = json!({
        "awsAccountId": plain.account, "digestStartTime": plain.start.to_string(), "digestEndTime": plain.end.to_string(), "logFiles": [],
        "digestS3Bucket": "b", "digestS3Object": plain.object, "digestPublicKeyFingerprint": "f",
        "previousDigestS3Object": format!("AWSLogs/{}.gz", digest_name(hour - 1)), "previousDigestSignature": carried,
    });
    let read = Digest { standing: Standing::Unsigned, ..Digest::parse(&text.to_string()).expect("is a digest") };
    Delivered { digests: vec![read], ..Delivered::default() }
}

async fn standings(state: &State) -> Vec<Standing> {
    kept(state).await.digests.into_iter().map(|digest| digest.standing).collect()
}

/// What waits, with the signatures that others carry of it.
async fn unsettled(state: &State) -> Vec<(String, Vec<String>)> {
    let all = state.unsettled(None, "", 10).await.expect("is read");
    all.into_iter().map(|one| (one.object, one.signatures)).collect()
}

async fn settle(state: &State, hour: u32, standing: Standing) {
    state.settle(&[(digest_name(hour), standing)]).await.expect("is written");
}

async fn a_digest_waits_until_it_is_settled(place: &Place) {
    let state = place.open().await;
    take(&state, "d3", "1", &waiting(3, "02"), &[]).await;
    take(&state, "d4", "1", &waiting(4, "03"), &[]).await;
    assert!(state.checks_signatures().await.expect("is read"));
    assert_eq!(standings(&state).await, [Standing::Unsigned, Standing::Unsigned]);
    let all = [(digest_name(3), vec!["03".to_owned()]), (digest_name(4), vec![])];
    assert_eq!(unsettled(&state).await, all);
    let page = state.unsettled(None, &digest_name(3), 1).await.expect("is read");
    assert_eq!(page.iter().map(|one| one.object.as_str()).collect::<Vec<_>>(), [digest_name(4)]);
    let seal = page[0].digest.seal.as_ref().expect("is kept");
    assert_eq!((seal.carried(), page[0].digest.end), (Some((digest_name(3).as_str(), "03")), waiting(4, "03").digests[0].end));
    assert_eq!(state.unsettled(Some("eu-west-1"), "", 10).await.expect("is read"), []);
    let first = waiting(3, "02").digests[0].start;
    assert_eq!(state.unsettled_regions().await.expect("is read"), [("us-east-1".to_owned(), first)]);

    settle(&state, 3, Standing::Signed).await;
    settle(&state, 4, Standing::Failed("why".to_owned())).await;
    assert_eq!(standings(&state).await, [Standing::Signed, Standing::Failed("why".to_owned())]);
    assert_eq!(unsettled(&state).await, [(digest_name(4), vec![])], "what failed is looked at again");
    settle(&state, 4, Standing::Signed).await;
    assert_eq!((standings(&state).await, unsettled(&state).await.len()), (vec![Standing::Signed; 2], 0));
}

async fn what_is_settled_is_not_replaced_and_what_failed_is(place: &Place) {
    let state = place.open().await;
    let with_log = |mut delivered: Delivered| {
        delivered.digests[0].log_files = digest(3, &[(1, "aa")]).digests.remove(0).log_files;
        delivered
    };
    take(&state, "d3", "1", &with_log(waiting(3, "02")), &[]).await;
    settle(&state, 3, Standing::Failed("why".to_owned())).await;
    assert_eq!(kept(&state).await.digests[0].log_files.len(), 1);
    take(&state, "d3", "2", &waiting(3, "02"), &[]).await;
    assert_eq!(standings(&state).await, [Standing::Unsigned]);
    assert_eq!(kept(&state).await.digests[0].log_files.len(), 0, "what the other named is not awaited");
    settle(&state, 3, Standing::Signed).await;
    take(&state, "d3", "3", &with_log(waiting(3, "02")), &[]).await;
    take(&state, "d3", "4", &digest(3, &[]), &[]).await;
    assert_eq!(standings(&state).await, [Standing::Signed]);
    assert_eq!(kept(&state).await.digests[0].log_files.len(), 0, "CloudTrail's own stays");
}

async fn digests_that_did_not_wait_are_left(place: &Place) {
    let state = place.open().await;
    take(&state, "d3", "1", &digest(3, &[]), &[]).await;
    assert!(!state.checks_signatures().await.expect("is read"));
    assert_eq!((standings(&state).await, unsettled(&state).await.len()), (vec![Standing::Unchecked], 0));
    // Read again, it waits as any other.
    take(&state, "d3", "2", &waiting(3, "02"), &[]).await;
    assert_eq!(standings(&state).await, [Standing::Unsigned]);
}

async fn a_region_that_was_never_checked_may_be_left_so(place: &Place) {
    let state = place.open().await;
    take(&state, "d3", "1", &waiting(3, "02"), &[]).await;
    assert!(state.leave_unchecked("us-east-1").await.expect("is written"));
    assert_eq!((standings(&state).await, unsettled(&state).await.len()), (vec![Standing::Unchecked], 0));
    take(&state, "d4", "1", &waiting(4, "03"), &[]).await;
    settle(&state, 4, Standing::Signed).await;
    take(&state, "d5", "1", &waiting(5, "04"), &[]).await;
    assert!(!state.leave_unchecked("us-east-1").await.expect("is read"), "it was checked");
    assert_eq!(standings(&state).await, [Standing::Unchecked, Standing::Signed, Standing::Unsigned]);
}

async fn signatures_go_with_the_rest(place: &Place) {
    let state = place.open().await;
    take(&state, "d3", "1", &waiting(3, "02"), &[]).await;
    let pruned = state.prune_usage(now() + hours(24)).await.expect("is written");
    assert!(pruned.records >= 2, "{pruned:?}");
    take(&state, "d2", "1", &waiting(2, "01"), &[]).await;
    assert_eq!(unsettled(&state).await, [(digest_name(2), vec![])], "what hour 3 carried of it went");
}
