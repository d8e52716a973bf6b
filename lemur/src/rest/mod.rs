//! Lemur's REST interface, under `/api/1`, and the plain pages beside it.
//!
//! One file a resource. Each lists its [`route::Route`]s: from that list the router is made, and the OpenAPI document at
//! `/api/1/openapi.json`, and whatever is not marked as open is behind [`signed::known`]. A body is read by its [`shape::Shape`]; whether the
//! requester may is asked of [`crate::access::permit::decide`], with facts that were read from the database and never from the request; then
//! the [`Engine`] does it.

mod approvals;
mod authorities;
mod certificates;
mod defaults;
mod external_keys;
mod fault;
mod id;
mod keys;
mod later;
mod local;
mod logs;
mod openapi;
mod pages;
mod plugins;
mod query;
mod roles;
mod route;
mod shape;
mod sign_in;
mod signed;
mod users;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{Json, Router, middleware};
use menagerie_web::{Rate, Rates};
use serde::Serialize;
use tokio::sync::OnceCell;
use utoipa::ToSchema;

pub use certificates::{Export, ExportError, ExportOption, ExportRequest, Exported, Material};
pub use defaults::Defaults;
pub use later::{FEATURES, Feature};
pub use local::{Local, local_router};

use crate::access::{Access, ApiKeyId, Requester, UserId};
use crate::approval::Proposals;
use crate::engine::Engine;
use fault::Fault;
use route::Route;

/// Where the interface is served.
pub const PREFIX: &str = "/api/1";

/// The largest body of a resource that takes no certificates, in bytes.
const LARGEST_SMALL_BODY: usize = 64 * 1024;

/// What may be set.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "holds functions")]
pub struct Settings {
    /// What new certificates say of their subject where nobody says it, and their profile lets it be said.
    pub defaults: Defaults,
    /// Whether certificates may be removed from what is stored.
    pub delete_certificates: bool,
    /// Whether changes to authorities wait for a second person.
    pub approve_authorities: bool,
    /// The profiles that ACME offers; none means every authority that issues.
    pub acme_profiles: Vec<String>,
    /// How often one user may ask. Without it there is no limit.
    pub rate: Option<Rate>,
    /// Forms in which certificates are exported, besides PEM and requests.
    pub exports: Vec<Arc<dyn Export>>,
}

/// What the resources work with. Clones share everything.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds keys")]
pub struct Api {
    access: Access,
    engine: Engine,
    settings: Arc<Settings>,
    rates: Option<Arc<Rates<Caller>>>,
    began: Instant,
    /// Opened when they are first asked for.
    proposals: Arc<OnceCell<Proposals>>,
    acme_tables: Arc<OnceCell<()>>,
}

/// Whose requests count together.
#[derive(PartialEq, Eq, Hash)]
struct Caller {
    user: UserId,
    key: Option<ApiKeyId>,
}

impl Api {
    /// Of users and an engine over the same database.
    #[must_use]
    pub fn new(access: Access, engine: Engine, settings: Settings) -> Self {
        let rates = settings.rate.map(|rate| Arc::new(Rates::new(rate, 100_000)));
        Self {
            access,
            engine,
            settings: Arc::new(settings),
            rates,
            began: Instant::now(),
            proposals: Arc::default(),
            acme_tables: Arc::default(),
        }
    }

    fn within_rate(&self, requester: &Requester) -> Result<(), Fault> {
        let Some(rates) = &self.rates else { return Ok(()) };
        let caller = Caller { user: requester.user(), key: requester.api_key() };
        rates.take(caller, self.began.elapsed()).map_err(|wait| Fault::TooMany(wait.max(Duration::from_secs(1))))
    }
}

/// A list, as Lemur's clients read it.
#[derive(Debug, Serialize)]
struct List<T> {
    items: Vec<T>,
    total: u64,
}

impl<T> List<T> {
    /// A part of what there is.
    fn of<S: Into<T>>(items: Vec<S>, total: i64) -> Json<Self> {
        Json(Self { items: items.into_iter().map(Into::into).collect(), total: u64::try_from(total).unwrap_or(0) })
    }

    /// All that there is.
    fn whole<S: Into<T>>(items: Vec<S>) -> Json<Self> {
        let total = items.len() as u64;
        Json(Self { items: items.into_iter().map(Into::into).collect(), total })
    }
}

/// That something was done.
#[derive(Debug, Serialize, ToSchema)]
struct Done {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<bool>,
}

impl Done {
    const fn message(message: &'static str) -> Self {
        Self { message: Some(message), result: None }
    }

    const fn result() -> Self {
        Self { message: None, result: Some(true) }
    }
}

/// What there is none of.
#[derive(Debug, Serialize, ToSchema)]
struct Nothing {}

fn routes() -> Vec<Route> {
    let mut routes = vec![Route::get("/healthcheck", async || "ok", "Whether the service answers").open()];
    for part in [
        sign_in::routes(),
        certificates::routes(),
        authorities::routes(),
        approvals::routes(),
        external_keys::routes(),
        roles::routes(),
        users::routes(),
        keys::routes(),
        plugins::routes(),
        defaults::routes(),
        logs::routes(),
        later::routes(),
    ] {
        routes.extend(part);
    }
    routes
}

/// The interface and its pages, without what stands before them: put it behind a [`menagerie_web::Guard`].
pub fn router(api: Api) -> Router {
    let routes = routes();
    let document = Arc::new(openapi::document(&routes, PREFIX));
    let mut resources: Router<Api> = Router::new();
    for route in routes {
        let serve = if route.open { route.serve } else { route.serve.layer(middleware::from_fn_with_state(api.clone(), signed::known)) };
        resources = resources.route(route.path, serve);
    }
    let described = async move || Json(Arc::unwrap_or_clone(Arc::clone(&document)));
    let resources = resources
        .route("/openapi.json", axum::routing::get(described))
        .fallback(async || Fault::Missing("address"))
        .method_not_allowed_fallback(async || Fault::NotAllowed("The method is not allowed for this resource."));
    Router::new().nest(PREFIX, resources).merge(pages::router()).with_state(api)
}
