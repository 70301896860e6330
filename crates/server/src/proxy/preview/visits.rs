//! Every request to a preview while it is answered, every stream and every socket: whoever may not be there any more
//! is shown out. Nothing has to be told to this place: it looks by itself, so that a port that is private again, one
//! whose time is over, a member who has left the class and a session that has ended are all one case.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::permission;
use super::permits::{Holder, Place};
use crate::state::AppState;

const LOOK: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Default)]
pub(crate) struct Visits(Arc<Open>);

/// By number: where, who, and what ends it.
type Going = HashMap<u64, (Place, Option<Holder>, CancellationToken)>;

#[derive(Debug, Default)]
struct Open {
    visits: Mutex<Going>,
    next: AtomicU64,
    look: Notify,
}

/// One that goes on until this is dropped.
#[derive(Debug)]
pub(super) struct Visit {
    number: u64,
    visits: Visits,
    pub(super) cut: CancellationToken,
}

impl Visits {
    /// `cut` is cancelled when the visitor has to go.
    pub(super) fn begin(&self, place: Place, holder: Option<Holder>, cut: CancellationToken) -> Arc<Visit> {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, (place, holder, cut.clone()));
        Arc::new(Visit { number, visits: self.clone(), cut })
    }

    /// Something has changed: looks now.
    pub(crate) fn look(&self) {
        self.0.look.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Going> {
        // Nothing under this lock panics, and the map would still be whole.
        self.0.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.visits.lock().remove(&self.number);
    }
}

/// Shows out who may not be there any more, until the server ends.
pub(super) async fn watch(state: AppState, shutdown: CancellationToken) {
    let visits = state.proxies.visits.clone();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
            () = visits.0.look.notified() => {}
        }
        let mut groups: HashMap<(Place, Option<Holder>), Vec<CancellationToken>> = HashMap::new();
        for (place, holder, cut) in visits.lock().values() {
            groups.entry((place.clone(), holder.clone())).or_default().push(cut.clone());
        }
        for ((place, holder), cuts) in groups {
            match permission::look(&state, &place, holder.as_ref()).await {
                Ok(permission) if permission.grant.is_none() => cuts.iter().for_each(CancellationToken::cancel),
                Ok(_) => {}
                // A database that is away for a moment is no reason to end everybody's streams; the next look will tell.
                Err(error) => tracing::warn!(?error, "whether visits may go on could not be looked up"),
            }
        }
    }
}
