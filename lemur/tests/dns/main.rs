//! Providers of DNS against what is real: BIND's name server, Route 53 as moto models it, programs that run; and Cloudflare by a server of our
//! own, since nobody else's is to be had.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cloudflare;
mod given;
mod hooks;
mod rfc2136;
#[cfg(feature = "aws")]
mod route53;
mod verbs;
