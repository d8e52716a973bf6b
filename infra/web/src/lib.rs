//! The base of the services: serving over TLS, limits, security headers, sessions, health and metrics.
//!
//! A tool makes an [`axum::Router`] of its own resources, puts it behind a [`Guard`] (request IDs, traces, metrics, time limits, the size of
//! bodies, security headers, panics answered as errors), and hands it to a [`Server`] with one or more listeners. Nothing here reads a clock or
//! the environment: whoever counts tries or sessions hands the time in.

mod client;
mod connections;
mod cookie;
mod error;
mod forwarded;
mod guard;
mod headers;
mod health;
mod metrics;
mod origin;
mod rate;
mod request_id;
mod serve;
mod shares;
mod tls;

pub use client::ClientCertificate;
pub use cookie::SessionCookie;
pub use error::{JsonError, Reasons};
pub use forwarded::{ForwardedBy, Proxies};
pub use guard::Guard;
pub use headers::PAGE_POLICY;
pub use health::{Health, Ready};
pub use metrics::Metrics;
pub use origin::{Foreign, same_origin};
pub use rate::{Rate, Rates};
pub use request_id::RequestId;
pub use serve::{Limits, ServeError, Server};
pub use tls::{Tls, TlsError};
