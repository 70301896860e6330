//! What the applications of a class's members may use in the cluster, set by administrators.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use maru_model::{ClassQuota, Quota, Text};
use serde::Deserialize;
use serde_json::{Value, json};

use super::classes::looked_after;
use super::require_admin;
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/classes/{id}/quota", get(show).put(set))
}

fn body(set: ClassQuota) -> Value {
    let installation = Quota::default();
    json!({ "quota": set, "installation": installation, "effective": set.over(installation) })
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let class = looked_after(&state, &caller, id).await?;
    Ok(Json(body(state.store.class_quota(&class).await?.ok_or_else(ApiError::not_found)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// All that the class sets; what is `null` or left out is the installation's.
    quota: ClassQuota,
}

/// More for one class is less for all others, so an instructor may look and an administrator decides.
async fn set(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let class = looked_after(&state, &caller, id).await?;
    require_admin(&caller)?;
    state.store.class_quota(&class).await?.ok_or_else(ApiError::not_found)?;
    let Wish { quota } = serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(Text::new(
            format!("Send {{\"quota\": {{\"memory\": BYTES, \"cpu\": N, \"pods\": N, …}}}}: {error}."),
            format!("{{\"quota\": {{\"memory\": 바이트, \"cpu\": 수, \"pods\": 수, …}}}} 형식으로 보내세요: {error}"),
        ))
    })?;
    quota.check().and_then(|()| quota.over(Quota::default()).check()).map_err(ApiError::bad_request)?;
    state.store.set_class_quota(&class, &quota).await?;
    let words = serde_json::to_string(&quota).map_err(ApiError::internal)?;
    state.store.audit(&caller.user.id, None, "class.quota", &format!("{class} {words}")).await?;
    state.quotas.changed();
    Ok(Json(body(quota)))
}
