//! Who the caller is, and their password.

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use maru_model::Text;
use serde::Deserialize;
use serde_json::{Value, json};

use super::session;
use crate::auth::{CurrentUser, SESSION_COOKIE, password, secret};
use crate::error::{ApiError, ApiResult};
use crate::lang::cookie;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/me", get(me)).route("/me/password", put(set_password))
}

async fn me(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Value>> {
    let classes = state.store.classes_of(&user.id).await?;
    Ok(Json(json!({
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "password_change_due": user.password_given,
        "namespace": user.login.namespace(),
        "classes": classes.iter().map(|(id, name)| json!({"id": id, "name": name})).collect::<Vec<_>>(),
        "limits": {"repositories": 3, "terminals": 12},
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Passwords {
    current: String,
    new: String,
}

/// All other sessions of the caller end. Tokens stay: each was made to be used without a password.
async fn set_password(
    State(state): State<AppState>,
    caller: CurrentUser,
    headers: HeaderMap,
    Json(given): Json<Passwords>,
) -> ApiResult<StatusCode> {
    let user = &caller.user;
    if session::check(&state.store, user.login.as_str(), given.current.clone()).await?.is_none() {
        return Err(ApiError::forbidden(Text::new("The present password is wrong.", "현재 비밀번호가 맞지 않습니다.")));
    }
    if given.new.chars().count() < password::SHORTEST {
        return Err(password::too_short());
    }
    if given.new == given.current {
        return Err(ApiError::bad_request(Text::new("That is the present password.", "현재 비밀번호와 같습니다.")));
    }
    let hash = password::hash_later(given.new).await.map_err(ApiError::internal)?;
    state.store.set_password(&user.id, &hash, false).await?;
    let own = cookie(&headers, SESSION_COOKIE).map(secret::hash).unwrap_or_default();
    state.store.end_credentials(&user.id, false, &own).await?;
    Ok(StatusCode::NO_CONTENT)
}
