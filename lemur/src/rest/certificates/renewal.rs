//! Which certificate an order of a workload renews: rights to renew are narrower than rights to issue.

use super::super::Api;
use super::super::fault::Fault;
use super::super::signed::Signed;
use crate::access::permit::same_names;
use crate::issue::{Record, name_row};
use crate::name::{San, Subject};
use crate::store::AuthorityId;
use crate::store::certificates::Certificate;

/// What of an order has to be that of the certificate that it renews.
pub(super) struct Renewal<'a> {
    pub(super) authority: AuthorityId,
    pub(super) profile: &'a str,
    pub(super) subject: &'a Subject,
    pub(super) names: &'a [San],
}

impl Renewal<'_> {
    fn is_again(&self, certificate: &Certificate) -> bool {
        let mut names: Vec<_> = self.names.iter().map(name_row).collect();
        let common_name = self.subject.common_name();
        let same = same_names(&names, &certificate.names) || {
            // A common name that is a name joins the names.
            names.extend(common_name.and_then(|text| San::guess(text).ok()).iter().map(name_row));
            same_names(&names, &certificate.names)
        };
        same && certificate.authority == Some(self.authority)
            && certificate.profile == self.profile
            && certificate.revoked.is_none()
            && common_name.is_none_or(|text| text == certificate.common_name)
    }
}

impl Api {
    /// The certificate that a workload's order renews: the one that it names as replaced, or else the one that it came in by, if that is of the
    /// same authority, profile and names and not revoked.
    pub(super) async fn renewed(&self, signed: &Signed, record: &Record, order: Renewal<'_>) -> Result<Option<Certificate>, Fault> {
        let Some(workload) = signed.requester.workload() else { return Ok(None) };
        let id = match (record.replaces.as_slice(), workload.presented()) {
            ([only], _) => *only,
            ([], Some(presented)) => presented.id,
            _ => return Ok(None),
        };
        Ok(self.engine.certificate(id).await?.filter(|certificate| order.is_again(certificate)))
    }
}
