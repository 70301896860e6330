//! The first project of every user: made from the starter template, with its image repositories, the first time that
//! anything needs it.

use maru_model::{ProjectName, Text};
use maru_store::users::User;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::templates;

/// The folder below `templates/`, and the name of the project.
const STARTER: &str = "guestbook";

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
    let template = templates::read(state, STARTER).await?.ok_or_else(|| {
        let folder = state.config.templates.display();
        ApiError::internal(Text::verbatim(format!("there is no template {STARTER} in {folder}")))
    })?;
    match templates::make(state, user, &template, &project, &[]).await {
        // Two requests at once: the other one makes the repositories too.
        Ok(_) | Err(maru_git::GitError::Exists(_)) => Ok(()),
        Err(error) => Err(ApiError::internal(error)),
    }
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
