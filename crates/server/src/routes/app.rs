//! The application: target state, current state, rollouts, pods, secrets.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use http::{StatusCode, header};
use maru_manifest::Diagnostic;
use maru_model::{Lang, RolloutId, Text};
use maru_rollout::{App, CurrentState, ObjectHealth, Order, Paused, Progress, Rollout, RolloutError, Target};
use maru_store::users::User;
use serde::Deserialize;
use serde_json::{Value, json};

use super::builds::rfc3339;
use super::is_on;
use crate::auth::CurrentUser;
use crate::deploy::planned_json;
use crate::error::{ApiError, ApiResult};
use crate::lang;
use crate::source;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/app", get(show).delete(remove))
        .route("/app/target", get(target))
        .route("/app/refresh", post(refresh))
        .route("/app/stop", post(stop))
        .route("/app/start", post(start_again))
        .route("/app/rollouts", get(history).post(start))
        .route("/app/rollouts/{id}", get(rollout))
        .route("/app/rollouts/{id}/events", get(events))
        .route("/app/rollouts/{id}/cancel", post(cancel))
        .route("/app/rollouts/{id}/rollback", post(rollback))
        .route("/app/rollouts/{id}/promote", post(promote))
        .route("/app/rollouts/{id}/abort", post(abort))
        .route("/app/pods/{pod}/log", get(log))
        .route("/app/secrets", get(secrets))
        .route("/app/secrets/{name}", put(put_secret).get(secret).delete(remove_secret))
}

impl From<RolloutError> for ApiError {
    fn from(error: RolloutError) -> Self {
        let detail = error.text();
        match error {
            RolloutError::NotFound => Self::not_found(),
            RolloutError::NoApp => Self::new(StatusCode::NOT_FOUND, "no_app", detail),
            RolloutError::NoTarget => Self::new(StatusCode::CONFLICT, "no_target", detail),
            RolloutError::TargetFailed(diagnostics) => {
                Self::new(StatusCode::CONFLICT, "target_failed", detail).diagnostics(diagnostics).fix(Text::new(
                    "Mend what the diagnostics name, commit it, and refresh from git.",
                    "진단에 나온 곳을 고쳐 커밋한 뒤 git 불러오기를 하세요.",
                ))
            }
            RolloutError::Running(id) => Self::new(StatusCode::CONFLICT, "rollout_running", detail).with("id", id.as_str()),
            RolloutError::NothingWaits(_) => Self::new(StatusCode::CONFLICT, "nothing_waits", detail).fix(Text::new(
                "Look at the steps on the app's page; deploy a change to begin a new version.",
                "앱 화면에서 단계를 확인하세요. 변경을 배포하면 새 버전이 시작됩니다.",
            )),
            RolloutError::Autoscaled(_) => Self::new(StatusCode::CONFLICT, "autoscaled", detail).fix(Text::new(
                "Change minReplicas and maxReplicas of the autoscaler, or remove it.",
                "오토스케일러의 minReplicas 와 maxReplicas 를 바꾸거나 지우세요.",
            )),
            RolloutError::Cluster(_) => Self::cluster_not_ready(detail),
            RolloutError::Source(_) => Self::new(StatusCode::CONFLICT, "source", detail),
            RolloutError::Invalid(_) => Self::bad_request(detail),
            RolloutError::Kube(kube::Error::Api(status)) if status.code < 500 => {
                Self::new(StatusCode::from_u16(status.code).unwrap_or(StatusCode::BAD_GATEWAY), "kubernetes", detail)
            }
            other => Self::internal(other),
        }
    }
}

pub(super) fn diagnostics_json(diagnostics: &[Diagnostic], lang: Lang) -> Value {
    json!(diagnostics.iter().map(|diagnostic| diagnostic.view(lang)).collect::<Vec<_>>())
}

fn target_json(target: &Target, lang: Lang) -> Value {
    json!({
        "id": target.id,
        "commit": target.commit,
        "time": rfc3339(target.read_at),
        "state": target.state,
        "diagnostics": diagnostics_json(&target.diagnostics, lang),
        "objects": target.objects,
    })
}

fn rollout_json(rollout: &Rollout, lang: Lang) -> Value {
    json!({
        "id": rollout.id,
        "number": rollout.number,
        "commit": rollout.commit,
        "origin": rollout.origin,
        "by": rollout.by,
        "state": rollout.phase,
        "detail": rollout.detail().get(lang),
        "paused": null,
        "diagnostics": diagnostics_json(&rollout.diagnostics, lang),
        "urls": rollout.urls,
        "time": rfc3339(rollout.created_at),
        "finished_at": rollout.finished_at.map(rfc3339),
    })
}

fn object_json(health: &ObjectHealth, lang: Lang) -> Value {
    json!({
        "api_version": health.object.api_version,
        "kind": health.object.kind,
        "name": health.object.name,
        "namespace": health.object.namespace,
        "health": health.state,
        "message": health.message.get(lang),
        "ready": health.ready,
        "wanted": health.wanted,
        "strategy": health.strategy.as_ref().map(|strategy| {
            let mut json = json!(strategy);
            json["paused"] = paused_json(strategy.paused.as_ref(), lang);
            json
        }),
    })
}

fn paused_json(paused: Option<&Paused>, lang: Lang) -> Value {
    let Some(paused) = paused else { return Value::Null };
    let mut json = json!(paused);
    json["message"] = json!(paused.text().get(lang));
    json
}

fn progress_json(progress: &Progress, lang: Lang) -> Value {
    json!({
        "id": progress.id,
        "state": progress.phase,
        "detail": progress.detail.get(lang),
        "paused": paused_json(progress.paused.as_ref(), lang),
        "objects": progress.objects.iter().map(|o| object_json(o, lang)).collect::<Vec<_>>(),
        "diagnostics": diagnostics_json(&progress.diagnostics, lang),
        "urls": progress.urls,
    })
}

fn app_json(app: &App, lang: Lang) -> Value {
    let mut current = app.current.as_ref().map_or_else(
        || json!({"id": null, "commit": null, "time": null, "state": app.state, "diagnostics": []}),
        |rollout| {
            json!({
                "id": rollout.id,
                "commit": rollout.commit,
                "time": rfc3339(rollout.finished_at.unwrap_or(rollout.created_at)),
                "state": app.state,
                "number": rollout.number,
                "diagnostics": diagnostics_json(&rollout.diagnostics, lang),
            })
        },
    );
    current["paused"] = paused_json(app.paused.as_ref(), lang);
    json!({
        "source": app.source.from,
        "path": app.source.path,
        "refresh_on_push": app.refresh_on_push,
        "current": current,
        "target": app.target.as_ref().map(|target| target_json(target, lang)),
        "url": app.urls.first(),
        "urls": app.urls,
        "health": app.state,
        "stopped": app.stopped,
        "cluster_answers": app.cluster_answers,
        "objects": app.objects.iter().map(|o| object_json(o, lang)).collect::<Vec<_>>(),
        "pods": app.pods,
    })
}

fn no_app_json() -> Value {
    json!({
        "source": null, "path": "", "refresh_on_push": false, "target": null, "url": null, "urls": [], "health": CurrentState::None, "stopped": false, "objects": [], "pods": [],
        "current": {"id": null, "commit": null, "time": null, "state": CurrentState::None, "diagnostics": []},
    })
}

async fn show(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
) -> ApiResult<Json<Value>> {
    answer(&state, &user, lang).await
}

/// A user's application, where there is one.
pub async fn app_of(state: &AppState, user: &User) -> ApiResult<Option<App>> {
    match state.rollouts.app(user).await {
        Ok(app) => Ok(Some(app)),
        // None yet is a state, not a mistake.
        Err(RolloutError::NoApp) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn answer(state: &AppState, user: &User, lang: Lang) -> ApiResult<Json<Value>> {
    Ok(Json(app_of(state, user).await?.map_or_else(no_app_json, |app| app_json(&app, lang))))
}

#[derive(Deserialize)]
struct Removal {
    /// `delete` takes the data too.
    #[serde(default)]
    data: String,
}

async fn remove(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Query(removal): Query<Removal>,
) -> ApiResult<StatusCode> {
    state.rollouts.remove_app(&user, removal.data == "delete").await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn refresh(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
) -> ApiResult<Json<Value>> {
    source::ensured(&state, &user).await?;
    let target = state.rollouts.refresh(&user, None).await?;
    compared_json(&state, &user, &target, lang).await
}

/// The target state with what a rollout of it would change now.
async fn target(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
) -> ApiResult<Json<Value>> {
    let target = state.rollouts.target(&user).await?.ok_or(RolloutError::NoTarget)?;
    compared_json(&state, &user, &target, lang).await
}

async fn compared_json(state: &AppState, user: &User, target: &Target, lang: Lang) -> ApiResult<Json<Value>> {
    let mut json = target_json(target, lang);
    let difference = state.rollouts.difference(user, target).await?;
    json["compared"] = json!(difference.as_ref().is_some_and(|difference| difference.compared));
    json["diff"] = json!(difference.map(|difference| difference.objects.iter().map(planned_json).collect::<Vec<_>>()));
    Ok(Json(json))
}

/// Until it is started again, or deployed.
async fn stop(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<StatusCode> {
    state.rollouts.stop_app(&user).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn start_again(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<StatusCode> {
    state.rollouts.start_app(&user).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn start(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let rollout = state.rollouts.start(&user).await?;
    Ok((StatusCode::ACCEPTED, Json(rollout_json(&rollout, lang))))
}

async fn history(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
) -> ApiResult<Json<Value>> {
    let rollouts = state.rollouts.history(&user).await?;
    Ok(Json(json!({"rollouts": rollouts.iter().map(|r| rollout_json(r, lang)).collect::<Vec<_>>()})))
}

async fn rollout(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let id = RolloutId::from(id);
    let rollout = state.rollouts.rollout(&user, &id).await?;
    let mut json = rollout_json(&rollout, lang);
    let (against, objects) = state.rollouts.changes(&user, &id).await?;
    json["diff"] = json!({"against": against, "objects": objects.iter().map(planned_json).collect::<Vec<_>>()});
    if let Some(progress) = state.rollouts.progress(&id) {
        let progress = progress.borrow();
        json["detail"] = json!(progress.detail.get(lang));
        json["paused"] = paused_json(progress.paused.as_ref(), lang);
        json["objects"] = json!(progress.objects.iter().map(|o| object_json(o, lang)).collect::<Vec<_>>());
    }
    Ok(Json(json))
}

/// How a rollout goes, until its end.
async fn events(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(id): Path<String>,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let id = RolloutId::from(id);
    let following = state.rollouts.progress(&id);
    let ended = state.rollouts.rollout(&user, &id).await?;
    let events = match following {
        None => stream::iter([rollout_json(&ended, lang)]).boxed(),
        Some(progress) => stream::unfold((progress, true), move |(mut progress, first)| async move {
            // The sender goes with the task, after its last word.
            if !first && progress.changed().await.is_err() {
                return None;
            }
            let json = progress_json(&progress.borrow_and_update(), lang);
            Some((json, (progress, false)))
        })
        .boxed(),
    };
    Ok(Sse::new(events.map(|json| Ok(Event::default().data(json.to_string())))).keep_alive(KeepAlive::default()))
}

async fn cancel(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Path(id): Path<String>) -> ApiResult<StatusCode> {
    state.rollouts.cancel(&user, &RolloutId::from(id)).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn rollback(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(id): Path<String>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let rollout = state.rollouts.rollback(&user, &RolloutId::from(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(rollout_json(&rollout, lang))))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promotion {
    /// To the end, past all steps.
    #[serde(default)]
    full: bool,
}

async fn promote(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(id): Path<String>,
    given: Option<Json<Promotion>>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let Promotion { full } = given.map(|Json(given)| given).unwrap_or_default();
    let rollout = state.rollouts.tell(&user, &RolloutId::from(id), Order::Promote { full }).await?;
    Ok((StatusCode::ACCEPTED, Json(rollout_json(&rollout, lang))))
}

async fn abort(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(id): Path<String>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let rollout = state.rollouts.tell(&user, &RolloutId::from(id), Order::Abort).await?;
    Ok((StatusCode::ACCEPTED, Json(rollout_json(&rollout, lang))))
}

#[derive(Deserialize)]
struct LogQuery {
    container: Option<String>,
    #[serde(default)]
    follow: String,
    #[serde(default)]
    previous: String,
}

async fn log(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(pod): Path<String>,
    Query(query): Query<LogQuery>,
) -> ApiResult<Response> {
    let lines = state.rollouts.pod_log(&user, &pod, query.container, is_on(&query.follow), is_on(&query.previous)).await?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(lines)).into_response())
}

async fn secrets(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Value>> {
    Ok(Json(json!({"secrets": state.rollouts.secrets(&user).await?})))
}

async fn secret(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Path(name): Path<String>) -> ApiResult<Json<Value>> {
    let found = state.rollouts.secrets(&user).await?.into_iter().find(|secret| secret.name == name);
    Ok(Json(json!(found.ok_or_else(ApiError::not_found)?)))
}

/// `{"KEY": "value", ...}`; the keys that are not named go.
async fn put_secret(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(name): Path<String>,
    Json(values): Json<BTreeMap<String, String>>,
) -> ApiResult<StatusCode> {
    state.rollouts.put_secret(&user, &name, &values).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_secret(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    state.rollouts.remove_secret(&user, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
