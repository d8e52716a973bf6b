//! The REST interface in this process, over the data on this machine.

use axum::Router;
use axum::body::Body;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;

use super::super::place::{self, Opened};
use super::{Answer, Refusal};
use crate::rest::{self, Api, Failure, PREFIX, local_router};
use crate::serve;

/// The most bytes of an answer.
const LARGEST: usize = 64 << 20;

/// The interface in this process.
pub(in crate::commands) struct Local {
    router: Router,
}

impl Local {
    pub(super) async fn open(opened: &Opened, break_glass: Option<&str>) -> anyhow::Result<Self> {
        let access = place::access(opened).await?;
        let upstreams = serve::upstreams(&opened.config, &opened.engine, None)?;
        let settings =
            rest::Settings { upstreams: Some(upstreams), tells_keys: true, ..serve::rest_settings(&opened.config, &opened.engine) };
        let api = Api::new(access, opened.engine.clone(), settings);
        let local =
            rest::Local { uid: rustix::process::getuid().as_raw(), name: place::person(), break_glass: break_glass.map(str::to_owned) };
        Ok(Self { router: local_router(api, local) })
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, Refusal> {
        let failed = |error: &dyn std::error::Error| Refusal::Failed(error.to_string());
        let request = http::Request::builder().method(method).uri(format!("{PREFIX}{path}"));
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).map_err(|error| failed(&error))?;
        let Ok(response) = TowerToHyperService::new(self.router.clone()).call(request).await;
        if let Some(Failure(reason)) = response.extensions().get() {
            return Err(Refusal::Failed(menagerie_report::shown(reason).into_owned()));
        }
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), LARGEST).await.map_err(|error| failed(&error))?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).map_err(|error| failed(&error))? };
        Ok(Answer { status, body })
    }
}
