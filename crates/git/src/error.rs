use maru_model::Text;

use crate::remote::Trouble;

/// What was attempted on a project, and why it failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("the project {0} exists already")]
    Exists(String),
    #[error("the project {0} does not exist")]
    NoProject(String),
    #[error("{attempt}: {source}")]
    Io { attempt: String, source: std::io::Error },
    #[error("{attempt}: git said: {message}")]
    Git { attempt: String, message: String },
    #[error("{attempt}: git's answer cannot be read: {message}")]
    Answer { attempt: String, message: String },
    #[error("{attempt}: no end after {seconds} s")]
    Timeout { attempt: String, seconds: u64 },
    #[error("{path} is {size} bytes; at most {limit} are read")]
    TooLarge { path: String, size: u64, limit: u64 },
    #[error("{0:?} is not a path inside a project")]
    BadPath(String),
    #[error("{url}: {reason}")]
    BadRemote { url: String, reason: Text },
    #[error("fetching {branch} of {url}: git said: {said}")]
    Remote { url: String, branch: String, trouble: Trouble, said: String },
    #[error("fetching {url}: no end after {seconds} s")]
    RemoteLate { url: String, seconds: u64 },
}

impl GitError {
    pub(crate) fn io(attempt: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let attempt = attempt.into();
        move |source| Self::Io { attempt, source }
    }
}
