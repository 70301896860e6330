//! Logging in and out.

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
    match user.filter(|_| right) {
        // Told only to who knows the password.
        Some(user) if user.disabled => Err(ApiError::forbidden(Text::new(
            "This account is disabled. Everything in it is kept.",
            "사용이 중지된 계정입니다. 자료는 모두 그대로 있습니다.",
        ))
        .fix(Text::new("Ask your instructor or an administrator.", "강사나 관리자에게 문의하세요."))),
        user => Ok(user),
    }
}

/// The cookie of a new session.
pub async fn start_session(state: &AppState, user: &User) -> ApiResult<HeaderValue> {
    let session = secret::random(32);
    let seconds = u64::from(state.settings.now().session_days) * 24 * 60 * 60;
    let milliseconds = i64::try_from(seconds * 1000).map_err(ApiError::internal)?;
    state.store.remove_expired_credentials().await?;
    state.store.add_credential(&secret::hash(&session), &user.id, CredentialKind::Session, now_ms() + milliseconds).await?;
    set_cookie(state, &session, seconds)
}

/// Host-only, so that neither previews nor apps (other hosts) ever see it.
fn set_cookie(state: &AppState, value: &str, seconds: u64) -> ApiResult<HeaderValue> {
    let secure = if state.config.url_scheme() == "https" { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).map_err(ApiError::internal)
}
