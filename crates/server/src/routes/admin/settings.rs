//! What administrators change while the server runs.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::require_admin;
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::settings::Change;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/admin/settings", get(show).patch(change))
}

fn body(state: &AppState) -> Value {
    json!({"settings": state.settings.now(), "configured": state.settings.configured()})
}

async fn show(State(state): State<AppState>, caller: CurrentUser) -> ApiResult<Json<Value>> {
    require_admin(&caller)?;
    Ok(Json(body(&state)))
}

async fn change(State(state): State<AppState>, caller: CurrentUser, Json(change): Json<Change>) -> ApiResult<Json<Value>> {
    require_admin(&caller)?;
    let changed = state.settings.change(&state.store, change).await?;
    state.sleep.changed();
    state.workspaces.stop_idle_after(state.settings.now().idle_stop());
    state.store.audit(&caller.user.id, None, "settings.change", &Value::Object(changed).to_string()).await?;
    Ok(Json(body(&state)))
}
