//! Bringing things back: a snapshot of the present first, then what differs, each file by one rename.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::Frame as BodyFrame;
use maru_model::SnapshotId;
use maru_protocol::snapshot::{End, Frame, Outcome, RestoreReport};
use tokio::sync::mpsc;

use super::desk::{Desk, Turn};
use super::manifest::{Manifest, Piece};
use super::plan::{Plan, Wanted, plan};
use super::source::Source;
use super::take::blocking;
use super::vault::{Index, Vault};
use super::{failed, take};
use crate::config::SnapshotConfig;
use crate::error::WorkspaceError;

const GATHERED: usize = 256 * 1024;
const WAITING: usize = 4;
/// Bytes of the agent's report.
const REPORT: usize = 1 << 20;
/// Bytes of zeros in one frame.
const MOST_DATA: usize = 1 << 20;

pub(super) async fn restore(
    config: &SnapshotConfig,
    vault: &Vault,
    source: &Source,
    desk: &Arc<Desk>,
    turn: &Turn,
    id: &SnapshotId,
    wanted: &Wanted,
) -> Result<RestoreReport, WorkspaceError> {
    let (vault2, id2) = (vault.clone(), id.clone());
    let snapshot = blocking("reading the snapshot", move || vault2.manifest(&id2)).await?.ok_or(WorkspaceError::NoSnapshot)?;
    let order = take::Order::of(super::Reason::Restore);
    let present = take::take(config, vault, source, desk, turn.clone(), order).await?.ok_or(WorkspaceError::NoSnapshot)?;
    let plan = plan(&snapshot, &present, wanted);
    if let Some(path) = plan.missing.first() {
        return Err(WorkspaceError::NotInSnapshot { path: path.clone() });
    }
    let unchanged = plan.unchanged;
    let mut report = send(vault, source, desk, turn.clone(), plan).await?;
    report.unchanged += unchanged;
    Ok(report)
}

async fn send(vault: &Vault, source: &Source, desk: &Arc<Desk>, turn: Turn, plan: Plan) -> Result<RestoreReport, WorkspaceError> {
    desk.goes(0, plan.put.len());
    let (to, mut pieces) = mpsc::channel::<io::Result<Bytes>>(WAITING);
    let (vault, desk) = (vault.clone(), desk.clone());
    let writing = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        if let Err(error) = vault.index().and_then(|index| write(&index, &plan, &desk, &to))
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            let _ = to.blocking_send(Err(error));
        }
    });
    let body = StreamBody::new(futures_util::stream::poll_fn(move |cx| {
        pieces.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(BodyFrame::data)))
    }));
    let answer = source.post("/snapshot/restore", body).await?;
    let answer = Limited::new(answer, REPORT).collect().await.map_err(|error| failed("restoring")(io::Error::other(error)))?;
    writing.await.map_err(|error| failed("restoring")(error.into()))?;
    serde_json::from_slice(&answer.to_bytes()).map_err(|error| failed("restoring")(error.into()))
}

fn write(index: &Index, plan: &Plan, desk: &Desk, to: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut out = Vec::new();
    let flush =
        |out: &mut Vec<u8>| to.blocking_send(Ok(Bytes::from(std::mem::take(out)))).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe));
    for path in &plan.discard {
        Frame::Discard(path.clone()).write_to(&mut out)?;
    }
    for (put, pieces) in &plan.put {
        Frame::Put(put.clone()).write_to(&mut out)?;
        if put.node.kind == maru_protocol::snapshot::NodeKind::File {
            let mut outcome = Outcome::Whole;
            for piece in pieces {
                match piece {
                    Piece::Hole(bytes) => Frame::Hole(*bytes).write_to(&mut out)?,
                    Piece::Block(hash, _) => match index.content(hash) {
                        Ok(content) => content.chunks(MOST_DATA).try_for_each(|part| Frame::Data(part).write_to(&mut out))?,
                        Err(error) => {
                            tracing::error!(path = %put.node.path, %error, "a file in a snapshot cannot be read");
                            outcome = Outcome::Unreadable;
                            break;
                        }
                    },
                }
                if out.len() >= GATHERED {
                    flush(&mut out)?;
                }
            }
            Frame::End(End { outcome, node: None }).write_to(&mut out)?;
        }
        desk.read_one();
        if out.len() >= GATHERED {
            flush(&mut out)?;
        }
    }
    Frame::Last.write_to(&mut out)?;
    flush(&mut out)
}

/// The content of a file, piece by piece.
pub(super) fn content(index: &Index, manifest: &Manifest, path: &str, to: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    const ZEROS: usize = 64 * 1024;
    let found = manifest.entries.iter().find(|entry| entry.node.path == path).ok_or(io::ErrorKind::NotFound)?;
    let send = |piece: Bytes| to.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe));
    for piece in &found.pieces {
        match piece {
            Piece::Block(hash, _) => send(index.content(hash)?.into())?,
            Piece::Hole(bytes) => {
                let mut left = *bytes;
                while left > 0 {
                    let part = left.min(ZEROS as u64);
                    send(vec![0; part as usize].into())?;
                    left -= part;
                }
            }
        }
    }
    Ok(())
}
