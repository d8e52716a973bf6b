//! What comes later. Of each feature in the table lists are empty, one that is asked for by number is not there, and writes answer 501 with the
//! feature's name.

use axum::Json;

use super::fault::Fault;
use super::query::Asked;
use super::route::Route;
use super::signed::Signed;
use super::{List, Nothing};
use crate::access::permit::Action;

/// A feature that comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its name, as answers say it.
    pub name: &'static str,
    /// The resource.
    pub path: &'static str,
    /// The resource of one of them.
    pub one: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// The features that come later.
pub const FEATURES: [Feature; 5] = [
    Feature { name: "destinations", path: "/destinations", one: "/destinations/{id}", about: "Where certificates are delivered to" },
    Feature { name: "sources", path: "/sources", one: "/sources/{id}", about: "Where certificates are found" },
    Feature { name: "notifications", path: "/notifications", one: "/notifications/{id}", about: "Who is told of a certificate's end" },
    Feature { name: "endpoints", path: "/endpoints", one: "/endpoints/{id}", about: "What certificates are attached to" },
    Feature {
        name: "sensitive domains",
        path: "/domains",
        one: "/domains/{id}",
        about: "Names that only administrators get certificates for",
    },
];

pub(super) fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for Feature { name, path, one, about } in FEATURES {
        routes.push(Route::get(path, list, about).paged().lists::<Nothing>());
        routes.push(Route::get(one, missing, about).gives::<Nothing>());
        routes.push(Route::post(path, async move |signed: Signed| write(&signed, name), about).later(name));
        routes.push(Route::put(one, async move |signed: Signed| write(&signed, name), about).later(name));
        routes.push(Route::delete(one, async move |signed: Signed| write(&signed, name), about).later(name));
    }
    routes.push(Route::get("/destinations/stats", stats, "How many destinations there are").gives::<Stats>());
    for path in ["/destinations/{id}/certificates", "/sources/{id}/certificates", "/notifications/{id}/certificates"] {
        routes.push(Route::get(path, list, "Certificates of it").paged().lists::<Nothing>());
    }
    routes
}

#[derive(serde::Serialize, utoipa::ToSchema)]
struct Stats {
    total: u64,
    active: u64,
}

pub(super) async fn list(signed: Signed, _: Asked) -> Result<Json<List<Nothing>>, Fault> {
    signed.may(&Action::Look)?;
    Ok(List::whole(Vec::<Nothing>::new()))
}

async fn missing(signed: Signed) -> Result<Json<Nothing>, Fault> {
    signed.may(&Action::Look)?;
    Err(Fault::Missing("resource"))
}

/// Whether the requester may comes first, so that nothing is learned by what comes later.
fn write(signed: &Signed, feature: &'static str) -> Result<Json<Nothing>, Fault> {
    signed.may(&Action::ManageDelivery)?;
    Err(Fault::Later(feature))
}

async fn stats(signed: Signed) -> Result<Json<Stats>, Fault> {
    signed.may(&Action::Look)?;
    Ok(Json(Stats { total: 0, active: 0 }))
}
