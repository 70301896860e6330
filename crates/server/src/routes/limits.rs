//! What the workspaces of a class may use, set by administrators.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use maru_model::{ClassLimits, Limits, Text};
use serde::Deserialize;
use serde_json::{Value, json};

use super::classes::{carry_over, looked_after};
use super::require_admin;
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/classes/{id}/limits", get(show).put(set))
}

fn body(set: ClassLimits) -> Value {
    let installation = Limits::default();
    json!({ "limits": set, "installation": installation, "effective": set.over(installation) })
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let class = looked_after(&state, &caller, id).await?;
    Ok(Json(body(state.store.class_limits(&class).await?.ok_or_else(ApiError::not_found)?)))
}

#[derive(Deserialize)]
struct Wish {
    /// All that the class sets; what is `null` or left out is the installation's.
    limits: ClassLimits,
    /// Workspaces that run get a new container at once. Else each does at its next start.
    #[serde(default)]
    now: bool,
}

/// More memory for one class is less for all others, so an instructor may look and an administrator decides.
async fn set(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let class = looked_after(&state, &caller, id).await?;
    require_admin(&caller)?;
    state.store.class_limits(&class).await?.ok_or_else(ApiError::not_found)?;
    let wish: Wish = serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(Text::new(
            format!("Send {{\"limits\": {{\"memory\": BYTES, \"cpus\": N, …}}, \"now\": false}}: {error}."),
            format!("{{\"limits\": {{\"memory\": 바이트, \"cpus\": 수, …}}, \"now\": false}} 형식으로 보내세요: {error}"),
        ))
    })?;
    wish.limits.check().map_err(ApiError::bad_request)?;
    state.store.set_class_limits(&class, &wish.limits).await?;
    let words = serde_json::to_string(&wish.limits).map_err(ApiError::internal)?;
    state.store.audit(&caller.user.id, None, "class.limits", &format!("{class} {words}")).await?;
    let mut body = body(wish.limits);
    carry_over(&state, &class, wish.now, &mut body).await?;
    Ok(Json(body))
}
