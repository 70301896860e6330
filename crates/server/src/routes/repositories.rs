//! Image repositories and their versions.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use maru_build::{BuildError, Builds, Repository, RepositorySpec, Source, Version};
use maru_model::{Lang, Login, Text};
use serde::Deserialize;
use serde_json::{Value, json};

use super::builds::{self, rfc3339};
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::lang;
use crate::state::AppState;

/// Builds that are listed with a repository.
const LISTED_BUILDS: i64 = 100;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/base-images", get(base_images))
        .route("/repositories", get(list).post(add))
        .route("/repositories/{name}", get(show).put(change).delete(remove))
        .route("/repositories/{name}/versions", get(versions))
        .route("/repositories/{name}/builds", post(build).get(list_builds))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: Option<String>,
    source: Source,
    #[serde(default)]
    context: String,
    #[serde(default)]
    dockerfile: String,
}

impl Given {
    fn spec(self, name: String) -> RepositorySpec {
        RepositorySpec { name, source: self.source, context: self.context, dockerfile: self.dockerfile }
    }
}

async fn json_of(state: &AppState, login: &Login, repository: &Repository, lang: Lang) -> ApiResult<Value> {
    let latest = state.builds.newest_version(repository).await?;
    let last = state.builds.builds(repository, 1).await?.pop();
    Ok(json!({
        "id": repository.id,
        "name": repository.name,
        "source": repository.source,
        "context": repository.context,
        "dockerfile": repository.dockerfile,
        "image": Builds::image(login, &repository.name),
        "created_at": rfc3339(repository.created_at),
        "latest_version": latest.map(|version| version_json(login, repository, &version)),
        "last_build": last.map(|last| builds::json_of(&last, repository, lang)),
    }))
}

fn version_json(login: &Login, repository: &Repository, version: &Version) -> Value {
    json!({
        "number": version.number,
        "tag": version.number.to_string(),
        "image": format!("{}:{}", Builds::image(login, &repository.name), version.number),
        "digest": version.digest,
        "commit": version.commit,
        "size": version.size,
        "build": version.build_id,
        "created_at": rfc3339(version.created_at),
    })
}

async fn list(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
) -> ApiResult<Json<Value>> {
    let mut repositories = Vec::new();
    for repository in state.builds.repositories(&user.id).await? {
        repositories.push(json_of(&state, &user.login, &repository, lang).await?);
    }
    Ok(Json(json!({"repositories": repositories, "limit": maru_build::REPOSITORY_LIMIT})))
}

/// What a Dockerfile may start from.
async fn base_images(State(state): State<AppState>, _: CurrentUser) -> ApiResult<Json<Value>> {
    Ok(Json(json!({"images": state.builds.base_images().await?})))
}

async fn add(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Json(mut given): Json<Given>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let name = given.name.take().unwrap_or_default();
    let repository = state.builds.add_repository(&user.id, given.spec(name)).await?;
    Ok((StatusCode::CREATED, Json(json_of(&state, &user.login, &repository, lang).await?)))
}

async fn show(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(name): Path<String>,
) -> ApiResult<Json<Value>> {
    let repository = state.builds.repository(&user.id, &name).await?;
    Ok(Json(json_of(&state, &user.login, &repository, lang).await?))
}

async fn change(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(name): Path<String>,
    Json(given): Json<Given>,
) -> ApiResult<Json<Value>> {
    if given.name.as_ref().is_some_and(|given| *given != name) {
        return Err(ApiError::bad_request(Text::new(
            "A repository keeps its name: images are known by it.",
            "저장소 이름은 바꿀 수 없습니다. 이미지가 그 이름으로 불립니다.",
        )));
    }
    let repository = state.builds.change_repository(&user.id, given.spec(name)).await?;
    Ok(Json(json_of(&state, &user.login, &repository, lang).await?))
}

async fn remove(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Path(name): Path<String>) -> ApiResult<StatusCode> {
    state.builds.delete_repository(&user.id, &user.login, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn versions(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(name): Path<String>,
) -> ApiResult<Json<Value>> {
    let repository = state.builds.repository(&user.id, &name).await?;
    let versions = state.builds.versions(&repository).await?;
    let versions: Vec<_> = versions.iter().map(|version| version_json(&user.login, &repository, version)).collect();
    Ok(Json(json!({"versions": versions})))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct GivenBuild {
    commit: Option<String>,
}

async fn build(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(name): Path<String>,
    body: axum::body::Bytes,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let given: GivenBuild =
        if body.is_empty() { GivenBuild::default() } else { serde_json::from_slice(&body).map_err(|error| ApiError::bad_json(&error))? };
    let repository = state.builds.repository(&user.id, &name).await?;
    let build = state.builds.start(&user.login, &repository, given.commit.as_deref()).await?;
    Ok((StatusCode::ACCEPTED, Json(builds::json_of(&build, &repository, lang))))
}

async fn list_builds(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(name): Path<String>,
) -> ApiResult<Json<Value>> {
    let repository = state.builds.repository(&user.id, &name).await?;
    let listed = state.builds.builds(&repository, LISTED_BUILDS).await?;
    let listed: Vec<_> = listed.iter().map(|build| builds::json_of(build, &repository, lang)).collect();
    Ok(Json(json!({"builds": listed})))
}

impl From<BuildError> for ApiError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::NotFound => Self::not_found(),
            BuildError::Refused { code, detail, fix } => {
                let status = match code {
                    "repository_limit" | "name_taken" | "no_commit" | "remote" => StatusCode::CONFLICT,
                    _ => StatusCode::UNPROCESSABLE_ENTITY,
                };
                Self::new(status, code, detail).fix(fix)
            }
            other => Self::internal(other),
        }
    }
}
