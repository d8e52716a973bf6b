//! Those who come in by somebody else's word: people by a provider of identities that others wrote, and workloads by tokens, by requests signed
//! for AWS, and by certificates; each with what others would do in their place.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod aws;
mod certificates;
mod hostile;
mod house;
mod people;
mod people_hostile;
mod stub;
mod workloads;
