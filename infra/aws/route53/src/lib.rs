//! Amazon Route 53: records of hosted zones. The only crate that uses `aws-sdk-route53`.

use aws_sdk_route53::Client;
use menagerie_aws::Session;

/// A client of Route 53.
#[derive(Debug, Clone)]
pub struct Route53 {
    client: Client,
}

impl Route53 {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }
}
