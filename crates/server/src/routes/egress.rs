//! The way out of the workspaces of a class, set by its instructors.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use maru_model::{ClassId, Egress, Text};
use serde::Deserialize;
use serde_json::{Value, json};

use super::classes::{carry_over, looked_after};
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/classes/{id}/egress", get(show).put(set))
}

async fn class(state: &AppState, caller: &CurrentUser, id: String) -> ApiResult<(ClassId, Option<Egress>)> {
    let class = looked_after(state, caller, id).await?;
    let set = state.store.class_egress(&class).await?.ok_or_else(ApiError::not_found)?;
    Ok((class, set))
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
    let mut body = body(&state, wish.egress);
    carry_over(&state, &class, wish.now, &mut body).await?;
    Ok(Json(body))
}
