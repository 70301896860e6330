/// What was attempted at the Engine, and what it answered.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("{attempt}: not found")]
    NotFound { attempt: String },
    #[error("{attempt}: {message}")]
    Conflict { attempt: String, message: String },
    #[error("{attempt}: the Docker Engine answered {status}: {message}")]
    Refused { attempt: String, status: u16, message: String },
    #[error("{attempt}: {source}")]
    Transport { attempt: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{attempt}: {message}")]
    Failed { attempt: String, message: String },
}

impl EngineError {
    pub(crate) fn during(attempt: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        let attempt = attempt.into();
        move |error| match error {
            bollard::errors::Error::DockerResponseServerError { status_code: 404, message }
                if message.to_ascii_lowercase().contains("no such") || message.contains("not found") =>
            {
                Self::NotFound { attempt }
            }
            bollard::errors::Error::DockerResponseServerError { status_code: 409, message } => Self::Conflict { attempt, message },
            bollard::errors::Error::DockerResponseServerError { status_code, message } => {
                Self::Refused { attempt, status: status_code, message }
            }
            bollard::errors::Error::DockerStreamError { error } => Self::Failed { attempt, message: error },
            other => Self::Transport { attempt, source: Box::new(other) },
        }
    }

    /// The same for streams, where many answers may fail.
    pub(crate) fn during_each(attempt: impl Into<String>) -> impl Fn(bollard::errors::Error) -> Self {
        let attempt = attempt.into();
        move |error| Self::during(attempt.clone())(error)
    }

    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}

/// "Not there" is an answer, not a failure.
pub(crate) fn found<T>(result: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
