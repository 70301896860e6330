//! What a snapshot is: one file, a line that says what is to be listed of it, and then, compressed, a line for each thing
//! in the home. It appears whole, after every block that it names is on the disk; so a snapshot is there or it isn't.

use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use maru_model::SnapshotId;
use maru_protocol::snapshot::{LeftOut, Node};
use serde::{Deserialize, Serialize};

use super::pack::{Hash, broken};

const FORMAT: u32 = 1;
/// Bytes of the first line.
const HEAD_LIMIT: u64 = 64 * 1024;
/// Bytes of all lines: half a million things with long names.
const BODY_LIMIT: u64 = 1 << 30;

/// What a snapshot was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody wanted it.
    Manual,
    Hourly,
    /// Before the container was made anew.
    Recreate,
    /// Of the home that a factory reset put aside.
    Reset,
    Deploy,
    /// Of what was there before a restore.
    Restore,
}

impl Reason {
    /// Kept longest: somebody may come back for it after weeks.
    #[must_use]
    pub fn lasts(self) -> bool {
        matches!(self, Self::Manual | Self::Reset)
    }
}

/// Files against those of the snapshot before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    pub added: u64,
    pub changed: u64,
    pub removed: u64,
}

/// What is listed of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub taken_at: Timestamp,
    pub reason: Reason,
    pub name: Option<String>,
    /// The number of the home that it is of.
    pub home: i64,
    pub files: u64,
    pub folders: u64,
    pub links: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes that it has added to what all snapshots take.
    pub added_bytes: u64,
    pub changes: Changes,
    /// Files that somebody wrote to whenever they were read: what is held of them may be of no one moment.
    pub unsettled: u64,
    /// Things that are not in it, not counting caches, the trash and the agent's own.
    pub left_out: u64,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Piece {
    Block(Hash, u32),
    /// Zeros that nothing holds.
    Hole(u64),
}

impl From<Piece> for String {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Block(hash, bytes) => format!("{hash}:{bytes}"),
            Piece::Hole(bytes) => format!("hole:{bytes}"),
        }
    }
}

impl TryFrom<String> for Piece {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (what, bytes) = text.split_once(':').ok_or("a piece without a length")?;
        if what == "hole" {
            return Ok(Self::Hole(bytes.parse().map_err(|_| "a piece's length")?));
        }
        Ok(Self::Block(what.parse().map_err(|()| "a piece's hash")?, bytes.parse().map_err(|_| "a piece's length")?))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "n")]
    pub(super) node: Node,
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pieces: Vec<Piece>,
    /// See [`Snapshot::unsettled`].
    #[serde(rename = "u", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unsettled: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Manifest {
    pub(super) snapshot: Snapshot,
    /// By path, a folder before what is in it.
    pub(super) entries: Vec<Entry>,
    pub(super) left_out: Vec<LeftOut>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    snapshot: Snapshot,
    /// Of what follows.
    body_bytes: u64,
    body_hash: String,
}

#[derive(Serialize, Deserialize)]
enum Line {
    #[serde(rename = "e")]
    Entry(Entry),
    #[serde(rename = "l")]
    LeftOut(LeftOut),
}

impl Manifest {
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(3));
        let mut line = Vec::new();
        let lines = self.entries.iter().cloned().map(Line::Entry).chain(self.left_out.iter().cloned().map(Line::LeftOut));
        for each in lines {
            line.clear();
            serde_json::to_writer(&mut line, &each)?;
            line.push(b'\n');
            encoder.write_all(&line)?;
        }
        let body = encoder.finish()?;
        let head =
            Head { format: FORMAT, snapshot: self.snapshot.clone(), body_bytes: body.len() as u64, body_hash: Hash::of(&body).to_string() };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    pub(super) fn read(from: impl Read) -> io::Result<Self> {
        let mut from = BufReader::new(from);
        let head = head(&mut from)?;
        let mut body = Vec::new();
        from.take(head.body_bytes.saturating_add(1)).read_to_end(&mut body)?;
        if body.len() as u64 != head.body_bytes || Hash::of(&body).to_string() != head.body_hash {
            return Err(broken("a snapshot's list is damaged"));
        }
        let mut manifest = Self { snapshot: head.snapshot, entries: Vec::new(), left_out: Vec::new() };
        let mut lines = BufReader::new(DeflateDecoder::new(body.as_slice()).take(BODY_LIMIT));
        let mut line = Vec::new();
        while {
            line.clear();
            lines.read_until(b'\n', &mut line)? > 0
        } {
            match serde_json::from_slice(&line)? {
                Line::Entry(entry) => manifest.entries.push(entry),
                Line::LeftOut(left) => manifest.left_out.push(left),
            }
        }
        Ok(manifest)
    }
}

/// What is listed, without the rest.
pub(super) fn read_snapshot(from: impl Read) -> io::Result<Snapshot> {
    Ok(head(&mut BufReader::with_capacity(4096, from))?.snapshot)
}

fn head(from: &mut impl BufRead) -> io::Result<Head> {
    let mut line = Vec::new();
    from.take(HEAD_LIMIT).read_until(b'\n', &mut line)?;
    let head: Head = serde_json::from_slice(&line)?;
    if head.format == FORMAT { Ok(head) } else { Err(broken(format!("a snapshot of format {}", head.format))) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use maru_protocol::snapshot::{NodeKind, Version, Why};
    use proptest::prelude::*;

    use super::*;

    pub(in crate::snapshots) fn snapshot(reason: Reason, millis: i64) -> Snapshot {
        Snapshot {
            id: SnapshotId::generate(),
            taken_at: Timestamp::from_millisecond(millis).unwrap(),
            reason,
            name: None,
            home: 0,
            files: 0,
            folders: 0,
            links: 0,
            bytes: 0,
            added_bytes: 0,
            changes: Changes::default(),
            unsettled: 0,
            left_out: 0,
        }
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let kind = prop::sample::select(vec![NodeKind::File, NodeKind::Folder, NodeKind::Link]);
        let version = prop::option::of((any::<u64>(), any::<u64>(), any::<i64>(), any::<i64>()))
            .prop_map(|version| version.map(|(inode, size, modified, changed)| Version { inode, size, modified, changed }));
        let piece = prop_oneof![
            (any::<[u8; 32]>(), any::<u32>()).prop_map(|(hash, bytes)| Piece::Block(Hash(hash), bytes)),
            any::<u64>().prop_map(Piece::Hole)
        ];
        (
            ".{0,30}",
            kind,
            any::<u32>(),
            any::<u64>(),
            any::<i64>(),
            prop::option::of(".{0,9}"),
            version,
            prop::collection::vec(piece, 0..4),
            any::<bool>(),
        )
            .prop_map(|(path, kind, mode, size, modified, target, version, pieces, unsettled)| Entry {
                node: Node { path, kind, mode, size, modified, target, version, allocated: size },
                pieces,
                unsettled,
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn manifests_come_back_or_are_refused(
            entries in prop::collection::vec(entry(), 0..20), left in prop::collection::vec(".{0,20}", 0..4), at in any::<prop::sample::Index>(), flip in 1_u8..,
        ) {
            let left_out = left.into_iter().map(|path| LeftOut { path, why: Why::Special }).collect();
            let manifest = Manifest { snapshot: snapshot(Reason::Manual, 5), entries, left_out };
            let mut bytes = manifest.to_bytes().unwrap();
            prop_assert_eq!(&Manifest::read(bytes.as_slice()).unwrap(), &manifest);
            prop_assert_eq!(&read_snapshot(bytes.as_slice()).unwrap(), &manifest.snapshot);
            let at = at.index(bytes.len());
            prop_assert!(Manifest::read(&bytes[..at]).is_err());
            bytes[at] ^= flip;
            // One byte changed in the list is always noticed; in the first line it may be another name.
            if let Ok(read) = Manifest::read(bytes.as_slice()) {
                prop_assert_eq!(read.entries, manifest.entries);
            }
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Manifest::read(bytes.as_slice()).is_err());
        }
    }
}
