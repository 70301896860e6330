//! One rollout, phase by phase. The task that runs it owns it; what it has done is in the database before the next phase begins,
//! so that a server that was killed goes on from there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Client;
use maru_manifest::{Diagnostic, Files, ObjectRef};
use maru_model::Text;
use maru_store::rollouts::RolloutRow;
use maru_store::users::User;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::apply::{self, ApplyError};
use crate::error::RolloutError;
use crate::live::Live;
use crate::model::{Phase, Progress, reference, text};
use crate::strategy::{self, Paused};
use crate::surroundings::Source;
use crate::{Inner, asleep, images, urls, wait};

/// How long a rollout waits for a cluster that is on its way.
const CLUSTER_DEADLINE: Duration = Duration::from_secs(30 * 60);
/// Between two looks whether it is there.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// A connection to a node that has just died may hang for minutes.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct Run {
    pub inner: Arc<Inner>,
    pub user: User,
    pub row: RolloutRow,
    pub progress: watch::Sender<Progress>,
    pub cancel: CancellationToken,
}

/// Why a rollout stopped.
enum Stop {
    Failed(Vec<Diagnostic>),
    Error(RolloutError),
}

impl From<RolloutError> for Stop {
    fn from(error: RolloutError) -> Self {
        Self::Error(error)
    }
}

impl From<maru_store::StoreError> for Stop {
    fn from(error: maru_store::StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::Error(error.into())
    }
}

impl From<ApplyError> for Stop {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Refused(diagnostics) => Self::Failed(diagnostics),
            ApplyError::Kube(error) => Self::Error(error.into()),
        }
    }
}

impl Run {
    pub(crate) async fn run(mut self) {
        let (cancel, shutdown) = (self.cancel.clone(), self.inner.shutdown.clone());
        let outcome = tokio::select! {
            // The server ends: the rollout has no end, and the next server takes it up.
            () = shutdown.cancelled() => return,
            () = cancel.cancelled() => None,
            outcome = self.phases() => Some(outcome),
        };
        let (phase, diagnostics, urls) = match outcome {
            None => (Phase::Cancelled, Vec::new(), Vec::new()),
            Some(Ok(urls)) => (Phase::Healthy, Vec::new(), urls),
            // Somebody said so: nothing failed.
            Some(Err(Stop::Failed(diagnostics))) if diagnostics.iter().all(|d| d.code == wait::ABORTED) => {
                (Phase::Cancelled, diagnostics, Vec::new())
            }
            Some(Err(Stop::Failed(diagnostics))) => (Phase::Failed, diagnostics, Vec::new()),
            Some(Err(Stop::Error(error))) => {
                tracing::error!(rollout = %self.row.id, %error, "rollout");
                (Phase::Failed, vec![Diagnostic::error("rollout_error", error.text())], Vec::new())
            }
        };
        self.finish(phase, diagnostics, urls).await;
    }

    async fn finish(&self, phase: Phase, diagnostics: Vec<Diagnostic>, urls: Vec<String>) {
        let json = |value: Result<String, serde_json::Error>| value.unwrap_or_else(|_| "[]".to_owned());
        let (diagnostics_json, urls_json) = (json(serde_json::to_string(&diagnostics)), json(serde_json::to_string(&urls)));
        // A rollout whose end cannot be written down would block the next one: try for as long as the server runs.
        while let Err(error) = self.inner.store.finish_rollout(&self.row.id, phase.as_str(), &diagnostics_json, &urls_json).await {
            tracing::error!(rollout = %self.row.id, %error, "writing the end of a rollout");
            tokio::select! {
                () = self.inner.shutdown.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
        }
        tracing::info!(rollout = %self.row.id, user = %self.user.login, phase = phase.as_str(), "rollout ended");
        let detail = diagnostics.iter().find(|d| d.is_error()).map_or_else(|| phase.text(), |first| first.message.clone());
        self.progress.send_modify(|progress| {
            progress.phase = phase;
            progress.detail = detail;
            progress.paused = None;
            progress.diagnostics = diagnostics;
            progress.urls = urls;
        });
    }

    async fn enter(&mut self, phase: Phase) -> Result<(), Stop> {
        self.inner.store.set_rollout_phase(&self.row.id, phase.as_str()).await?;
        self.row.phase = phase.as_str().to_owned();
        self.progress.send_modify(|progress| {
            progress.phase = phase;
            progress.detail = phase.text();
        });
        Ok(())
    }

    /// All phases from the stored one on; the answer is the application's addresses.
    async fn phases(&mut self) -> Result<Vec<String>, Stop> {
        let mut objects: Vec<Value> = serde_json::from_str(&self.row.objects)?;
        let is_first_apply = Phase::parse(&self.row.phase).is_none_or(|phase| phase < Phase::Apply);
        if Phase::parse(&self.row.phase).is_none_or(|phase| phase <= Phase::Resolve) {
            self.enter(Phase::Resolve).await?;
            self.resolve(&mut objects).await?;
            let stored = serde_json::to_string(&objects)?;
            self.inner.store.set_rollout_objects(&self.row.id, Phase::Prepare.as_str(), &stored).await?;
        }
        // From here on every phase may simply be done again, so it is where the cluster went away in the middle.
        let inner = self.inner.clone();
        let began = Instant::now();
        let mut steady = if inner.surroundings.cluster().await.is_ok() { Duration::ZERO } else { inner.settings.steady };
        loop {
            self.enter(Phase::Prepare).await?;
            let client = self.cluster().await?;
            let outcome = tokio::select! {
                outcome = self.in_cluster(&client, objects.clone(), is_first_apply, steady) => outcome,
                why = inner.surroundings.away() => {
                    tracing::warn!(rollout = %self.row.id, %why, "the cluster went away: the rollout waits for it");
                    steady = inner.settings.steady;
                    continue;
                }
            };
            // It may be gone before anybody has noticed.
            if outcome.is_ok() || began.elapsed() > CLUSTER_DEADLINE || answers(&client).await {
                return outcome;
            }
            steady = inner.settings.steady;
            self.say_waiting(&Text::new("Its API does not answer", "API가 응답하지 않습니다"));
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What a rollout does in the cluster, from its beginning.
    async fn in_cluster(
        &mut self,
        client: &Client,
        mut objects: Vec<Value>,
        is_first_apply: bool,
        steady: Duration,
    ) -> Result<Vec<String>, Stop> {
        let namespace = self.user.login.namespace();
        self.inner.surroundings.ensure_namespace(client, &self.user).await.map_err(|why| failed("namespace", why))?;
        let files = self.files().await;
        self.enter(Phase::Verify).await?;
        let refused = apply::verify(client, &namespace, &objects, &files).await.map_err(RolloutError::from)?;
        if !refused.is_empty() {
            return Err(Stop::Failed(refused));
        }
        self.enter(Phase::Apply).await?;
        let wanted: Vec<ObjectRef> = objects.iter().map(reference).collect();
        let before = self.note_applied(&wanted).await?;
        asleep::wake(client, &namespace).await.map_err(RolloutError::from)?;
        strategy::keep_selectors(client, &namespace, &mut objects).await.map_err(RolloutError::from)?;
        apply::apply(client, &namespace, &objects, &files).await?;
        for rollout in objects.iter().filter(|object| is_first_apply && object["kind"] == "Rollout") {
            strategy::retry(client, &namespace, &reference(rollout).name).await.map_err(RolloutError::from)?;
        }
        self.enter(Phase::Wait).await?;
        let progress = self.progress.clone();
        let show = |objects: &[crate::ObjectHealth], paused: Option<&Paused>| {
            progress.send_if_modified(|progress| {
                let changed = progress.objects != objects || progress.paused.as_ref() != paused;
                if changed {
                    progress.objects = objects.to_vec();
                    progress.paused = paused.cloned();
                    progress.detail = waiting_for(objects);
                }
                changed
            });
        };
        let live = wait::until_healthy(client, &namespace, &objects, &files, steady, show).await.map_err(Stop::Failed)?;
        self.enter(Phase::Prune).await?;
        self.prune(client, &namespace, &before, &wanted, &live).await?;
        Ok(urls::of(&objects, &self.inner.settings.scheme, &self.inner.settings.authority))
    }

    async fn resolve(&self, objects: &mut [Value]) -> Result<(), Stop> {
        let login = self.user.login.as_str();
        let mut digests = BTreeMap::new();
        let mut missing = Vec::new();
        for repository in images::unversioned(objects, login) {
            match self.inner.surroundings.newest_digest(&self.user, &repository).await.map_err(|why| failed("image_unknown", why))? {
                Some(digest) => {
                    digests.insert(repository, digest);
                }
                None => missing.push(
                    Diagnostic::error(
                        "image_not_built",
                        text!(
                            "The image repository `{repository}` has no image yet",
                            "이미지 저장소 `{repository}` 에 아직 이미지가 없습니다"
                        ),
                    )
                    .fix(text!("Press Deploy: it builds `{repository}` first", "배포를 누르세요. `{repository}` 을(를) 먼저 빌드합니다")),
                ),
            }
        }
        if !missing.is_empty() {
            return Err(Stop::Failed(missing));
        }
        images::pin(objects, login, &digests);
        Ok(())
    }

    /// The cluster, once it is there; what it waits for is shown meanwhile.
    async fn cluster(&self) -> Result<Client, Stop> {
        let began = Instant::now();
        loop {
            match self.inner.surroundings.cluster().await {
                Ok(client) => return Ok(client),
                Err(why) if began.elapsed() > CLUSTER_DEADLINE => return Err(failed("cluster_not_ready", why)),
                Err(why) => {
                    self.say_waiting(&why);
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    fn say_waiting(&self, why: &Text) {
        let detail = cluster_awaited(why);
        self.progress.send_if_modified(|progress| {
            let changed = progress.detail != detail;
            progress.detail = detail;
            changed
        });
    }

    /// The sources, to say in which line something is wrong; without them only the line is missing.
    async fn files(&self) -> Files {
        let Ok(Some(app)) = self.inner.store.app(&self.user.id).await else { return Files::new() };
        let source = Source { from: app.source, path: app.path };
        match self.inner.surroundings.snapshot(&self.user, &source, Some(&self.row.commit_id)).await {
            Ok(snapshot) => snapshot.files,
            Err(error) => {
                tracing::debug!(rollout = %self.row.id, %error, "reading the sources of a rollout");
                Files::new()
            }
        }
    }

    /// Writes down, before anything is applied, that these objects may be in the cluster; the answer is all that were.
    async fn note_applied(&self, wanted: &[ObjectRef]) -> Result<Vec<ObjectRef>, Stop> {
        let mut all: Vec<ObjectRef> = match self.inner.store.app(&self.user.id).await? {
            Some(app) => serde_json::from_str(&app.applied)?,
            None => Vec::new(),
        };
        for object in wanted {
            if !all.iter().any(|old| crate::kinds::same(old, object)) {
                all.push(object.clone());
            }
        }
        self.inner.store.set_app_applied(&self.user.id, &serde_json::to_string(&all)?).await?;
        Ok(all)
    }

    async fn prune(&self, client: &Client, namespace: &str, before: &[ObjectRef], wanted: &[ObjectRef], live: &Live) -> Result<(), Stop> {
        let gone = apply::superfluous(before, wanted, live);
        for object in &gone {
            apply::delete(client, namespace, object).await.map_err(RolloutError::from)?;
            tracing::info!(namespace, kind = %object.kind, name = %object.name, "pruned");
        }
        // What is not asked for any more but stays (data, configuration in use) is remembered for the next time.
        let left: Vec<&ObjectRef> = before.iter().filter(|old| !gone.contains(old)).collect();
        self.inner.store.set_app_applied(&self.user.id, &serde_json::to_string(&left)?).await?;
        Ok(())
    }
}

/// What somebody is told whose Deploy waits for a cluster, which is at `now`.
#[must_use]
pub fn cluster_awaited(now: &Text) -> Text {
    Text::new(
        format!("Waiting for the cluster; this goes on by itself once it is there. {}.", now.en.trim_end_matches('.')),
        format!("클러스터를 기다리는 중입니다. 준비되면 저절로 이어집니다. {}.", now.ko.trim_end_matches('.')),
    )
}

/// Whether the API server is there: only then a failure was its answer.
async fn answers(client: &Client) -> bool {
    let Ok(request) = http::Request::get("/readyz").body(Vec::new()) else { return false };
    let asked = tokio::time::timeout(ANSWERS_WITHIN, client.request_text(request)).await;
    matches!(asked, Ok(said) if !said.as_ref().is_err_and(apply::is_passing))
}

fn failed(code: &str, why: Text) -> Stop {
    Stop::Failed(vec![Diagnostic::error(code, why)])
}

/// `db: 0 of 1 ready; web: pulling the image`
fn waiting_for(objects: &[crate::ObjectHealth]) -> Text {
    let waiting: Vec<_> = objects.iter().filter(|o| o.state != crate::HealthState::Healthy).collect();
    if waiting.is_empty() {
        return Phase::Healthy.text();
    }
    let list =
        |pick: fn(&Text) -> &str| waiting.iter().map(|o| format!("{}: {}", o.object.name, pick(&o.message))).collect::<Vec<_>>().join("; ");
    Text::new(list(|text| &text.en), list(|text| &text.ko))
}
