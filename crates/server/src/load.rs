//! Load that a student puts on their own application, to see an autoscaler or a rolling update at work: so many requests a
//! second for so long, both bounded, through the gateway as everybody's requests go, and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;
use http_body_util::BodyExt;
use jiff::Timestamp;
use maru_model::{Text, UserId};
use maru_store::users::User;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::{ApiError, ApiResult};
use crate::proxy;
use crate::state::AppState;

const MOST_SECONDS: u64 = 120;
const MOST_PER_SECOND: u64 = 100;
/// Requests of one load that wait for an answer: an application that hangs gets no more than these.
const AT_ONCE: usize = 32;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Answers by which the times are told: the newest.
const TIMES: usize = 1000;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    pub per_second: u64,
    pub seconds: u64,
}

/// How it goes.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    pub url: String,
    pub running: bool,
    pub per_second: u64,
    pub started_at: Timestamp,
    pub ends_at: Timestamp,
    pub sent: u64,
    /// Not sent, since as many as may be waited for an answer already.
    pub held_back: u64,
    /// Answers by their status; 0 for none.
    pub statuses: BTreeMap<u16, u64>,
    /// Of the newest answers, in milliseconds.
    pub median_ms: Option<u64>,
    pub p95_ms: Option<u64>,
}

struct Load {
    report: LoadReport,
    times: Vec<u64>,
    next: usize,
    cancel: CancellationToken,
}

/// One load for each user, the newest kept until the next.
#[derive(Clone, Default)]
pub struct Loads {
    all: Arc<Mutex<HashMap<UserId, Arc<Mutex<Load>>>>>,
    tasks: TaskTracker,
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load {
    fn count(&mut self, status: u16, took: Duration) {
        *self.report.statuses.entry(status).or_default() += 1;
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if self.times.len() < TIMES {
            self.times.push(took);
        } else {
            self.times[self.next] = took;
        }
        self.next = (self.next + 1) % TIMES;
    }

    fn told(&self) -> LoadReport {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
        LoadReport { median_ms: at(50), p95_ms: at(95), ..self.report.clone() }
    }
}

impl Loads {
    /// # Errors
    /// 400 for more than is allowed; 409 `load_running` while another one of this user runs.
    pub fn start(&self, state: &AppState, user: &User, url: &str, wanted: Wanted) -> ApiResult<LoadReport> {
        let Wanted { per_second, seconds } = wanted;
        if !(1..=MOST_PER_SECOND).contains(&per_second) || !(1..=MOST_SECONDS).contains(&seconds) {
            return Err(ApiError::bad_request(Text::new(
                format!("From 1 to {MOST_PER_SECOND} requests a second, for 1 to {MOST_SECONDS} seconds."),
                format!("초당 요청은 1~{MOST_PER_SECOND}개, 시간은 1~{MOST_SECONDS}초입니다."),
            )));
        }
        let target: Uri = url.parse().map_err(ApiError::internal)?;
        let mut all = locked(&self.all);
        if all.get(&user.id).is_some_and(|load| locked(load).report.running) {
            return Err(ApiError::new(
                http::StatusCode::CONFLICT,
                "load_running",
                Text::new("Load of yours is running already.", "이미 부하를 보내는 중입니다."),
            )
            .fix(Text::new("Wait until it ends, or stop it.", "끝날 때까지 기다리거나 멈추세요.")));
        }
        let now = Timestamp::now();
        let report = LoadReport {
            url: url.to_owned(),
            running: true,
            per_second,
            started_at: now,
            ends_at: now + Duration::from_secs(seconds),
            sent: 0,
            held_back: 0,
            statuses: BTreeMap::new(),
            median_ms: None,
            p95_ms: None,
        };
        let cancel = state.shutdown.child_token();
        let load = Arc::new(Mutex::new(Load { report: report.clone(), times: Vec::new(), next: 0, cancel }));
        all.insert(user.id.clone(), load.clone());
        drop(all);
        tracing::info!(user = %user.login, per_second, seconds, "load on an application");
        self.tasks.spawn(run(state.clone(), load, target, wanted));
        Ok(report)
    }

    pub fn report(&self, user: &UserId) -> Option<LoadReport> {
        locked(&self.all).get(user).map(|load| locked(load).told())
    }

    pub fn stop(&self, user: &UserId) {
        if let Some(load) = locked(&self.all).get(user) {
            locked(load).cancel.cancel();
        }
    }
}

async fn run(state: AppState, load: Arc<Mutex<Load>>, target: Uri, wanted: Wanted) {
    let cancel = locked(&load).cancel.clone();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let requests = TaskTracker::new();
    let mut beat = tokio::time::interval(Duration::from_secs(1) / u32::try_from(wanted.per_second).unwrap_or(u32::MAX));
    // A server that was busy does not make up for it at once.
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let end = Instant::now() + Duration::from_secs(wanted.seconds);
    while Instant::now() < end {
        tokio::select! {
            () = cancel.cancelled() => break,
            _ = beat.tick() => {}
        }
        let Ok(permit) = room.clone().try_acquire_owned() else {
            locked(&load).report.held_back += 1;
            continue;
        };
        locked(&load).report.sent += 1;
        let (state, load, target) = (state.clone(), load.clone(), target.clone());
        requests.spawn(async move {
            let began = Instant::now();
            let status = tokio::time::timeout(ANSWER_TIMEOUT, ask(&state, &target)).await.unwrap_or(0);
            locked(&load).count(status, began.elapsed());
            drop(permit);
        });
    }
    requests.close();
    requests.wait().await;
    locked(&load).report.running = false;
}

/// The status of the answer, all of which is read; 0 where it breaks off.
async fn ask(state: &AppState, target: &Uri) -> u16 {
    let Some(answer) = proxy::ask_app(state, target, "maru-load").await else { return 0 };
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return 0;
        }
    }
    status
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_newest_answers() {
        let now = Timestamp::UNIX_EPOCH;
        let report = LoadReport {
            url: String::new(),
            running: true,
            per_second: 1,
            started_at: now,
            ends_at: now,
            sent: 0,
            held_back: 0,
            statuses: BTreeMap::new(),
            median_ms: None,
            p95_ms: None,
        };
        let mut load = Load { report, times: Vec::new(), next: 0, cancel: CancellationToken::new() };
        assert_eq!((load.told().median_ms, load.told().p95_ms), (None, None));
        for _ in 0..TIMES {
            load.count(503, Duration::from_secs(9));
        }
        for took in 0..TIMES as u64 {
            load.count(200, Duration::from_millis(took));
        }
        let told = load.told();
        assert_eq!((told.median_ms, told.p95_ms), (Some(500), Some(950)));
        assert_eq!(told.statuses, BTreeMap::from([(200, 1000), (503, 1000)]));
    }
}
