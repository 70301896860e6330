//! Who sees what of a terminal's output, and whether it may go on: decisions only, no I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use maru_protocol::{HIGH_WATER, LOW_WATER, ServerFrame, TerminalStatus};
use tokio::time::Instant;

use super::marks::Marks;
use super::output::Output;
use super::screen::Screen;

/// Bytes sent to a viewer at once.
const CHUNK: usize = 64 * 1024;
/// How long a driver may take nothing, the terminal waiting for it and others looking on, before one of them drives.
const STUCK: Duration = Duration::from_secs(5);
/// The least time between two replays for one viewer: drawing is work, and a slow observer could ask for it without end.
const REPLAY_EVERY: Duration = Duration::from_millis(500);

pub(super) type ViewerId = u64;

#[derive(Debug)]
struct Viewer {
    /// Never the driver, such as an instructor who looks on.
    observes: bool,
    /// The size of this viewer's window, once known.
    window: Option<(u16, u16)>,
    /// The size it was last told the terminal has; none where it waits for that.
    told: Option<(u16, u16)>,
    told_status: TerminalStatus,
    /// When it last typed, as a count of all typing.
    typed: u64,
    needs_replay: bool,
    /// Whether `attached` is still to be said.
    needs_attached: bool,
    attached_at: u64,
    /// A viewer that resumes may be far behind without being skipped until it has taken this byte.
    catches_up_to: u64,
    sent: u64,
    acked: u64,
    /// It kept a terminal waiting, and drives no more until it takes something.
    stuck: bool,
    replayed_at: Option<Instant>,
}

/// What a viewer's socket is to send next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Frame(ServerFrame),
    /// The replay frame, the bytes that it announces, and the `attached` after it.
    Replay(ServerFrame, Bytes, ServerFrame),
    Output(Bytes),
    /// The last frame.
    Exit(ServerFrame),
    Wait,
    /// As `Wait`, but not for longer than until then.
    WaitUntil(Instant),
}

pub(super) struct State {
    output: Output,
    size: (u16, u16),
    viewers: BTreeMap<ViewerId, Viewer>,
    next_viewer: ViewerId,
    typings: u64,
    /// Since when the PTY is not to be read, or since when the driver has taken something during that.
    paused: Option<Instant>,
    /// All before this has been taken by a viewer that drove: what it asked has been answered.
    answered: u64,
    status: TerminalStatus,
    exit: Option<i32>,
}

impl State {
    pub(super) fn new(cols: u16, rows: u16) -> Self {
        Self {
            output: Output::new(Screen::new(cols, rows)),
            size: (cols, rows),
            viewers: BTreeMap::new(),
            next_viewer: 0,
            typings: 0,
            paused: None,
            answered: 0,
            status: TerminalStatus::default(),
            exit: None,
        }
    }

    pub(super) fn size(&self) -> (u16, u16) {
        self.size
    }

    pub(super) fn end(&self) -> u64 {
        self.output.end()
    }

    pub(super) fn exit(&self) -> Option<i32> {
        self.exit
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers.len()
    }

    pub(super) fn title(&self) -> Option<&str> {
        self.output.title()
    }

    pub(super) fn marks(&self) -> &Marks {
        self.output.marks()
    }

    /// Sets what viewers are to be told; returns whether that is news.
    pub(super) fn tell(&mut self, status: TerminalStatus) -> bool {
        let news = self.status != status;
        self.status = status;
        news
    }

    /// Whether the PTY is not to be read just now.
    pub(super) fn paused(&self) -> bool {
        self.paused.is_some()
    }

    pub(super) fn output(&mut self, data: &[u8]) {
        self.output.push(data);
        self.review();
    }

    pub(super) fn exited(&mut self, code: i32) {
        self.exit = Some(code);
        self.review();
    }

    /// A new viewer, who has taken all before `since`.
    pub(super) fn attach(&mut self, since: Option<u64>, observes: bool) -> ViewerId {
        let id = self.next_viewer;
        self.next_viewer += 1;
        let end = self.output.end();
        let resume = since.filter(|s| (self.output.start()..=end).contains(s));
        let from = resume.unwrap_or(end);
        let viewer = Viewer {
            observes,
            window: None,
            told: Some(self.size),
            told_status: TerminalStatus::default(),
            typed: 0,
            needs_replay: resume.is_none(),
            needs_attached: resume.is_some(),
            attached_at: from,
            catches_up_to: end,
            sent: from,
            acked: from,
            stuck: false,
            replayed_at: None,
        };
        self.viewers.insert(id, viewer);
        self.review();
        id
    }

    pub(super) fn detach(&mut self, id: ViewerId) {
        self.viewers.remove(&id);
        self.review();
    }

    /// Who typed last; before anyone did, who came first.
    fn driver(&self) -> Option<ViewerId> {
        let able = self.viewers.iter().filter(|(_, v)| !v.observes && !v.stuck);
        able.max_by_key(|(id, v)| (v.typed, std::cmp::Reverse(**id))).map(|(id, _)| *id)
    }

    pub(super) fn drives(&self, id: ViewerId) -> bool {
        self.driver() == Some(id)
    }

    /// Whether a report that this viewer's emulator makes by itself is the answer to a question of the program: not where
    /// somebody else drives, and not to questions that another driver has answered before.
    pub(super) fn may_answer(&self, id: ViewerId) -> bool {
        self.drives(id) && self.viewers.get(&id).is_some_and(|v| v.acked >= self.answered)
    }

    /// Lets another viewer drive where the driver takes nothing, such as a page on a machine that sleeps. Returns the size
    /// that the PTY is to take, if that changes.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<(u16, u16)> {
        if now.duration_since(self.paused?) < STUCK || self.viewers.values().filter(|v| !v.observes && !v.stuck).nth(1).is_none() {
            return None;
        }
        let driver = self.driver()?;
        self.viewers.get_mut(&driver)?.stuck = true;
        self.review();
        self.fit()
    }

    /// Returns the size that the PTY is to take, if that changes.
    pub(super) fn typed(&mut self, id: ViewerId) -> Option<(u16, u16)> {
        self.typings += 1;
        let typings = self.typings;
        let viewer = self.viewers.get_mut(&id)?;
        (viewer.typed, viewer.stuck) = (typings, false);
        self.review();
        self.fit()
    }

    /// As [`Self::typed`].
    pub(super) fn resize(&mut self, id: ViewerId, cols: u16, rows: u16) -> Option<(u16, u16)> {
        let window = (cols.clamp(2, 1000), rows.clamp(1, 500));
        let viewer = self.viewers.get_mut(&id)?;
        viewer.window = Some(window);
        // Whether it gets that or not, it is told.
        viewer.told = None;
        self.fit()
    }

    fn fit(&mut self) -> Option<(u16, u16)> {
        let wanted = self.viewers.get(&self.driver()?)?.window?;
        if wanted == self.size {
            return None;
        }
        self.size = wanted;
        self.output.resize(wanted.0, wanted.1);
        Some(wanted)
    }

    pub(super) fn ack(&mut self, id: ViewerId, seq: u64) {
        let drives = self.drives(id);
        let Some(viewer) = self.viewers.get_mut(&id) else { return };
        // Never more than was sent, and never back.
        let seq = seq.min(viewer.sent);
        if seq > viewer.acked {
            (viewer.acked, viewer.stuck) = (seq, false);
            if drives {
                self.answered = self.answered.max(seq);
                self.paused = self.paused.map(|_| Instant::now());
            }
        }
        self.review();
    }

    /// Decides anew whether the terminal pauses.
    fn review(&mut self) {
        let behind =
            self.driver().and_then(|id| self.viewers.get(&id)).filter(|v| !v.needs_replay).map_or(0, |v| self.output.end() - v.acked);
        let pauses = behind > if self.paused.is_some() { LOW_WATER } else { HIGH_WATER };
        self.paused = if pauses { self.paused.or_else(|| Some(Instant::now())) } else { None };
    }

    /// What comes next for a viewer, taken as sent.
    pub(super) fn step(&mut self, id: ViewerId, now: Instant) -> Step {
        let (end, size) = (self.output.end(), self.size);
        let drives = self.drives(id);
        let Some(viewer) = self.viewers.get_mut(&id) else { return Step::Wait };
        if !viewer.needs_replay && !viewer.needs_attached {
            let in_flight = viewer.sent > viewer.acked;
            let progressed = viewer.sent > viewer.attached_at;
            if !drives && end - viewer.acked > HIGH_WATER && viewer.acked >= viewer.catches_up_to && progressed {
                // An observer too far behind: let it take what is on its way, then skip the rest.
                if in_flight {
                    return Step::Wait;
                }
                viewer.needs_replay = true;
            } else if viewer.sent < self.output.start() {
                viewer.needs_replay = true;
            }
        }
        if viewer.needs_replay {
            if let Some(next) = viewer.replayed_at.map(|at| at + REPLAY_EVERY).filter(|&next| next > now) {
                return Step::WaitUntil(next);
            }
            viewer.replayed_at = Some(now);
            let (bytes, from) = self.output.replay();
            viewer.needs_replay = false;
            viewer.told = Some(size);
            (viewer.attached_at, viewer.catches_up_to, viewer.sent, viewer.acked) = (from, from, from, from);
            let replay = ServerFrame::Replay { bytes: bytes.len() as u64, cols: size.0, rows: size.1 };
            let attached = ServerFrame::Attached { seq: from, cols: size.0, rows: size.1 };
            return Step::Replay(replay, bytes.into(), attached);
        }
        if viewer.needs_attached {
            viewer.needs_attached = false;
            viewer.told = Some(size);
            return Step::Frame(ServerFrame::Attached { seq: viewer.sent, cols: size.0, rows: size.1 });
        }
        if viewer.told != Some(size) {
            viewer.told = Some(size);
            return Step::Frame(ServerFrame::Size { cols: size.0, rows: size.1 });
        }
        if viewer.told_status != self.status {
            viewer.told_status.clone_from(&self.status);
            return Step::Frame(ServerFrame::Status(self.status.clone()));
        }
        let room = HIGH_WATER.saturating_sub(viewer.sent - viewer.acked);
        if viewer.sent < end {
            let most = usize::try_from(room).unwrap_or(CHUNK).min(CHUNK);
            return match self.output.read(viewer.sent, most) {
                Some(bytes) if !bytes.is_empty() => {
                    viewer.sent += bytes.len() as u64;
                    Step::Output(bytes)
                }
                _ => Step::Wait,
            };
        }
        match self.exit {
            Some(code) => Step::Exit(ServerFrame::Exit { code }),
            None => Step::Wait,
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
