//! Who is in a class, and as what.

use axum::extract::{Path, Query, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use http::StatusCode;
use maru_model::{Login, Role, Text};
use maru_store::users::User;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Page, classes};
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/classes/{id}/members", get(list).post(add))
        .route("/admin/classes/{id}/members/{login}", put(set).delete(remove))
}

fn body(user: &User, role: Role) -> Value {
    json!({
        "id": user.id, "login": user.login, "name": user.name, "disabled": user.disabled,
        // In general, and in this class.
        "role": user.role.as_str(), "role_in_class": role.as_str(),
    })
}

async fn list(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> ApiResult<Json<Value>> {
    let class = classes::seen(&state, &caller, id).await?;
    let members = state.store.class_members(&class.id, &page.q, &page.cursor, page.limit()).await?;
    let cursor = page.next(&members, |(user, _)| &user.login);
    Ok(Json(json!({"members": members.iter().map(|(user, role)| body(user, *role)).collect::<Vec<_>>(), "cursor": cursor})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    login: String,
    role: Option<Role>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    role: Option<Role>,
}

async fn add(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>, Json(new): Json<New>) -> ApiResult<Json<Value>> {
    put_in(&state, &caller, id, &new.login, new.role).await.map(Json)
}

async fn set(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path((id, login)): Path<(String, String)>,
    wanted: Option<Json<Wanted>>,
) -> ApiResult<Json<Value>> {
    let role = wanted.and_then(|Json(wanted)| wanted.role);
    put_in(&state, &caller, id, &login, role).await.map(Json)
}

/// Whom a login names. Staff may know which logins there are: a roster tells it as well.
pub(super) async fn named(state: &AppState, login: &str) -> ApiResult<Option<User>> {
    match Login::parse(login.trim()) {
        Ok(login) => Ok(state.store.user_by_login(&login).await?),
        Err(_) => Ok(None),
    }
}

async fn put_in(state: &AppState, caller: &CurrentUser, id: String, login: &str, role: Option<Role>) -> ApiResult<Value> {
    let class = classes::open(state, caller, id).await?;
    let user = named(state, login).await?.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "no_such_user",
            Text::new(format!("There is no user {login}."), format!("{login} 사용자가 없습니다.")),
        )
        .fix(Text::new("Make the user first, or use a roster.", "먼저 사용자를 만들거나 명단으로 등록하세요."))
    })?;
    only_students(caller, &user)?;
    let present = state.store.role_in_class(&class.id, &user.id).await?;
    let role = role.or(present).unwrap_or(if user.role == Role::Student { Role::Student } else { Role::Instructor });
    if role != Role::Student && user.role == Role::Student {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "not_an_instructor",
            Text::new(format!("{login} is a student."), format!("{login} 사용자는 학생입니다.")),
        )
        .fix(Text::new("An administrator can make them an instructor first.", "관리자가 먼저 강사로 바꿀 수 있습니다.")));
    }
    state.store.set_member(&class.id, &user.id, role).await?;
    let role = state.store.role_in_class(&class.id, &user.id).await?.unwrap_or(role);
    if present != Some(role) {
        let detail = format!("{}: {}", class.name, role.as_str());
        state.store.audit(&caller.user.id, Some(&user.id), "class.add_member", &detail).await?;
    }
    Ok(body(&user, role))
}

/// Who instructs a class is for administrators to say.
fn only_students(caller: &CurrentUser, user: &User) -> ApiResult<()> {
    if caller.user.role == Role::Admin || user.role == Role::Student {
        return Ok(());
    }
    Err(ApiError::forbidden(Text::new(
        "Instructors add and remove students; administrators do so with instructors.",
        "강사는 학생만 넣고 뺄 수 있습니다. 강사는 관리자가 넣고 뺍니다.",
    )))
}

async fn remove(State(state): State<AppState>, caller: CurrentUser, Path((id, login)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let class = classes::seen(&state, &caller, id).await?;
    let user = named(&state, &login).await?.ok_or_else(ApiError::not_found)?;
    only_students(&caller, &user)?;
    if !state.store.leave_class(&class.id, &user.id).await? {
        return Err(ApiError::not_found());
    }
    state.store.audit(&caller.user.id, Some(&user.id), "class.remove_member", &class.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
