//! The client: gets certificates from a service, keeps them, and hands them to ssh.
//!
//! [`ClientConfig`] is what a user sets, [`Settings`] what it resolves to. [`cache`] finds a certificate that is still good without
//! touching a network; [`renew`] gets one under a lock; [`agent`] hands it to ssh-agent; [`ssh_config`] writes the snippet that makes
//! ssh call all of it. Nothing here is of one operating system: sockets and file modes are Unix's, with their counterparts beside.

pub mod agent;
pub mod answer;
mod aws;
pub mod cache;
pub mod config;
pub mod files;
mod http;
pub mod key;
pub mod kmsauth;
pub mod places;
pub mod renew;
pub mod request;
pub mod service;
pub mod settings;
pub mod ssh_config;
pub mod transport;

pub use config::{ClientConfig, KeyType, KmsauthConfig, LambdaConfig};
pub use places::Places;
pub use request::Wanted;
pub use service::Service;
pub use settings::{Errand, KeyChoice, Paths, Settings};
