//! The interface for the command line on the server's own machine: the same resources in the same process, without a network and without a token.
//! So a verb of the command line is written once, and what it may and does is decided where it is for everybody.

use std::sync::Arc;

use axum::{Extension, Router};

use super::signed::Signed;
use super::{Api, PREFIX, routes};
use crate::access::Requester;
use crate::audit::Actor;

/// Whoever works on the server's own machine.
#[derive(Debug, Clone)]
pub struct Local {
    /// The number that the system knows them by.
    pub uid: u32,
    /// The name that the system knows them by.
    pub name: String,
    /// Why a change is to be made without the second person that the configuration wants.
    pub break_glass: Option<String>,
}

/// The resources for somebody on the server's own machine. Never to be served.
pub fn local_router(api: Api, local: Local) -> Router {
    let signed = Signed {
        requester: Requester::local(local.uid),
        actor: Actor::cli(local.name),
        local: true,
        break_glass: local.break_glass.map(Arc::from),
    };
    let mut resources: Router<Api> = Router::new();
    for route in routes() {
        resources = resources.route(route.path, route.serve);
    }
    Router::new().nest(PREFIX, resources.layer(Extension(signed))).with_state(api)
}
