//! Terminals and language servers: owned by the agent. Their streams are WebSockets that go through this server as bytes.

use axum::Router;
use axum::routing::{any, get};

use super::pass::{pass, tunnel};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace/terminals", get(pass).post(pass))
        .route("/workspace/terminals/profiles", get(pass))
        .route("/workspace/terminals/{id}", any(pass))
        .route("/workspace/terminals/{id}/stream", get(tunnel))
        .route("/workspace/languages", get(pass))
        .route("/workspace/languages/{id}", get(tunnel))
}
