//! The contract's paths, one file per domain.

mod admin;
mod app;
mod app_map;
mod app_source;
mod builds;
mod check;
mod classes;
mod deployments;
mod egress;
mod git;
mod health;
mod limits;
mod me;
mod network;
mod polls;
mod preferences;
mod projects;
mod quota;
pub mod registry_token;
mod repositories;
mod requests;
pub mod session;
mod sleep;
mod workspace;

pub use admin::{AppRow, PAGE_MAX, Row, audit_words, class_apps, require_admin, rows, seen_class, seen_user, usage};
pub use app::app_of;
pub use requests::asked_at;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::{ApiError, framework_refusals, localize};
use crate::polls::Inside;
use crate::proxy;
use crate::state::AppState;

/// Whether a flag of a query is set.
fn is_on(flag: &str) -> bool {
    matches!(flag, "1" | "true")
}

/// Everything that comes in on the server's port: the IDE's own paths, and, by their host names, previews and applications.
pub fn router(state: AppState) -> Router {
    let app = whole(state);
    app.clone().layer(Extension(Inside(app)))
}

fn whole(state: AppState) -> Router {
    documented()
        .merge(crate::pages::routes(&state.config))
        .layer(from_fn_with_state(state.clone(), proxy::by_host))
        .layer(from_fn_with_state(state.clone(), crate::metrics::count))
        .layer(from_fn(localize))
        .layer(CatchPanicLayer::new())
        .with_state(state)
}

/// What clients other than our own pages use: the paths that `/openapi.json` tells.
pub fn documented() -> Router<AppState> {
    let api = Router::new()
        .merge(session::routes())
        .merge(me::routes())
        .merge(preferences::routes())
        .merge(network::routes())
        .merge(polls::routes())
        .merge(workspace::routes())
        .merge(projects::routes())
        .merge(repositories::routes())
        .merge(builds::routes())
        .merge(app::routes())
        .merge(app_map::routes())
        .merge(app_source::routes())
        .merge(check::routes())
        .merge(deployments::routes())
        .merge(admin::routes())
        .merge(egress::routes())
        .merge(limits::routes())
        .merge(quota::routes())
        .merge(requests::routes())
        .merge(sleep::routes())
        .merge(proxy::api_routes())
        .fallback(async || ApiError::not_found())
        .layer(from_fn(framework_refusals));
    Router::new()
        .nest("/api/v1", api)
        .merge(git::routes())
        .merge(proxy::k8s_routes())
        .merge(health::routes())
        .merge(crate::metrics::routes())
        .merge(crate::openapi::routes())
}
