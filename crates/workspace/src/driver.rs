//! One task per workspace, the only thing that acts on its container.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use maru_engine::models::ImageInspect;
use maru_model::Text;
use maru_store::workspaces::{Intention, WorkspaceRow};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::Owner;
use crate::error::WorkspaceError;
use crate::link::AgentLink;
use crate::queue::{Queue, Request, Settled, Verdict};
use crate::runtime::{Docker, End, Presence};
use crate::setup::set_up;
use crate::usage::CpuMark;
use crate::view::{Phase, State, WorkspaceView};
use crate::workspaces::Shared;

/// A container that ends by itself is started again, unless it did so this often within this time.
const DEATHS: usize = 3;
const DEATHS_WITHIN: Duration = Duration::from_secs(300);

/// A workspace as everybody but its driver sees it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) owner: Owner,
    pub(crate) row: WorkspaceRow,
    pub(crate) link: AgentLink,
    view: watch::Sender<WorkspaceView>,
    desk: Mutex<Desk>,
    wake: Notify,
    cpu: Mutex<Option<CpuMark>>,
}

/// What requests and the driver meet over. Held for moments only.
#[derive(Debug)]
struct Desk {
    queue: Queue,
    /// Ends the action that is going on.
    interrupt: CancellationToken,
}

impl Entry {
    pub(crate) fn new(row: WorkspaceRow, view: WorkspaceView, link: AgentLink) -> Self {
        let owner = Owner { id: row.user_id.clone(), login: row.login.clone(), name: row.name.clone() };
        let desk = Desk { queue: Queue::new(Settled::Stopped), interrupt: CancellationToken::new() };
        Self { owner, row, link, view: watch::channel(view).0, desk: Mutex::new(desk), wake: Notify::new(), cpu: Mutex::default() }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
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
            self.publish(|view| (view.state, view.phase, view.cause) = (state, None, None));
        }
        drop(desk);
        self.wake.notify_one();
        verdict
    }

    /// Asks the driver to look whether what it believes is still true.
    pub(crate) fn poke(&self) {
        self.wake.notify_one();
    }

    /// Keeps a reading of the CPU's clock and gives the one before.
    pub(crate) fn mark_cpu(&self, mark: CpuMark) -> Option<CpuMark> {
        self.cpu.lock().unwrap_or_else(PoisonError::into_inner).replace(mark)
    }

    /// Nothing is going on or waiting, and this is where it stands.
    pub(crate) fn at_rest(&self) -> Option<Settled> {
        let desk = self.desk();
        desk.queue.is_idle().then(|| desk.queue.settled())
    }
}

/// How an action ended.
enum Outcome {
    Done,
    Failed(Text),
    /// Given up for the next request.
    Interrupted,
}

pub(crate) struct Driver {
    entry: Arc<Entry>,
    shared: Arc<Shared>,
    /// Ends the task that keeps the link.
    link_stop: CancellationToken,
    /// When the container ended by itself, lately.
    deaths: VecDeque<Instant>,
}

impl Driver {
    pub(crate) fn new(entry: Arc<Entry>, shared: Arc<Shared>) -> Self {
        Self { entry, shared, link_stop: CancellationToken::new(), deaths: VecDeque::new() }
    }

    /// Acts until the installation shuts down. Containers run on then, to be adopted by the next server.
    pub(crate) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        let act = async {
            loop {
                self.entry.wake.notified().await;
                loop {
                    let (request, interrupt) = {
                        let mut desk = self.entry.desk();
                        let Some(request) = desk.queue.begin() else { break };
                        desk.interrupt = CancellationToken::new();
                        (request, desk.interrupt.clone())
                    };
                    let outcome = self.perform(request, &interrupt).await;
                    self.settle(request, outcome);
                }
                self.notice().await;
            }
        };
        stop.run_until_cancelled(act).await;
        self.link_stop.cancel();
    }

    async fn perform(&mut self, request: Request, interrupt: &CancellationToken) -> Outcome {
        let began = Instant::now();
        let intention = if request.runs() { Intention::Running } else { Intention::Stopped };
        if let Err(error) = self.shared.store.set_workspace_intention(&self.entry.row.id, intention).await {
            tracing::warn!(login = %self.entry.owner.login, %error, "the intention is not written down");
        }
        let outcome = match interrupt.run_until_cancelled(self.act(request)).await {
            None => Outcome::Interrupted,
            Some(Ok(())) => Outcome::Done,
            Some(Err(error)) => {
                tracing::warn!(login = %self.entry.owner.login, ?request, %error, "failed");
                Outcome::Failed(error.cause())
            }
        };
        tracing::info!(login = %self.entry.owner.login, ?request, took_ms = began.elapsed().as_millis(), "done");
        outcome
    }

    fn settle(&mut self, request: Request, outcome: Outcome) {
        let mut desk = self.entry.desk();
        let (settled, state, cause) = match outcome {
            Outcome::Done if request.runs() => (Settled::Ready, State::Ready, None),
            Outcome::Done => (Settled::Stopped, State::Stopped, None),
            Outcome::Failed(cause) => (Settled::Failed, State::Failed, Some(cause)),
            // What it has become is for the next request to find out, and that begins now.
            Outcome::Interrupted => (Settled::Failed, State::Stopping, None),
        };
        desk.queue.end(settled);
        self.entry.publish(|view| {
            (view.state, view.phase, view.position, view.cause) = (state, None, None, cause);
            if settled != Settled::Ready {
                view.usage = None;
                view.started_at = None;
            }
        });
    }

    async fn act(&mut self, request: Request) -> Result<(), WorkspaceError> {
        let docker = &self.shared.docker;
        let login = self.entry.owner.login.clone();
        match request {
            Request::Start => {}
            Request::Stop | Request::Restart => {
                self.enter(State::Stopping, None);
                self.link_stop.cancel();
                docker.stop(&login).await?;
            }
            Request::Recreate => {
                self.enter(State::Stopping, None);
                self.link_stop.cancel();
                docker.stop(&login).await?;
                docker.remove(&login).await?;
            }
            Request::Force => {
                self.enter(State::Stopping, None);
                self.link_stop.cancel();
                docker.remove(&login).await?;
            }
        }
        if request.runs() { self.start().await } else { Ok(()) }
    }

    fn enter(&self, state: State, phase: Option<Phase>) {
        self.entry.publish(|view| (view.state, view.phase, view.position) = (state, phase, None));
    }

    async fn start(&mut self) -> Result<(), WorkspaceError> {
        let login = self.entry.owner.login.clone();
        // One that runs needs no turn: this is how containers are adopted after a restart of the server.
        if let Presence::Running { started_at } = self.shared.docker.look(&login, None).await? {
            return self.connect(started_at).await;
        }
        self.enter(State::Queued, None);
        let shared = self.shared.clone();
        let turn = shared.starts.wait(|position| self.entry.publish(|view| view.position = Some(position)));
        let _turn = turn.await;
        let image = self.phase(Phase::Image, shared.docker.image()).await?;
        self.phase(Phase::Create, self.create(&image)).await?;
        let booted = self.phase(Phase::Boot, async {
            shared.docker.start(&login).await?;
            match shared.docker.look(&login, None).await? {
                Presence::Running { started_at } => Ok(started_at),
                Presence::Still { end, .. } => Err(self.died(&end).await),
                Presence::Absent => Err(WorkspaceError::Start(gone())),
            }
        });
        let started_at = booted.await?;
        self.connect(started_at).await
    }

    /// Runs one phase under its deadline.
    async fn phase<T>(&self, phase: Phase, work: impl Future<Output = Result<T, WorkspaceError>>) -> Result<T, WorkspaceError> {
        self.enter(State::Starting, Some(phase));
        match timeout(phase.deadline(), work).await {
            Ok(done) => done,
            Err(_) => {
                let (what, seconds) = (phase.text(), phase.deadline().as_secs());
                Err(WorkspaceError::Start(Text::new(
                    format!("It took longer than {seconds} s: {}. Try again; if it stays so, ask whoever runs this server.", what.en),
                    format!("{seconds}초 안에 끝나지 않았습니다: {}. 다시 시도하고, 계속되면 서버 관리자에게 문의하세요.", what.ko),
                )))
            }
        }
    }

    /// Sees to it that there is a container, made the way it is made today.
    async fn create(&self, image: &ImageInspect) -> Result<(), WorkspaceError> {
        let docker = &self.shared.docker;
        let row = &self.entry.row;
        match docker.look(&row.login, Some(image)).await? {
            // One that never started may lack what is put in after it is made.
            Presence::Still { current: true, started_once: true, .. } | Presence::Running { .. } => return Ok(()),
            Presence::Still { .. } => docker.remove(&row.login).await?,
            Presence::Absent => {}
        }
        let generation = self.shared.store.next_workspace_generation(&row.id).await?;
        docker.create(row, generation, image).await
    }

    async fn connect(&mut self, started_at: Option<Timestamp>) -> Result<(), WorkspaceError> {
        self.link_stop.cancel();
        self.link_stop = self.shared.stop.child_token();
        self.keep_link();
        let login = &self.entry.owner.login;
        let up = async {
            let died = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    match self.shared.docker.look(login, None).await {
                        Ok(Presence::Still { end, .. }) => return self.died(&end).await,
                        Ok(Presence::Absent) => return WorkspaceError::Start(gone()),
                        Ok(Presence::Running { .. }) | Err(_) => {}
                    }
                }
            };
            tokio::select! {
                _ = self.entry.link.wait_up() => {}
                error = died => return Err(error),
            }
            set_up(&self.entry.link, &self.entry.owner, &self.shared.config).await;
            Ok(())
        };
        if let Err(error) = self.phase(Phase::Connect, up).await {
            // A container whose agent is not there is of no use to anybody; the next try shall find it stopped.
            self.link_stop.cancel();
            self.shared.docker.stop(login).await?;
            return Err(error);
        }
        self.entry.publish(|view| view.started_at = started_at);
        Ok(())
    }

    fn keep_link(&self) {
        let (entry, shared, stop) = (self.entry.clone(), self.shared.clone(), self.link_stop.clone());
        let name = shared.docker.name(&entry.owner.login);
        self.shared.tasks.spawn(async move {
            let dial = || Docker::dial(shared.docker.engine.clone(), name.clone());
            entry.link.keep(entry.owner.clone(), shared.inbound.clone(), stop, dial).await;
        });
    }

    async fn died(&self, end: &End) -> WorkspaceError {
        let words = self.shared.docker.last_words(&self.entry.owner.login).await;
        let last = if words.is_empty() { end.error.clone() } else { words };
        let (mut en, mut ko) = match (end.out_of_memory, end.code) {
            (true, _) => (
                "The workspace needed more memory than it may use and was ended.".to_owned(),
                "작업 공간이 허용된 메모리보다 많이 써서 종료되었습니다.".to_owned(),
            ),
            (false, code) => {
                (format!("The container ended with exit code {code}."), format!("컨테이너가 종료 코드 {code}(으)로 끝났습니다."))
            }
        };
        if !last.is_empty() {
            en.push_str(&format!(" Its last words: {last}"));
            ko.push_str(&format!(" 마지막 출력: {last}"));
        }
        WorkspaceError::Start(Text::new(en, ko))
    }

    /// Compares what is believed with what is true, and acts on the difference.
    async fn notice(&mut self) {
        let Some(settled) = self.entry.at_rest() else { return };
        // An Engine that does not answer tells nothing; the next look will.
        let Ok(presence) = self.shared.docker.look(&self.entry.owner.login, None).await else { return };
        let cause = match (settled, presence) {
            (Settled::Stopped, Presence::Running { .. }) => {
                tracing::info!(login = %self.entry.owner.login, "runs already: adopting it");
                self.entry.offer(Request::Start);
                return;
            }
            (Settled::Ready, Presence::Still { end, .. }) => self.died(&end).await.cause(),
            (Settled::Ready, Presence::Absent) => gone(),
            _ => return,
        };
        self.link_stop.cancel();
        tracing::warn!(login = %self.entry.owner.login, %cause, "ended by itself");
        self.deaths.push_back(Instant::now());
        self.deaths.retain(|at| at.elapsed() < DEATHS_WITHIN);
        let again = self.deaths.len() < DEATHS;
        let mut desk = self.entry.desk();
        if !desk.queue.is_idle() {
            return;
        }
        desk.queue.end(Settled::Failed);
        drop(desk);
        self.entry.publish(|view| {
            view.state = State::Failed;
            view.cause = Some(cause.clone());
            (view.usage, view.started_at) = (None, None);
        });
        if again {
            self.entry.offer(Request::Start);
            self.entry.publish(|view| view.cause = Some(cause));
        }
    }
}

fn gone() -> Text {
    Text::new("The container was removed by something outside of Maru.", "Maru가 아닌 다른 무언가가 컨테이너를 지웠습니다.")
}
