//! Taking a snapshot: the tree as the agent sees it, then the contents that no snapshot before it holds.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use maru_model::{SnapshotId, Text};
use maru_protocol::Pipe;
use maru_protocol::snapshot::{End, Frame, LeftOut, Node, NodeKind, Outcome, ReadRequest, Why};

use super::desk::{Desk, Turn};
use super::failed;
use super::manifest::{Changes, Entry as Thing, Manifest, Reason, Snapshot};
use super::source::Source;
use super::vault::{Cutter, Vault, Writer};
use crate::config::SnapshotConfig;
use crate::error::WorkspaceError;

/// Files that are asked for at once.
const BATCH: usize = 2000;
/// How often a file that changed while it was read is read again, and how long that waits.
const ROUNDS: usize = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// Things left out that are told one by one.
const TOLD: usize = 1000;
/// Bytes that stay free on the server's disk.
const SPARE: u64 = 512 << 20;

/// What is wanted of a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) reason: Reason,
    pub(crate) name: Option<String>,
    /// None is taken where nothing has changed since the last.
    pub(crate) only_if_changed: bool,
}

impl Order {
    pub(crate) fn of(reason: Reason) -> Self {
        Self { reason, name: None, only_if_changed: reason == Reason::Hourly }
    }
}

/// A snapshot in the making.
struct Making {
    writer: Writer,
    things: Vec<Thing>,
    left_out: Vec<LeftOut>,
    previous: Option<Manifest>,
    /// Numbers of the things whose contents are still to be read.
    to_read: Vec<usize>,
    /// Those that are there no more.
    gone: Vec<usize>,
    _turn: Turn,
}

/// Takes one, unless nothing has changed and none is wanted then.
pub(super) async fn take(
    config: &SnapshotConfig,
    vault: &Vault,
    source: &Source,
    desk: &Arc<Desk>,
    turn: Turn,
    order: Order,
) -> Result<Option<Manifest>, WorkspaceError> {
    let (nodes, left_out) = source.ask("/snapshot/scan", Vec::new(), scanned).await?;
    let (vault2, home, largest) = (vault.clone(), source.home, config.largest_file);
    let mut making =
        blocking("looking through the last snapshot", move || Making::begin(&vault2, turn, (nodes, left_out), home, largest)).await?;
    desk.goes(0, making.to_read.len());
    for round in 0..ROUNDS {
        let mut wanted = std::mem::take(&mut making.to_read);
        if wanted.is_empty() {
            break;
        }
        if round > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        while !wanted.is_empty() {
            let batch: Vec<usize> = wanted.drain(..wanted.len().min(BATCH)).collect();
            if making.writer.added() >= config.retention.bytes {
                making.too_large(&batch);
                continue;
            }
            let request = ReadRequest { paths: batch.iter().map(|&i| making.things[i].node.path.clone()).collect() };
            let request = serde_json::to_vec(&request).map_err(|error| failed("asking for files")(error.into()))?;
            let (desk, last) = (desk.clone(), round + 1 == ROUNDS);
            making = source.ask("/snapshot/read", request, move |pipe| making.read(pipe, &batch, &desk, last)).await?;
        }
    }
    blocking("writing a snapshot", move || making.finish(home, order)).await
}

pub(super) async fn blocking<T: Send + 'static>(
    attempt: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, WorkspaceError> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten().map_err(failed(attempt))
}

fn scanned(pipe: &mut Pipe) -> io::Result<(Vec<Node>, Vec<LeftOut>)> {
    let (mut nodes, mut left_out, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match Frame::read(pipe, &mut buffer)? {
            Frame::Node(node) => nodes.push(node),
            Frame::LeftOut(left) => left_out.push(left),
            Frame::Last => return Ok((nodes, left_out)),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame in the wrong place")),
        }
    }
}

impl Making {
    fn begin(vault: &Vault, turn: Turn, (nodes, left_out): (Vec<Node>, Vec<LeftOut>), home: i64, largest: u64) -> io::Result<Self> {
        let writer = vault.write(SPARE)?;
        // The last of this home, so that what has not changed since is known without reading it.
        let last = vault.snapshots()?.into_iter().find(|snapshot| snapshot.home == home);
        let previous = match last.map(|last| vault.manifest(&last.id)).transpose() {
            Ok(previous) => previous.flatten(),
            Err(error) => {
                tracing::warn!(%error, "the last snapshot cannot be read, so all files are");
                None
            }
        };
        let mut making = Self {
            writer,
            things: Vec::with_capacity(nodes.len()),
            left_out,
            previous,
            to_read: Vec::new(),
            gone: Vec::new(),
            _turn: turn,
        };
        let known: HashMap<String, usize> = making
            .previous
            .iter()
            .flat_map(|manifest| manifest.entries.iter().enumerate())
            .filter(|(_, thing)| thing.node.version.is_some() && !thing.unsettled)
            .map(|(i, thing)| (thing.node.path.clone(), i))
            .collect();
        for node in nodes {
            if node.kind == NodeKind::File && node.allocated > largest {
                making.left_out.push(LeftOut { path: node.path, why: Why::TooLarge });
                continue;
            }
            let before = making.previous.as_ref().and_then(|manifest| manifest.entries.get(*known.get(&node.path)?));
            let held =
                before.filter(|before| before.node.version == node.version && making.holds(before)).map(|before| before.pieces.clone());
            if node.kind == NodeKind::File && node.size > 0 && held.is_none() {
                making.to_read.push(making.things.len());
            }
            making.things.push(Thing { node, pieces: held.unwrap_or_default(), unsettled: false });
        }
        Ok(making)
    }

    fn holds(&self, thing: &Thing) -> bool {
        thing.pieces.iter().all(|piece| match piece {
            super::manifest::Piece::Block(hash, _) => self.writer.has(hash),
            super::manifest::Piece::Hole(_) => true,
        })
    }

    fn too_large(&mut self, batch: &[usize]) {
        for &number in batch {
            self.left_out.push(LeftOut { path: self.things[number].node.path.clone(), why: Why::TooLarge });
            self.gone.push(number);
        }
    }

    fn read(mut self, pipe: &mut Pipe, batch: &[usize], desk: &Desk, last: bool) -> io::Result<Self> {
        let (mut cutter, mut buffer) = (Cutter::default(), Vec::new());
        let mut numbers = batch.iter();
        loop {
            match Frame::read(pipe, &mut buffer)? {
                Frame::Data(data) => cutter.data(data, &mut self.writer)?,
                Frame::Hole(bytes) => cutter.hole(bytes, &mut self.writer)?,
                Frame::End(end) => {
                    let number = *numbers.next().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a file too many"))?;
                    self.ended(number, end, &mut cutter, last)?;
                    desk.read_one();
                }
                Frame::Last if numbers.next().is_none() => return Ok(self),
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame in the wrong place")),
            }
        }
    }

    fn ended(&mut self, number: usize, end: End, cutter: &mut Cutter, last: bool) -> io::Result<()> {
        let thing = &mut self.things[number];
        match (end.outcome, end.node) {
            (outcome @ (Outcome::Whole | Outcome::Changed), Some(node)) if node.path == thing.node.path => {
                thing.pieces = cutter.end(&mut self.writer)?;
                thing.node = node;
                thing.unsettled = outcome == Outcome::Changed;
                if thing.unsettled && !last {
                    self.to_read.push(number);
                }
            }
            (Outcome::Unreadable, _) => {
                cutter.forget();
                self.left_out.push(LeftOut { path: thing.node.path.clone(), why: Why::Unreadable });
                self.gone.push(number);
            }
            _ => {
                cutter.forget();
                self.gone.push(number);
            }
        }
        Ok(())
    }

    fn finish(mut self, home: i64, order: Order) -> io::Result<Option<Manifest>> {
        self.gone.sort_unstable();
        for number in self.gone.iter().rev() {
            self.things.remove(*number);
        }
        let changes = changes(self.previous.as_ref().map_or(&[], |manifest| &manifest.entries), &self.things);
        if order.only_if_changed && self.previous.is_some() && changes.is_none() {
            return Ok(None);
        }
        let count = |kind| self.things.iter().filter(|thing| thing.node.kind == kind).count() as u64;
        let wanted = |left: &&LeftOut| !matches!(left.why, Why::Cache | Why::Own);
        let snapshot = Snapshot {
            id: SnapshotId::generate(),
            taken_at: Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or_default(),
            reason: order.reason,
            name: order.name,
            home,
            files: count(NodeKind::File),
            folders: count(NodeKind::Folder),
            links: count(NodeKind::Link),
            bytes: self.things.iter().map(|thing| thing.node.size).sum(),
            added_bytes: 0,
            changes: changes.unwrap_or_default(),
            unsettled: self.things.iter().filter(|thing| thing.unsettled).count() as u64,
            left_out: self.left_out.iter().filter(wanted).count() as u64,
        };
        // What was wanted first: caches are many, and nobody misses them.
        self.left_out.sort_by_key(|left| (!wanted(&left), left.path.clone()));
        self.left_out.truncate(TOLD);
        let mut manifest = Manifest { snapshot, entries: self.things, left_out: self.left_out };
        self.writer.commit(&mut manifest)?;
        Ok(Some(manifest))
    }
}

/// `None` where nothing at all is different. Counted are files and links.
fn changes(before: &[Thing], now: &[Thing]) -> Option<Changes> {
    let mut old: HashMap<&str, &Thing> = before.iter().map(|thing| (thing.node.path.as_str(), thing)).collect();
    let (mut changes, mut different) = (Changes::default(), false);
    for thing in now {
        let counts = u64::from(thing.node.kind != NodeKind::Folder);
        match old.remove(thing.node.path.as_str()) {
            None => (changes.added, different) = (changes.added + counts, true),
            Some(before) if !same(before, thing) => (changes.changed, different) = (changes.changed + counts, true),
            Some(_) => {}
        }
    }
    different |= !old.is_empty();
    changes.removed = old.values().filter(|thing| thing.node.kind != NodeKind::Folder).count() as u64;
    different.then_some(changes)
}

/// For whoever looks at the home: times do not count.
pub(super) fn same(a: &Thing, b: &Thing) -> bool {
    let of = |thing: &Thing| (thing.node.kind, thing.node.mode, thing.node.size, thing.node.target.clone());
    of(a) == of(b) && a.pieces == b.pieces && !a.unsettled && !b.unsettled
}

/// A failure in the words of whoever wanted the snapshot.
pub(crate) fn cause(attempt: &str, error: &io::Error) -> Text {
    if error.kind() == io::ErrorKind::StorageFull {
        return Text::new(
            "There is no room for snapshots on the server's disk. Tell whoever runs this server.",
            "서버 디스크에 스냅샷을 저장할 공간이 없습니다. 서버 관리자에게 알려 주세요.",
        );
    }
    Text::new(format!("The snapshot failed ({attempt}): {error}"), format!("스냅샷에 실패했습니다({attempt}): {error}"))
}
