//! Who asked an application for what: the gateway's log, for its owner and for those who look after the owner.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use maru_gateway::Entry;
use maru_store::users::User;
use serde_json::{Value, json};

use super::admin::seen_user;
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::proxy;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/app/requests", get(own)).route("/admin/users/{login}/requests", get(of_user))
}

/// When a request was made.
pub fn asked_at(entry: &Entry) -> Option<Timestamp> {
    i64::try_from(entry.at).ok().and_then(|at| Timestamp::from_millisecond(at).ok())
}

fn entry_json(entry: &Entry) -> Value {
    let mut json = json!(entry);
    json["at"] = json!(asked_at(entry));
    json
}

async fn answer(state: &AppState, user: &User) -> ApiResult<Json<Value>> {
    let entries = proxy::app_requests(state, &user.login.namespace()).await?;
    Ok(Json(json!({"requests": entries.map(|entries| entries.iter().map(entry_json).collect::<Vec<_>>())})))
}

async fn own(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Value>> {
    answer(&state, &user).await
}

async fn of_user(State(state): State<AppState>, caller: CurrentUser, Path(login): Path<String>) -> ApiResult<Json<Value>> {
    answer(&state, &seen_user(&state, &caller, &login).await?).await
}
