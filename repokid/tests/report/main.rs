//! The reports of `repokid analyze` as a person gets them: the page, the ranking, changes in code, and proposals for permission sets.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod code;
mod moved;
mod page;
mod permission_sets;
mod ranking;
