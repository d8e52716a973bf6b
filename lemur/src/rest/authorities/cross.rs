//! Another certificate for an authority's name and key: by another of ours, or brought from outside.

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Api;
use super::super::fault::Fault;
use super::super::shape::{Kind, Shape, optional};
use super::super::signed::Signed;
use super::act::{Deed, Plan};
use super::{facts, import, refusal};
use crate::access::permit::Action;
use crate::certificate::{Validity, write_certificate};
use crate::store::AuthorityId;

pub(super) const CROSS: Shape = Shape {
    name: "CrossCertificate",
    fields: &[
        optional("issuer", Kind::Association, "The authority that gives it"),
        optional("validityDays", Kind::Integer(1, 10_950), "For so many days: five years, if the issuer holds so long"),
        optional("chain", Kind::Text(import::LONGEST), "PEM, instead of an issuer: a certificate from outside, then those above it"),
    ],
};

/// Where the certificate comes from.
pub(super) enum Crossing {
    Ours(AuthorityId, Option<i64>),
    Outside(Vec<Vec<u8>>),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CrossCertificateOut)]
pub(super) struct CrossOut {
    /// The authority that it is for.
    authority: i64,
    /// Its number, if it was issued here.
    certificate: Option<i64>,
    /// PEM, if it was issued here.
    body: Option<String>,
}

pub(super) async fn plan(api: &Api, signed: &Signed, id: i64, body: &Value) -> Result<Plan, Fault> {
    let authority = api.changeable(signed, id).await?;
    let fields = CROSS.read_value(body)?;
    let (crossing, about, issuer) = match fields.text("chain") {
        Some(_) if fields.has("issuer") => return Err(Fault::field("chain", "Either an issuer or a chain is wanted.")),
        Some(text) => {
            (Crossing::Outside(import::chain(text)?), format!("give the authority {} a certificate from outside", authority.name), None)
        }
        None => {
            let issuer = api.named_authority(&fields, "issuer").await?;
            signed.may(&Action::CrossSign(facts(&issuer)))?;
            let about = format!("have the authority {} sign the authority {}", issuer.name, authority.name);
            (Crossing::Ours(issuer.id, fields.integer("validityDays")), about, Some(issuer))
        }
    };
    let deed = Deed::Cross(authority.id, crossing);
    Ok(Plan { about, on: std::iter::once(authority).chain(issuer).collect(), roles: Vec::new(), deed })
}

pub(super) async fn perform(api: &Api, signed: &Signed, id: AuthorityId, crossing: Crossing) -> Result<Value, Fault> {
    let made = match crossing {
        Crossing::Outside(chain) => {
            api.engine.add_cross_certificate(id, &chain, &signed.actor).await.map_err(refusal)?;
            None
        }
        Crossing::Ours(issuer, days) => {
            let now = api.engine.now();
            let end = days.map(|days| now.checked_add(SignedDuration::from_hours(24 * days)));
            let end = end.transpose().map_err(|_| Fault::field("validityDays", "Too many."))?;
            let validity = end.map(|end| Validity::new(now, end)).transpose();
            let validity = validity.map_err(|error| Fault::field("validityDays", error.to_string()))?;
            Some(api.engine.cross_sign(id, issuer, validity, &signed.actor).await.map_err(refusal)?)
        }
    };
    let certificate = made.as_ref().map(|(id, _)| id.0);
    let out = CrossOut { authority: id.0, certificate, body: made.map(|(_, der)| write_certificate(&der)) };
    serde_json::to_value(out).map_err(|error| Fault::Internal(error.to_string()))
}
