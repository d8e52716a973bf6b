//! The signatures of digests that were taken in, checked when all is read: a digest's signature may stand in one that is read after it.

use menagerie_cloudtrail::signature::{PublicKeys, Standing};

use super::{Fed, FeedError};
use crate::state::State;

/// How many digests are judged in one transaction.
const JUDGED: usize = 1000;

/// Checks the digests that wait for it, and those that failed before, by these keys; of one Region if it is named. What fails is a problem
/// once: when it fails first, or of another reason.
///
/// # Errors
/// [`FeedError`] if the state fails.
pub async fn settle(state: &State, keys: &PublicKeys, region: Option<&str>) -> Result<Fed, FeedError> {
    let mut fed = Fed::default();
    let mut after = String::new();
    loop {
        let waiting = state.unsettled(region, &after, JUDGED).await?;
        let Some(last) = waiting.last() else { break };
        last.object.clone_into(&mut after);
        let mut settled = Vec::new();
        for one in waiting {
            let standing = keys.standing(&one.digest, one.signatures.iter().map(String::as_str));
            if standing == one.digest.standing {
                continue;
            }
            if let Standing::Failed(reason) = &standing {
                let place = one.digest.seal.as_ref().map_or(one.object.as_str(), |seal| &seal.place);
                fed.problem(format!("{place}: {reason}"));
            }
            settled.push((one.object, standing));
        }
        state.settle(&settled).await?;
    }
    Ok(fed)
}
