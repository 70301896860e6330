//! The caller's own workspace: its life ([`lifecycle`]), snapshots of its home ([`snapshots`]), its ports ([`ports`]),
//! its project's source control ([`git`]), and all that its agent answers itself
//! ([`files`], [`terminals`]), passed through both ways as it is.
//!
//! There is no id in these paths: whoever calls gets their own workspace and has no words for another.

mod files;
mod git;
pub mod keep_alive;
mod lifecycle;
mod pass;
mod ports;
mod snapshots;
mod terminals;

use axum::Router;
use http::StatusCode;
use maru_model::Text;
use maru_store::users::User;
use maru_workspace::{Owner, State as WorkspaceState, WorkspaceError};

use crate::error::ApiError;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .merge(lifecycle::routes())
        .merge(files::routes())
        .merge(terminals::routes())
        .merge(ports::routes())
        .merge(git::routes())
        .merge(snapshots::routes())
}

fn owner(user: &User) -> Owner {
    Owner { id: user.id.clone(), login: user.login.clone(), name: user.name.clone() }
}

impl From<WorkspaceError> for ApiError {
    fn from(error: WorkspaceError) -> Self {
        let cause = error.cause();
        match error {
            WorkspaceError::NotReady { state, .. } => {
                let fix = match state {
                    WorkspaceState::Queued | WorkspaceState::Starting => {
                        Text::new("Wait until it is ready and try again.", "준비될 때까지 기다린 뒤 다시 시도하세요.")
                    }
                    _ => Text::new(
                        "Start it (PUT /api/v1/workspace) and try again.",
                        "작업 공간을 시작한 뒤(PUT /api/v1/workspace) 다시 시도하세요.",
                    ),
                };
                Self::new(StatusCode::CONFLICT, "workspace_not_ready", cause).fix(fix).with("state", state.as_str())
            }
            WorkspaceError::Link(_) => Self::new(StatusCode::BAD_GATEWAY, "workspace_unreachable", cause).fix(Text::new(
                "Try again; if it stays so, restart the workspace.",
                "다시 시도하고, 계속되면 작업 공간을 다시 시작하세요.",
            )),
            WorkspaceError::Start(_) | WorkspaceError::Passing(_) => Self::new(StatusCode::CONFLICT, "workspace_not_ready", cause),
            WorkspaceError::NothingToUndo => Self::new(StatusCode::CONFLICT, "nothing_to_undo", cause),
            WorkspaceError::NoSnapshot => Self::not_found(),
            WorkspaceError::NotInSnapshot { path } => Self::new(StatusCode::NOT_FOUND, "not_in_snapshot", cause)
                .fix(Text::new("Look through its folders, or take another snapshot.", "폴더를 살펴보거나 다른 스냅샷을 고르세요."))
                .with("path", path),
            WorkspaceError::NoHome => Self::new(StatusCode::CONFLICT, "no_home", cause)
                .fix(Text::new("Start it (PUT /api/v1/workspace) first.", "먼저 작업 공간을 시작하세요(PUT /api/v1/workspace).")),
            WorkspaceError::SnapshotLate => Self::new(StatusCode::GATEWAY_TIMEOUT, "snapshot_late", cause).fix(Text::new(
                "Try again; if it stays so, move large files that you do not need to the trash.",
                "다시 시도하고, 계속되면 필요 없는 큰 파일을 휴지통으로 옮기세요.",
            )),
            WorkspaceError::Snapshot { ref source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "snapshots_full", cause)
            }
            WorkspaceError::Snapshot { .. } => Self::internal(error),
            WorkspaceError::Engine(_) | WorkspaceError::Store(_) | WorkspaceError::Agent { .. } => Self::internal(error),
        }
    }
}
