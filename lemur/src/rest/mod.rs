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
mod dns_providers;
mod external_keys;
mod fault;
mod id;
mod keys;
mod later;
mod local;
mod logs;
mod long_answers;
mod openapi;
mod outside;
mod pages;
mod pending;
mod plugins;
mod query;
mod roles;
mod route;
mod shape;
mod sign_in;
mod signed;
mod to_the_end;
mod users;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::{Json, Router, middleware};
use menagerie_web::{Rate, Rates};
use serde::Serialize;
use tokio::sync::OnceCell;
use utoipa::ToSchema;

pub use certificates::{Export, ExportError, ExportOption, ExportRequest, Exported, Material};
pub use defaults::Defaults;
pub use fault::Failure;
pub use later::{FEATURES, Feature};
pub use local::{Local, local_router};
pub use pages::nothing_here;

use crate::access::{Access, ApiKeyId, Requester, UserId};
use crate::approval::Proposals;
use crate::engine::Engine;
use crate::identity::Identity;
use crate::upstream::Upstreams;
use fault::Fault;
use long_answers::LongAnswers;
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
    /// How many certificates that were made elsewhere one user may bring and have stored: administrators any number.
    pub most_uploads: MostUploads,
    /// Whether answers say where keys are that are elsewhere: on the server's own machine alone.
    pub tells_keys: bool,
    /// Whether changes to authorities wait for a second person, and for how long accounts have to have been their users' alone.
    pub approve_authorities: Option<SettledDays>,
    /// The profiles that ACME offers; none means every authority that issues.
    pub acme_profiles: Vec<String>,
    /// How often one user may ask. Without it there is no limit.
    pub rate: Option<Rate>,
    /// Forms in which certificates are exported, besides PEM and requests.
    pub exports: Vec<Arc<dyn Export>>,
    /// Authorities elsewhere.
    pub upstreams: Option<Upstreams>,
    /// Through whom names are shown to be held.
    pub dns: crate::dns::Providers,
    /// Those who come in by somebody else's word.
    pub identity: Identity,
}

/// For how many days before a proposal nobody else may have made or changed the account of who proposes, or of who approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledDays(pub u16);

/// How many certificates that were made elsewhere one user may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostUploads(pub u32);

impl Default for MostUploads {
    fn default() -> Self {
        Self(5_000)
    }
}

/// What the resources work with. Clones share everything.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds keys")]
pub struct Api {
    access: Access,
    engine: Engine,
    upstreams: Upstreams,
    settings: Arc<Settings>,
    rates: Option<Arc<Rates<Caller>>>,
    /// Places for answers that are long.
    long_answers: Arc<LongAnswers>,
    began: Instant,
    /// Opened when they are first asked for.
    proposals: Arc<OnceCell<Proposals>>,
    acme_tables: Arc<OnceCell<()>>,
}

/// Whose requests count together.
#[derive(PartialEq, Eq, Hash)]
enum Caller {
    Person { user: UserId, key: Option<ApiKeyId> },
    Workload { name: String, subject: String },
}

impl Api {
    /// Of users and an engine over the same database.
    #[must_use]
    pub fn new(access: Access, engine: Engine, settings: Settings) -> Self {
        let rates = settings.rate.map(|rate| Arc::new(Rates::new(rate, 100_000)));
        let upstreams = settings.upstreams.clone().unwrap_or_else(|| Upstreams::none(engine.clone()));
        Self {
            access,
            engine,
            upstreams,
            settings: Arc::new(settings),
            rates,
            long_answers: Arc::new(LongAnswers::new()),
            began: Instant::now(),
            proposals: Arc::default(),
            acme_tables: Arc::default(),
        }
    }

    fn within_rate(&self, requester: &Requester) -> Result<(), Fault> {
        let Some(rates) = &self.rates else { return Ok(()) };
        let caller = match requester {
            Requester::Person(person) => Caller::Person { user: person.user(), key: person.api_key() },
            Requester::Workload(workload) => {
                Caller::Workload { name: workload.grant().name.clone(), subject: workload.subject().to_owned() }
            }
        };
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

    /// The page of what there is that is asked for: all of it, if none is.
    fn page<S: Into<T>>(items: Vec<S>, asked: &query::Asked) -> Json<Self> {
        if !asked.paged {
            return Self::whole(items);
        }
        let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let (skip, take) = (usize::try_from(asked.skip()).unwrap_or(usize::MAX), usize::try_from(asked.count).unwrap_or(0));
        Self::of(items.into_iter().skip(skip).take(take).collect(), total)
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
        outside::routes(),
        certificates::routes(),
        pending::routes(),
        authorities::routes(),
        approvals::routes(),
        external_keys::routes(),
        roles::routes(),
        users::routes(),
        keys::routes(),
        plugins::routes(),
        defaults::routes(),
        logs::routes(),
        dns_providers::routes(),
        later::routes(),
    ] {
        routes.extend(part);
    }
    routes
}

/// The interface and its pages, without what stands before them: put it behind a [`menagerie_web::Guard`].
pub fn router(api: Api) -> Router {
    let routes = routes();
    let document = Bytes::from(serde_json::to_vec(&openapi::document(&routes, PREFIX)).expect("texts, numbers and maps of texts are JSON"));
    let mut resources: Router<Api> = Router::new();
    for route in routes {
        let serve = if route.open { route.serve } else { route.serve.layer(middleware::from_fn_with_state(api.clone(), signed::known)) };
        resources = resources.route(route.path, serve);
    }
    let described = async move || ([(http::header::CONTENT_TYPE, "application/json")], document.clone());
    let resources = resources
        .route("/openapi.json", axum::routing::get(described))
        .fallback(async || Fault::Missing("address"))
        .method_not_allowed_fallback(async || Fault::NotAllowed("The method is not allowed for this resource."));
    Router::new().nest(PREFIX, resources).merge(pages::router()).with_state(api)
}
