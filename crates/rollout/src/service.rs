//! What the rest of Maru asks of rollouts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::Stream;
use kube::Client;
use maru_model::{RolloutId, UserId};
use maru_store::rollouts::RolloutRow;
use maru_store::users::User;
use maru_store::{Store, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::RolloutError;
use crate::machine::Run;
use crate::model::{Phase, Progress, Rollout, Target, TargetState, reference};
use crate::plan::{self, PlannedObject};
use crate::pods;
use crate::secrets::{self, SecretNames};
use crate::strategy::{self, Order};
use crate::surroundings::Surroundings;
use crate::target;

/// What an installation decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The domain of applications, such as `apps.localhost`.
    pub apps_domain: String,
    /// `http` or `https`, as people reach applications.
    pub scheme: String,
    /// What follows the host in an address: `:8080`, or nothing.
    pub authority: String,
    /// How long everything has to stay healthy where the cluster was away: its kubelets need a moment to see which of their
    /// pods have gone with it, which are ready until then.
    pub steady: Duration,
}

pub(crate) struct Inner {
    pub store: Store,
    pub surroundings: Arc<dyn Surroundings>,
    pub settings: Settings,
    pub shutdown: CancellationToken,
    running: Mutex<HashMap<RolloutId, Running>>,
    /// Whose namespaces were brought about by this server.
    namespaces: Mutex<HashSet<UserId>>,
    /// Held while a target state is read: who read later writes later. One for each user that ever refreshed here.
    refreshing: Mutex<HashMap<UserId, Arc<tokio::sync::Mutex<()>>>>,
    tasks: TaskTracker,
}

struct Running {
    progress: watch::Receiver<Progress>,
    cancel: CancellationToken,
}

/// Target states and rollouts of everybody; cheap to clone.
#[derive(Clone)]
pub struct Rollouts {
    pub(crate) inner: Arc<Inner>,
}

impl Rollouts {
    /// `shutdown` ends the tasks; what they were at is taken up by [`Rollouts::resume`] of the next server.
    #[must_use]
    pub fn new(store: Store, surroundings: Arc<dyn Surroundings>, settings: Settings, shutdown: CancellationToken) -> Self {
        let inner = Inner {
            store,
            surroundings,
            settings,
            shutdown,
            running: Mutex::default(),
            namespaces: Mutex::default(),
            refreshing: Mutex::default(),
            tasks: TaskTracker::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Takes up the rollouts that were running when the server ended. Call once, at start.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn resume(&self) -> Result<(), RolloutError> {
        for row in self.inner.store.unfinished_rollouts().await? {
            if let Some(user) = self.inner.store.user(&row.user_id).await? {
                tracing::info!(rollout = %row.id, user = %user.login, phase = %row.phase, "going on with a rollout");
                self.spawn(user, row);
            }
        }
        Ok(())
    }

    /// Waits until the tasks have ended, after `shutdown` was cancelled.
    pub async fn join(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// What can be said of the manifests at `commit` without a cluster; nothing is kept.
    ///
    /// # Errors
    /// Where the project cannot be read.
    pub async fn check(&self, user: &User, commit: Option<&str>) -> Result<maru_manifest::Report, RolloutError> {
        target::check(&self.inner, user, &self.source(user).await?, commit).await
    }

    /// The files of the application at `commit`, at least those of its manifests.
    ///
    /// # Errors
    /// Where the source cannot be read.
    pub async fn files(&self, user: &User, commit: Option<&str>) -> Result<maru_manifest::Files, RolloutError> {
        let source = self.source(user).await?;
        Ok(self.inner.surroundings.snapshot(user, &source, commit).await.map_err(RolloutError::Source)?.files)
    }

    /// Reads the target state from git again, at `commit` or the newest; changes nothing that runs.
    ///
    /// # Errors
    /// Where the project cannot be read. A target state that is wrong is no error but [`TargetState::Failed`].
    pub async fn refresh(&self, user: &User, commit: Option<&str>) -> Result<Target, RolloutError> {
        let turn = self.inner.refreshing.lock().unwrap_or_else(PoisonError::into_inner).entry(user.id.clone()).or_default().clone();
        let _turn = turn.lock().await;
        let source = self.source(user).await?;
        let target = target::read(&self.inner, user, &source, commit).await?;
        self.inner.store.set_app_target(&user.id, &serde_json::to_string(&target)?).await?;
        Ok(target)
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn target(&self, user: &User) -> Result<Option<Target>, RolloutError> {
        let app = self.inner.store.app(&user.id).await?.ok_or(RolloutError::NoApp)?;
        Ok(app.target.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// Begins to bring the current state to the target state.
    ///
    /// # Errors
    /// [`RolloutError::Running`] where a rollout of this user has no end yet, [`RolloutError::NoTarget`],
    /// [`RolloutError::TargetFailed`].
    pub async fn start(&self, user: &User) -> Result<Rollout, RolloutError> {
        let target = self.target(user).await?.ok_or(RolloutError::NoTarget)?;
        if target.state == TargetState::Failed {
            return Err(RolloutError::TargetFailed(target.diagnostics));
        }
        self.begin(user, &target.commit, None, &serde_json::to_string(&target.rendered)?, Phase::Resolve).await
    }

    /// Brings back what an earlier rollout brought about, with the very images it had.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`], [`RolloutError::Running`]; [`RolloutError::NoApp`] where the application was removed since.
    pub async fn rollback(&self, user: &User, id: &RolloutId) -> Result<Rollout, RolloutError> {
        let row = self.row(user, id).await?;
        // What is applied is remembered with the application.
        self.source(user).await?;
        self.begin(user, &row.commit_id, Some(id), &row.objects, Phase::Resolve).await
    }

    async fn begin(
        &self,
        user: &User,
        commit: &str,
        origin: Option<&RolloutId>,
        objects: &str,
        phase: Phase,
    ) -> Result<Rollout, RolloutError> {
        let row = loop {
            match self.inner.store.add_rollout(&user.id, commit, origin, user.login.as_str(), phase.as_str(), objects).await {
                Ok(row) => break row,
                Err(StoreError::Conflict(_)) => {
                    let newest = self.inner.store.rollouts_of(&user.id, 1).await?;
                    let Some(newest) = newest.first() else { return Err(RolloutError::NotFound) };
                    if !self.give_way(&newest.id).await {
                        return Err(RolloutError::Running(newest.id.clone()));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        };
        let rollout = Rollout::from_row(&row)?;
        self.spawn(user.clone(), row);
        Ok(rollout)
    }

    /// Ends a rollout that stands still: a newer version takes the place of the one that waits to be promoted. False for one
    /// that is at work.
    async fn give_way(&self, id: &RolloutId) -> bool {
        let Some(mut progress) = self.progress(id) else {
            // It has just ended, or is of a server that is gone.
            return self.inner.store.rollout(id).await.is_ok_and(|row| row.is_some_and(|row| row.finished_at.is_some()));
        };
        if progress.borrow().paused.is_none() {
            return progress.borrow().phase.is_end();
        }
        if let Some(running) = self.running().get(id) {
            running.cancel.cancel();
        }
        progress.wait_for(|progress| progress.phase.is_end()).await.is_ok()
    }

    /// Tells the Argo Rollouts of a user's newest rollout to go on or back.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`] where it is not the user's; [`RolloutError::NothingWaits`].
    pub async fn tell(&self, user: &User, id: &RolloutId, order: Order) -> Result<Rollout, RolloutError> {
        let row = self.row(user, id).await?;
        let newest = self.inner.store.rollouts_of(&user.id, 1).await?;
        if newest.first().is_none_or(|newest| &newest.id != id) {
            return Err(RolloutError::NothingWaits(order));
        }
        let objects: Vec<serde_json::Value> = serde_json::from_str(&row.objects)?;
        let names = objects.iter().filter(|object| object["kind"] == "Rollout").map(|object| reference(object).name);
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return Err(RolloutError::NothingWaits(order));
        }
        let client = self.cluster().await?;
        let mut told = false;
        for name in names {
            told |= strategy::tell(&client, &user.login.namespace(), &name, order).await?;
        }
        if !told {
            return Err(RolloutError::NothingWaits(order));
        }
        tracing::info!(user = %user.login, rollout = %id, ?order, "told the rollouts of an application");
        self.rollout(user, id).await
    }

    fn spawn(&self, user: User, row: RolloutRow) {
        let id = row.id.clone();
        let phase = Phase::parse(&row.phase).unwrap_or(Phase::Resolve);
        let first = Progress {
            id: id.clone(),
            phase,
            detail: phase.text(),
            objects: Vec::new(),
            paused: None,
            diagnostics: Vec::new(),
            urls: Vec::new(),
        };
        let (progress, receiver) = watch::channel(first);
        let cancel = CancellationToken::new();
        self.running().insert(id.clone(), Running { progress: receiver, cancel: cancel.clone() });
        let run = Run { inner: self.inner.clone(), user, row, progress, cancel };
        let rollouts = self.clone();
        self.inner.tasks.spawn(async move {
            run.run().await;
            rollouts.running().remove(&id);
        });
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<RolloutId, Running>> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a rollout is at, followed until it ends: the sender goes with the task. `None` once it has ended.
    #[must_use]
    pub fn progress(&self, id: &RolloutId) -> Option<watch::Receiver<Progress>> {
        self.running().get(id).map(|running| running.progress.clone())
    }

    /// Waits until a rollout has ended or stands still until a person promotes it, telling `show` how it goes.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`].
    pub async fn follow(&self, user: &User, id: &RolloutId, mut show: impl FnMut(&Progress)) -> Result<Rollout, RolloutError> {
        if let Some(mut progress) = self.progress(id) {
            loop {
                let now = progress.borrow_and_update().clone();
                show(&now);
                if now.phase.is_end() || now.waits_for_a_person() || progress.changed().await.is_err() {
                    break;
                }
            }
        }
        self.rollout(user, id).await
    }

    /// Stops a rollout where it is; what was applied stays.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`].
    pub async fn cancel(&self, user: &User, id: &RolloutId) -> Result<(), RolloutError> {
        self.row(user, id).await?;
        if let Some(running) = self.running().get(id) {
            running.cancel.cancel();
        }
        Ok(())
    }

    async fn row(&self, user: &User, id: &RolloutId) -> Result<RolloutRow, RolloutError> {
        self.inner.store.rollout(id).await?.filter(|row| row.user_id == user.id).ok_or(RolloutError::NotFound)
    }

    /// # Errors
    /// [`RolloutError::NotFound`] where there is none, or it is somebody else's.
    pub async fn rollout(&self, user: &User, id: &RolloutId) -> Result<Rollout, RolloutError> {
        Ok(Rollout::from_row(&self.row(user, id).await?)?)
    }

    /// What a rollout changed against the one before it by number, and that number; against nothing, for the first.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`] where it is not the user's.
    pub async fn changes(&self, user: &User, id: &RolloutId) -> Result<(Option<i64>, Vec<PlannedObject>), RolloutError> {
        let row = self.row(user, id).await?;
        let before = self.inner.store.rollout_of_number(&user.id, row.number - 1).await?;
        let objects = |row: &RolloutRow| serde_json::from_str::<Vec<serde_json::Value>>(&row.objects);
        let was = before.as_ref().map(objects).transpose()?.unwrap_or_default();
        Ok((before.map(|before| before.number), plan::between(&was, &objects(&row)?)))
    }

    /// The newest 100, newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn history(&self, user: &User) -> Result<Vec<Rollout>, RolloutError> {
        let rows = self.inner.store.rollouts_of(&user.id, 100).await?;
        Ok(rows.iter().map(Rollout::from_row).collect::<Result<_, _>>()?)
    }

    pub(crate) async fn cluster(&self) -> Result<Client, RolloutError> {
        self.inner.surroundings.cluster().await.map_err(RolloutError::Cluster)
    }

    /// A container's log; with `follow` it goes on.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`] where the user has no such pod.
    pub async fn pod_log(
        &self,
        user: &User,
        pod: &str,
        container: Option<String>,
        follow: bool,
        previous: bool,
    ) -> Result<impl Stream<Item = std::io::Result<Vec<u8>>> + use<>, RolloutError> {
        pods::log(&self.cluster().await?, &user.login.namespace(), pod, container, follow, previous).await
    }

    /// # Errors
    /// Where the cluster does not answer.
    pub async fn secrets(&self, user: &User) -> Result<Vec<SecretNames>, RolloutError> {
        Ok(secrets::list(&self.cluster().await?, &user.login.namespace()).await?)
    }

    /// Sees to it that the user has a namespace, for those who ask the cluster before their first rollout. Once per server:
    /// every rollout does it again.
    ///
    /// # Errors
    /// [`RolloutError::Cluster`] where the cluster is not there or refuses it.
    pub async fn ensure_namespace(&self, user: &User) -> Result<(), RolloutError> {
        let namespaces = || self.inner.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        if namespaces().contains(&user.id) {
            return Ok(());
        }
        let client = self.cluster().await?;
        self.inner.surroundings.ensure_namespace(&client, user).await.map_err(RolloutError::Cluster)?;
        namespaces().insert(user.id.clone());
        Ok(())
    }

    /// # Errors
    /// [`RolloutError::Invalid`] where name or keys cannot be taken.
    pub async fn put_secret(&self, user: &User, name: &str, values: &BTreeMap<String, String>) -> Result<(), RolloutError> {
        let client = self.cluster().await?;
        self.inner.surroundings.ensure_namespace(&client, user).await.map_err(RolloutError::Cluster)?;
        secrets::put(&client, &user.login.namespace(), name, values).await
    }

    /// # Errors
    /// [`RolloutError::NotFound`].
    pub async fn remove_secret(&self, user: &User, name: &str) -> Result<(), RolloutError> {
        secrets::remove(&self.cluster().await?, &user.login.namespace(), name).await
    }
}
