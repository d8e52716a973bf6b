//! `/authorities`: who issues. A private key is in none of the answers, nor where it is.

mod act;
mod create;
mod cross;
mod import;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::certificates::UnderAuthority;
use super::fault::Fault;
use super::id::Id;
use super::plugins::{self, PluginOut};
use super::query::Asked;
use super::roles::RoleOut;
use super::route::Route;
use super::shape::json_of;
use super::signed::Signed;
use super::users::UserRef;
use super::{Api, List};
use crate::access::Directory;
use crate::access::permit::{Action, AuthorityFacts};
use crate::authority::AuthorityError;
use crate::certificate::{View, write_bundle, write_certificate};
use crate::engine::Lineage;
use crate::store::AuthorityId;
use crate::store::authorities::{Authority, AuthorityKind, AuthorityState};
use act::Act;
pub(super) use create::texts;

/// An authority.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Authority)]
pub(super) struct AuthorityOut {
    id: i64,
    name: String,
    owner: String,
    description: String,
    active: bool,
    /// `root`, `intermediate`, `offline`, or `upstream` for one whose certificates are ordered by ACME.
    kind: &'static str,
    /// `active`, `disabled`, or `pending` for one that waits for its certificate.
    state: &'static str,
    plugin: PluginOut,
    roles: Vec<RoleOut>,
    /// Which names the members of some of its roles may have certified; those of others any.
    role_names: Vec<RoleNamesOut>,
    /// The names of the profiles that it issues by; none means all.
    profiles: Vec<String>,
    #[schema(value_type = Object)]
    options: Value,
    parent: Option<ParentOut>,
    /// Where its key is: told on the server's own machine alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    key_reference: Option<String>,
    /// Its request, PEM, while it waits for its certificate.
    csr: Option<String>,
    /// Where its revocation lists are, one part each: told of one authority, and not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_lists: Option<Vec<String>>,
    authority_certificate: Option<AuthorityCertificate>,
    is_cab_compliant: bool,
    is_cn_optional: bool,
    max_issuance_days: Option<u64>,
    default_validity_days: Option<u64>,
}

/// The names that members of a role may have certified.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RoleNamesOfAuthority)]
struct RoleNamesOut {
    role: ParentOut,
    names: Vec<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Reference)]
struct ParentOut {
    id: i64,
    name: String,
}

/// The certificate of an authority.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuthorityCertificate {
    id: Option<i64>,
    name: String,
    cn: String,
    body: String,
    chain: String,
    bits: Option<usize>,
    status: bool,
    active: bool,
    description: String,
    not_before: String,
    not_after: String,
    owner: String,
    user: Option<UserRef>,
}

/// An authority and those under it.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Tree {
    name: String,
    /// As this one, each.
    #[schema(value_type = Vec<Object>)]
    children: Vec<Self>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/authorities", list, "List authorities").paged().lists::<AuthorityOut>(),
        Route::get("/authorities/{id}", read, "An authority").gives::<AuthorityOut>(),
        Route::post("/authorities", make, "Make an authority").takes(&create::NEW).gives::<AuthorityOut>().may_wait(),
        Route::put("/authorities/{id}", change, "Change an authority").takes(&update::CHANGE).gives::<AuthorityOut>().may_wait(),
        Route::put("/authorities/{id}/certificate", bring_in, "Bring in the certificate that an authority waits for")
            .takes(&import::CHAIN)
            .gives::<AuthorityOut>()
            .may_wait(),
        Route::post("/authorities/{id}/cross_certificates", cross_sign, "Give an authority another certificate for its name and key")
            .takes(&cross::CROSS)
            .gives::<cross::CrossOut>()
            .may_wait(),
        Route::get("/authorities/{id}/visualize", visualize, "An authority and those under it").gives::<Tree>(),
        Route::get("/authorities/{id}/roles", roles, "The roles that may use an authority").lists::<RoleOut>(),
    ]
}

/// What a right to an authority depends on.
pub(super) fn facts(authority: &Authority) -> AuthorityFacts<'_> {
    AuthorityFacts { name: &authority.name, owner: &authority.owner, roles: &authority.roles }
}

/// What only the authority above one decides of it: `above`, if it is one of ours.
pub(super) fn vouching(above: Option<&Authority>) -> Action<'_> {
    above.map_or(Action::VouchForTopAuthority, |above| Action::VouchForAuthority(facts(above)))
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<AuthorityOut>>, Fault> {
    signed.may(&Action::Look)?;
    // Authorities are few: all of them are in memory anyway.
    let mut all = api.engine.authorities().await?;
    if let Some((key, value)) = &asked.filter {
        let value = value.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&value);
        match key.as_str() {
            "name" => all.retain(|authority| has(&authority.name)),
            "owner" => all.retain(|authority| has(&authority.owner)),
            "id" => all.retain(|authority| authority.id.to_string() == value),
            "active" => {
                let active = super::query::flag(&value).ok_or_else(|| Fault::field("filter", "true or false is wanted."))?;
                all.retain(|authority| (authority.state == AuthorityState::Active) == active);
            }
            _ => return Err(Fault::field("filter", "One of name, owner, id and active is wanted.")),
        }
    }
    match asked.sort_by.as_deref() {
        None | Some("id" | "dateCreated" | "date_created") => {}
        Some("name") => all.sort_by_key(|authority| authority.name.to_lowercase()),
        Some("owner") => all.sort_by_key(|authority| authority.owner.to_lowercase()),
        Some(_) => return Err(Fault::field("sortBy", "One of id, name and owner is wanted.")),
    }
    if asked.descending {
        all.reverse();
    }
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let (skip, take) = (usize::try_from(asked.skip()).unwrap_or(usize::MAX), usize::try_from(asked.count).unwrap_or(0));
    let page = all.into_iter().skip(skip).take(take).collect();
    Ok(List::of(api.describe_authorities(page).await?, total))
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<AuthorityOut>, Fault> {
    signed.may(&Action::Look)?;
    let authority = api.authority(id).await?;
    let parts = api.engine.crl_shards(authority.id).await?;
    let lists = parts.into_iter().map(|part| api.engine.crl_url(authority.id, part).to_string()).collect();
    let described = api.describe_authority(authority).await?;
    Ok(Json(AuthorityOut { revocation_lists: Some(lists), ..described }))
}

async fn roles(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<List<RoleOut>>, Fault> {
    signed.may(&Action::Look)?;
    let directory = api.access.directory(&[], &api.authority(id).await?.roles).await?;
    Ok(List::whole(directory.roles.into_values().collect::<Vec<_>>()))
}

async fn visualize(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<Tree>, Fault> {
    signed.may(&Action::Look)?;
    let root = api.authority(id).await?;
    let mut under: BTreeMap<AuthorityId, Vec<Authority>> = BTreeMap::new();
    for authority in api.engine.authorities().await? {
        if let Some(parent) = authority.parent {
            under.entry(parent).or_default().push(authority);
        }
    }
    Ok(Json(tree(root, &mut under)))
}

/// Without regard to how deep: each authority is taken out of `under` once, so that it ends.
fn tree(root: Authority, under: &mut BTreeMap<AuthorityId, Vec<Authority>>) -> Tree {
    let children = under.remove(&root.id).unwrap_or_default();
    Tree { name: root.name, children: children.into_iter().map(|child| tree(child, under)).collect() }
}

async fn change(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Response, Fault> {
    api.ask(&signed, Act::Update { authority: id, body: json_of(&body)? }).await
}

async fn bring_in(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Response, Fault> {
    api.ask(&signed, Act::Import { authority: id, body: json_of(&body)? }).await
}

async fn cross_sign(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Response, Fault> {
    api.ask(&signed, Act::CrossSign { authority: id, body: json_of(&body)? }).await
}

async fn make(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Response, Fault> {
    api.ask(&signed, Act::Create { body: json_of(&body)? }).await
}

/// What was refused, by the field that is at fault.
fn refusal(error: AuthorityError) -> Fault {
    if !error.is_the_requests_fault() {
        return match error {
            AuthorityError::Issue(error) => Fault::from(&error),
            other => Fault::Internal(other.to_string()),
        };
    }
    let text = error.to_string();
    match error {
        AuthorityError::NameTaken { .. } | AuthorityError::Name => Fault::field("name", text),
        AuthorityError::Unknown { .. } => Fault::Missing("authority"),
        AuthorityError::UnknownUpstream { .. } => Fault::field("plugin.pluginOptions.upstream", text),
        AuthorityError::UnknownProfile { .. } => Fault::field("profiles", text),
        AuthorityError::KeyTaken { .. } => Fault::field("keyReference", text),
        AuthorityError::Validity(_) => Fault::field("validityEnd", text),
        AuthorityError::Issue(error) => match super::certificates::refusal(error) {
            Fault::Invalid(reasons) => Fault::Invalid(reasons),
            other => other,
        },
        _ => Fault::Bad(format!("{text}.")),
    }
}

/// The limits of roles that the authority has.
fn role_names(authority: &Authority, directory: &Directory) -> Vec<RoleNamesOut> {
    let limits = authority.role_names.iter().filter(|limit| authority.roles.contains(&limit.role));
    let described = limits.filter_map(|limit| {
        let role = directory.roles.get(&limit.role)?;
        let names = limit.names.iter().map(ToString::to_string).collect();
        Some(RoleNamesOut { role: ParentOut { id: role.id.0, name: role.name.clone() }, names })
    });
    described.collect()
}

/// What stands beside authorities in an answer.
struct Beside {
    directory: Directory,
    /// The names of those above them.
    parents: BTreeMap<AuthorityId, String>,
    lineages: BTreeMap<AuthorityId, Lineage>,
}

impl UnderAuthority {
    pub(super) fn of(authority: &Authority) -> Self {
        Self {
            id: authority.id.0,
            name: authority.name.clone(),
            owner: authority.owner.clone(),
            description: authority.description.clone(),
            active: authority.state == AuthorityState::Active,
        }
    }
}

impl Api {
    pub(super) async fn authority(&self, id: i64) -> Result<Authority, Fault> {
        self.engine.authority(AuthorityId(id)).await?.ok_or(Fault::Missing("authority"))
    }

    pub(super) async fn describe_authority(&self, authority: Authority) -> Result<AuthorityOut, Fault> {
        self.describe_authorities(vec![authority]).await?.pop().ok_or(Fault::Missing("authority"))
    }

    /// Authorities as they are shown. What stands beside them is read for all at once.
    async fn describe_authorities(&self, all: Vec<Authority>) -> Result<Vec<AuthorityOut>, Fault> {
        let users: BTreeSet<_> = all.iter().filter_map(|authority| authority.creator).collect();
        let roles: BTreeSet<_> = all.iter().flat_map(|authority| authority.roles.iter().copied()).collect();
        let directory = self.access.directory(&Vec::from_iter(users), &Vec::from_iter(roles)).await?;
        let parents: BTreeSet<_> = all.iter().filter_map(|authority| authority.parent).collect();
        let parents = self.engine.authorities_of(parents).await?.into_iter().map(|parent| (parent.id, parent.name)).collect();
        let lineages = self.engine.lineages(all.iter().map(|authority| authority.id)).await?;
        let beside = Beside { directory, parents, lineages };
        Ok(all.into_iter().map(|authority| self.described_authority(authority, &beside)).collect())
    }

    fn described_authority(&self, authority: Authority, Beside { directory, parents, lineages }: &Beside) -> AuthorityOut {
        let view = authority.der.as_deref().and_then(|der| View::parse(der).ok());
        let above = lineages.get(&authority.id).into_iter().flat_map(|lineage| lineage.chain.iter().skip(1));
        let chain = write_bundle(above.map(Vec::as_slice));
        let certificate = view.map(|view| AuthorityCertificate {
            id: authority.certificate.map(|id| id.0),
            name: authority.name.clone(),
            cn: view.subject().field(crate::name::SubjectField::CommonName).unwrap_or_default().to_owned(),
            body: write_certificate(view.as_der()),
            chain,
            bits: view.public_key().ok().map(|key| key.bits()),
            status: true,
            active: true,
            description: authority.description.clone(),
            not_before: view.validity().not_before().to_string(),
            not_after: view.validity().not_after().to_string(),
            owner: authority.owner.clone(),
            user: authority.creator.and_then(|id| directory.users.get(&id)).cloned().map(UserRef::from),
        });
        let parent = authority.parent.and_then(|id| Some(ParentOut { id: id.0, name: parents.get(&id)?.clone() }));
        let plugin = match authority.upstream() {
            Some(upstream) => plugins::acme_issuer(plugins::ACME_ISSUER, Some(upstream)),
            None => plugins::issuer(),
        };
        let profiles = &self.engine.settings().profiles;
        let usual = authority.profiles.first().map_or("tls-server", String::as_str);
        let days = |seconds: u64| seconds / (24 * 60 * 60);
        let limits = role_names(&authority, directory);
        let roles = authority.roles.iter().filter_map(|id| directory.roles.get(id)).cloned();
        AuthorityOut {
            id: authority.id.0,
            name: authority.name,
            owner: authority.owner,
            description: authority.description,
            active: authority.state == AuthorityState::Active,
            kind: match authority.kind {
                AuthorityKind::Root => "root",
                AuthorityKind::Intermediate => "intermediate",
                AuthorityKind::Offline => "offline",
                AuthorityKind::Upstream => "upstream",
            },
            state: match authority.state {
                AuthorityState::Active => "active",
                AuthorityState::Pending => "pending",
                AuthorityState::Disabled => "disabled",
            },
            plugin,
            role_names: limits,
            roles: roles.map(RoleOut::from).collect(),
            is_cab_compliant: profiles.get(usual).is_some_and(crate::profile::Profile::is_baseline),
            is_cn_optional: true,
            max_issuance_days: profiles.get(usual).map(|profile| days(profile.max_lifetime().as_secs())),
            default_validity_days: profiles.get(usual).map(|profile| days(profile.default_lifetime().as_secs())),
            profiles: authority.profiles,
            options: serde_json::from_str(&authority.options).unwrap_or_default(),
            parent,
            key_reference: authority.key_reference.filter(|_| self.settings.tells_keys),
            csr: authority.csr.as_deref().and_then(|der| crate::csr::Csr::from_der(der).ok()).map(|csr| csr.to_pem()),
            revocation_lists: None,
            authority_certificate: certificate,
        }
    }
}
