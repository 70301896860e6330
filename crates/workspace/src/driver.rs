//! One task per workspace, the only thing that acts on its container.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use maru_engine::EngineError;
use maru_engine::models::ImageInspect;
use maru_model::{Limits, Text};
use maru_store::workspaces::{Intention, WorkspaceRow};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::entry::Entry;
use crate::error::WorkspaceError;
use crate::idle::Activity;
use crate::queue::{Request, Settled};
use crate::runtime::{Docker, End, Presence, Wanted};
use crate::safe;
use crate::setup::set_up;
use crate::usage;
use crate::view::{Phase, State, after};
use crate::workspaces::Shared;

/// A container that ends by itself is started again, unless it did so this often within this time.
const DEATHS: usize = 3;
const DEATHS_WITHIN: Duration = Duration::from_secs(300);
/// After this many failures in a row a start is a safe one; when that fails too, somebody has to look.
const FAILURES: u32 = 2;
/// How often a failure that may pass is tried again by itself.
const RETRIES: u32 = 20;
/// How long a look may take when nobody asked for it.
const LOOK: Duration = Duration::from_secs(5);
/// And when somebody waits for a start, which begins with one.
const FIRST_LOOK: Duration = Duration::from_secs(15);

/// How an action ended.
enum Outcome {
    Done,
    Failed {
        cause: Text,
        passing: bool,
    },
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
    /// Starts that failed in a row, for a reason that does not pass by itself.
    failures: u32,
    /// The last failure may pass by itself: how often it has been tried again.
    retries: Option<u32>,
}

impl Driver {
    pub(crate) fn new(entry: Arc<Entry>, shared: Arc<Shared>) -> Self {
        Self { entry, shared, link_stop: CancellationToken::new(), deaths: VecDeque::new(), failures: 0, retries: None }
    }

    /// Acts until the installation shuts down, or the workspace is removed. Containers run on then, to be adopted by the
    /// next server.
    pub(crate) async fn run(mut self) {
        let stop = self.entry.stop.clone();
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
        let outcome = match interrupt.run_until_cancelled(self.act(request)).await {
            None => Outcome::Interrupted,
            Some(Ok(())) => Outcome::Done,
            Some(Err(error)) => {
                tracing::warn!(login = %self.entry.owner.login, ?request, %error, "failed");
                Outcome::Failed { cause: error.cause(), passing: error.passes() }
            }
        };
        tracing::info!(login = %self.entry.owner.login, ?request, took_ms = began.elapsed().as_millis(), "done");
        outcome
    }

    fn settle(&mut self, request: Request, outcome: Outcome) {
        let mut desk = self.entry.desk();
        let mut again = false;
        let (settled, state, cause) = match outcome {
            Outcome::Done if request.runs() => {
                (self.failures, self.retries) = (0, None);
                desk.activity = Activity::since(Timestamp::now().as_millisecond());
                (Settled::Ready, State::Ready, None)
            }
            Outcome::Done => {
                self.retries = None;
                (Settled::Stopped, State::Stopped, self.shared.config.why_stopped(desk.wish.stopped_for))
            }
            Outcome::Failed { cause, passing: true } => {
                self.retries = Some(self.retries.map_or(0, |retries| retries + 1));
                (Settled::Failed, State::Failed, Some(cause))
            }
            Outcome::Failed { cause, passing: false } => {
                if request.runs() {
                    self.failures += 1;
                    again = self.failures <= FAILURES && desk.queue.heads_for() == Some(request);
                }
                self.retries = None;
                (Settled::Failed, failed(again), Some(cause))
            }
            // What it has become is for the next request to find out, and that begins now.
            Outcome::Interrupted => (Settled::Failed, State::Stopping, None),
        };
        desk.queue.end(settled);
        self.entry.publish(|view| {
            (view.state, view.phase, view.position, view.deadline) = (state, None, None, None);
            view.cause = cause.clone();
            if settled != Settled::Ready {
                (view.usage, view.started_at, view.idle_stop_at, view.safe_mode) = (None, None, None, None);
                view.notices.clear();
            }
        });
        drop(desk);
        if again {
            self.once_more(cause);
        }
    }

    /// Starts it again by itself, and goes on saying why.
    fn once_more(&self, cause: Option<Text>) {
        self.entry.offer(Request::Start);
        self.entry.publish(|view| view.cause = cause);
    }

    async fn act(&mut self, request: Request) -> Result<(), WorkspaceError> {
        let shared = self.shared.clone();
        let docker = &shared.docker;
        let login = self.entry.owner.login.clone();
        match request {
            Request::Start => {}
            Request::Stop | Request::Restart => {
                self.link_stop.cancel();
                self.ending(docker.stop(&login)).await?;
            }
            Request::Recreate => {
                self.failures = 0;
                let home = shared.home_to_save(&self.entry).await;
                self.enter(State::Stopping, None, shared.config.snapshots.before);
                let saved = shared.snapshot_before(&self.entry).await;
                self.link_stop.cancel();
                self.ending(async {
                    docker.stop(&login).await?;
                    docker.remove(&login).await
                })
                .await?;
                if !saved {
                    self.enter(State::Stopping, None, shared.config.snapshots.before);
                    shared.snapshot_at_rest(&self.entry, home).await;
                }
            }
            Request::Force => {
                self.failures = 0;
                self.link_stop.cancel();
                self.ending(docker.remove(&login)).await?;
            }
        }
        if request.runs() { self.start().await } else { Ok(()) }
    }

    fn enter(&self, state: State, phase: Option<Phase>, limit: Duration) {
        let deadline = after(limit);
        self.entry.publish(|view| (view.state, view.phase, view.position, view.deadline) = (state, phase, None, deadline));
    }

    /// Ends a container under the deadline for that.
    async fn ending(&self, work: impl Future<Output = Result<(), EngineError>>) -> Result<(), WorkspaceError> {
        let limit = self.shared.config.deadlines.stop;
        self.enter(State::Stopping, None, limit);
        match timeout(limit, work).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(WorkspaceError::Passing(late(&Text::new("ending the container", "컨테이너 종료"), limit))),
        }
    }

    async fn start(&mut self) -> Result<(), WorkspaceError> {
        let login = self.entry.owner.login.clone();
        let row = self.shared.store.workspace(&self.entry.row.id).await?;
        let safe = self.failures >= FAILURES;
        // One that runs needs no turn: this is how containers are adopted after a restart of the server.
        let first = async {
            let presence = self.shared.docker.look(&row, None).await?;
            let runs = matches!(presence, Presence::Running { .. });
            let kind = if runs { self.shared.docker.home_kind(&row).await? } else { None };
            Ok::<_, WorkspaceError>((presence, kind))
        };
        let looking = Text::new("looking at its container", "컨테이너 살펴보기");
        let looked = timeout(FIRST_LOOK, first).await;
        let (presence, kind) = looked.map_err(|_| WorkspaceError::Passing(late(&looking, FIRST_LOOK)))??;
        match presence {
            Presence::Running { started_at, home } if home == row.home && !safe => {
                self.entry.publish(|view| view.home = kind);
                return self.connect(started_at, safe).await;
            }
            Presence::Absent => {}
            // In another home than its own, or with what may be the fault: it has to be made anew.
            Presence::Still { home, .. } | Presence::Running { home, .. } if home != row.home || safe => {
                self.ending(async {
                    self.shared.docker.stop(&login).await?;
                    self.shared.docker.remove(&login).await
                })
                .await?;
            }
            Presence::Still { .. } | Presence::Running { .. } => {}
        }
        let limit = self.shared.config.deadlines.queue;
        self.enter(State::Queued, None, limit);
        let began = Instant::now();
        let shared = self.shared.clone();
        let turn = shared.starts.wait(|position| self.entry.publish(|view| view.position = Some(position)));
        let _turn = timeout(limit, turn)
            .await
            .map_err(|_| WorkspaceError::Passing(late(&Text::new("waiting for its turn", "시작 차례 기다리기"), limit)))?;
        let image = self.phase(Phase::Image, shared.docker.image()).await?;
        let limits = shared.limits(&row.user_id).await?;
        let create = async {
            shared.home_is_free(&self.entry).await;
            self.create(&row, &image, limits).await
        };
        self.phase(Phase::Create, create).await?;
        let booted = self.phase(Phase::Boot, async {
            let kind = shared.docker.start(&row, &limits).await?;
            self.entry.publish(|view| (view.limits, view.home) = (limits, kind));
            match shared.docker.look(&row, None).await? {
                Presence::Running { started_at, .. } => Ok(started_at),
                Presence::Still { end, .. } => Err(self.died(&end).await),
                Presence::Absent => Err(WorkspaceError::Start(gone())),
            }
        });
        let started_at = booted.await?;
        self.connect(started_at, safe).await?;
        shared.starts.took.observe(began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Runs one phase under its deadline.
    async fn phase<T>(&self, phase: Phase, work: impl Future<Output = Result<T, WorkspaceError>>) -> Result<T, WorkspaceError> {
        let limit = self.shared.config.deadlines.of(phase);
        self.enter(State::Starting, Some(phase), limit);
        match timeout(limit, work).await {
            Ok(done) => done,
            // An agent that does not come up is its container's own fault; all before it is the Engine's.
            Err(_) if phase == Phase::Connect => Err(WorkspaceError::Start(late(&phase.text(), limit))),
            Err(_) => Err(WorkspaceError::Passing(late(&phase.text(), limit))),
        }
    }

    /// Sees to it that there is a container, made the way it is made today.
    async fn create(&self, row: &WorkspaceRow, image: &ImageInspect, limits: Limits) -> Result<(), WorkspaceError> {
        let docker = &self.shared.docker;
        let egress = self.shared.egress(&row.user_id).await?;
        let wanted = Wanted { image, home: row.home, egress, limits };
        match docker.look(row, Some(wanted)).await? {
            // One that never started may lack what is put in after it is made.
            Presence::Still { current: true, started_once: true, .. } | Presence::Running { .. } => return Ok(()),
            Presence::Still { .. } => docker.remove(&row.login).await?,
            Presence::Absent => {}
        }
        let generation = self.shared.store.next_workspace_generation(&row.id).await?;
        docker.create(row, generation, wanted).await
    }

    async fn connect(&mut self, started_at: Option<Timestamp>, safe: bool) -> Result<(), WorkspaceError> {
        self.link_stop.cancel();
        self.link_stop = self.shared.stop.child_token();
        self.keep_link();
        let login = &self.entry.owner.login;
        let up = async {
            let died = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    match self.shared.docker.look(&self.entry.row, None).await {
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
            if !safe {
                set_up(&self.entry.link, &self.entry.owner, &self.shared.config).await;
            }
            Ok(())
        };
        if let Err(error) = self.phase(Phase::Connect, up).await {
            // A container whose agent is not there is of no use to anybody; the next try shall find it stopped.
            self.link_stop.cancel();
            if let Err(also) = self.ending(self.shared.docker.stop(login)).await {
                tracing::warn!(%login, error = %also, "it could not be stopped either");
            }
            return Err(error);
        }
        self.entry.publish(|view| {
            view.started_at = started_at;
            view.notices.clear();
            view.safe_mode = safe.then_some(safe::Reason::StartsFailed);
        });
        if !safe {
            let examination = safe::examine(self.entry.clone());
            let stop = self.link_stop.clone();
            self.shared.tasks.spawn(async move { stop.run_until_cancelled(examination).await });
        }
        Ok(())
    }

    fn keep_link(&self) {
        let (entry, shared, stop) = (self.entry.clone(), self.shared.clone(), self.link_stop.clone());
        let name = shared.docker.name(&entry.owner.login);
        let (followed, until) = (entry.clone(), stop.clone());
        self.shared.tasks.spawn(async move { until.run_until_cancelled(usage::follow(followed)).await });
        self.shared.tasks.spawn(async move {
            let dial = || Docker::dial(shared.docker.engine.clone(), name.clone());
            entry.link.keep(entry.owner.clone(), shared.inbound.clone(), stop, dial).await;
        });
    }

    async fn died(&self, end: &End) -> WorkspaceError {
        let words = self.shared.docker.last_words(&self.entry.owner.login).await;
        WorkspaceError::Start(end.text(&words))
    }

    /// Compares what is believed and wished with what is true, and acts on the difference.
    async fn notice(&mut self) {
        let Some(settled) = self.entry.at_rest() else { return };
        // An Engine that does not answer tells nothing; the next look will.
        let Ok(Ok(presence)) = timeout(LOOK, self.shared.docker.look(&self.entry.row, None)).await else { return };
        let wish = self.entry.desk().wish;
        match (settled, wish.intention, presence) {
            // A start that was given up may have come true at the Engine all the same; or somebody went past us.
            (Settled::Stopped | Settled::Failed, Intention::Stopped, Presence::Running { .. }) => {
                tracing::info!(login = %self.entry.owner.login, "it runs, but is to be stopped");
                self.entry.offer(Request::Stop);
            }
            (Settled::Failed, Intention::Stopped, _) => {
                self.settled_by_itself(Settled::Stopped, State::Stopped, self.shared.config.why_stopped(wish.stopped_for));
            }
            (Settled::Stopped, Intention::Running, _) => {
                self.entry.offer(Request::Start);
            }
            (Settled::Failed, Intention::Running, _) => self.retry().await,
            (Settled::Ready, _, Presence::Still { end, .. }) => {
                let cause = self.died(&end).await.cause();
                self.ended_by_itself(cause);
            }
            (Settled::Ready, _, Presence::Absent) => self.ended_by_itself(gone()),
            (Settled::Ready, _, Presence::Running { .. }) | (Settled::Stopped, Intention::Stopped, _) => {}
        }
    }

    /// Once more, where what failed may have passed by now.
    async fn retry(&mut self) {
        let Some(retries) = self.retries.filter(|&retries| retries < RETRIES) else { return };
        if !matches!(timeout(LOOK, self.shared.docker.image()).await, Ok(Ok(_))) {
            return;
        }
        tracing::info!(login = %self.entry.owner.login, retries, "trying once more");
        self.once_more(self.entry.view().cause);
    }

    fn ended_by_itself(&mut self, cause: Text) {
        self.link_stop.cancel();
        tracing::warn!(login = %self.entry.owner.login, %cause, "ended by itself");
        self.deaths.push_back(Instant::now());
        self.deaths.retain(|at| at.elapsed() < DEATHS_WITHIN);
        let again = self.deaths.len() < DEATHS;
        if !again {
            self.failures = FAILURES;
        }
        if self.settled_by_itself(Settled::Failed, failed(again), Some(cause.clone())) && again {
            self.once_more(Some(cause));
        }
    }

    /// False where somebody asked for something meanwhile: what comes of that is the truth then.
    fn settled_by_itself(&self, settled: Settled, state: State, cause: Option<Text>) -> bool {
        let mut desk = self.entry.desk();
        if !desk.queue.is_idle() {
            return false;
        }
        desk.queue.end(settled);
        self.entry.publish(|view| {
            (view.state, view.cause) = (state, cause);
            (view.usage, view.started_at, view.idle_stop_at, view.safe_mode) = (None, None, None, None);
            view.notices.clear();
        });
        true
    }
}

/// Nobody is told of a failure that is being mended.
fn failed(again: bool) -> State {
    if again { State::Queued } else { State::Failed }
}

fn gone() -> Text {
    Text::new("The container was removed by something outside of Maru.", "Maru가 아닌 다른 무언가가 컨테이너를 지웠습니다.")
}

fn late(what: &Text, limit: Duration) -> Text {
    let seconds = limit.as_secs();
    Text::new(
        format!("It took longer than {seconds} s: {}. If it stays so, tell whoever runs this server.", what.en),
        format!("{seconds}초 안에 끝나지 않았습니다: {}. 계속되면 서버 관리자에게 알려 주세요.", what.ko),
    )
}
