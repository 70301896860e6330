//! Target states that follow git: where the owner of an application has switched it on, a push to `main` refreshes the target
//! state, as `POST /app/refresh` does. Nothing that runs is touched.
//!
//! Who pushed is only noted here; what there is to do is seen by laying `main` beside the target state, so nothing is lost with a
//! server that is killed, and nothing is done twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use maru_build::Source;
use maru_git::MAIN;
use maru_model::UserId;
use maru_store::users::User;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::ApiResult;
use crate::state::AppState;

/// Each renders in a container of its own.
const AT_ONCE: usize = 2;

/// Users whose projects may have a new commit; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Pushes(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    users: Mutex<BTreeSet<UserId>>,
    came: Notify,
}

impl Pushes {
    /// A push of this user is over, whatever became of it.
    pub fn pushed(&self, user: UserId) {
        self.0.users.lock().unwrap_or_else(PoisonError::into_inner).insert(user);
        self.0.came.notify_one();
    }

    /// Takes those of whom none is at work.
    fn take(&self, busy: &BTreeSet<UserId>) -> Vec<UserId> {
        let mut users = self.0.users.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<UserId> = users.difference(busy).cloned().collect();
        users.retain(|user| busy.contains(user));
        taken
    }
}

/// Tells [`Pushes`] of a push when it goes: at the end of git's answer, or when nobody waits for that any more.
pub struct Pushing {
    pub pushes: Pushes,
    pub user: UserId,
}

impl Drop for Pushing {
    fn drop(&mut self) {
        self.pushes.pushed(self.user.clone());
    }
}

/// Refreshes what was pushed, one task for each user, until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    match state.store.refreshed_on_push().await {
        // What was pushed before this server ran.
        Ok(users) => users.into_iter().for_each(|user| state.pushes.pushed(user)),
        Err(error) => tracing::warn!(%error, "which applications follow git could not be read"),
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let (mut busy, mut tasks) = (BTreeSet::new(), JoinSet::new());
    loop {
        for user in state.pushes.take(&busy) {
            busy.insert(user.clone());
            let (state, places) = (state.clone(), places.clone());
            tasks.spawn(async move {
                if let Err(error) = follow(&state, &user, &places).await {
                    tracing::warn!(%user, error = %error.detail().en, "a target state could not be refreshed after a push");
                }
                user
            });
        }
        tokio::select! {
            // Dropping the set ends the tasks.
            () = stop.cancelled() => return,
            () = state.pushes.0.came.notified() => {}
            Some(ended) = tasks.join_next() => match ended {
                Ok(user) => {
                    busy.remove(&user);
                }
                Err(error) => {
                    tracing::error!(%error, "refreshing after a push");
                    // Whose it was is not known: all others are asked for anew at their next push, and none is at work twice.
                    tasks.shutdown().await;
                    busy.clear();
                }
            },
        }
    }
}

/// Brings the target state of `user` to the newest commit, where that is wanted and it is at another.
async fn follow(state: &AppState, user: &UserId, places: &Semaphore) -> ApiResult<()> {
    let (Some(user), Some(app)) = (state.store.user(user).await?, state.store.app(user).await?) else { return Ok(()) };
    if !app.refresh_on_push {
        return Ok(());
    }
    // A Deploy pushes too, and reads its own commit: it must not find a newer one instead.
    until_deployed(state, &user).await?;
    // What is elsewhere is pushed to elsewhere: nobody tells us.
    let Source::Project { project } = app.source else { return Ok(()) };
    let head = match state.git.open(&user.login, &project).await {
        Ok(project) => project.head(MAIN).await.map_err(crate::error::ApiError::internal)?,
        Err(error) => {
            tracing::debug!(%error, user = %user.login, "a project that was pushed to is gone");
            None
        }
    };
    let known = state.rollouts.target(&user).await?.map(|target| target.commit);
    if head.is_none() || head == known {
        return Ok(());
    }
    // Never closed.
    let Ok(_place) = places.acquire().await else { return Ok(()) };
    let target = state.rollouts.refresh(&user, None).await?;
    tracing::info!(user = %user.login, commit = %target.commit, state = ?target.state, "refreshed a target state after a push");
    Ok(())
}

/// Waits until no deployment of `user` runs.
async fn until_deployed(state: &AppState, user: &User) -> ApiResult<()> {
    while let Some(deployment) = state.deployments.latest(state, &user.id).await?
        && let Some(mut following) = state.deployments.follow(&deployment.id)
    {
        // The sender goes with the task.
        while following.changed().await.is_ok() {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_pushes_while_a_refresh_is_at_work_waits_for_its_end() {
        let (mina, jun) = (UserId::from("mina".to_owned()), UserId::from("jun".to_owned()));
        let pushes = Pushes::default();
        drop(Pushing { pushes: pushes.clone(), user: mina.clone() });
        pushes.pushed(mina.clone());
        pushes.pushed(jun.clone());
        let busy = BTreeSet::from([mina.clone()]);
        assert_eq!(pushes.take(&busy), [jun]);
        assert_eq!(pushes.take(&busy), []);
        assert_eq!(pushes.take(&BTreeSet::new()), [mina]);
    }
}
