//! A workspace as everybody but its driver sees it: what is asked of it, what was asked for last, what is seen of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use maru_store::workspaces::{Intention, StoppedFor, WorkspaceRow};
use maru_store::{Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::config::Owner;
use crate::idle::{Activity, Millis};
use crate::link::AgentLink;
use crate::queue::{Queue, Request, Settled, Verdict};
use crate::view::{State, WorkspaceView};

/// What was asked for last, as the database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) intention: Intention,
    pub(crate) stopped_for: StoppedFor,
}

impl Wish {
    fn of(request: Request, stopped_for: StoppedFor) -> Self {
        if request.runs() {
            Self { intention: Intention::Running, stopped_for: StoppedFor::Asked }
        } else {
            Self { intention: Intention::Stopped, stopped_for }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) owner: Owner,
    /// As it was when the server first looked: of use is what never changes.
    pub(crate) row: WorkspaceRow,
    pub(crate) link: AgentLink,
    view: watch::Sender<WorkspaceView>,
    desk: Mutex<Desk>,
    /// Held while a wish is written down and offered, so that the database has them in the order of the queue. The
    /// wish is none while it is unsure whether the last one was written.
    written: tokio::sync::Mutex<Option<Wish>>,
    pub(crate) wake: Notify,
    /// Ends its driver: with the server, or before, where the workspace is removed.
    pub(crate) stop: CancellationToken,
}

/// What requests, the driver and the reconciler meet over. Held for moments only.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) queue: Queue,
    /// Ends the action that is going on.
    pub(crate) interrupt: CancellationToken,
    pub(crate) wish: Wish,
    pub(crate) activity: Activity,
    pub(crate) keep_alive_until: Option<Millis>,
}

impl Entry {
    pub(crate) fn new(row: WorkspaceRow, view: WorkspaceView, link: AgentLink, stop: CancellationToken) -> Self {
        let owner = Owner { id: row.user_id.clone(), login: row.login.clone(), name: row.name.clone() };
        let wish = Wish { intention: row.intention, stopped_for: row.stopped_for };
        let desk = Desk {
            queue: Queue::new(Settled::Stopped),
            interrupt: CancellationToken::new(),
            wish,
            activity: Activity::default(),
            keep_alive_until: row.keep_alive_until,
        };
        Self {
            owner,
            row,
            link,
            view: watch::channel(view).0,
            desk: Mutex::new(desk),
            written: tokio::sync::Mutex::new(Some(wish)),
            wake: Notify::new(),
            stop,
        }
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing under this lock panics, and its data would still be whole.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn view(&self) -> WorkspaceView {
        self.view.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<WorkspaceView> {
        self.view.subscribe()
    }

    pub(crate) fn publish(&self, change: impl FnOnce(&mut WorkspaceView)) {
        self.view.send_if_modified(|view| {
            let before = view.clone();
            change(view);
            *view != before
        });
    }

    /// Writes down what is wished, and puts it before the driver: whoever is told that it was taken can rely on it,
    /// whatever becomes of this server.
    pub(crate) async fn ask(&self, store: &Store, request: Request, stopped_for: StoppedFor) -> Result<Verdict, StoreError> {
        let mut written = self.written.lock().await;
        let wish = Wish::of(request, stopped_for);
        if written.take() != Some(wish) {
            match wish.intention {
                Intention::Running => store.set_workspace_intention(&self.row.id, wish.intention).await?,
                Intention::Stopped => store.set_workspace_stopped(&self.row.id, stopped_for).await?,
            }
        }
        *written = Some(wish);
        self.desk().wish = wish;
        Ok(self.offer(request))
    }

    /// Gives up a start that is going on or waiting, or that failed and will be tried again. What is at rest, or stops, goes its way.
    pub(crate) async fn cancel(&self, store: &Store) -> Result<(), StoreError> {
        let starts = {
            let Desk { queue, wish, .. } = &*self.desk();
            match queue.heads_for() {
                Some(request) => request.runs(),
                None => queue.settled() == Settled::Failed && wish.intention == Intention::Running,
            }
        };
        if starts {
            self.ask(store, Request::Stop, StoppedFor::Asked).await?;
        }
        Ok(())
    }

    /// Puts a request before the driver. What is seen changes at once, so that whoever asks again sees it taken.
    pub(crate) fn offer(&self, request: Request) -> Verdict {
        let mut desk = self.desk();
        let was_idle = desk.queue.is_idle();
        let verdict = desk.queue.offer(request);
        tracing::debug!(login = %self.owner.login, ?request, ?verdict, "asked");
        if verdict == Verdict::Satisfied {
            return verdict;
        }
        if verdict == Verdict::Interrupts {
            desk.interrupt.cancel();
        }
        if was_idle {
            let state = if request.runs() { State::Queued } else { State::Stopping };
            self.publish(|view| (view.state, view.phase, view.cause, view.idle_stop_at) = (state, None, None, None));
        }
        drop(desk);
        self.wake.notify_one();
        verdict
    }

    /// Asks the driver to look whether what it believes is still true.
    pub(crate) fn poke(&self) {
        self.wake.notify_one();
    }

    /// Nothing is going on or waiting, and this is where it stands.
    pub(crate) fn at_rest(&self) -> Option<Settled> {
        let desk = self.desk();
        desk.queue.is_idle().then(|| desk.queue.settled())
    }

    /// Somebody uses it now: what it was warned of does not come.
    pub(crate) fn touch(&self) {
        let now = Timestamp::now().as_millisecond();
        self.desk().activity.touch(now, now);
        self.publish(|view| view.idle_stop_at = None);
    }
}
