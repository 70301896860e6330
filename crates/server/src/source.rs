//! Where a user's application comes from: what `PUT /app` said, and the starter project where it said nothing.

use http::StatusCode;
use maru_build::{Builds, Repository, Source as Origin};
use maru_git::{GitError, Project};
use maru_manifest::Files;
use maru_model::{ProjectName, Text};
use maru_rollout::Source;
use maru_store::users::User;
use maru_workspace::ExecRequest;

use crate::error::{ApiError, ApiResult};
use crate::starter;
use crate::state::AppState;

/// Seconds that a look into the workspace may take.
const LOOK_SECONDS: u64 = 20;

/// As the user said it.
///
/// # Errors
/// Where the database does not answer.
pub async fn of(state: &AppState, user: &User) -> ApiResult<Source> {
    Ok(match state.store.app(&user.id).await? {
        Some(app) => Source { from: app.source, path: app.path },
        None => Source { from: Origin::Project { project: starter::project()? }, path: String::new() },
    })
}

/// The project in the workspace that is meant where a request names none: the starter for an application from elsewhere.
///
/// # Errors
/// Where the database does not answer.
pub async fn project(state: &AppState, user: &User) -> ApiResult<ProjectName> {
    match of(state, user).await?.from {
        Origin::Project { project } => Ok(project),
        Origin::Remote { .. } => starter::project(),
    }
}

/// As the user said it, with an application that has it.
///
/// # Errors
/// 404 `no_project` where the project was deleted.
pub async fn ensured(state: &AppState, user: &User) -> ApiResult<Source> {
    let source = of(state, user).await?;
    if let Origin::Project { project } = &source.from {
        open(state, user, project).await?;
        state.rollouts.ensure_app(user, project).await?;
    }
    Ok(source)
}

/// The newest commit of a repository elsewhere, fetched, to be read.
///
/// # Errors
/// 409 `remote` with the reason in words.
pub async fn fetched(state: &AppState, url: &str, branch: &str) -> ApiResult<(Project, String)> {
    let project = state.git.fetch_remote(url, branch).await.map_err(elsewhere)?;
    let head = project.head(branch).await.map_err(ApiError::internal)?;
    Ok((project, head.ok_or_else(|| ApiError::internal(format!("{branch} of {url} is not there after its fetch")))?))
}

/// What went wrong with a repository elsewhere.
pub fn elsewhere(error: GitError) -> ApiError {
    match (error.remote_words(), &error) {
        (Some((detail, fix)), GitError::BadRemote { .. }) => ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_source", detail).fix(fix),
        (Some((detail, fix)), _) => ApiError::new(StatusCode::CONFLICT, "remote", detail).fix(fix),
        (None, _) => ApiError::internal(error),
    }
}

/// The image repositories that a Deploy builds, and whether each is of the very source of the manifests, so of their commit.
/// Of a project those are all. An application from elsewhere also has those of other sources that its manifests name.
pub fn repositories(all: Vec<Repository>, user: &User, source: &Source, manifests: &Files) -> Vec<(Repository, bool)> {
    let same = |repository: Repository| {
        let same = repository.source == source.from;
        (repository, same)
    };
    let built = |(repository, same): &(Repository, bool)| {
        let elsewhere = matches!(source.from, Origin::Remote { .. });
        *same || elsewhere && names(manifests, &Builds::image(&user.login, &repository.name))
    };
    all.into_iter().map(same).filter(built).collect()
}

/// Whether any manifest names the image; `registry.localhost/mina/web` is not in `registry.localhost/mina/web-old`.
fn names(manifests: &Files, image: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_'));
    let in_text = |text: &str| text.match_indices(image).any(|(at, _)| ends(text.get(at + image.len()..).unwrap_or_default()));
    manifests.values().any(|bytes| in_text(&String::from_utf8_lossy(bytes)))
}

/// A project of the user's; the starter project is made where it is that.
///
/// # Errors
/// 404 `no_project` where there is none of that name.
pub async fn open(state: &AppState, user: &User, name: &ProjectName) -> ApiResult<Project> {
    if *name == starter::project()? {
        starter::ensure(state, user).await?;
    }
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

/// What a project is cloned from in its owner's workspace: the agent there passes it on, as that user.
pub fn clone_url(user: &User, project: &ProjectName) -> String {
    format!("http://127.0.0.1:7070/git/{}/{project}.git", user.login)
}

/// Begins a script of `sh` that works in the project `$1` of the workspace; it ends with [`NOT_CLONED`] where that is not there.
pub const IN_PROJECT: &str = "cd \"$HOME/$1\" && git rev-parse --is-inside-work-tree >/dev/null || exit 97\n";
/// An exit code that neither programs nor shells use by themselves.
pub const NOT_CLONED: i32 = 97;

/// Sees to it that the project lies in the workspace, which runs.
///
/// # Errors
/// 409 `not_cloned`; where the workspace does not answer.
pub async fn in_workspace(state: &AppState, user: &User, project: &ProjectName) -> ApiResult<()> {
    let request = ExecRequest {
        argv: ["sh", "-c", IN_PROJECT, "look", project.as_str()].map(str::to_owned).to_vec(),
        timeout: Some(LOOK_SECONDS),
        ..ExecRequest::default()
    };
    if state.workspaces.exec(&user.id, &request).await?.code == 0 { Ok(()) } else { Err(not_cloned(user, project)) }
}

/// 409 `not_cloned`, with the command that clones it.
pub fn not_cloned(user: &User, project: &ProjectName) -> ApiError {
    let url = clone_url(user, project);
    ApiError::new(
        StatusCode::CONFLICT,
        "not_cloned",
        Text::new(
            format!("The project `{project}`, which your application comes from, is not in your workspace."),
            format!("앱의 소스인 `{project}` 프로젝트가 작업 공간에 없습니다."),
        ),
    )
    .fix(Text::new(
        format!("Run `git clone {url} ~/{project}` in the terminal, or choose another source on the Rollout page."),
        format!("터미널에서 `git clone {url} ~/{project}`을(를) 실행하거나, 롤아웃 화면에서 다른 소스를 고르세요."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_as_a_whole() {
        let named = |text: &str| names(&Files::from([("k8s/a.yaml".to_owned(), text.as_bytes().to_vec())]), "registry.localhost/mina/web");
        assert!(named("image: registry.localhost/mina/web") && named("image: registry.localhost/mina/web:3\n"));
        assert!(!named("image: registry.localhost/mina/web-old") && !named("image: registry.localhost/mina/we"));
    }
}
