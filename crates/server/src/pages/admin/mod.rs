//! The administration's pages. What they change goes through the API, by `web/src/pages`.

mod apps;
mod audit;
mod classes;
mod frame;
mod usage;
mod users;

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

pub(super) use audit::Entry;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin", get(users::page))
        .route("/admin/users/{login}", get(users::one))
        .route("/admin/users/{login}/app", get(apps::one))
        .route("/admin/classes", get(classes::page))
        .route("/admin/classes/{id}", get(classes::one))
        .route("/admin/classes/{id}/apps", get(apps::of_class))
        .route("/admin/audit", get(audit::page))
        .route("/admin/usage", get(usage::page))
        .route("/admin/settings", get(usage::settings))
}
