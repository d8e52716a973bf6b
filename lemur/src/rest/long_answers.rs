//! Places for answers that are long and are written as their reader takes them. There are few, so that they take little memory, and nobody has
//! all of them: who reads many at once, and slowly, waits for their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// How many are written at a time.
const PLACES: usize = 6;

/// How many of them are one requester's.
const OF_ONE: usize = 2;

/// The places.
#[derive(Debug)]
pub(super) struct LongAnswers {
    all: Arc<Semaphore>,
    of_one: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_one: (OwnedSemaphorePermit, Arc<Semaphore>),
    _of_all: OwnedSemaphorePermit,
}

impl LongAnswers {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(PLACES)), of_one: Mutex::default() }
    }

    /// A place for a requester, when there is one: in the order of asking among one's own, and then among all.
    pub(super) async fn place(&self, requester: &str) -> Result<Place, AcquireError> {
        let own = self.own(requester);
        let of_one = Arc::clone(&own).acquire_owned().await?;
        let of_all = Arc::clone(&self.all).acquire_owned().await?;
        Ok(Place { _of_one: (of_one, own), _of_all: of_all })
    }

    fn own(&self, requester: &str) -> Arc<Semaphore> {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of_one.get(requester).and_then(Weak::upgrade) {
            return own;
        }
        of_one.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(OF_ONE));
        of_one.insert(requester.to_owned(), Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn nobody_has_all_places_and_who_left_is_forgotten() {
        let answers = LongAnswers::new();
        let now = |requester: &str| answers.place(requester).now_or_never().map(|place| place.expect("never closed"));
        let slow = [now("slow").expect("is free"), now("slow").expect("is free")];
        assert!(now("slow").is_none(), "it has its own");
        let others: Vec<_> = ["ann", "ben", "cleo", "dan"].into_iter().map(|name| now(name).expect("is free")).collect();
        assert!(now("eve").is_none(), "there are no more");
        drop(slow);
        assert!(now("eve").is_some() && now("slow").is_some());
        drop(others);
        let _one = now("ann").expect("is free");
        assert_eq!(answers.of_one.lock().expect("no panic").len(), 1);
    }
}
