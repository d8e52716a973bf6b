//! A pending certificate as Lemur's clients read it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Api;
use super::super::certificates::{UnderAuthority, extensions};
use super::super::fault::Fault;
use super::super::roles::RoleOut;
use super::super::users::UserRef;
use crate::csr::Csr;
use crate::issue::name_row;
use crate::upstream::Pending;

/// A certificate that an authority elsewhere has yet to issue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PendingCertificate)]
pub(in crate::rest) struct PendingOut {
    id: i64,
    /// The order's URL at the authority, as soon as there is one.
    external_id: Option<String>,
    name: String,
    cn: String,
    common_name: String,
    csr: String,
    chain: Option<String>,
    owner: String,
    description: String,
    issuer: String,
    authority: Option<UnderAuthority>,
    user: Option<UserRef>,
    roles: Vec<RoleOut>,
    profile: String,
    key_type: String,
    has_private_key: bool,
    #[schema(value_type = Object)]
    extensions: Value,
    san: bool,
    /// The same as `notify`.
    active: bool,
    notify: bool,
    rotation: bool,
    rotation_policy: Policy,
    deleted: bool,
    date_created: String,
    last_updated: String,
    /// How far it has come: `waiting`, `ordering`, `ordered`, `finalizing`, `issued`, `failed`.
    state: &'static str,
    /// Why the last attempt failed.
    status: String,
    number_attempts: i64,
    /// Whether nothing is done for it any more: it has its certificate, or was given up.
    resolved: bool,
    /// Its certificate.
    resolved_cert_id: Option<i64>,
    replaces: Vec<Replaced>,
    #[schema(value_type = Vec<Object>)]
    destinations: [Value; 0],
    #[schema(value_type = Vec<Object>)]
    notifications: [Value; 0],
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PendingRotationPolicy)]
struct Policy {
    name: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PendingReplaced)]
struct Replaced {
    id: i64,
}

impl Api {
    /// Pending certificates as they are shown.
    pub(super) async fn describe_pending(&self, all: Vec<Pending>) -> Result<Vec<PendingOut>, Fault> {
        let users: BTreeSet<_> = all.iter().filter_map(|pending| pending.creator).collect();
        let roles: BTreeSet<_> = all.iter().flat_map(|pending| pending.record.roles.iter().copied()).collect();
        let directory = self.access.directory(&Vec::from_iter(users), &Vec::from_iter(roles)).await?;
        let above: BTreeSet<_> = all.iter().map(|pending| pending.authority).collect();
        let above = self.engine.authorities_of(above).await?;
        let authorities: BTreeMap<_, _> = above.iter().map(|row| (row.id, UnderAuthority::of(row))).collect();
        let described = all.into_iter().map(|pending| {
            let authority = authorities.get(&pending.authority).cloned();
            let external_id = pending.order_url().map(str::to_owned);
            let record = pending.record;
            let known = record.roles.iter().filter_map(|id| directory.roles.get(id)).cloned();
            PendingOut {
                id: pending.id.0,
                external_id,
                cn: pending.common_name.clone(),
                common_name: pending.common_name,
                csr: Csr::from_der(&pending.csr).map(|csr| csr.to_pem()).unwrap_or_default(),
                chain: None,
                issuer: authority.as_ref().map(|authority| authority.name.clone()).unwrap_or_default(),
                authority,
                user: pending.creator.and_then(|id| directory.users.get(&id)).cloned().map(UserRef::from),
                roles: known.map(RoleOut::from).collect(),
                profile: pending.profile,
                key_type: pending.key_type,
                has_private_key: pending.has_key,
                extensions: extensions(&pending.names.iter().map(name_row).collect::<Vec<_>>(), None),
                san: !pending.names.is_empty(),
                active: record.notify,
                notify: record.notify,
                rotation: record.rotation,
                rotation_policy: Policy { name: record.rotation_policy },
                deleted: false,
                date_created: pending.created.to_string(),
                last_updated: pending.updated.to_string(),
                state: pending.state.as_str(),
                status: pending.status,
                number_attempts: pending.attempts,
                resolved: pending.resolved,
                resolved_cert_id: pending.certificate.map(|id| id.0),
                replaces: record.replaces.iter().map(|id| Replaced { id: id.0 }).collect(),
                destinations: [],
                notifications: [],
                name: pending.name,
                owner: record.owner,
                description: record.description,
            }
        });
        Ok(described.collect())
    }
}
