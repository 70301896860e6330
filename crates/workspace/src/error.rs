use maru_engine::EngineError;
use maru_model::Text;
use maru_store::StoreError;

use crate::link::LinkFailure;
use crate::snapshots;
use crate::view::State;

/// Why something about a workspace could not be done.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Link(#[from] LinkFailure),
    /// It has to run for this, and doesn't.
    #[error("the workspace is {}", state.as_str())]
    NotReady { state: State, cause: Option<Text> },
    /// There is no home that could be given back.
    #[error("no home was put aside by a reset")]
    NothingToUndo,
    #[error("no such snapshot")]
    NoSnapshot,
    #[error("{path} is not in the snapshot")]
    NotInSnapshot { path: String },
    /// It never ran.
    #[error("there is no home yet")]
    NoHome,
    #[error("the snapshot took too long")]
    SnapshotLate,
    #[error("{attempt}: {source}")]
    Snapshot { attempt: &'static str, source: std::io::Error },
    #[error("reading the agent {path}: {source}")]
    Agent { path: String, source: std::io::Error },
    /// A start that failed, in the words that its owner reads.
    #[error("{0}")]
    Start(Text),
    /// The same, where it may pass without anybody's doing.
    #[error("{0}")]
    Passing(Text),
}

impl WorkspaceError {
    /// Is it worth another try by itself, later? An Engine that cannot be reached comes back, one that refuses does not.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Passing(_) | Self::Store(_) | Self::Engine(EngineError::Transport { .. }))
    }

    /// In its owner's words.
    #[must_use]
    pub fn cause(&self) -> Text {
        match self {
            Self::Start(text) | Self::Passing(text) => text.clone(),
            Self::NothingToUndo => {
                Text::new("There is no earlier home that could be given back.", "되돌릴 수 있는 이전 홈 폴더가 없습니다.")
            }
            Self::NoSnapshot => Text::new("There is no such snapshot.", "그런 스냅샷이 없습니다."),
            Self::NotInSnapshot { path } => {
                Text::new(format!("{path} is not in this snapshot."), format!("이 스냅샷에는 {path}이(가) 없습니다."))
            }
            Self::NoHome => Text::new(
                "The workspace has never run, so there is nothing to keep yet.",
                "작업 공간을 아직 시작한 적이 없어 저장할 것이 없습니다.",
            ),
            Self::SnapshotLate => Text::new(
                "The snapshot took too long and was given up. Your files are all there.",
                "스냅샷이 너무 오래 걸려 중단했습니다. 파일은 모두 그대로 있습니다.",
            ),
            Self::Snapshot { attempt, source } => snapshots::cause(attempt, source),
            Self::NotReady { state, cause } => cause.clone().unwrap_or_else(|| state.text()),
            Self::Engine(error) => {
                Text::new(format!("The Docker Engine did not do it: {error}"), format!("Docker Engine이 처리하지 못했습니다: {error}"))
            }
            Self::Store(error) => Text::new(
                format!("The database did not answer as it should: {error}"),
                format!("데이터베이스가 올바르게 응답하지 않았습니다: {error}"),
            ),
            Self::Link(error) => Text::new(
                format!("The workspace's agent does not answer: {error}"),
                format!("작업 공간의 에이전트가 응답하지 않습니다: {error}"),
            ),
            Self::Agent { path, source } => Text::new(
                format!("The agent program {path} cannot be read: {source}"),
                format!("에이전트 프로그램 {path}을(를) 읽을 수 없습니다: {source}"),
            ),
        }
    }
}
