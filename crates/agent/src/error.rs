//! Everything that can go wrong, and the one place where it becomes words for the student.

mod words;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use maru_model::{Lang, Text};
use maru_protocol::{Problem, Upload};
use rustix::io::Errno;

#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("{path}: leads out of the home folder")]
    Outside { path: String },
    #[error("{path:?}: not a usable path")]
    BadPath { path: String },
    #[error("{path}: not found")]
    NotFound { path: String },
    #[error("{path}: is a folder")]
    IsFolder { path: String },
    #[error("{path}: not a folder")]
    NotFolder { path: String },
    #[error("{path}: not a regular file")]
    NotRegular { path: String },
    #[error("{path}: is there already")]
    Exists { path: String },
    #[error("some names are taken, {} among them", paths.first().map_or("", String::as_str))]
    AllTaken { paths: Vec<String> },
    /// `refused` is the upload that keeps what was not saved.
    #[error("{path}: changed since it was read")]
    Conflict { path: String, etag: Option<String>, refused: Option<String> },
    #[error("{path}: no space left on the disk")]
    NoSpace { path: String },
    #[error("{path}: permission denied")]
    Denied { path: String },
    #[error("range not satisfiable; the file has {size} bytes")]
    Range { size: u64 },
    #[error("{what} {path}: {source}")]
    Io { what: &'static str, path: String, source: std::io::Error },
    #[error("{0}")]
    Request(String),
    #[error("no terminal {id}")]
    NoTerminal { id: String },
    #[error("{limit} terminals are open")]
    TooManyTerminals { limit: usize },
    #[error("no language server for {id}")]
    NoLanguageServer { id: String },
    #[error("{limit} language servers run")]
    TooManyLanguageServers { limit: usize },
    #[error("start {program}: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("nothing answers on port {port}: {source}")]
    Port { port: u16, source: std::io::Error },
    #[error("no such path: {path}")]
    NoRoute { path: String },
    #[error("too large: {what}, at most {limit}")]
    TooLarge { what: Text, limit: u64 },
    #[error("an unsafe or broken archive: {why}")]
    BadArchive { why: Text },
    #[error("neither zip nor tar")]
    NoArchive,
    #[error("{path}: holds the trash")]
    HoldsTrash { path: String },
    #[error("no {id} in the trash")]
    NotInTrash { id: String },
    #[error("no upload {id}")]
    NoUpload { id: String },
    #[error("the upload goes on at byte {offset}")]
    UploadOffset { offset: u64 },
    #[error("another request goes on with this upload")]
    UploadTaken,
}

impl AgentError {
    /// What a failed system call on a path of the student's means.
    pub(crate) fn of(what: &'static str, path: &str, error: impl Into<std::io::Error>) -> Self {
        let source = error.into();
        let path = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::NOENT) => Self::NotFound { path },
            Some(Errno::XDEV | Errno::LOOP) => Self::Outside { path },
            Some(Errno::ISDIR) => Self::IsFolder { path },
            Some(Errno::NOTDIR) => Self::NotFolder { path },
            Some(Errno::EXIST | Errno::NOTEMPTY) => Self::Exists { path },
            Some(Errno::NOSPC | Errno::DQUOT) => Self::NoSpace { path },
            Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Self::Denied { path },
            Some(Errno::NAMETOOLONG | Errno::INVAL) => Self::BadPath { path },
            Some(Errno::NXIO | Errno::NODEV) => Self::NotRegular { path },
            _ => Self::Io { what, path, source },
        }
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Outside { .. } => (StatusCode::BAD_REQUEST, "outside_home"),
            Self::BadPath { .. } => (StatusCode::BAD_REQUEST, "bad_path"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found"),
            Self::IsFolder { .. } => (StatusCode::CONFLICT, "is_folder"),
            Self::NotFolder { .. } => (StatusCode::CONFLICT, "not_folder"),
            Self::NotRegular { .. } => (StatusCode::CONFLICT, "not_regular"),
            Self::Exists { .. } | Self::AllTaken { .. } => (StatusCode::CONFLICT, "exists"),
            Self::Conflict { .. } => (StatusCode::PRECONDITION_FAILED, "file_conflict"),
            Self::NoSpace { .. } => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
            Self::Denied { .. } => (StatusCode::FORBIDDEN, "permission_denied"),
            Self::Range { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable"),
            Self::Io { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "io_error"),
            Self::Request(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::NoTerminal { .. } => (StatusCode::NOT_FOUND, "no_terminal"),
            Self::TooManyTerminals { .. } => (StatusCode::CONFLICT, "terminal_limit"),
            Self::NoLanguageServer { .. } => (StatusCode::NOT_FOUND, "no_language_server"),
            Self::TooManyLanguageServers { .. } => (StatusCode::CONFLICT, "language_server_limit"),
            Self::Start { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "start_failed"),
            Self::Port { .. } => (StatusCode::BAD_GATEWAY, "port_closed"),
            Self::NoRoute { .. } => (StatusCode::NOT_FOUND, "no_route"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::BadArchive { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_archive"),
            Self::NoArchive => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "no_archive"),
            Self::HoldsTrash { .. } => (StatusCode::CONFLICT, "holds_trash"),
            Self::NotInTrash { .. } => (StatusCode::NOT_FOUND, "not_in_trash"),
            Self::NoUpload { .. } => (StatusCode::NOT_FOUND, "no_upload"),
            Self::UploadOffset { .. } => (StatusCode::CONFLICT, "upload_offset"),
            Self::UploadTaken => (StatusCode::CONFLICT, "upload_taken"),
        }
    }

    /// The whole answer, in the reader's language.
    pub(crate) fn render(&self, lang: Lang) -> Response {
        let (status, code) = self.status();
        let mut problem = Problem::new(lang, status.as_u16(), code, &self.title(), &self.detail());
        if let Some(fix) = self.fix() {
            problem = problem.with_fix(lang, &fix);
        }
        match self {
            Self::Conflict { etag, refused, .. } => {
                problem = problem.with("etag", etag.clone()).with("refused", refused.clone());
            }
            Self::AllTaken { paths } => problem = problem.with("paths", paths.clone()),
            Self::UploadOffset { offset } => problem = problem.with("offset", *offset),
            _ => {}
        }
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, Problem::CONTENT_TYPE)], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.as_str()));
        match self {
            Self::Conflict { etag: Some(etag), .. } => {
                if let Ok(value) = HeaderValue::from_str(etag) {
                    headers.insert(header::ETAG, value);
                }
            }
            Self::Range { size } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::UploadOffset { offset } => {
                headers.insert(HeaderName::from_static(Upload::OFFSET), HeaderValue::from(*offset));
            }
            _ => {}
        }
        response
    }
}

/// The language is not known here: [`crate::app`]'s outermost layer renders what this leaves in the extensions.
impl IntoResponse for AgentError {
    fn into_response(self) -> Response {
        let (status, _) = self.status();
        if status.is_server_error() {
            tracing::warn!(error = %self, "request failed");
        }
        let mut response = status.into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}
