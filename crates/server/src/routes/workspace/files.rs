//! Files, folders, search, watch, archives: answered by the agent.

use axum::Router;
use axum::routing::{any, get, post};

use super::pass::pass;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace/files/{*path}", any(pass))
        .route("/workspace/tree", get(pass))
        .route("/workspace/tree/", get(pass))
        .route("/workspace/tree/{*path}", get(pass))
        .route("/workspace/move", post(pass))
        .route("/workspace/folders", post(pass))
        .route("/workspace/search", get(pass))
        .route("/workspace/paths", get(pass))
        .route("/workspace/biggest", get(pass))
        .route("/workspace/watch", get(pass))
        .route("/workspace/archive.zip", get(pass))
        .route("/workspace/upload", post(pass))
}
