//! `/dns_providers`: through whom names are shown to be held at other authorities. They are read from the server's configuration file, which
//! alone names credentials, paths and programs: what is shown of them is their names and kinds, and nothing here changes them.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::route::Route;
use super::signed::Signed;
use super::{Api, List, Nothing};
use crate::access::permit::Action;
use crate::dns::{Kind, Providers};

const PATH: &str = "/dns_providers";
const ONE: &str = "/dns_providers/{id}";

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DnsProvider)]
struct ProviderOut {
    /// A number made of the name: the same on all servers, and as long as the name is.
    id: i64,
    name: String,
    description: &'static str,
    provider_type: &'static str,
    active: bool,
    /// Always empty: credentials are never shown.
    options: [&'static str; 0],
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, list, "Through whom names are shown to be held").paged().lists::<ProviderOut>(),
        Route::get(ONE, read, "One through whom names are shown to be held").gives::<ProviderOut>(),
        Route::post(PATH, write, "Refused: they come from the server's configuration file").status(400),
        Route::put(ONE, write, "Refused: they come from the server's configuration file").status(400),
        Route::delete(ONE, write, "Refused: they come from the server's configuration file").status(400),
        Route::get("/dns_provider_options", options, "Kinds of providers of DNS").gives_several::<String>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<ProviderOut>>, Fault> {
    signed.may(&Action::Look)?;
    let mut all: Vec<_> = api.settings.dns.list().map(shown).collect();
    if let Some((key, value)) = &asked.filter {
        match key.as_str() {
            "name" => all.retain(|provider| provider.name.contains(value.as_str())),
            "providerType" => all.retain(|provider| provider.provider_type == value),
            _ => return Err(Fault::field("filter", "The filter is name;VALUE or providerType;VALUE.")),
        }
    }
    if asked.descending {
        all.reverse();
    }
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let (skip, take) = (usize::try_from(asked.skip()).unwrap_or(usize::MAX), usize::try_from(asked.count).unwrap_or_default());
    Ok(List::of(all.into_iter().skip(skip).take(take).collect::<Vec<_>>(), total))
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<ProviderOut>, Fault> {
    signed.may(&Action::Look)?;
    api.settings.dns.list().map(shown).find(|provider| provider.id == id).map(Json).ok_or(Fault::Missing("DNS provider"))
}

async fn write(signed: Signed) -> Result<Json<Nothing>, Fault> {
    signed.may(&Action::ManageDelivery)?;
    Err(Fault::Bad("DNS providers come from the server's configuration file: [dns.NAME] in lemur.toml.".to_owned()))
}

async fn options(signed: Signed) -> Result<Json<Vec<&'static str>>, Fault> {
    signed.may(&Action::Look)?;
    Ok(Json(Kind::ALL.iter().map(|kind| kind.word()).collect()))
}

fn shown((name, kind): (&str, Kind)) -> ProviderOut {
    let description = match kind {
        Kind::Route53 => "Amazon Route 53",
        Kind::Cloudflare => "Cloudflare",
        Kind::Rfc2136 => "A name server, by dynamic updates",
        Kind::Hook => "A program of the server",
    };
    ProviderOut { id: Providers::id(name), name: name.to_owned(), description, provider_type: kind.word(), active: true, options: [] }
}
