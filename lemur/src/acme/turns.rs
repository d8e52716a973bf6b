//! Whose challenge is looked at next. A look takes as long as somebody else's name server likes, so that who answers many challenges at once
//! must not keep the others waiting: each party (an external account key with all its accounts, or an account without one) has some of the
//! places and never all, those that wait are served in turn, a party at a time, and no party's queue is without end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many challenges are looked at at a time.
const PLACES: usize = 256;

/// How many of them are one party's.
const PLACES_OF_ONE: usize = 32;

/// How many of one party's wait.
const WAITING: usize = 1_000;

/// The places and those who wait for them. Clones share both.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: usize,
    of_one: usize,
    waiting: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    parties: HashMap<String, Party>,
    /// The parties that wait, the next in front.
    round: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Party {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// A place in the queue: gives a [`Place`] when it is its turn.
pub(super) type Waiting = oneshot::Receiver<Place>;

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    turns: Option<Turns>,
    party: String,
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(PLACES, PLACES_OF_ONE, WAITING)
    }
}

impl Turns {
    fn new(places: usize, of_one: usize, waiting: usize) -> Self {
        Self(Arc::new(Shared { places, of_one, waiting, state: Mutex::default() }))
    }

    /// Lines up for a party; none if as many of its own wait already as may.
    pub(super) fn line_up(&self, party: &str) -> Option<Waiting> {
        let mut state = self.state();
        let queue = &mut state.parties.entry(party.to_owned()).or_default().waiting;
        if queue.len() >= self.0.waiting {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        queue.push_back(sender);
        if queue.len() == 1 {
            state.round.push_back(party.to_owned());
        }
        self.serve(&mut state);
        Some(receiver)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives out the places that are free, a party at a time.
    fn serve(&self, state: &mut State) {
        let mut passed_over = 0;
        while state.taken < self.0.places && passed_over < state.round.len() {
            let Some(name) = state.round.pop_front() else { return };
            let Some(party) = state.parties.get_mut(&name) else { continue };
            if party.taken >= self.0.of_one {
                passed_over += 1;
                state.round.push_back(name);
                continue;
            }
            let Some(next) = party.waiting.pop_front() else { continue };
            let place = Place { turns: Some(self.clone()), party: name.clone() };
            match next.send(place) {
                Ok(()) => {
                    party.taken += 1;
                    state.taken += 1;
                    passed_over = 0;
                }
                // Whoever waited has gone: the place was not taken, and is not given back.
                Err(mut place) => place.turns = None,
            }
            if party.waiting.is_empty() {
                if party.taken == 0 {
                    state.parties.remove(&name);
                }
            } else {
                state.round.push_back(name);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(turns) = self.turns.take() else { return };
        let mut state = turns.state();
        state.taken -= 1;
        if let Some(party) = state.parties.get_mut(&self.party) {
            party.taken -= 1;
            if party.taken == 0 && party.waiting.is_empty() {
                state.parties.remove(&self.party);
            }
        }
        turns.serve(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(waiting: &mut Waiting) -> Option<Place> {
        waiting.try_recv().ok()
    }

    #[test]
    fn one_party_cannot_keep_the_others_waiting() {
        let turns = Turns::new(4, 2, 10);
        let mut loud: Vec<Waiting> = (0..10).map(|_| turns.line_up("loud").expect("room")).collect();
        let mut held: Vec<Place> = loud.iter_mut().filter_map(place).collect();
        assert_eq!(held.len(), 2, "not all the places");
        let quiet = place(&mut turns.line_up("quiet").expect("room")).expect("its turn at once");
        assert!(turns.line_up("loud").is_some() && turns.line_up("loud").is_some());
        assert!(turns.line_up("loud").is_none(), "its queue is full");
        assert!(turns.line_up("quiet").is_some(), "and nobody else's");
        drop((quiet, held.pop()));
        assert_eq!(loud.iter_mut().filter_map(place).inspect(|place| assert_eq!(place.party, "loud")).count(), 1);
    }

    #[test]
    fn those_who_wait_are_served_in_turn() {
        let turns = Turns::new(1, 1, 10);
        let mut first = turns.line_up("a").expect("room");
        let held = place(&mut first).expect("the only place");
        let mut waiting: Vec<Waiting> = ["a", "a", "a", "b", "c"].map(|party| turns.line_up(party).expect("room")).into();
        let mut order = String::new();
        let mut held = Some(held);
        for _ in 0..5 {
            drop(held.take());
            held = waiting.iter_mut().find_map(place);
            order.push_str(&held.as_ref().expect("somebody's turn").party);
        }
        assert_eq!(order, "abcaa");
        drop(held);
        let state = turns.state();
        assert!(state.taken == 0 && state.parties.is_empty() && state.round.is_empty(), "{state:?}");
    }

    #[test]
    fn who_has_gone_takes_no_place() {
        let turns = Turns::new(1, 1, 10);
        let held = place(&mut turns.line_up("a").expect("room")).expect("the place");
        drop(turns.line_up("a"));
        drop(turns.line_up("b"));
        let mut stays = turns.line_up("c").expect("room");
        drop(held);
        let held = place(&mut stays).expect("its turn");
        // A place that was given and not taken up comes back as well.
        let given = turns.line_up("a").expect("room");
        drop(held);
        drop(given);
        assert!(place(&mut turns.line_up("b").expect("room")).is_some());
    }
}
