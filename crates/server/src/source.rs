//! Where a user's application comes from: what `PUT /app` said, and the starter project where it said nothing.

use http::StatusCode;
use maru_git::{GitError, Project};
use maru_model::{ProjectName, Text};
use maru_store::users::User;
use maru_workspace::ExecRequest;

use crate::error::{ApiError, ApiResult};
use crate::starter;
use crate::state::AppState;

/// Seconds that a look into the workspace may take.
const LOOK_SECONDS: u64 = 20;

/// The user's project that is deployed, planned, checked, and meant where a request names none.
///
/// # Errors
/// Where the database does not answer.
pub async fn project(state: &AppState, user: &User) -> ApiResult<ProjectName> {
    match state.store.app(&user.id).await? {
        Some(app) => ProjectName::parse(app.project).map_err(ApiError::internal),
        None => starter::project(),
    }
}

/// The same, there to be read: the starter project is made where it is that.
///
/// # Errors
/// 404 `no_project` where it was deleted.
pub async fn ensured(state: &AppState, user: &User) -> ApiResult<(ProjectName, Project)> {
    let name = project(state, user).await?;
    if name == starter::project()? {
        starter::ensure(state, user).await?;
    }
    let project = open(state, user, &name).await?;
    Ok((name, project))
}

/// A project of the user's.
///
/// # Errors
/// 404 `no_project` where there is none of that name.
pub async fn open(state: &AppState, user: &User, name: &ProjectName) -> ApiResult<Project> {
    state.git.open(&user.login, name).await.map_err(|error| match error {
        GitError::NoProject(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "no_project",
            Text::new(
                format!("You have no project `{name}`: it was deleted, or never made."),
                format!("`{name}` 프로젝트가 없습니다. 삭제되었거나 만든 적이 없습니다."),
            ),
        )
        .fix(Text::new(
            "Choose another source of the application on the Rollout page, or make a project of that name.",
            "롤아웃 화면에서 앱의 소스를 다른 것으로 고르거나, 그 이름의 프로젝트를 만드세요.",
        )),
        other => ApiError::internal(other),
    })
}

/// Sees to it that the project lies in the workspace, which runs.
///
/// # Errors
/// 409 `not_cloned`, with the command that clones it; where the workspace does not answer.
pub async fn in_workspace(state: &AppState, user: &User, project: &ProjectName) -> ApiResult<()> {
    let request = ExecRequest {
        argv: ["sh", "-c", r#"cd "$HOME/$1" && git rev-parse --is-inside-work-tree"#, "look", project.as_str()].map(str::to_owned).to_vec(),
        timeout: Some(LOOK_SECONDS),
        ..ExecRequest::default()
    };
    if state.workspaces.exec(&user.id, &request).await?.code == 0 {
        return Ok(());
    }
    let login = &user.login;
    Err(ApiError::new(
        StatusCode::CONFLICT,
        "not_cloned",
        Text::new(
            format!("The project `{project}`, which your application comes from, is not in your workspace."),
            format!("앱의 소스인 `{project}` 프로젝트가 작업 공간에 없습니다."),
        ),
    )
    .fix(Text::new(
        format!("Run `git clone http://127.0.0.1:7070/git/{login}/{project}.git ~/{project}` in the terminal, or choose another source on the Rollout page."),
        format!("터미널에서 `git clone http://127.0.0.1:7070/git/{login}/{project}.git ~/{project}`을(를) 실행하거나, 롤아웃 화면에서 다른 소스를 고르세요."),
    )))
}
