use maru_engine::EngineError;
use maru_git::GitError;
use maru_model::Text;
use maru_store::StoreError;

/// What was attempted with a repository, a build or the registry, and why it failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("nothing of that name, or not the caller's")]
    NotFound,
    /// What was asked for cannot be, for a reason that the user can mend.
    #[error("{detail}")]
    Refused { code: &'static str, detail: Text, fix: Text },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{attempt}: {source}")]
    Io { attempt: String, source: std::io::Error },
    #[error("{attempt}: {message}")]
    Registry { attempt: String, message: String },
}

impl BuildError {
    pub(crate) fn io(attempt: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let attempt = attempt.into();
        move |source| Self::Io { attempt, source }
    }

    pub(crate) fn registry(attempt: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self::Registry { attempt: attempt.into(), message: message.to_string() }
    }
}
