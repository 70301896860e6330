//! Who sees what of a terminal's output, and whether it may go on: decisions only, no I/O.

use std::collections::BTreeMap;

use bytes::Bytes;
use maru_protocol::{HIGH_WATER, LOW_WATER, ServerFrame};

use super::boundary::Boundary;
use super::ring::Ring;
use super::screen::Screen;

/// Bytes of output held for an exact resume. A little over the 2 MiB that the contract promises.
const RING: usize = 2 * 1024 * 1024 + 64 * 1024;
/// Bytes sent to a viewer at once.
const CHUNK: usize = 64 * 1024;

pub(super) type ViewerId = u64;

#[derive(Debug)]
struct Viewer {
    /// Never the driver, such as an instructor who looks on.
    observes: bool,
    /// The size of this viewer's window, once known.
    window: Option<(u16, u16)>,
    /// The size it was last told the terminal has.
    told: (u16, u16),
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
}

pub(super) struct State {
    ring: Ring,
    boundary: Boundary,
    screen: Screen,
    /// How much of the output the screen has seen: always a place where it can be cut.
    screened: u64,
    size: (u16, u16),
    viewers: BTreeMap<ViewerId, Viewer>,
    next_viewer: ViewerId,
    typings: u64,
    paused: bool,
    exit: Option<i32>,
}

impl State {
    pub(super) fn new(cols: u16, rows: u16) -> Self {
        Self {
            ring: Ring::new(RING),
            boundary: Boundary::new(),
            screen: Screen::new(cols, rows),
            screened: 0,
            size: (cols, rows),
            viewers: BTreeMap::new(),
            next_viewer: 0,
            typings: 0,
            paused: false,
            exit: None,
        }
    }

    pub(super) fn size(&self) -> (u16, u16) {
        self.size
    }

    pub(super) fn end(&self) -> u64 {
        self.ring.end()
    }

    pub(super) fn exit(&self) -> Option<i32> {
        self.exit
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers.len()
    }

    pub(super) fn title(&self) -> Option<&str> {
        self.screen.title()
    }

    /// Whether the PTY is not to be read just now.
    pub(super) fn paused(&self) -> bool {
        self.paused
    }

    pub(super) fn output(&mut self, data: &[u8]) {
        self.ring.push(data);
        self.boundary.feed(data);
        self.catch_up_screen();
        self.review();
    }

    fn catch_up_screen(&mut self) {
        while self.screened < self.boundary.safe() {
            let most = usize::try_from(self.boundary.safe() - self.screened).unwrap_or(usize::MAX);
            match self.ring.read(self.screened, most.min(CHUNK)) {
                Some(bytes) if !bytes.is_empty() => {
                    self.screen.feed(&bytes);
                    self.screened += bytes.len() as u64;
                }
                // Cannot be: what is not safe yet is far shorter than the ring.
                _ => self.screened = self.boundary.safe(),
            }
        }
    }

    pub(super) fn exited(&mut self, code: i32) {
        self.exit = Some(code);
        self.review();
    }

    /// A new viewer, who has taken all before `since`.
    pub(super) fn attach(&mut self, since: Option<u64>, observes: bool) -> ViewerId {
        let id = self.next_viewer;
        self.next_viewer += 1;
        let end = self.ring.end();
        let resume = since.filter(|s| (self.ring.start()..=end).contains(s));
        let from = resume.unwrap_or(end);
        let viewer = Viewer {
            observes,
            window: None,
            told: self.size,
            typed: 0,
            needs_replay: resume.is_none(),
            needs_attached: resume.is_some(),
            attached_at: from,
            catches_up_to: end,
            sent: from,
            acked: from,
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
        let able = self.viewers.iter().filter(|(_, v)| !v.observes);
        able.max_by_key(|(id, v)| (v.typed, std::cmp::Reverse(**id))).map(|(id, _)| *id)
    }

    pub(super) fn drives(&self, id: ViewerId) -> bool {
        self.driver() == Some(id)
    }

    /// Returns the size that the PTY is to take, if that changes.
    pub(super) fn typed(&mut self, id: ViewerId) -> Option<(u16, u16)> {
        self.typings += 1;
        let typings = self.typings;
        self.viewers.get_mut(&id)?.typed = typings;
        self.review();
        self.fit()
    }

    /// As [`Self::typed`].
    pub(super) fn resize(&mut self, id: ViewerId, cols: u16, rows: u16) -> Option<(u16, u16)> {
        self.viewers.get_mut(&id)?.window = Some((cols.clamp(2, 1000), rows.clamp(1, 500)));
        self.fit()
    }

    fn fit(&mut self) -> Option<(u16, u16)> {
        let wanted = self.viewers.get(&self.driver()?)?.window?;
        if wanted == self.size {
            return None;
        }
        self.size = wanted;
        self.screen.resize(wanted.0, wanted.1);
        Some(wanted)
    }

    pub(super) fn ack(&mut self, id: ViewerId, seq: u64) {
        if let Some(viewer) = self.viewers.get_mut(&id) {
            // Never more than was sent, and never back.
            viewer.acked = viewer.acked.max(seq.min(viewer.sent));
        }
        self.review();
    }

    /// Decides anew whether the terminal pauses.
    fn review(&mut self) {
        let behind =
            self.driver().and_then(|id| self.viewers.get(&id)).filter(|v| !v.needs_replay).map_or(0, |v| self.ring.end() - v.acked);
        self.paused = behind > if self.paused { LOW_WATER } else { HIGH_WATER };
    }

    /// What comes next for a viewer, taken as sent.
    pub(super) fn step(&mut self, id: ViewerId) -> Step {
        let (end, size) = (self.ring.end(), self.size);
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
            } else if viewer.sent < self.ring.start() {
                viewer.needs_replay = true;
            }
        }
        if viewer.needs_replay {
            let bytes = self.screen.replay();
            let from = self.screened;
            viewer.needs_replay = false;
            viewer.told = size;
            (viewer.attached_at, viewer.catches_up_to, viewer.sent, viewer.acked) = (from, from, from, from);
            let replay = ServerFrame::Replay { bytes: bytes.len() as u64, cols: size.0, rows: size.1 };
            let attached = ServerFrame::Attached { seq: from, cols: size.0, rows: size.1 };
            return Step::Replay(replay, bytes.into(), attached);
        }
        if viewer.needs_attached {
            viewer.needs_attached = false;
            viewer.told = size;
            return Step::Frame(ServerFrame::Attached { seq: viewer.sent, cols: size.0, rows: size.1 });
        }
        if viewer.told != size {
            viewer.told = size;
            return Step::Frame(ServerFrame::Size { cols: size.0, rows: size.1 });
        }
        let room = HIGH_WATER.saturating_sub(viewer.sent - viewer.acked);
        if viewer.sent < end {
            let most = usize::try_from(room).unwrap_or(CHUNK).min(CHUNK);
            return match self.ring.read(viewer.sent, most) {
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
