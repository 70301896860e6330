//! Classes: listed with their numbers, made, renamed, archived, removed.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use jiff::Timestamp;
use maru_model::Text;
use maru_store::StoreError;
use maru_store::classes::Class;
use serde::Deserialize;
use serde_json::{Value, json};

use super::people::valid_name;
use super::{Page, require_admin};
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::routes::classes::looked_after;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/admin/classes", get(list).post(create)).route("/admin/classes/{id}", get(show).patch(change).delete(remove))
}

pub(super) fn body(class: &Class) -> Value {
    let time = |at| Timestamp::from_millisecond(at).ok();
    json!({
        "id": class.id,
        "name": class.name,
        "students": class.students,
        "instructors": class.instructors,
        "archived": class.archived_at.is_some(),
        "created_at": time(class.created_at),
        "archived_at": class.archived_at.and_then(time),
    })
}

/// A class that the caller looks after.
pub async fn seen(state: &AppState, caller: &CurrentUser, id: String) -> ApiResult<Class> {
    let id = looked_after(state, caller, id).await?;
    state.store.class(&id).await?.ok_or_else(ApiError::not_found)
}

/// The same, where it is not archived.
pub(super) async fn open(state: &AppState, caller: &CurrentUser, id: String) -> ApiResult<Class> {
    let class = seen(state, caller, id).await?;
    if class.archived_at.is_none() {
        return Ok(class);
    }
    Err(ApiError::new(
        StatusCode::CONFLICT,
        "class_archived",
        Text::new(format!("The class {} is archived.", class.name), format!("{} 수업은 보관되어 있습니다.", class.name)),
    )
    .fix(Text::new("Take it out of the archive first.", "먼저 보관을 해제하세요.")))
}

async fn list(State(state): State<AppState>, caller: CurrentUser, Query(page): Query<Page>) -> ApiResult<Json<Value>> {
    caller.require_staff()?;
    let classes = state.store.classes_seen_by(&caller.user, &page.q, &page.cursor, page.limit()).await?;
    let cursor = page.next(&classes, |class| &class.name);
    Ok(Json(json!({"classes": classes.iter().map(body).collect::<Vec<_>>(), "cursor": cursor})))
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    Ok(Json(body(&seen(&state, &caller, id).await?)))
}

fn class_name(name: &str) -> ApiResult<&str> {
    let name = valid_name(name)?;
    if name.is_empty() {
        return Err(ApiError::bad_request(Text::new("A class needs a name.", "수업 이름을 쓰세요.")));
    }
    Ok(name)
}

fn taken(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(_) => ApiError::new(
            StatusCode::CONFLICT,
            "name_taken",
            Text::new("There is a class of this name already.", "같은 이름의 수업이 이미 있습니다."),
        )
        .fix(Text::new("Choose another name.", "다른 이름을 고르세요.")),
        other => other.into(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
}

async fn create(State(state): State<AppState>, caller: CurrentUser, Json(new): Json<New>) -> ApiResult<Response> {
    require_admin(&caller)?;
    let name = class_name(&new.name)?;
    let id = state.store.add_class(name).await.map_err(taken)?;
    state.store.audit(&caller.user.id, None, "class.create", name).await?;
    let class = state.store.class(&id).await?.ok_or_else(ApiError::not_found)?;
    let place = format!("/api/v1/admin/classes/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(body(&class))).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    archived: Option<bool>,
}

async fn change(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(id): Path<String>,
    Json(change): Json<Change>,
) -> ApiResult<Json<Value>> {
    let class = seen(&state, &caller, id).await?;
    let name = change.name.as_deref().map_or(Ok(class.name.as_str()), class_name)?.to_owned();
    let archived = change.archived.unwrap_or(class.archived_at.is_some());
    state.store.change_class(&class.id, &name, archived).await.map_err(taken)?;
    if name != class.name {
        state.store.audit(&caller.user.id, None, "class.rename", &format!("{} → {name}", class.name)).await?;
    }
    if archived != class.archived_at.is_some() {
        let action = if archived { "class.archive" } else { "class.restore" };
        state.store.audit(&caller.user.id, None, action, &name).await?;
    }
    let class = state.store.class(&class.id).await?.ok_or_else(ApiError::not_found)?;
    Ok(Json(body(&class)))
}

#[derive(Deserialize)]
struct Removal {
    /// The class's name once more.
    #[serde(default)]
    confirm: String,
}

/// Its members stay users, with everything that is theirs.
async fn remove(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(id): Path<String>,
    Query(removal): Query<Removal>,
) -> ApiResult<StatusCode> {
    let class = seen(&state, &caller, id).await?;
    require_admin(&caller)?;
    let members = class.students + class.instructors;
    if members > 0 && removal.confirm != class.name {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "confirm",
            Text::new(
                format!("The class {} has {members} members. They stay; the class and its settings go.", class.name),
                format!("{} 수업에 {members}명이 있습니다. 구성원은 남고 수업과 설정만 지워집니다.", class.name),
            ),
        )
        .fix(Text::new(
            "Ask again with ?confirm= and the class's name; or archive it.",
            "?confirm= 뒤에 수업 이름을 붙여 다시 요청하거나, 보관하세요.",
        ))
        .with("members", members));
    }
    state.store.delete_class(&class.id).await?;
    state.store.audit(&caller.user.id, None, "class.delete", &class.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
