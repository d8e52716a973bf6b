//! `bless` and `bless-lambda` as their users run them, against real peers: OpenSSH, moto, Lambda's APIs. A module per subject.
//!
//! Each test has a folder and names of its own, so that all can run at once.

mod agent;
mod authority;
mod configured;
mod events;
mod inspect;
mod jsonl;
mod kills;
mod kms_authority;
mod lambda;
mod log;
mod login;
mod netflix;
mod refusals;
mod security_key;
mod serve;
mod sign;
mod together;
mod usage;
