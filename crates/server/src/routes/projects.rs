//! Projects, and the templates that they are made of.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use maru_git::GitError;
use maru_model::{Login, ProjectName, Text};
use maru_store::users::User;
use maru_workspace::ExecRequest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::{lang, source, starter, templates};

/// Projects of one user: more than a course has, and few enough to be listed.
const PROJECT_LIMIT: usize = 20;
/// Seconds that cloning a new project may take: it comes from this machine, and has one commit.
const CLONE_SECONDS: u64 = 60;

pub fn routes() -> Router<AppState> {
    Router::new().route("/templates", get(list_templates)).route("/projects", get(list).post(add))
}

async fn list_templates(State(state): State<AppState>, _: CurrentUser, lang::Lang(lang): lang::Lang) -> ApiResult<Json<Value>> {
    let templates = templates::all(&state).await?;
    let templates: Vec<Value> = templates
        .iter()
        .map(|template| {
            json!({
                "name": template.name,
                "title": template.title.get(lang),
                "description": template.description.get(lang),
                "repositories": template.repositories.len(),
            })
        })
        .collect();
    Ok(Json(json!({ "templates": templates })))
}

fn url(state: &AppState, login: &Login, project: &ProjectName) -> String {
    format!("{}/git/{login}/{project}.git", state.config.url.trim_end_matches('/'))
}

async fn list(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Value>> {
    starter::ensure(&state, &user).await?;
    let deployed = source::project(&state, &user).await?;
    let projects = state.git.list(&user.login).await.map_err(ApiError::internal)?;
    let projects: Vec<Value> =
        projects.iter().map(|name| json!({ "name": name, "url": url(&state, &user.login, name), "deployed": *name == deployed })).collect();
    Ok(Json(json!({ "projects": projects, "limit": PROJECT_LIMIT })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProject {
    name: String,
    template: String,
    /// Image repositories that go, to make room for those of the template.
    #[serde(default)]
    make_room: Vec<String>,
}

async fn add(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Json(given): Json<NewProject>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let name = ProjectName::parse(&given.name).map_err(|error| ApiError::bad_request(error.text()))?;
    let Some(template) = templates::read(&state, &given.template).await? else {
        return Err(ApiError::bad_request(Text::new(
            format!("There is no template `{}`.", given.template),
            format!("`{}` 템플릿이 없습니다.", given.template),
        )));
    };
    // It is made by itself, some time: nobody else takes its name.
    starter::ensure(&state, &user).await?;
    if state.git.list(&user.login).await.map_err(ApiError::internal)?.len() >= PROJECT_LIMIT {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "project_limit",
            Text::new(
                format!("You have {PROJECT_LIMIT} projects, which is all a user may have."),
                format!("프로젝트는 한 사람에 {PROJECT_LIMIT}개까지인데 이미 모두 쓰고 있습니다."),
            ),
        )
        .fix(Text::new(
            "Work on in one of them: several applications can lie in folders of one project.",
            "있는 프로젝트에서 계속하세요. 앱 여러 개를 한 프로젝트의 폴더로 둘 수 있습니다.",
        )));
    }
    let made = templates::make(&state, &user, &template, &name, &given.make_room).await.map_err(|error| match error {
        GitError::Exists(_) => ApiError::new(
            StatusCode::CONFLICT,
            "project_exists",
            Text::new(format!("You have a project `{name}` already."), format!("`{name}` 프로젝트가 이미 있습니다.")),
        )
        .fix(Text::new("Choose another name.", "다른 이름을 고르세요.")),
        other => ApiError::internal(other),
    })?;
    let cloned = clone(&state, &user, &name).await;
    let not_made: Vec<Value> = made.not_made.iter().map(|(name, why)| json!({ "name": name, "reason": why.get(lang) })).collect();
    let body = json!({
        "name": name,
        "url": url(&state, &user.login, &name),
        "repositories": made.repositories,
        "not_made": not_made,
        "cloned": cloned,
    });
    Ok((StatusCode::CREATED, Json(body)))
}

/// Clones a project into the home, beside the others. False where the workspace does not run, or something of that name is
/// there: the project is made all the same, and can be cloned by hand.
async fn clone(state: &AppState, user: &User, project: &ProjectName) -> bool {
    let script = r#"cd && [ ! -e "$2" ] && exec git clone --quiet "$1" "$2""#;
    let request = ExecRequest {
        argv: ["sh", "-c", script, "clone", &source::clone_url(user, project), project.as_str()].map(str::to_owned).to_vec(),
        timeout: Some(CLONE_SECONDS),
        ..ExecRequest::default()
    };
    match state.workspaces.exec(&user.id, &request).await {
        Ok(done) if done.code == 0 => true,
        Ok(done) => {
            tracing::info!(user = %user.login, %project, said = done.stderr, "a new project was not cloned");
            false
        }
        Err(error) => {
            tracing::info!(user = %user.login, %project, %error, "a new project was not cloned");
            false
        }
    }
}
