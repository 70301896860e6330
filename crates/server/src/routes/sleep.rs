//! After how long an application of a class sleeps that nobody asks for, set by its instructors.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use maru_model::Text;
use serde::Deserialize;
use serde_json::{Value, json};

use super::classes::looked_after;
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::settings::LONGEST_SLEEP_MINUTES;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/classes/{id}/sleep", get(show).put(set))
}

fn body(state: &AppState, set: Option<i64>) -> Value {
    let installation = i64::from(state.settings.now().app_sleep_minutes);
    json!({ "minutes": set, "installation": installation, "effective": set.unwrap_or(installation) })
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let class = looked_after(&state, &caller, id).await?;
    Ok(Json(body(&state, state.store.class_sleep(&class).await?.ok_or_else(ApiError::not_found)?)))
}

#[derive(Deserialize)]
struct Wish {
    /// 0: never; `null`: as the installation.
    minutes: Option<u32>,
}

async fn set(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let class = looked_after(&state, &caller, id).await?;
    state.store.class_sleep(&class).await?.ok_or_else(ApiError::not_found)?;
    let wish: Wish = serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(Text::new(
            format!("Send {{\"minutes\": N}}, 0 for never or null for the installation's: {error}."),
            format!("{{\"minutes\": 수}} 형식으로 보내세요. 0은 재우지 않음, null은 서버 기본값입니다: {error}"),
        ))
    })?;
    if wish.minutes.is_some_and(|minutes| minutes > LONGEST_SLEEP_MINUTES) {
        return Err(ApiError::bad_request(Text::new(
            format!("minutes has to be from 0 to {LONGEST_SLEEP_MINUTES}."),
            format!("minutes는 0 이상 {LONGEST_SLEEP_MINUTES} 이하여야 합니다."),
        )));
    }
    let minutes = wish.minutes.map(i64::from);
    state.store.set_class_sleep(&class, minutes).await?;
    let words = minutes.map_or_else(|| "installation".to_owned(), |minutes| minutes.to_string());
    state.store.audit(&caller.user.id, None, "class.sleep", &format!("{class} {words}")).await?;
    state.sleep.changed();
    Ok(Json(body(&state, minutes)))
}
