//! Who the caller is.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/me", get(me))
}

async fn me(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Value>> {
    let classes = state.store.classes_of(&user.id).await?;
    Ok(Json(json!({
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "namespace": user.login.namespace(),
        "classes": classes.iter().map(|(id, name)| json!({"id": id, "name": name})).collect::<Vec<_>>(),
        "limits": {"repositories": 3, "terminals": 12},
    })))
}
