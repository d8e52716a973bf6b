//! Bringing in the certificate of an authority that waits for it, from a root that is offline.

use serde_json::Value;

use super::super::Api;
use super::super::fault::Fault;
use super::super::shape::{Kind, Shape, required};
use super::super::signed::Signed;
use super::act::{Deed, Plan};
use super::refusal;
use crate::access::permit::Action;
use crate::authority::{AuthorityError, OfflineAuthority};
use crate::certificate::{View, read_bundle};
use crate::name::SubjectField;
use crate::store::AuthorityId;

/// The longest text of a chain.
pub(super) const LONGEST: usize = 256 * 1024;

pub(super) const CHAIN: Shape = Shape {
    name: "AuthorityChain",
    fields: &[required(
        "chain",
        Kind::Text(LONGEST),
        "PEM: the authority's certificate, then those above it; unknown ones become known as offline",
    )],
};

/// The certificates of a field.
pub(super) fn chain(text: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let bundle = read_bundle(text.as_bytes()).map_err(|error| Fault::field("chain", error.to_string()))?;
    Ok(bundle.iter().map(|view| view.as_der().to_vec()).collect())
}

pub(super) async fn plan(api: &Api, signed: &Signed, id: i64, body: &Value) -> Result<Plan, Fault> {
    let authority = api.changeable(signed, id).await?;
    let fields = CHAIN.read_value(body)?;
    let chain = chain(fields.text("chain").unwrap_or_default())?;
    // What is above becomes known by it: a trust anchor of its own.
    let known = api.engine.authorities().await?;
    if chain.iter().skip(1).any(|der| !known.iter().any(|known| known.der.as_ref() == Some(der))) {
        signed.may(&Action::CreateRootAuthority)?;
    }
    let about = format!("bring in the certificate of the authority {}", authority.name);
    let deed = Deed::Import(authority.id, chain);
    Ok(Plan { about, on: vec![authority], roles: Vec::new(), deed })
}

pub(super) async fn perform(api: &Api, signed: &Signed, id: AuthorityId, chain: &[Vec<u8>]) -> Result<(), Fault> {
    match api.engine.activate_authority(id, chain, &signed.actor).await {
        // All else about the certificate is right: those above it become known, the highest first, and it is brought in.
        Err(AuthorityError::IssuerNotKnown) => {
            let owner = api.authority(id.0).await?.owner;
            for der in chain[1..].iter().rev() {
                know(api, signed, der, &owner).await?;
            }
            api.engine.activate_authority(id, chain, &signed.actor).await.map_err(refusal)
        }
        done => done.map_err(refusal),
    }
}

/// Makes an authority known whose key is elsewhere, by its common name, unless it is known.
async fn know(api: &Api, signed: &Signed, der: &[u8], owner: &str) -> Result<(), Fault> {
    if api.engine.authorities().await?.iter().any(|known| known.der.as_deref() == Some(der)) {
        return Ok(());
    }
    let view = View::parse(der).map_err(|error| Fault::field("chain", error.to_string()))?;
    let offline = OfflineAuthority {
        name: view.subject().field(SubjectField::CommonName).unwrap_or("offline").to_owned(),
        owner: owner.to_owned(),
        description: "Its key is elsewhere".to_owned(),
        certificate: der.to_vec(),
        options: "{}".to_owned(),
        roles: Vec::new(),
    };
    api.engine.add_offline_authority(offline, &signed.actor).await.map(drop).map_err(refusal)
}
