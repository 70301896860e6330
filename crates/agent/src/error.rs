//! Everything that can go wrong, and the one place where it becomes words for the student.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use maru_model::{Lang, Text};
use maru_protocol::Problem;
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
    #[error("{path}: changed since it was read")]
    Conflict { path: String, etag: Option<String> },
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
    #[error("start {program}: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("nothing answers on port {port}: {source}")]
    Port { port: u16, source: std::io::Error },
    #[error("no such path: {path}")]
    NoRoute { path: String },
    #[error("too large: {what}, at most {limit} bytes")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("{path}: an unsafe or broken archive: {why}")]
    BadArchive { path: String, why: String },
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
            Self::Exists { .. } => (StatusCode::CONFLICT, "exists"),
            Self::Conflict { .. } => (StatusCode::PRECONDITION_FAILED, "file_conflict"),
            Self::NoSpace { .. } => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
            Self::Denied { .. } => (StatusCode::FORBIDDEN, "permission_denied"),
            Self::Range { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable"),
            Self::Io { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "io_error"),
            Self::Request(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::NoTerminal { .. } => (StatusCode::NOT_FOUND, "no_terminal"),
            Self::TooManyTerminals { .. } => (StatusCode::CONFLICT, "terminal_limit"),
            Self::Start { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "start_failed"),
            Self::Port { .. } => (StatusCode::BAD_GATEWAY, "port_closed"),
            Self::NoRoute { .. } => (StatusCode::NOT_FOUND, "no_route"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::BadArchive { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_archive"),
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::Outside { .. } | Self::BadPath { .. } => Text::new("This path cannot be used", "사용할 수 없는 경로입니다"),
            Self::NotFound { .. } | Self::NoTerminal { .. } | Self::NoRoute { .. } => Text::new("Not found", "찾을 수 없습니다"),
            Self::IsFolder { .. } | Self::NotFolder { .. } | Self::NotRegular { .. } => {
                Text::new("This is another kind of file", "다른 종류의 파일입니다")
            }
            Self::Exists { .. } => Text::new("The name is taken", "이미 있는 이름입니다"),
            Self::Conflict { .. } => Text::new("The file has changed meanwhile", "그사이 파일이 바뀌었습니다"),
            Self::NoSpace { .. } => Text::new("The disk is full", "디스크가 가득 찼습니다"),
            Self::Denied { .. } => Text::new("Permission denied", "권한이 없습니다"),
            Self::Range { .. } => Text::new("No such range", "범위를 벗어났습니다"),
            Self::Io { .. } => Text::new("The file system reported an error", "파일 시스템 오류입니다"),
            Self::Request(_) => Text::new("The request makes no sense", "잘못된 요청입니다"),
            Self::TooManyTerminals { .. } => Text::new("Too many terminals", "터미널이 너무 많습니다"),
            Self::Start { .. } => Text::new("The program did not start", "프로그램을 시작하지 못했습니다"),
            Self::Port { .. } => Text::new("Nothing answers on this port", "포트에서 응답하는 프로그램이 없습니다"),
            Self::TooLarge { .. } => Text::new("Too large", "너무 큽니다"),
            Self::BadArchive { .. } => Text::new("This archive cannot be unpacked", "압축을 풀 수 없습니다"),
        }
    }

    fn detail(&self) -> Text {
        match self {
            Self::Outside { path } => {
                Text::new(format!("“{path}” leads out of your home folder."), format!("“{path}” 경로는 홈 폴더 밖을 가리킵니다."))
            }
            Self::BadPath { path } => Text::new(
                format!("“{}” is not a usable path.", path.escape_debug()),
                format!("“{}” 경로는 사용할 수 없습니다.", path.escape_debug()),
            ),
            Self::NotFound { path } => Text::new(format!("“{path}” does not exist."), format!("“{path}” 파일이나 폴더가 없습니다.")),
            Self::IsFolder { path } => {
                Text::new(format!("“{path}” is a folder, not a file."), format!("“{path}” 항목은 파일이 아니라 폴더입니다."))
            }
            Self::NotFolder { path } => Text::new(
                format!("“{path}” is, or passes through, something that is no folder."),
                format!("“{path}” 경로에 폴더가 아닌 항목이 있습니다."),
            ),
            Self::NotRegular { path } => Text::new(
                format!("“{path}” is a pipe, socket or device, not a file."),
                format!("“{path}” 항목은 일반 파일이 아니라 파이프, 소켓 또는 장치입니다."),
            ),
            Self::Exists { path } => {
                Text::new(format!("There is something at “{path}” already."), format!("“{path}” 이름은 이미 쓰이고 있습니다."))
            }
            Self::Conflict { path, etag: Some(_) } => Text::new(
                format!("“{path}” is no longer what you read: somebody or some program has changed it since."),
                format!("“{path}” 파일을 읽은 뒤에 다른 사람이나 프로그램이 내용을 바꾸었습니다."),
            ),
            Self::Conflict { path, etag: None } => Text::new(
                format!("“{path}” has been removed since you read it."),
                format!("“{path}” 파일을 읽은 뒤에 파일이 지워졌습니다."),
            ),
            Self::NoSpace { path } => Text::new(
                format!("There was no room to save “{path}”. What was there before is untouched."),
                format!("“{path}” 파일을 저장할 공간이 없습니다. 이전 내용은 그대로 남아 있습니다."),
            ),
            Self::Denied { path } => {
                Text::new(format!("Your user may not do this to “{path}”."), format!("“{path}” 항목에 대해 이 작업을 할 권한이 없습니다."))
            }
            Self::Range { size } => Text::new(format!("The file has {size} bytes."), format!("파일 크기는 {size}바이트입니다.")),
            Self::Io { what, path, source } => {
                Text::new(format!("Could not {what} “{path}”: {source}."), format!("“{path}” 작업에 실패했습니다 ({what}): {source}."))
            }
            Self::Request(why) => Text::verbatim(why.clone()),
            Self::NoTerminal { .. } => Text::new("This terminal has been closed.", "이미 닫힌 터미널입니다."),
            Self::TooManyTerminals { limit } => {
                Text::new(format!("A workspace has at most {limit} terminals."), format!("작업 공간의 터미널은 최대 {limit}개입니다."))
            }
            Self::Start { program, source } => Text::new(
                format!("“{program}” could not be started: {source}."),
                format!("“{program}” 프로그램을 시작할 수 없습니다: {source}."),
            ),
            Self::Port { port, source } => {
                Text::new(format!("Connecting to port {port} failed: {source}."), format!("{port}번 포트에 연결하지 못했습니다: {source}."))
            }
            Self::NoRoute { path } => Text::new(format!("The agent knows no “{path}”."), format!("에이전트에 “{path}” 경로가 없습니다.")),
            Self::TooLarge { what, limit } => {
                Text::new(format!("{what}: at most {limit} bytes."), format!("{what}: 최대 {limit}바이트입니다."))
            }
            Self::BadArchive { path, why } => Text::new(format!("“{path}”: {why}."), format!("“{path}”: {why}.")),
        }
    }

    fn fix(&self) -> Option<Text> {
        match self {
            Self::Conflict { .. } => Some(Text::new(
                "Compare with the file as it is now, then save again or take the other version.",
                "현재 파일과 비교한 다음 다시 저장하거나 바뀐 내용을 불러오세요.",
            )),
            Self::NoSpace { .. } => Some(Text::new(
                "Remove files you no longer need (du -sh ~/* ~/.cache shows the biggest), then save again.",
                "필요 없는 파일을 지운 뒤 다시 저장하세요 (du -sh ~/* ~/.cache 명령으로 큰 폴더를 찾을 수 있습니다).",
            )),
            Self::TooManyTerminals { .. } => Some(Text::new("Close one first.", "먼저 다른 터미널을 닫으세요.")),
            Self::Port { .. } => Some(Text::new(
                "Start the program, and look in its output for the port it listens on.",
                "프로그램을 시작하고, 출력에서 어느 포트를 쓰는지 확인하세요.",
            )),
            _ => None,
        }
    }

    /// The whole answer, in the reader's language.
    pub(crate) fn render(&self, lang: Lang) -> Response {
        let (status, code) = self.status();
        let mut problem = Problem::new(lang, status.as_u16(), code, &self.title(), &self.detail());
        if let Some(fix) = self.fix() {
            problem = problem.with_fix(lang, &fix);
        }
        if let Self::Conflict { etag, .. } = self {
            problem = problem.with("etag", etag.clone());
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
