//! Keeps what the cluster was told as the settings are: at once where one was changed, and now and again for all else that
//! decides it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// New namespaces, and who joined or left a class or whose class was archived, are seen after so long at most.
const AGAIN: Duration = Duration::from_secs(60);

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Something that the cluster is told of. Wakes [`run`] when it was changed; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Setting(Arc<Notify>);

impl Setting {
    pub fn changed(&self) {
        self.0.notify_one();
    }
}

/// Has `tell` lay the cluster beside `setting`, until `stop`. `what` is what it tells, for the log.
pub async fn run<T>(state: AppState, setting: Setting, what: &str, stop: CancellationToken, tell: impl Fn(AppState) -> T)
where
    T: Future<Output = Result<(), Failure>>,
{
    loop {
        if state.cluster.state().is_ready()
            && let Err(error) = tell(state.clone()).await
        {
            tracing::warn!(%error, "the cluster could not be told {what}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = setting.0.notified() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}
