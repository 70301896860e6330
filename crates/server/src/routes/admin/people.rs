//! Users: listed, made, changed, given new passwords, removed.
//!
//! Administrators do all of it. Instructors make students of their own classes, and rename, disable and give new passwords
//! to students who are in no class but theirs: with a password one is that student, everywhere.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{StatusCode, header};
use jiff::Timestamp;
use maru_model::{ClassId, Lang as Language, Login, Role, Text, UserId};
use maru_store::StoreError;
use maru_store::users::User;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Page, only_admins, rows, sees, workspaces};
use crate::auth::{CurrentUser, password, secret};
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::removal;
use crate::routes::classes::looked_after;
use crate::state::AppState;

/// Letters of a name.
const NAME_MAX: usize = 100;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/users", get(list).post(create))
        .route("/admin/users/{login}", get(show).patch(change).delete(remove))
        .route("/admin/users/{login}/password", post(renew_password))
}

async fn list(State(state): State<AppState>, caller: CurrentUser, Query(page): Query<Page>, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    caller.require_staff()?;
    let rows = rows(&state, &caller.user, &page.q, &page.cursor, page.limit(), lang).await?;
    let cursor = page.next(&rows, |row| &row.login);
    Ok(Json(json!({"users": rows, "cursor": cursor})))
}

/// A user that the caller looks after, by login or id. Others are not found.
pub async fn seen(state: &AppState, caller: &CurrentUser, name: &str) -> ApiResult<User> {
    caller.require_staff()?;
    let by_login = match Login::parse(name) {
        Ok(login) => state.store.user_by_login(&login).await?,
        Err(_) => None,
    };
    let user = match by_login {
        Some(user) => Some(user),
        None => state.store.user(&UserId::from(name)).await?,
    };
    let user = user.ok_or_else(ApiError::not_found)?;
    if sees(state, caller, &user).await? { Ok(user) } else { Err(ApiError::not_found()) }
}

/// The same, where the caller may also act in that user's name.
async fn in_charge_of(state: &AppState, caller: &CurrentUser, name: &str) -> ApiResult<User> {
    let user = seen(state, caller, name).await?;
    let allowed = caller.user.role == Role::Admin
        || (user.role == Role::Student && state.store.instructs_everywhere(&caller.user.id, &user.id).await?);
    if allowed {
        return Ok(user);
    }
    Err(ApiError::forbidden(Text::new(
        "Instructors may do this for students who are in no class but theirs.",
        "강사는 자기 수업에만 있는 학생에게만 할 수 있습니다.",
    ))
    .fix(Text::new("Ask an administrator.", "관리자에게 요청하세요.")))
}

pub(super) async fn person(state: &AppState, user: &User, lang: Language) -> ApiResult<Value> {
    let mut classes = Vec::new();
    for (id, name) in state.store.classes_of(&user.id).await? {
        let role = state.store.role_in_class(&id, &user.id).await?;
        classes.push(json!({"id": id, "name": name, "role": role.map(Role::as_str)}));
    }
    let running = state.workspaces.list();
    let view = running.iter().find(|(owner, _)| owner.id == user.id).map(|(_, view)| view);
    Ok(json!({
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "role": user.role.as_str(),
        "disabled": user.disabled,
        "password_change_due": user.password_given,
        "created_at": Timestamp::from_millisecond(user.created_at).ok(),
        "namespace": user.login.namespace(),
        "classes": classes,
        "workspace": view.map(|view| workspaces::row(user, Some(view), lang)),
    }))
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(login): Path<String>, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    let user = seen(&state, &caller, &login).await?;
    Ok(Json(person(&state, &user, lang).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    login: String,
    #[serde(default)]
    name: String,
    role: Option<Role>,
    #[serde(default)]
    classes: Vec<String>,
    /// One-time, and told in the answer, where none is given.
    password: Option<String>,
}

pub(super) fn valid_name(name: &str) -> ApiResult<&str> {
    let name = name.trim();
    if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request(Text::new(
            format!("A name is one line of at most {NAME_MAX} letters."),
            format!("이름은 {NAME_MAX}자 이하의 한 줄이어야 합니다."),
        )));
    }
    Ok(name)
}

/// Hashes a password that is long enough.
pub(super) async fn hashed(word: String) -> ApiResult<String> {
    if word.chars().count() < password::SHORTEST {
        return Err(password::too_short());
    }
    password::hash_later(word).await.map_err(ApiError::internal)
}

async fn create(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang, Json(new): Json<New>) -> ApiResult<Response> {
    caller.require_staff()?;
    let login = Login::parse(new.login.trim()).map_err(|error| ApiError::bad_request(error.text()))?;
    let role = new.role.unwrap_or(Role::Student);
    let admin = caller.user.role == Role::Admin;
    if !admin && (role != Role::Student || new.classes.is_empty()) {
        return Err(ApiError::forbidden(Text::new(
            "Instructors make students of their own classes: name at least one in `classes`.",
            "강사는 자기 수업의 학생만 만들 수 있습니다. `classes`에 수업을 하나 이상 쓰세요.",
        )));
    }
    let mut classes: Vec<ClassId> = Vec::new();
    for id in new.classes {
        let class = looked_after(&state, &caller, id).await?;
        state.store.class(&class).await?.ok_or_else(ApiError::not_found)?;
        classes.push(class);
    }
    let name = valid_name(&new.name)?;
    let name = if name.is_empty() { login.as_str() } else { name };
    let (word, given) = new.password.map_or_else(|| (secret::random(12), false), |word| (word, true));
    let hash = hashed(word.clone()).await?;
    let user = state.store.add_user(&login, name, role, &hash).await.map_err(|error| match error {
        StoreError::Conflict(_) => ApiError::new(
            StatusCode::CONFLICT,
            "login_taken",
            Text::new(format!("There is a user {login} already."), format!("{login} 사용자가 이미 있습니다.")),
        )
        .fix(Text::new("Choose another login.", "다른 아이디를 고르세요.")),
        other => other.into(),
    })?;
    if !given {
        state.store.set_password(&user.id, &hash, true).await?;
    }
    for class in &classes {
        state.store.join_class(class, &user.id).await?;
    }
    state.store.audit(&caller.user.id, Some(&user.id), "user.create", role.as_str()).await?;
    let user = state.store.user(&user.id).await?.ok_or_else(ApiError::not_found)?;
    let mut body = person(&state, &user, lang).await?;
    if !given {
        body["password"] = json!(word);
    }
    let place = format!("/api/v1/admin/users/{login}");
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(body)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    role: Option<Role>,
    disabled: Option<bool>,
    /// All classes of the user, of those that the caller looks after.
    classes: Option<Vec<String>>,
}

async fn change(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(login): Path<String>,
    Lang(lang): Lang,
    Json(change): Json<Change>,
) -> ApiResult<Json<Value>> {
    let user = in_charge_of(&state, &caller, &login).await?;
    if change.role.is_some_and(|role| role != user.role) && caller.user.role != Role::Admin {
        return Err(only_admins());
    }
    let name = match &change.name {
        Some(name) => valid_name(name)?.to_owned(),
        None => user.name.clone(),
    };
    let role = change.role.unwrap_or(user.role);
    let disabled = change.disabled.unwrap_or(user.disabled);
    if let Some(wanted) = change.classes {
        reclass(&state, &caller, &user, wanted).await?;
    }
    if !state.store.change_user(&user.id, &name, role, disabled).await? {
        return Err(last_admin());
    }
    if disabled && !user.disabled {
        state.store.end_credentials(&user.id, false, "").await?;
        state.workspaces.stop_by_staff(&workspaces::owner(&user)).await?;
    }
    let mut done = Vec::new();
    for (changed, what) in [
        (name != user.name, "name".to_owned()),
        (role != user.role, format!("role {}", role.as_str())),
        (disabled != user.disabled, (if disabled { "disabled" } else { "enabled" }).to_owned()),
    ] {
        if changed {
            done.push(what);
        }
    }
    if !done.is_empty() {
        state.store.audit(&caller.user.id, Some(&user.id), "user.change", &done.join(", ")).await?;
    }
    let user = state.store.user(&user.id).await?.ok_or_else(ApiError::not_found)?;
    Ok(Json(person(&state, &user, lang).await?))
}

/// Puts a user into these classes and out of all others, as far as the caller looks after them.
async fn reclass(state: &AppState, caller: &CurrentUser, user: &User, wanted: Vec<String>) -> ApiResult<()> {
    let mut classes = Vec::new();
    for id in wanted {
        let class = looked_after(state, caller, id).await?;
        state.store.class(&class).await?.ok_or_else(ApiError::not_found)?;
        classes.push(class);
    }
    for (id, name) in state.store.classes_of(&user.id).await? {
        let own = looked_after(state, caller, id.to_string()).await.is_ok();
        if own && !classes.contains(&id) && state.store.leave_class(&id, &user.id).await? {
            state.store.audit(&caller.user.id, Some(&user.id), "class.remove_member", &name).await?;
        }
    }
    for class in classes {
        if state.store.role_in_class(&class, &user.id).await?.is_none() {
            state.store.join_class(&class, &user.id).await?;
            state.store.audit(&caller.user.id, Some(&user.id), "class.add_member", class.as_str()).await?;
        }
    }
    Ok(())
}

fn last_admin() -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "last_admin",
        Text::new("This is the only administrator who can log in.", "로그인할 수 있는 유일한 관리자입니다."),
    )
    .fix(Text::new("Make somebody else an administrator first.", "먼저 다른 사람을 관리자로 지정하세요."))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    password: Option<String>,
}

/// A new one-time password. Sessions end; tokens, which are made by hand, stay.
async fn renew_password(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(login): Path<String>,
    given: Option<Json<Given>>,
) -> ApiResult<Json<Value>> {
    let user = in_charge_of(&state, &caller, &login).await?;
    let given = given.and_then(|Json(given)| given.password);
    let word = given.clone().unwrap_or_else(|| secret::random(12));
    state.store.set_password(&user.id, &hashed(word.clone()).await?, true).await?;
    state.store.end_credentials(&user.id, false, "").await?;
    state.store.audit(&caller.user.id, Some(&user.id), "user.password", "").await?;
    let mut body = json!({"login": user.login, "name": user.name});
    if given.is_none() {
        body["password"] = json!(word);
    }
    Ok(Json(body))
}

#[derive(Deserialize)]
struct Removal {
    /// The login once more: what goes does not come back.
    #[serde(default)]
    confirm: String,
}

async fn remove(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(login): Path<String>,
    Query(removal): Query<Removal>,
) -> ApiResult<StatusCode> {
    let user = seen(&state, &caller, &login).await?;
    super::require_admin(&caller)?;
    if state.store.is_last_admin(&user).await? {
        return Err(last_admin());
    }
    if removal.confirm != user.login.as_str() {
        let goes = removal::what_goes(&state, &user).await?;
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "confirm",
            Text::new(
                format!(
                    "With {} go the workspace with its home and snapshots, projects, image repositories and the application.",
                    user.login
                ),
                format!("{} 사용자를 지우면 작업 공간과 홈, 스냅샷, 프로젝트, 이미지 저장소, 앱도 함께 지워집니다.", user.login),
            ),
        )
        .fix(Text::new(
            format!("Ask again with ?confirm={}; or disable the user, which keeps everything.", user.login),
            format!("?confirm={} 를 붙여 다시 요청하세요. 모두 남겨 두려면 사용 중지를 하세요.", user.login),
        ))
        .with("goes", goes));
    }
    removal::remove(&state, &user).await?;
    state.store.audit(&caller.user.id, None, "user.delete", user.login.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}
