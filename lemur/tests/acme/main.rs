//! ACME: challenges against hosts and name services that others wrote, the server against clients that others wrote, and what a hostile
//! client, host or name service may try.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounds;
mod certbot;
mod clients;
mod hostile;
mod house;
mod net;
mod offers;
mod others;
mod persist;
mod raw;
mod standard;
mod validation;
