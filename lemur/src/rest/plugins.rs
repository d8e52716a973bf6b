//! `/plugins`: what issues certificates, and forms in which they are exported.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::query::Asked;
use super::route::Route;
use super::signed::Signed;
use super::{Api, List};
use crate::access::permit::Action;

/// What authorities of this service itself are called in Lemur.
pub(super) const ISSUER: &str = "cryptography-issuer";

/// What authorities elsewhere are called in Lemur, and there those whose names are proved by http-01.
pub(super) const ACME_ISSUER: &str = "acme-issuer";
pub(super) const ACME_HTTP_ISSUER: &str = "acme-http-issuer";

/// The option by which an upstream is named.
pub(super) const UPSTREAM: &str = "upstream";

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plugin)]
pub(super) struct PluginOut {
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) version: &'static str,
    pub(super) author: &'static str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) plugin_options: Vec<OptionOut>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OptionOut {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    #[serde(rename = "helpMessage")]
    help: &'static str,
    description: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    available: Vec<&'static str>,
    value: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/plugins", list, "Issuers and forms of export").windowed().query(&[("type", "issuer or export")]).lists::<PluginOut>(),
        Route::get("/plugins/{name}", read, "An issuer or a form of export").gives::<PluginOut>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<PluginOut>>, Fault> {
    signed.may(&Action::Look)?;
    let kind = asked.parameter("type");
    let plugins = api.plugins().into_iter().filter(|plugin| kind.is_none_or(|kind| plugin.kind == kind)).collect();
    Ok(List::<PluginOut>::page::<PluginOut>(plugins, &asked))
}

async fn read(State(api): State<Api>, signed: Signed, Path(name): Path<String>) -> Result<Json<PluginOut>, Fault> {
    signed.may(&Action::Look)?;
    api.plugins().into_iter().find(|plugin| plugin.slug == name).map(Json).ok_or(Fault::Missing("plugin"))
}

/// The issuer, where an authority refers to it.
pub(super) fn issuer() -> PluginOut {
    PluginOut {
        slug: ISSUER.to_owned(),
        title: "Authorities of this service".to_owned(),
        description: "Issues by keys that this service keeps, encrypted, in its database".to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        author: "Menagerie",
        kind: "issuer",
        plugin_options: Vec::new(),
    }
}

/// An issuer elsewhere, where an authority refers to it with its upstream.
pub(super) fn acme_issuer(slug: &str, upstream: Option<&str>) -> PluginOut {
    let about = "The upstream, by its name in the server's configuration file, which has its URL, its account and how names are proved";
    PluginOut {
        slug: slug.to_owned(),
        title: "Authorities elsewhere, by ACME".to_owned(),
        description: "Orders certificates from an ACME server; they are pending until they come".to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        author: "Menagerie",
        kind: "issuer",
        plugin_options: vec![OptionOut {
            name: UPSTREAM,
            kind: "str",
            required: true,
            help: about,
            description: about,
            available: Vec::new(),
            value: upstream.map(str::to_owned),
        }],
    }
}

impl Api {
    fn plugins(&self) -> Vec<PluginOut> {
        let mut plugins = vec![issuer(), acme_issuer(ACME_ISSUER, None), acme_issuer(ACME_HTTP_ISSUER, None)];
        for export in self.exports() {
            plugins.push(PluginOut {
                slug: export.slug().to_owned(),
                title: export.title().to_owned(),
                description: export.about().to_owned(),
                version: env!("CARGO_PKG_VERSION"),
                author: "Menagerie",
                kind: "export",
                plugin_options: export
                    .options()
                    .iter()
                    .map(|option| OptionOut {
                        name: option.name,
                        kind: if option.choices.is_empty() { "str" } else { "select" },
                        required: option.required,
                        help: option.about,
                        description: option.about,
                        available: option.choices.to_vec(),
                        value: option.choices.first().map(|choice| (*choice).to_owned()),
                    })
                    .collect(),
            });
        }
        plugins
    }
}
