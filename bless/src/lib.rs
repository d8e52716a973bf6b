//! An SSH certificate authority for AWS Lambda and for one machine, and its client.
//!
//! A request becomes a typed value in [`request`], is decided on in [`issue`] by the [`config`]uration, and leaves as a certificate that
//! [`certificate`] wrote and then checked with code of its own. Every decision is a line of the log ([`record`]) before it is answered.
//! [`lambda`] and [`serve`] are the two ways a request comes in, [`client`] the way one is made, [`commands`] what a person types.

pub mod authority;
pub mod certificate;
pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod issue;
pub mod kmsauth;
pub mod lambda;
pub mod login;
pub mod record;
pub mod request;
pub mod secret_file;
pub mod serve;
pub mod subject_key;
