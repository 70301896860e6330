//! The application of a user: where it comes from, how it is now, and its end.

use maru_manifest::ObjectRef;
use maru_store::rollouts::RolloutRow;
use maru_store::users::User;
use serde_json::Value;

use crate::error::RolloutError;
use crate::live::Live;
use crate::model::{HealthState, ObjectHealth, Phase, Rollout, Target};
use crate::pods::{self, PodView};
use crate::service::Rollouts;
use crate::strategy::Paused;
use crate::surroundings::Source;
use crate::{apply, wait};

/// How what runs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CurrentState {
    None,
    Progressing,
    Healthy,
    Degraded,
    Failed,
}

/// Everything about a user's application at this moment.
#[derive(Debug, Clone)]
pub struct App {
    pub source: Source,
    pub target: Option<Target>,
    /// The newest rollout.
    pub current: Option<Rollout>,
    pub state: CurrentState,
    /// Where a new version stands still.
    pub paused: Option<Paused>,
    pub urls: Vec<String>,
    pub objects: Vec<ObjectHealth>,
    pub pods: Vec<PodView>,
    /// False where the cluster could not be asked: objects and pods are then empty.
    pub cluster_answers: bool,
}

impl Rollouts {
    /// Sets where the application comes from.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn put_app(&self, user: &User, source: &Source) -> Result<(), RolloutError> {
        Ok(self.inner.store.put_app(&user.id, &source.project, &source.path).await?)
    }

    /// The source of the application, which is made of `project` where there is none.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn ensure_app(&self, user: &User, project: &str) -> Result<Source, RolloutError> {
        match self.source(user).await {
            Err(RolloutError::NoApp) => {
                let source = Source { project: project.to_owned(), path: String::new() };
                self.put_app(user, &source).await?;
                Ok(source)
            }
            other => other,
        }
    }

    pub(crate) async fn source(&self, user: &User) -> Result<Source, RolloutError> {
        let app = self.inner.store.app(&user.id).await?.ok_or(RolloutError::NoApp)?;
        Ok(Source { project: app.project, path: app.path })
    }

    /// The application as it is now.
    ///
    /// # Errors
    /// [`RolloutError::NoApp`], or where the database does not answer. A cluster that does not answer is not an error.
    pub async fn app(&self, user: &User) -> Result<App, RolloutError> {
        let row = self.inner.store.app(&user.id).await?.ok_or(RolloutError::NoApp)?;
        let target: Option<Target> = row.target.as_deref().map(serde_json::from_str).transpose()?;
        let newest = self.inner.store.rollouts_of(&user.id, 20).await?;
        let newest: Vec<&RolloutRow> = newest.iter().filter(|rollout| rollout.created_at >= row.created_at).collect();
        let current = newest.first().map(|row| Rollout::from_row(row)).transpose()?;
        // What is applied is what runs, also where it stands still on its way.
        let applied = newest.first().filter(|row| row.phase == Phase::Wait.as_str() || row.phase == Phase::Prune.as_str());
        let shown = applied.or_else(|| newest.iter().find(|row| row.phase == Phase::Healthy.as_str())).or_else(|| newest.first());
        let wanted: Vec<Value> = shown.map(|row| serde_json::from_str(&row.objects)).transpose()?.unwrap_or_default();
        let (objects, pods, answers) = self.look(user, &wanted).await;
        let worst = objects.iter().map(|o| o.state).max().unwrap_or(HealthState::Healthy);
        let state = match current.as_ref().map(|rollout| rollout.phase) {
            None => CurrentState::None,
            Some(Phase::Failed) => CurrentState::Failed,
            Some(Phase::Healthy | Phase::Cancelled) if !answers => CurrentState::Degraded,
            Some(Phase::Healthy | Phase::Cancelled) => match worst {
                HealthState::Healthy => CurrentState::Healthy,
                HealthState::Paused | HealthState::Progressing => CurrentState::Progressing,
                HealthState::Degraded => CurrentState::Degraded,
            },
            Some(_) => CurrentState::Progressing,
        };
        let settings = &self.inner.settings;
        Ok(App {
            source: Source { project: row.project, path: row.path },
            target,
            urls: crate::urls::of(&wanted, &settings.scheme, &settings.authority),
            paused: objects.iter().find_map(|object| object.strategy.as_ref()?.paused.clone()),
            current,
            state,
            objects,
            pods,
            cluster_answers: answers,
        })
    }

    async fn look(&self, user: &User, wanted: &[Value]) -> (Vec<ObjectHealth>, Vec<PodView>, bool) {
        let Ok(client) = self.inner.surroundings.cluster().await else { return (Vec::new(), Vec::new(), false) };
        let with_rollouts = wanted.iter().any(|object| object["kind"] == "Rollout");
        match Live::look(&client, &user.login.namespace(), with_rollouts).await {
            Ok(live) => (wait::judge(wanted, &live, jiff::Timestamp::now()).objects, pods::of(&live), true),
            Err(error) => {
                tracing::warn!(user = %user.login, %error, "looking at an application");
                (Vec::new(), Vec::new(), false)
            }
        }
    }

    /// Takes the application away; its data (claims) only `with_data`.
    ///
    /// # Errors
    /// [`RolloutError::Running`] while a rollout runs; otherwise where the cluster or the database does not answer.
    pub async fn remove_app(&self, user: &User, with_data: bool) -> Result<(), RolloutError> {
        let app = self.inner.store.app(&user.id).await?.ok_or(RolloutError::NoApp)?;
        if let Some(running) = self.inner.store.rollouts_of(&user.id, 1).await?.first().filter(|row| row.finished_at.is_none()) {
            return Err(RolloutError::Running(running.id.clone()));
        }
        let applied: Vec<ObjectRef> = serde_json::from_str(&app.applied)?;
        if !applied.is_empty() {
            let client = self.cluster().await?;
            let namespace = user.login.namespace();
            for object in applied.iter().filter(|object| with_data || object.kind != "PersistentVolumeClaim") {
                apply::delete(&client, &namespace, object).await?;
            }
            if with_data {
                apply::delete_claims(&client, &namespace).await?;
            }
        }
        Ok(self.inner.store.remove_app(&user.id).await?)
    }
}
