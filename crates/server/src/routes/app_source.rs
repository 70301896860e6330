//! Where an application comes from, and whether pushes there are followed.

use axum::extract::{Query, State};
use axum::routing::put;
use axum::{Json, Router};
use http::StatusCode;
use maru_build::Source as Origin;
use maru_model::{ProjectName, Text};
use maru_rollout::Source;
use maru_store::users::User;
use serde::Deserialize;
use serde_json::Value;

use super::app::answer;
use super::is_on;
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::lang;
use crate::source;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/app", put(change).patch(set))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    source: GivenSource,
    #[serde(default)]
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenSource {
    project: Option<String>,
    url: Option<String>,
    branch: Option<String>,
}

/// Where it says, checked as far as that needs nobody elsewhere.
async fn origin(state: &AppState, user: &User, given: GivenSource) -> ApiResult<Origin> {
    match given {
        GivenSource { project: Some(project), url: None, branch: None } => {
            let project = ProjectName::parse(project).map_err(|error| ApiError::bad_request(error.text()))?;
            source::open(state, user, &project).await?;
            Ok(Origin::Project { project })
        }
        GivenSource { project: None, url: Some(url), branch } => {
            let url = url.trim().to_owned();
            let branch = branch.map(|branch| branch.trim().to_owned()).filter(|branch| !branch.is_empty());
            let branch = branch.unwrap_or_else(|| maru_git::MAIN.to_owned());
            state.git.check_remote(&url, &branch).map_err(source::elsewhere)?;
            Ok(Origin::Remote { url, branch })
        }
        _ => Err(ApiError::bad_request(Text::new(
            "A source is a project of yours, `{\"project\": NAME}`, or a repository elsewhere, `{\"url\": ADDRESS, \"branch\": NAME}`.",
            "소스는 내 프로젝트(`{\"project\": 이름}`)이거나 외부 저장소(`{\"url\": 주소, \"branch\": 이름}`)입니다.",
        ))),
    }
}

#[derive(Deserialize)]
struct Changing {
    /// What is elsewhere is fetched first, and what cannot be is not taken.
    #[serde(default)]
    fetch: String,
}

async fn change(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Query(Changing { fetch }): Query<Changing>,
    lang::Lang(lang): lang::Lang,
    Json(given): Json<Given>,
) -> ApiResult<Json<Value>> {
    let from = origin(&state, &user, given.source).await?;
    let path = given.path.trim_matches('/').to_owned();
    if path.split('/').any(|part| part == "..") {
        return Err(ApiError::bad_request(Text::new("The path must lie in the project.", "경로는 프로젝트 안에 있어야 합니다.")));
    }
    if let Origin::Remote { url, branch } = &from
        && is_on(&fetch)
    {
        source::fetched(&state, url, branch).await?;
    }
    state.rollouts.put_app(&user, &Source { from, path }).await?;
    // Where it follows git, it has something else to follow.
    state.pushes.pushed(user.id.clone());
    answer(&state, &user, lang).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switches {
    /// A push to `main` refreshes the target state.
    refresh_on_push: bool,
}

async fn set(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Json(Switches { refresh_on_push }): Json<Switches>,
) -> ApiResult<Json<Value>> {
    let source = source::ensured(&state, &user).await?;
    if refresh_on_push && matches!(source.from, Origin::Remote { .. }) {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "no_pushes",
            Text::new(
                "The application comes from a repository elsewhere, and nobody tells Maru of a push there.",
                "앱의 소스가 외부 저장소라서, 그곳에 push되어도 마루가 알 수 없습니다.",
            ),
        )
        .fix(Text::new("Refresh from git after a push, or deploy.", "push한 뒤 git 불러오기나 배포를 하세요.")));
    }
    state.rollouts.set_refresh_on_push(&user, refresh_on_push).await?;
    // What was pushed before counts as well.
    state.pushes.pushed(user.id.clone());
    answer(&state, &user, lang).await
}
