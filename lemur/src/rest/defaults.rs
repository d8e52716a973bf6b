//! `/defaults`: what new certificates say where nobody says otherwise.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::fault::Fault;
use super::route::Route;
use super::signed::Signed;
use crate::access::permit::Action;

/// What new certificates say of their subject where nobody says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// Two letters.
    pub country: Option<String>,
    /// The state or province.
    pub state: Option<String>,
    /// The locality.
    pub location: Option<String>,
    /// The organisation.
    pub organization: Option<String>,
    /// The organisational unit.
    pub organizational_unit: Option<String>,
    /// The name of the authority that clients propose.
    pub authority: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Defaults)]
struct DefaultsOut {
    country: Option<String>,
    state: Option<String>,
    location: Option<String>,
    organization: Option<String>,
    organizational_unit: Option<String>,
    issuer_plugin: &'static str,
    default_authority: Option<NameOnly>,
    authority: Option<NameOnly>,
    common_name: Vec<String>,
    notifications: Vec<NameOnly>,
}

#[derive(Clone, Serialize, ToSchema)]
struct NameOnly {
    name: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/defaults", read, "What new certificates say where nobody says otherwise").gives::<DefaultsOut>()]
}

async fn read(State(api): State<Api>, signed: Signed) -> Result<Json<DefaultsOut>, Fault> {
    signed.may(&Action::Look)?;
    let defaults = api.settings.defaults.clone();
    let authority = defaults.authority.map(|name| NameOnly { name });
    Ok(Json(DefaultsOut {
        country: defaults.country,
        state: defaults.state,
        location: defaults.location,
        organization: defaults.organization,
        organizational_unit: defaults.organizational_unit,
        issuer_plugin: super::plugins::ISSUER,
        default_authority: authority.clone(),
        authority,
        common_name: Vec::new(),
        notifications: Vec::new(),
    }))
}
