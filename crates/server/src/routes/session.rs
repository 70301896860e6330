//! Logging in and out.

use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maru_model::{Login, Text};
use maru_store::users::{CredentialKind, User};
use maru_store::{Store, now_ms};
use serde::Deserialize;

use crate::auth::{SESSION_COOKIE, password, secret};
use crate::error::{ApiError, ApiResult};
use crate::lang::cookie;
use crate::state::AppState;

/// A term's day at the keyboard and the evening after it.
const SESSION: Duration = Duration::from_secs(14 * 24 * 60 * 60);

pub fn routes() -> Router<AppState> {
    Router::new().route("/session", post(log_in).delete(log_out))
}

#[derive(Deserialize)]
struct Credentials {
    login: String,
    password: String,
}

async fn log_in(State(state): State<AppState>, Json(given): Json<Credentials>) -> ApiResult<(StatusCode, HeaderMap)> {
    let user = check(&state.store, &given.login, given.password).await?.ok_or_else(|| {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_login",
            Text::new("The login or the password is wrong.", "아이디 또는 비밀번호가 맞지 않습니다."),
        )
        .fix(Text::new(
            "Check both; your instructor can give you a new password.",
            "다시 확인하세요. 새 비밀번호는 강사에게 받을 수 있습니다.",
        ))
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, start_session(&state, &user).await?);
    Ok((StatusCode::NO_CONTENT, headers))
}

async fn log_out(State(state): State<AppState>, headers: HeaderMap) -> ApiResult<(StatusCode, HeaderMap)> {
    if let Some(session) = cookie(&headers, SESSION_COOKIE) {
        state.store.remove_credential(&secret::hash(session)).await?;
    }
    let mut answer = HeaderMap::new();
    answer.insert(header::SET_COOKIE, set_cookie(&state, "", 0)?);
    Ok((StatusCode::NO_CONTENT, answer))
}

/// The user, where login and password are right. Unknown logins take as long as wrong passwords.
pub async fn check(store: &Store, login: &str, given: String) -> ApiResult<Option<User>> {
    // A hash that no password has.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let found = match Login::parse(login.trim()) {
        Ok(login) => store.password_hash(&login).await?,
        Err(_) => None,
    };
    let (user, hash) = found.map_or_else(|| (None, NOBODY.to_owned()), |(user, hash)| (Some(user), hash));
    let right = password::is_right(given, hash).await.map_err(ApiError::internal)?;
    Ok(user.filter(|_| right))
}

/// The cookie of a new session.
pub async fn start_session(state: &AppState, user: &User) -> ApiResult<HeaderValue> {
    let session = secret::random(32);
    let milliseconds = i64::try_from(SESSION.as_millis()).map_err(ApiError::internal)?;
    state.store.remove_expired_credentials().await?;
    state.store.add_credential(&secret::hash(&session), &user.id, CredentialKind::Session, now_ms() + milliseconds).await?;
    set_cookie(state, &session, SESSION.as_secs())
}

/// Host-only, so that neither previews nor apps (other hosts) ever see it.
fn set_cookie(state: &AppState, value: &str, seconds: u64) -> ApiResult<HeaderValue> {
    let secure = if state.config.url_scheme() == "https" { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).map_err(ApiError::internal)
}
