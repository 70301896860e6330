//! The application of a user: where it comes from, how it is now, and its end.

use maru_manifest::ObjectRef;
use maru_model::ProjectName;
use maru_store::builds::Source as Origin;
use maru_store::rollouts::{AppRow, RolloutRow};
use maru_store::users::User;
use serde_json::Value;

use crate::error::RolloutError;
use crate::live::Live;
use crate::model::{HealthState, ObjectHealth, Phase, Rollout, Target, reference};
use crate::pods::{self, PodView};
use crate::service::{Rollouts, Settings};
use crate::strategy::Paused;
use crate::surroundings::Source;
use crate::{apply, asleep, wait};

/// So many rollouts are looked at for one that got through.
const LOOKED_BACK: i64 = 20;

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
    /// A push to `main` refreshes the target state: never of what is pushed elsewhere.
    pub refresh_on_push: bool,
    pub target: Option<Target>,
    /// The newest rollout.
    pub current: Option<Rollout>,
    pub state: CurrentState,
    /// Where a new version stands still.
    pub paused: Option<Paused>,
    pub urls: Vec<String>,
    pub objects: Vec<ObjectHealth>,
    pub pods: Vec<PodView>,
    /// Its owner stopped it, wholly or in part, and nobody has started it since.
    pub stopped: bool,
    /// False where the cluster could not be asked: objects and pods are then empty.
    pub cluster_answers: bool,
}

/// What the database says of an application.
struct Known {
    source: Source,
    refresh_on_push: bool,
    target: Option<Target>,
    current: Option<Rollout>,
    /// What is applied.
    wanted: Vec<Value>,
}

impl Known {
    /// With what there is in the cluster, if it could be asked.
    fn seen(self, live: Option<&Live>, settings: &Settings) -> App {
        let (objects, pods) = match live {
            Some(live) => (wait::judge(&self.wanted, live, jiff::Timestamp::now()).objects, pods::of(live)),
            None => (Vec::new(), Vec::new()),
        };
        let worst = objects.iter().map(|o| o.state).max().unwrap_or(HealthState::Healthy);
        let state = match self.current.as_ref().map(|rollout| rollout.phase) {
            None => CurrentState::None,
            Some(Phase::Failed) => CurrentState::Failed,
            Some(Phase::Healthy | Phase::Cancelled) if live.is_none() => CurrentState::Degraded,
            Some(Phase::Healthy | Phase::Cancelled) => match worst {
                HealthState::Healthy => CurrentState::Healthy,
                HealthState::Paused | HealthState::Progressing => CurrentState::Progressing,
                HealthState::Degraded => CurrentState::Degraded,
            },
            Some(_) => CurrentState::Progressing,
        };
        App {
            source: self.source,
            refresh_on_push: self.refresh_on_push,
            target: self.target,
            urls: crate::urls::of(&self.wanted, &settings.scheme, &settings.authority),
            paused: objects.iter().find_map(|object| object.strategy.as_ref()?.paused.clone()),
            current: self.current,
            state,
            objects,
            pods,
            stopped: live.is_some_and(|live| {
                self.wanted.iter().map(reference).any(|object| live.get(&object.kind, &object.name).is_some_and(asleep::is_stopped))
            }),
            cluster_answers: live.is_some(),
        }
    }
}

impl Rollouts {
    /// Sets where the application comes from.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn put_app(&self, user: &User, source: &Source) -> Result<(), RolloutError> {
        Ok(self.inner.store.put_app(&user.id, &source.from, &source.path).await?)
    }

    /// The source of the application, which is made of `project` where there is none.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn ensure_app(&self, user: &User, project: &ProjectName) -> Result<Source, RolloutError> {
        match self.source(user).await {
            Err(RolloutError::NoApp) => {
                let source = Source { from: Origin::Project { project: project.clone() }, path: String::new() };
                self.put_app(user, &source).await?;
                Ok(source)
            }
            other => other,
        }
    }

    /// Whether every push to `main` refreshes the target state.
    ///
    /// # Errors
    /// [`RolloutError::NoApp`], or where the database does not answer.
    pub async fn set_refresh_on_push(&self, user: &User, on: bool) -> Result<(), RolloutError> {
        self.source(user).await?;
        Ok(self.inner.store.set_app_refresh_on_push(&user.id, on).await?)
    }

    pub(crate) async fn source(&self, user: &User) -> Result<Source, RolloutError> {
        let app = self.inner.store.app(&user.id).await?.ok_or(RolloutError::NoApp)?;
        Ok(Source { from: app.source, path: app.path })
    }

    /// The application as it is now.
    ///
    /// # Errors
    /// [`RolloutError::NoApp`], or where the database does not answer. A cluster that does not answer is not an error.
    pub async fn app(&self, user: &User) -> Result<App, RolloutError> {
        let known = self.known(user).await?.ok_or(RolloutError::NoApp)?;
        let with_rollouts = known.wanted.iter().any(|object| object["kind"] == "Rollout");
        let live = match self.inner.surroundings.cluster().await {
            Ok(client) => match Live::look(&client, &user.login.namespace(), with_rollouts).await {
                Ok(live) => Some(live),
                Err(error) => {
                    tracing::warn!(user = %user.login, %error, "looking at an application");
                    None
                }
            },
            Err(_) => None,
        };
        Ok(known.seen(live.as_ref(), &self.inner.settings))
    }

    /// The applications of several users, by one look at the cluster; `None` for who has none.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn apps(&self, users: &[User]) -> Result<Vec<Option<App>>, RolloutError> {
        let live = match self.inner.surroundings.cluster().await {
            Ok(client) => match Live::look_everywhere(&client).await {
                Ok(live) => Some(live),
                Err(error) => {
                    tracing::warn!(%error, "looking at all applications");
                    None
                }
            },
            Err(_) => None,
        };
        let nothing = Live::default();
        let mut apps = Vec::with_capacity(users.len());
        for user in users {
            let own = live.as_ref().map(|live| live.get(&user.login.namespace()).unwrap_or(&nothing));
            apps.push(self.known(user).await?.map(|known| known.seen(own, &self.inner.settings)));
        }
        Ok(apps)
    }

    async fn known(&self, user: &User) -> Result<Option<Known>, RolloutError> {
        let Some(row) = self.inner.store.app(&user.id).await? else { return Ok(None) };
        let target: Option<Target> = row.target.as_deref().map(serde_json::from_str).transpose()?;
        let mut newest = self.rollouts_since(user, row.created_at, 1).await?;
        let is_applied = |row: &RolloutRow| [Phase::Wait, Phase::Prune, Phase::Healthy].iter().any(|phase| row.phase == phase.as_str());
        if newest.first().is_some_and(|row| !is_applied(row)) {
            newest = self.rollouts_since(user, row.created_at, LOOKED_BACK).await?;
        }
        let current = newest.first().map(Rollout::from_row).transpose()?;
        // What is applied is what runs, also where it stands still on its way.
        let applied = newest.first().filter(|row| is_applied(row));
        let shown = applied.or_else(|| newest.iter().find(|row| row.phase == Phase::Healthy.as_str())).or_else(|| newest.first());
        let wanted: Vec<Value> = shown.map(|row| serde_json::from_str(&row.objects)).transpose()?.unwrap_or_default();
        let source = Source { from: row.source, path: row.path };
        let refresh_on_push = row.refresh_on_push && matches!(source.from, Origin::Project { .. });
        Ok(Some(Known { source, refresh_on_push, target, current, wanted }))
    }

    /// The newest `many` rollouts of those since a time (Unix milliseconds), the newest first.
    async fn rollouts_since(&self, user: &User, time: i64, many: i64) -> Result<Vec<RolloutRow>, RolloutError> {
        let mut rows = self.inner.store.rollouts_of(&user.id, many).await?;
        rows.retain(|row| row.created_at >= time);
        Ok(rows)
    }

    /// The application, where no rollout of it is on its way.
    pub(crate) async fn at_rest(&self, user: &User) -> Result<AppRow, RolloutError> {
        let app = self.inner.store.app(&user.id).await?.ok_or(RolloutError::NoApp)?;
        match self.inner.store.rollouts_of(&user.id, 1).await?.first().filter(|row| row.finished_at.is_none()) {
            Some(running) => Err(RolloutError::Running(running.id.clone())),
            None => Ok(app),
        }
    }

    /// Takes the application away; its data (claims) only `with_data`.
    ///
    /// # Errors
    /// [`RolloutError::Running`] while a rollout runs; otherwise where the cluster or the database does not answer.
    pub async fn remove_app(&self, user: &User, with_data: bool) -> Result<(), RolloutError> {
        let app = self.at_rest(user).await?;
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
