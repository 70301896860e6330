//! The way out of the workspaces of a class, set by its instructors.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use maru_model::{ClassId, Egress, Role, Text};
use maru_workspace::State as WorkspaceState;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/classes/{id}/egress", get(show).put(set))
}

/// A class that the caller looks after: any for administrators, one's own for instructors.
async fn class(state: &AppState, caller: &CurrentUser, id: String) -> ApiResult<(ClassId, Option<Egress>)> {
    caller.require_staff()?;
    let class = ClassId::from(id);
    let set = state.store.class_egress(&class).await?.ok_or_else(ApiError::not_found)?;
    let own = caller.user.role == Role::Admin || state.store.classes_of(&caller.user.id).await?.iter().any(|(id, _)| *id == class);
    if own { Ok((class, set)) } else { Err(ApiError::not_found()) }
}

fn body(state: &AppState, set: Option<Egress>) -> Value {
    json!({ "egress": set, "installation": state.config.egress, "effective": set.unwrap_or(state.config.egress) })
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let (_, set) = class(&state, &caller, id).await?;
    Ok(Json(body(&state, set)))
}

#[derive(Deserialize)]
struct Wish {
    /// `null`: as the installation.
    egress: Option<Egress>,
    /// Workspaces that run get a new container at once; files stay, programs end. Else each does at its next start.
    #[serde(default)]
    now: bool,
}

async fn set(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(id): Path<String>,
    bytes: axum::body::Bytes,
) -> ApiResult<Json<Value>> {
    let (class, _) = class(&state, &caller, id).await?;
    let wish: Wish = serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(Text::new(
            format!("Send {{\"egress\": \"open\", \"registries\", \"none\" or null, \"now\": false}}: {error}."),
            format!("{{\"egress\": \"open\", \"registries\", \"none\", null 중 하나, \"now\": false}} 형식으로 보내세요: {error}"),
        ))
    })?;
    state.store.set_class_egress(&class, wish.egress).await?;
    let word = wish.egress.map_or("installation", Egress::as_str);
    state.store.audit(&caller.user.id, None, "class.egress", &format!("{class} {word}")).await?;
    let members = state.store.members(&class).await?;
    let mut running = Vec::new();
    for (owner, view) in state.workspaces.list() {
        let runs = matches!(view.state, WorkspaceState::Ready | WorkspaceState::Starting | WorkspaceState::Queued);
        if runs && members.contains(&owner.id) {
            if wish.now {
                state.workspaces.recreate(&owner).await?;
            }
            running.push(owner.login);
        }
    }
    let mut body = body(&state, wish.egress);
    body[if wish.now { "recreated" } else { "at_next_start" }] = json!(running);
    Ok(Json(body))
}
