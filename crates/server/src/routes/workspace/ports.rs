//! Ports that something in the workspace listens on, and who may see their previews.

use axum::extract::{Path, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use maru_protocol::Port;
use maru_workspace::{Visibility, WorkspaceError};
use serde::{Deserialize, Serialize};

use super::owner;
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/workspace/ports", get(list)).route("/workspace/ports/{port}", put(share))
}

#[derive(Serialize)]
struct PortBody {
    port: u16,
    process: Option<String>,
    url: String,
    visibility: Visibility,
}

async fn list(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Vec<PortBody>>> {
    let link = state.workspaces.agent(&user.id).await?;
    let ports: Vec<Port> = link.get_json("/ports").await.map_err(|error| ApiError::from(WorkspaceError::from(error)))?;
    let visibilities = state.workspaces.visibilities(&user.id).await?;
    let body = ports.into_iter().map(|Port { port, process, .. }| PortBody {
        port,
        process,
        url: state.config.preview_url(&user.login, port),
        visibility: visibilities.get(&port).copied().unwrap_or_default(),
    });
    Ok(Json(body.collect()))
}

#[derive(Deserialize)]
struct Share {
    visibility: Visibility,
}

/// Of a port that nothing listens on yet too: it counts from then on.
async fn share(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(port): Path<u16>,
    Json(Share { visibility }): Json<Share>,
) -> ApiResult<Json<PortBody>> {
    state.workspaces.set_visibility(&owner(&user), port, visibility).await?;
    Ok(Json(PortBody { port, process: None, url: state.config.preview_url(&user.login, port), visibility }))
}
