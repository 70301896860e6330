//! Snapshots of the caller's home: listed, taken, looked into, restored. What takes longer than [`PATIENCE`] goes on by
//! itself and is answered 202; the list says how far it is.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use maru_model::{Lang as Language, SnapshotId, Text};
use maru_protocol::snapshot::{Node, unescape};
use maru_workspace::{Done, Owner, RestoreWanted, Snapshots};
use serde::Deserialize;
use serde_json::{Value, json};

use super::owner;
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::state::AppState;

/// How long a caller is kept waiting.
const PATIENCE: Duration = Duration::from_secs(25);
/// Letters of a name.
const NAME: usize = 100;
/// Paths of one restore.
const PATHS: usize = 1000;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace/snapshots", get(list).post(take))
        .route("/workspace/snapshots/{id}", get(show))
        .route("/workspace/snapshots/{id}/tree", get(top))
        .route("/workspace/snapshots/{id}/tree/", get(top))
        .route("/workspace/snapshots/{id}/tree/{*path}", get(folder))
        .route("/workspace/snapshots/{id}/files/{*path}", get(file))
        .route("/workspace/snapshots/{id}/restore", post(restore))
}

fn body(all: &Snapshots, lang: Language) -> Value {
    json!({
        "snapshots": all.snapshots,
        "busy": all.busy,
        "trouble": all.trouble.as_ref().map(|trouble| json!({
            "reason": trouble.reason, "at": trouble.at, "cause": trouble.cause.get(lang),
        })),
        "restored": all.restored.as_ref().map(|restored| match &restored.result {
            Ok(report) => json!({"snapshot": restored.snapshot, "at": restored.at, "report": report}),
            Err(cause) => json!({"snapshot": restored.snapshot, "at": restored.at, "cause": cause.get(lang)}),
        }),
        "bytes": all.bytes,
        "bytes_limit": all.bytes_limit,
    })
}

async fn list(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    Ok(Json(body(&state.workspaces.snapshots(&owner(&caller.user)).await?, lang)))
}

/// What is still going on.
async fn later(state: &AppState, owner: &Owner, lang: Language) -> ApiResult<Response> {
    Ok((StatusCode::ACCEPTED, Json(body(&state.workspaces.snapshots(owner).await?, lang))).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: Option<String>,
}

async fn take(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang, named: Option<Json<Named>>) -> ApiResult<Response> {
    let owner = owner(&caller.user);
    let name = name(named.and_then(|Json(named)| named.name))?;
    match state.workspaces.take_snapshot(&owner, name, PATIENCE).await? {
        Done::Now(snapshot) => {
            let place = format!("/api/v1/workspace/snapshots/{}", snapshot.id);
            Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(snapshot)).into_response())
        }
        Done::Later => later(&state, &owner, lang).await,
    }
}

fn name(given: Option<String>) -> ApiResult<Option<String>> {
    let name = given.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    if name.as_ref().is_some_and(|name| name.chars().count() > NAME || name.chars().any(char::is_control)) {
        return Err(ApiError::bad_request(Text::new(
            format!("The name of a snapshot is one line of at most {NAME} letters."),
            format!("스냅샷 이름은 {NAME}자 이하의 한 줄이어야 합니다."),
        )));
    }
    Ok(name)
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<SnapshotId>) -> ApiResult<Json<Value>> {
    let details = state.workspaces.snapshot_details(&owner(&caller.user), &id).await?;
    let mut snapshot = json!(details.snapshot);
    // The numbers of these have the same names in the list.
    snapshot["left_out_paths"] = json!(details.left_out);
    snapshot["unsettled_paths"] = json!(details.unsettled);
    Ok(Json(snapshot))
}

async fn top(state: State<AppState>, caller: CurrentUser, Path(id): Path<SnapshotId>) -> ApiResult<Json<Value>> {
    folder(state, caller, Path((id, String::new()))).await
}

async fn folder(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path((id, path)): Path<(SnapshotId, String)>,
) -> ApiResult<Json<Value>> {
    let nodes = state.workspaces.snapshot_folder(&owner(&caller.user), &id, &path).await?;
    Ok(Json(json!({"entries": nodes.iter().map(entry).collect::<Vec<_>>()})))
}

/// As in a listing of the workspace's own folders; `path` is for asking for it again, also where the name is no text.
fn entry(node: &Node) -> Value {
    let shown = |escaped: &str| String::from_utf8_lossy(&unescape(escaped).unwrap_or_default()).into_owned();
    let name = node.path.rsplit('/').next().unwrap_or_default();
    let modified = i128::from(node.modified);
    json!({
        "name": shown(name),
        "path": node.path,
        "kind": node.kind,
        "size": node.size,
        "modified": Timestamp::from_nanosecond(modified).ok(),
        "mode": format!("{:04o}", node.mode),
        "target": node.target.as_deref().map(shown),
    })
}

async fn file(State(state): State<AppState>, caller: CurrentUser, Path((id, path)): Path<(SnapshotId, String)>) -> ApiResult<Response> {
    let content = state.workspaces.snapshot_file(&owner(&caller.user), &id, &path).await?;
    let mut pieces = content.pieces;
    let body = Body::from_stream(futures_util::stream::poll_fn(move |cx| pieces.poll_recv(cx)));
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
        (header::CONTENT_LENGTH, HeaderValue::from(content.node.size)),
    ];
    Ok((fixed, body).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// Files and folders; everything where nothing is said.
    paths: Option<Vec<String>>,
    /// The folder to bring them to; where they were, where nothing is said.
    to: Option<String>,
}

async fn restore(
    State(state): State<AppState>,
    caller: CurrentUser,
    Lang(lang): Lang,
    Path(id): Path<SnapshotId>,
    wanted: Option<Json<Wanted>>,
) -> ApiResult<Response> {
    let owner = owner(&caller.user);
    let Wanted { paths, to } = wanted.map(|Json(wanted)| wanted).unwrap_or_default();
    if paths.as_ref().is_some_and(|paths| paths.is_empty() || paths.len() > PATHS) || (to.is_some() && paths.is_none()) {
        return Err(ApiError::bad_request(Text::new(
            format!("Name what to restore: 1 to {PATHS} paths. Without any, everything is restored where it was."),
            format!("복원할 경로를 1개에서 {PATHS}개까지 적으세요. 적지 않으면 전체를 원래 자리에 복원합니다."),
        )));
    }
    match state.workspaces.restore_snapshot(&owner, &id, RestoreWanted { paths, to }, PATIENCE).await? {
        Done::Now(report) => Ok(Json(report).into_response()),
        Done::Later => later(&state, &owner, lang).await,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use maru_protocol::snapshot::{NodeKind, escape};

    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(name(Some("  before the exam ".to_owned())).unwrap().as_deref(), Some("before the exam"));
        assert_eq!((name(Some("  ".to_owned())).unwrap(), name(None).unwrap()), (None, None));
        assert!(name(Some("가".repeat(NAME))).is_ok());
        assert!(name(Some("가".repeat(NAME + 1))).is_err());
        assert!(name(Some("a\nb".to_owned())).is_err());
    }

    #[test]
    fn an_entry_has_its_name_for_people_and_its_path_for_programs() {
        let node = Node {
            path: escape("a/100% 한글".as_bytes()),
            kind: NodeKind::File,
            mode: 0o644,
            size: 3,
            modified: 1_500_000_000,
            target: None,
            version: None,
            allocated: 4096,
        };
        let expected = json!({
            "name": "100% 한글", "path": "a/100%25 한글", "kind": "file", "size": 3, "mode": "0644",
            "modified": "1970-01-01T00:00:01.5Z", "target": null,
        });
        assert_eq!(entry(&node), expected);
    }
}
