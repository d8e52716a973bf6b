//! How the command tells what it found, at its edge: every form, over planted secrets that are made anew in each run. Standard schemas
//! judge the forms for machines, a real browser the page.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod forms;
mod page;
mod planted;
mod schemas;
mod secrecy;
mod verbs;
