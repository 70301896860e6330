//! The application as a picture, and what a person does to it: end a pod, restart, scale, look into, put load on.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use futures_util::StreamExt;
use http::{StatusCode, header};
use maru_manifest::{StrategyChoice, change_strategy};
use maru_model::{Lang, Text};
use maru_rollout::{AppMap, Drift, DriftedObject, EventView, MapNode, MapPod, RolloutError};
use maru_store::users::User;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::lang;
use crate::load::Wanted;
use crate::proxy;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/map", get(map))
        .route("/app/drift", get(drift))
        .route("/app/logs", get(logs))
        .route("/app/pods/{pod}", delete(kill))
        .route("/app/pods/{pod}/shell", get(shell))
        .route("/app/workloads/{kind}/{name}/restart", post(restart))
        .route("/app/workloads/{kind}/{name}/scale", post(scale))
        .route("/app/workloads/{kind}/{name}/environment", get(environment))
        .route("/app/workloads/{kind}/{name}/strategy", post(strategy))
        .route("/app/load", get(load).post(start_load).delete(stop_load))
}

fn node_json(node: &MapNode, lang: Lang) -> Value {
    let health = &node.health;
    json!({
        "id": node.id,
        "kind": health.object.kind,
        "name": health.object.name,
        "health": health.state,
        "message": health.message.get(lang),
        "ready": health.ready,
        "wanted": health.wanted,
        "file": node.place.as_ref().map(|place| &place.file),
        "line": node.place.as_ref().map(|place| place.line),
        "scales": node.scales,
        "restarts": node.restarts,
    })
}

fn pod_json(pod: &MapPod) -> Value {
    let mut json = json!(pod.pod);
    json["node"] = json!(pod.owner);
    json["cpu_milli"] = json!(pod.cpu);
    json["memory"] = json!(pod.memory);
    json
}

fn event_json(event: &EventView, lang: Lang) -> Value {
    json!({
        "at": event.at,
        "type": if event.warning { "warning" } else { "normal" },
        "kind": event.kind,
        "name": event.name,
        "reason": event.reason,
        "message": event.message,
        "words": event.words.get(lang),
        "count": event.count,
    })
}

async fn map(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, lang::Lang(lang): lang::Lang) -> ApiResult<Json<Value>> {
    Ok(Json(map_json(&state.rollouts.map(&user).await?, lang)))
}

pub(super) fn map_json(map: &AppMap, lang: Lang) -> Value {
    json!({
        "nodes": map.nodes.iter().map(|node| node_json(node, lang)).collect::<Vec<_>>(),
        "edges": map.edges,
        "pods": map.pods.iter().map(pod_json).collect::<Vec<_>>(),
        "events": map.events.iter().map(|event| event_json(event, lang)).collect::<Vec<_>>(),
        "quota": map.quota,
        "autoscalers": map.autoscalers,
    })
}

/// What somebody changed by hand since the last rollout.
async fn drift(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Value>> {
    let drift = match state.rollouts.drift(&user).await {
        // No application yet is a state, not a mistake.
        Err(RolloutError::NoApp) => Drift::default(),
        other => other?,
    };
    let objects = drift.objects.iter().map(drifted_json).collect::<Vec<_>>();
    Ok(Json(json!({"rollout": drift.rollout, "objects": objects})))
}

fn drifted_json(drifted: &DriftedObject) -> Value {
    let DriftedObject { object, gone, place, fields, extra, hands } = drifted;
    json!({
        "api_version": object.api_version,
        "kind": object.kind,
        "name": object.name,
        "gone": gone,
        "file": place.as_ref().map(|place| &place.file),
        "line": place.as_ref().map(|place| place.line),
        "fields": fields,
        "extra": extra,
        "hands": hands,
    })
}

#[derive(Deserialize)]
pub(super) struct LogQuery {
    #[serde(default)]
    follow: String,
}

impl LogQuery {
    pub(super) fn is_followed(&self) -> bool {
        super::is_on(&self.follow)
    }
}

/// NDJSON of what all pods write.
async fn logs(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Query(query): Query<LogQuery>) -> ApiResult<Response> {
    log_lines(&state, &user, query.is_followed()).await
}

pub(super) async fn log_lines(state: &AppState, user: &User, follow: bool) -> ApiResult<Response> {
    let lines = state.rollouts.logs(user, follow).await?;
    let body = lines.map(|line| {
        let mut json = json!(line).to_string();
        json.push('\n');
        Ok::<_, std::convert::Infallible>(Bytes::from(json))
    });
    // Ends with the server, which waits for no stream that would never end.
    let body = body.take_until(state.shutdown.clone().cancelled_owned());
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(body)).into_response())
}

async fn kill(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Path(pod): Path<String>) -> ApiResult<StatusCode> {
    state.rollouts.kill_pod(&user, &pod).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn restart(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path((kind, name)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    state.rollouts.restart(&user, &kind, &name).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The environment that its containers get, without the values of Secrets.
async fn environment(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path((kind, name)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    Ok(Json(json!({"containers": state.rollouts.environment(&user, &kind, &name).await?})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    replicas: i64,
}

async fn scale(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path((kind, name)): Path<(String, String)>,
    Json(Scale { replicas }): Json<Scale>,
) -> ApiResult<StatusCode> {
    state.rollouts.scale(&user, &kind, &name, replicas).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Strategy {
    strategy: StrategyChoice,
}

/// The edits of the workspace's manifests that change how new versions come; nothing is changed by asking.
async fn strategy(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path((_, name)): Path<(String, String)>,
    Json(Strategy { strategy }): Json<Strategy>,
) -> ApiResult<Json<Value>> {
    let files = super::check::of_workspace(&state, &user).await?;
    match change_strategy(&files, &name, strategy) {
        Ok(edits) => Ok(Json(json!({"edits": edits}))),
        Err(why) => Err(ApiError::new(StatusCode::CONFLICT, "strategy_by_hand", why)),
    }
}

#[derive(Deserialize)]
struct ShellQuery {
    container: Option<String>,
}

/// A WebSocket as Kubernetes itself speaks it (`v5.channel.k8s.io`), as the caller: cluster RBAC decides.
async fn shell(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(pod): Path<String>,
    Query(query): Query<ShellQuery>,
    request: Request,
) -> ApiResult<Response> {
    if !request.headers().contains_key(header::UPGRADE) {
        return Err(ApiError::bad_request(Text::new("A shell is a WebSocket.", "셸은 WebSocket으로 연결합니다.")));
    }
    Ok(proxy::pod_shell(&state, &user, lang, &pod, query.container.as_deref(), request).await)
}

async fn start_load(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(wanted): Json<Wanted>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let url = state.rollouts.app(&user).await?.urls.into_iter().next().ok_or_else(|| {
        ApiError::new(
            StatusCode::CONFLICT,
            "no_url",
            Text::new("The application has no address to send requests to.", "요청을 보낼 앱 주소가 없습니다."),
        )
        .fix(Text::new("Deploy an Ingress with a host of yours first.", "먼저 내 호스트가 있는 Ingress를 배포하세요."))
    })?;
    let report = state.loads.start(&state, &user, &url, wanted)?;
    Ok((StatusCode::ACCEPTED, Json(json!(report))))
}

async fn load(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> Json<Value> {
    Json(json!({"load": state.loads.report(&user.id)}))
}

async fn stop_load(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> StatusCode {
    state.loads.stop(&user.id);
    StatusCode::NO_CONTENT
}
