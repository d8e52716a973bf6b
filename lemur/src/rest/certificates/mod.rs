//! `/certificates`: what was issued and what was brought. A private key is in none of the answers but those that are asked for it.

mod change;
mod create;
mod export;
mod list;
mod page;
mod renewal;
mod view;

use axum::Json;
use axum::extract::{Path, State};

pub(super) use create::{EXTENSIONS, KEY_TYPES, NEW, SUBJECT, key_type, one_end, refusal};
pub(super) use export::KeyOut;
pub(super) use export::PLUGIN;
pub use export::{Export, ExportError, ExportOption, ExportRequest, Exported, Material};
use view::DomainOut;
pub(super) use view::{CertificateOut, UnderAuthority, extensions};

use super::authorities::AuthorityOut;
use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::route::Route;
use super::shape::{Fields, Named};
use super::signed::Signed;
use super::users::UserOut;
use super::{Api, List};
use crate::access::permit::{Action, CertificateFacts};
use crate::store::certificates::Certificate;
use crate::store::{CertificateId, RoleId};

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/certificates", list::list, "List certificates").paged().query(&list::PARAMETERS).lists_estimated::<CertificateOut>(),
        Route::get("/certificates/valid", list::valid, "List certificates that hold")
            .paged()
            .query(&list::VALID_PARAMETERS)
            .lists_estimated::<CertificateOut>(),
        Route::get("/certificates/stats", list::stats, "How many certificates there are").gives::<list::Stats>(),
        Route::get("/certificates/name/{name}", by_name, "The certificate of a name").lists::<CertificateOut>(),
        Route::get("/certificates/{id}", read, "A certificate").gives::<CertificateOut>(),
        Route::get("/certificates/{id}/authority", authority, "The authority of a certificate").gives::<AuthorityOut>(),
        Route::get("/certificates/{id}/creator", creator, "Who asked for a certificate").gives::<UserOut>(),
        Route::get("/certificates/{id}/domains", domains, "The names of a certificate").lists::<DomainOut>(),
        Route::get("/certificates/{id}/replacements", replacements, "What a certificate replaces").lists::<CertificateOut>(),
    ];
    for path in ["/certificates/{id}/destinations", "/certificates/{id}/notifications", "/certificates/{id}/sources"] {
        routes.push(Route::get(path, nothing, "What comes later: empty").paged().lists::<super::Nothing>());
    }
    routes.extend(create::routes());
    routes.extend(change::routes());
    routes.extend(export::routes());
    routes
}

/// What a right to a certificate depends on.
pub(super) fn facts(certificate: &Certificate) -> CertificateFacts<'_> {
    CertificateFacts {
        id: certificate.id,
        names: &certificate.names,
        owner: &certificate.owner,
        creator: certificate.creator,
        roles: &certificate.roles,
    }
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<CertificateOut>, Fault> {
    signed.may(&Action::Look)?;
    let certificate = api.certificate(id).await?;
    api.described(certificate).await.map(Json)
}

async fn by_name(State(api): State<Api>, signed: Signed, Path(name): Path<String>, _: Asked) -> Result<Json<List<CertificateOut>>, Fault> {
    signed.may(&Action::Look)?;
    if name.contains('\0') {
        return Err(Fault::Missing("certificate"));
    }
    let found = api.engine.certificate_by_name(&name).await?.ok_or(Fault::Missing("certificate"))?;
    Ok(List::whole(api.describe(vec![found]).await?))
}

async fn authority(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<AuthorityOut>, Fault> {
    signed.may(&Action::Look)?;
    let authority = api.certificate(id).await?.authority.ok_or(Fault::Missing("authority"))?;
    let authority = api.engine.authority(authority).await?.ok_or(Fault::Missing("authority"))?;
    api.describe_authority(authority).await.map(Json)
}

async fn creator(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<UserOut>, Fault> {
    signed.may(&Action::LookAtPeople)?;
    let creator = api.certificate(id).await?.creator.ok_or(Fault::Missing("user"))?;
    Ok(Json(UserOut::seen_by(&signed, api.access.user(creator).await?)))
}

async fn domains(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<List<DomainOut>>, Fault> {
    signed.may(&Action::Look)?;
    Ok(List::<DomainOut>::whole(DomainOut::all(&api.certificate(id).await?)))
}

async fn replacements(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<List<CertificateOut>>, Fault> {
    signed.may(&Action::Look)?;
    let replaced = api.engine.certificates_of(&api.certificate(id).await?.replaces).await?;
    Ok(List::whole(api.describe(replaced).await?))
}

async fn nothing(State(api): State<Api>, signed: Signed, Id(id): Id, _: Asked) -> Result<Json<List<super::Nothing>>, Fault> {
    signed.may(&Action::Look)?;
    api.certificate(id).await?;
    Ok(List::<super::Nothing>::whole(Vec::<super::Nothing>::new()))
}

impl Api {
    pub(super) async fn certificate(&self, id: i64) -> Result<Certificate, Fault> {
        self.engine.certificate(CertificateId(id)).await?.ok_or(Fault::Missing("certificate"))
    }

    /// Goes on if the requester may do this with a certificate. An authority's own is not its owner's or its roles' to change: the one that
    /// vouches for it decides.
    async fn may<'c>(
        &self,
        signed: &Signed,
        certificate: &'c Certificate,
        action: fn(CertificateFacts<'c>) -> Action<'c>,
    ) -> Result<(), Fault> {
        if !certificate.is_an_authoritys() {
            return signed.may(&action(facts(certificate)));
        }
        let above = match certificate.authority {
            Some(issuer) => self.engine.authority(issuer).await?.filter(|issuer| issuer.certificate != Some(certificate.id)),
            None => None,
        };
        signed.may(&super::authorities::vouching(above.as_ref()))
    }

    pub(super) async fn described(&self, certificate: Certificate) -> Result<CertificateOut, Fault> {
        self.describe(vec![certificate]).await?.pop().ok_or(Fault::Missing("certificate"))
    }

    /// The certificates that fields name to be replaced, each of which the requester may replace: not the one that is to replace them, if it is
    /// there already.
    pub(super) async fn replaced(
        &self,
        signed: &Signed,
        fields: &Fields,
        by: Option<CertificateId>,
    ) -> Result<Option<Vec<CertificateId>>, Fault> {
        let mut ids = Vec::new();
        for name in ["replaces", "replacements"] {
            for named in fields.associations(name).unwrap_or_default() {
                let found = match named {
                    Named::Id(id) => self.engine.certificate(CertificateId(*id)).await?,
                    Named::Name(text) => self.engine.certificate_by_name(text).await?,
                };
                let certificate = found.ok_or_else(|| Fault::field(name, "There is no such certificate."))?;
                if by == Some(certificate.id) {
                    return Err(Fault::field(name, "A certificate does not replace itself."));
                }
                self.may(signed, &certificate, Action::ReplaceCertificate).await?;
                ids.push(certificate.id);
            }
        }
        let said = fields.has("replaces") || fields.has("replacements");
        Ok(said.then_some(ids))
    }

    /// The roles that a certificate is to have.
    pub(super) async fn wanted_roles(&self, fields: &Fields) -> Result<Option<Vec<RoleId>>, Fault> {
        self.role_ids(fields, "roles").await
    }
}

/// Refuses what names something that comes later: there can be none of that name, and to go on without it would be to fail in silence.
pub(super) fn refuse_later(fields: &Fields) -> Result<(), Fault> {
    for (name, thing) in
        [("destinations", "destination"), ("notifications", "notification"), ("sources", "source"), ("dnsProvider", "provider of DNS")]
    {
        if fields.says_something(name) {
            return Err(Fault::field(name, format!("There is no such {thing}.")));
        }
    }
    Ok(())
}
