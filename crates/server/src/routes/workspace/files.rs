//! Files, folders, the trash, search, watch, uploads, archives: answered by the agent.

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
        .route("/workspace/uploads", any(pass))
        .route("/workspace/uploads/{id}", any(pass))
        .route("/workspace/uploads/{id}/content", get(pass))
        .route("/workspace/uploads/{id}/finish", post(pass))
        .route("/workspace/trash", any(pass))
        .route("/workspace/trash/{id}", any(pass))
        .route("/workspace/trash/{id}/restore", post(pass))
}
