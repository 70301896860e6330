use std::time::{Duration, Instant};

use maru_model::{RolloutId, Text};
use maru_rollout::{Phase, RolloutError};
use maru_store::users::User;
use tokio_util::sync::CancellationToken;

use super::refresh::failed;
use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::proxy;
use crate::state::AppState;

/// A new cluster's gateway may come after the first application, and its node pulls its image first.
const GATEWAY_WITHIN: Duration = Duration::from_secs(90);
/// How long it is waited for that the address answers as it should: the gateway hears of a new address in a moment.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Waits for what the address is reached by. An application is no less healthy without it, so that is all.
async fn gateway(state: &AppState, progress: &Progress<'_>) {
    let began = Instant::now();
    while state.cluster.connect_gateway().await.is_err() && began.elapsed() < GATEWAY_WITHIN {
        progress.say(Text::new(
            "Everything is healthy. Waiting for the gateway, by which its address is reached.",
            "모두 정상입니다. 주소로 접속하게 해 주는 게이트웨이를 기다리는 중입니다.",
        ));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The status that the application's own address answers, asked as anybody would; 0 where there is no answer.
async fn answers(state: &AppState, url: &str) -> u16 {
    let Ok(url) = url.parse() else { return 0 };
    let began = Instant::now();
    loop {
        let left = ANSWERS_WITHIN.saturating_sub(began.elapsed());
        // Its head is enough: what follows may be long, or go on for ever.
        let answer = tokio::time::timeout(left, proxy::ask_app(state, &url, "maru-deploy")).await;
        let status = answer.ok().flatten().map_or(0, |answer| answer.status().as_u16());
        // What answers is what was deployed; a 404 may be the gateway's.
        let wait = matches!(status, 0 | 404 | 500..);
        if !wait || began.elapsed() + ASK_AGAIN >= ANSWERS_WITHIN {
            return status;
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// What was seen from outside. An application may well answer 401 or have no page at this path: that is said, and no failure.
fn seen(url: &str, status: u16) -> Text {
    match status {
        200..400 => {
            Text::new(format!("Everything is healthy, and the address answers: {url}"), format!("모두 정상이고 주소도 응답합니다: {url}"))
        }
        0 => Text::new(
            format!("Everything is healthy, but {url} has given no answer yet."),
            format!("모두 정상이지만 {url} 에서 아직 응답이 없습니다."),
        ),
        _ => Text::new(
            format!("Everything is healthy; {url} answers {status}."),
            format!("모두 정상입니다. {url} 의 응답은 {status} 입니다."),
        ),
    }
}

/// Brings the current state to the target state, and waits until everything is healthy, or stands still until it is promoted.
pub async fn rollout(state: &AppState, user: &User, progress: &mut Progress<'_>, cancel: &CancellationToken) -> Result<Text, StepFailure> {
    let id = match progress.row.rollout_id.as_deref() {
        // Begun by the server before this one, which the rollouts themselves go on with.
        Some(id) => RolloutId::from(id),
        None => match state.rollouts.start(user).await {
            Ok(rollout) => rollout.id,
            // Somebody pressed "roll out" on the other page: wait for that one, then do this one.
            Err(RolloutError::Running(other)) => {
                state.rollouts.follow(user, &other, |_| {}).await.map_err(failed)?;
                state.rollouts.start(user).await.map_err(failed)?.id
            }
            Err(error) => return Err(failed(error)),
        },
    };
    progress.row.rollout_id = Some(id.to_string());
    if let Err(error) = state.store.save_deployment(progress.row).await {
        tracing::warn!(%error, deployment = %progress.row.id, "the rollout's id was not written down");
    }
    let done = tokio::select! {
        () = cancel.cancelled() => {
            state.rollouts.cancel(user, &id).await.map_err(failed)?;
            return Err(StepFailure::Cancelled);
        }
        done = state.rollouts.follow(user, &id, |now| progress.say(now.detail.clone())) => done.map_err(failed)?,
    };
    match done.phase {
        Phase::Healthy => {
            progress.row.url = done.urls.first().cloned();
            Ok(match done.urls.first() {
                Some(url) => {
                    let looked = async {
                        gateway(state, progress).await;
                        answers(state, url).await
                    };
                    seen(url, cancel.run_until_cancelled(looked).await.unwrap_or(0))
                }
                None => Text::new(
                    "Everything is healthy. No Ingress names a host, so there is no URL.",
                    "모두 정상입니다. Ingress에 호스트가 없어 URL은 없습니다.",
                ),
            })
        }
        Phase::Cancelled => Err(StepFailure::Cancelled),
        // It stands still until somebody promotes it, which is no part of a Deploy.
        phase if !phase.is_end() => {
            let now = state.rollouts.progress(&id).map(|progress| progress.borrow().clone());
            let said = now.map_or_else(|| phase.text(), |now| now.detail);
            progress.row.url = state.rollouts.app(user).await.map_err(failed)?.urls.first().cloned();
            Ok(said)
        }
        _ => Err(StepFailure::Failed {
            detail: done
                .diagnostics
                .iter()
                .find(|diagnostic| diagnostic.is_error())
                .map_or_else(|| Phase::Failed.text(), |diagnostic| diagnostic.message.clone()),
            fix: None,
            diagnostics: done.diagnostics,
        }),
    }
}
