use std::sync::Arc;

use axum::Json;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use maru_protocol::{CreateTerminal, SUBPROTOCOL, TerminalInfo};
use serde::Deserialize;

use super::profiles::{self, Profile};
use super::viewer;
use crate::extract::{Body, Query};
use crate::{Agent, AgentError};

/// Bytes of one message of input.
const MESSAGE_LIMIT: usize = 1024 * 1024;

/// `GET /terminals`.
pub(crate) async fn list(State(agent): State<Arc<Agent>>) -> Json<Vec<TerminalInfo>> {
    Json(agent.terminals.lock().iter().map(|t| t.info()).collect())
}

/// `POST /terminals`.
pub(crate) async fn create(
    State(agent): State<Arc<Agent>>,
    Body(wanted): Body<CreateTerminal>,
) -> Result<(StatusCode, Json<TerminalInfo>), AgentError> {
    let agent2 = Arc::clone(&agent);
    let id = crate::blocking(move || agent2.terminals.create(&agent2, &wanted)).await?;
    Ok((StatusCode::CREATED, Json(agent.terminals.find(&id)?.info())))
}

/// `GET /terminals/profiles`: what a terminal may be opened with.
pub(crate) async fn profiles() -> Result<Json<Vec<Profile>>, AgentError> {
    Ok(Json(crate::blocking(|| Ok(profiles::found())).await?))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Rename {
    name: String,
}

/// The longest name of a terminal, in characters.
const NAME_LIMIT: usize = 60;

/// `PATCH /terminals/{id}`.
pub(crate) async fn rename(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    Body(wanted): Body<Rename>,
) -> Result<Json<TerminalInfo>, AgentError> {
    let terminal = agent.terminals.find(&id)?;
    let name: String = wanted.name.trim().chars().filter(|c| !c.is_control()).take(NAME_LIMIT).collect();
    if name.is_empty() {
        return Err(AgentError::Request("a terminal's name has a character at least".to_owned()));
    }
    *terminal.name() = name;
    Ok(Json(terminal.info()))
}

/// `DELETE /terminals/{id}`: hangs up; the program has two seconds to go by itself.
pub(crate) async fn close(State(agent): State<Arc<Agent>>, Path(id): Path<String>) -> Result<StatusCode, AgentError> {
    let terminal = agent.terminals.find(&id)?;
    agent.terminals.remove(&id);
    agent.tasks.spawn(async move { terminal.end().await });
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attach {
    /// Number of the first byte wanted.
    since: Option<u64>,
    /// `1` for a viewer that only looks on: what it types is dropped, and it never decides the size or the pace.
    observe: Option<u8>,
}

/// `GET /terminals/{id}/stream`.
pub(crate) async fn stream(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    Query(attach): Query<Attach>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, AgentError> {
    let terminal = agent.terminals.find(&id)?;
    let upgrade = upgrade.map_err(|e| AgentError::Request(e.to_string()))?;
    let observes = attach.observe.is_some_and(|o| o != 0);
    Ok(upgrade.protocols([SUBPROTOCOL]).max_message_size(MESSAGE_LIMIT).max_frame_size(MESSAGE_LIMIT).on_upgrade(
        move |socket| async move {
            let ended = viewer::serve(&terminal, socket, attach.since, observes).await;
            // Its end has been seen: nothing is left to come back for.
            if ended && terminal.state().viewers() == 0 {
                agent.terminals.remove(&terminal.id);
                terminal.gone.cancel();
            }
        },
    ))
}
