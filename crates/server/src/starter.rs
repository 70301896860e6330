//! The first project of every user: made from the starter template, with its image repositories, the first time that
//! anything needs it.

use std::collections::BTreeMap;

use maru_build::{RepositorySpec, Source};
use maru_model::{ProjectName, Text};
use maru_store::users::User;
use serde::Deserialize;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// The folder below `templates/`, and the name of the project.
const STARTER: &str = "guestbook";

/// `template.json`: what belongs to a template beside its files.
#[derive(Deserialize)]
struct Template {
    repositories: Vec<TemplateRepository>,
}

#[derive(Deserialize)]
struct TemplateRepository {
    name: String,
    context: String,
    dockerfile: String,
}

/// The project's name.
///
/// # Errors
/// Never in practice: the constant is a valid name, and a test says so.
pub fn project() -> ApiResult<ProjectName> {
    ProjectName::parse(STARTER).map_err(ApiError::internal)
}

/// Makes the user's project and repositories unless the project is there. Whoever deleted a repository keeps it deleted.
///
/// # Errors
/// Where the template cannot be read or the project cannot be made.
pub async fn ensure(state: &AppState, user: &User) -> ApiResult<()> {
    let project = project()?;
    if state.git.open(&user.login, &project).await.is_ok() {
        return Ok(());
    }
    let folder = state.config.templates.join(STARTER);
    let unreadable = |error: &dyn std::fmt::Display| {
        ApiError::internal(Text::verbatim(format!("reading the starter template {}: {error}", folder.display())))
    };
    let described = tokio::fs::read(folder.join("template.json")).await.map_err(|error| unreadable(&error))?;
    let template: Template = serde_json::from_slice(&described).map_err(|error| unreadable(&error))?;
    let replacements = BTreeMap::from([
        ("login".to_owned(), user.login.to_string()),
        ("apps_domain".to_owned(), state.config.apps_domain.clone()),
        ("apps_port".to_owned(), state.config.url_port()),
    ]);
    let author = maru_git::Author::of(&user.login, &user.name);
    match state.git.create_from_template(&user.login, &project, &folder, &replacements, &author).await {
        Ok(_) => {}
        // Two requests at once: the other one makes the repositories too.
        Err(maru_git::GitError::Exists(_)) => return Ok(()),
        Err(error) => return Err(ApiError::internal(error)),
    }
    for repository in template.repositories {
        let spec = RepositorySpec {
            name: repository.name.to_string(),
            source: Source::Project { project: project.clone() },
            context: repository.context,
            dockerfile: repository.dockerfile,
        };
        let made = state.builds.add_repository(&user.id, spec).await;
        if let Err(error) = made {
            tracing::warn!(%error, user = %user.login, "a repository of the starter project was not made");
        }
    }
    Ok(())
}

/// Begins [`ensure`] beside a workspace that starts: the home asks for the project by git, which waits for it, when the
/// container has booted. Without the project the workspace is still of use.
pub fn begin(state: &AppState, user: &User) {
    let (state, user) = (state.clone(), user.clone());
    tokio::spawn(async move {
        if let Err(error) = ensure(&state, &user).await {
            tracing::warn!(?error, user = %user.login, "the starter project cannot be made");
        }
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_starter_has_a_valid_name() {
        assert!(super::project().is_ok());
    }
}
