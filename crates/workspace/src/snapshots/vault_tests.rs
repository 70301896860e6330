//! What a vault holds comes back whole, whatever is added, tidied away or killed in between.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::time::Duration;

use maru_protocol::snapshot::{Node, NodeKind};
use proptest::prelude::*;

use super::super::manifest::tests::snapshot;
use super::super::manifest::{Entry, Reason};
use super::*;

/// Takes a snapshot of these contents, in the order of their names.
fn take(vault: &Vault, reason: Reason, millis: i64, files: &[Vec<u8>]) -> Manifest {
    let mut writer = vault.write(0).unwrap();
    let mut manifest = Manifest { snapshot: snapshot(reason, millis), entries: Vec::new(), left_out: Vec::new() };
    for (i, content) in files.iter().enumerate() {
        let mut cutter = Cutter::default();
        cutter.data(content, &mut writer).unwrap();
        let pieces = cutter.end(&mut writer).unwrap();
        let size = content.len() as u64;
        let node = Node {
            path: i.to_string(),
            kind: NodeKind::File,
            mode: 0o644,
            size,
            modified: 0,
            target: None,
            version: None,
            allocated: size,
        };
        manifest.entries.push(Entry { node, pieces, unsettled: false });
    }
    writer.commit(&mut manifest).unwrap();
    manifest
}

fn read(vault: &Vault, id: &SnapshotId) -> Vec<Vec<u8>> {
    let (manifest, index) = (vault.manifest(id).unwrap().unwrap(), vault.index().unwrap());
    let content = |entry: &Entry| {
        let blocks = entry.pieces.iter().map(|piece| match piece {
            Piece::Block(hash, _) => index.content(hash).unwrap(),
            Piece::Hole(bytes) => vec![0; *bytes as usize],
        });
        blocks.collect::<Vec<_>>().concat()
    };
    manifest.entries.iter().map(content).collect()
}

fn noise(seed: u8, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn only_what_is_new_takes_room() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::new(folder.path().join("mina"));
    let mut big = noise(1, 5 * BLOCK + 7);
    let first = take(&vault, Reason::Hourly, 1, &[big.clone(), vec![b'a'; 100_000]]);
    assert!(first.snapshot.added_bytes < 6 * BLOCK as u64);
    assert_eq!(take(&vault, Reason::Hourly, 2, &[vec![b'a'; 100_000], big.clone()]).snapshot.added_bytes, 0);
    big[3 * BLOCK] ^= 1;
    big.extend_from_slice(b"more");
    let changed = take(&vault, Reason::Hourly, 3, std::slice::from_ref(&big));
    assert!((BLOCK as u64..BLOCK as u64 + 100).contains(&changed.snapshot.added_bytes), "{}", changed.snapshot.added_bytes);
    // Half of it can be compressed and half cannot, wherever a look at a part falls.
    let mixed = [noise(2, BLOCK / 2), vec![b'a'; BLOCK / 2], vec![b'a'; BLOCK / 2], noise(3, BLOCK / 2)].concat();
    let halves = take(&vault, Reason::Hourly, 4, std::slice::from_ref(&mixed));
    assert!(halves.snapshot.added_bytes < mixed.len() as u64 + 100);
    assert_eq!((read(&vault, &changed.snapshot.id), read(&vault, &halves.snapshot.id)), (vec![big], vec![mixed]));
}

#[test]
fn what_is_damaged_is_noticed_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::new(folder.path().to_owned());
    let first = take(&vault, Reason::Hourly, 1, &[noise(1, 1000), noise(2, 1000)]);
    let second = take(&vault, Reason::Hourly, 2, &[noise(3, 1000)]);
    let pack = &vault.files(pack::SUFFIX).unwrap()[0];
    let mut bytes = fs::read(pack).unwrap();
    bytes[100] ^= 1;
    fs::write(pack, &bytes).unwrap();
    let index = vault.index().unwrap();
    let content = |entry: &Entry| {
        let Piece::Block(hash, _) = entry.pieces[0] else { panic!() };
        index.content(&hash)
    };
    assert!(content(&first.entries[0]).is_err());
    assert_eq!(content(&first.entries[1]).unwrap(), noise(2, 1000));
    // Without its table a pack is lost, and only that one.
    fs::write(pack, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(read(&vault, &second.snapshot.id), [noise(3, 1000)]);
    // Where a list cannot be read, nobody knows what is of use: nothing goes.
    let list = vault.path(&first.snapshot.id);
    fs::write(&list, b"{}").unwrap();
    let retention = Retention { bytes: 0, ..Retention::default() };
    assert!(vault.tidy(Timestamp::now(), &retention).is_err());
    assert_eq!(vault.snapshots().unwrap().len(), 1);
    assert!(vault.manifest(&SnapshotId::from("../../etc/passwd")).unwrap().is_none());
}

/// Which operation a test dies in the middle of: every file that it was about to remove or to write may be as it was.
fn crashes(before: &HashMap<PathBuf, Vec<u8>>, vault: &Vault, keep: impl Fn(usize) -> bool) {
    // What was removed last comes back first: deletes are in order, lists before packs.
    let mut gone: Vec<_> = before.iter().filter(|(path, _)| !path.exists()).collect();
    gone.sort_by_key(|(path, _)| path.extension().map(|ending| ending.to_owned()));
    for (i, (path, bytes)) in gone.into_iter().enumerate() {
        // Packs come back whole; a list that is gone stays so.
        if path.extension().is_some_and(|ending| ending == "pack") && keep(i) {
            fs::write(path, bytes).unwrap();
        }
    }
    fs::write(vault.folder.join(format!("{UNFINISHED}half")), b"marupak1 half of a pack").unwrap();
}

#[derive(Clone, Debug)]
enum Step {
    Take(Reason, Vec<(u8, usize)>),
    Tidy {
        room: u64,
        hours: i64,
        killed: Option<u8>,
    },
    /// A snapshot in the making that dies: its pack may be there already.
    Died {
        packed: bool,
        content: (u8, usize),
    },
}

fn step() -> impl Strategy<Value = Step> {
    let content = (0_u8..6, prop::sample::select(vec![0, 1, 900, 70_000, 300_000, BLOCK, BLOCK + 1]));
    let reason = prop::sample::select(vec![Reason::Manual, Reason::Hourly, Reason::Deploy, Reason::Reset]);
    prop_oneof![
        3 => (reason, prop::collection::vec(content.clone(), 0..5)).prop_map(|(reason, files)| Step::Take(reason, files)),
        1 => (prop::sample::select(vec![0_u64, 500_000, 2_000_000, u64::MAX]), 0_i64..500, prop::option::of(any::<u8>()))
            .prop_map(|(room, hours, killed)| Step::Tidy { room, hours, killed }),
        1 => (any::<bool>(), content).prop_map(|(packed, content)| Step::Died { packed, content }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_snapshot_that_is_listed_is_whole(steps in prop::collection::vec(step(), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::new(folder.path().to_owned());
        let mut taken: HashMap<SnapshotId, Vec<Vec<u8>>> = HashMap::new();
        let mut now = 1_800_000_000_000_i64;
        for step in steps {
            now += 60_000;
            match step {
                Step::Take(reason, files) => {
                    let files: Vec<_> = files.into_iter().map(|(seed, length)| noise(seed, length)).collect();
                    taken.insert(take(&vault, reason, now, &files).snapshot.id, files);
                }
                Step::Tidy { room, hours, killed } => {
                    now += hours * 3_600_000;
                    let files = vault.files("").unwrap();
                    let before: HashMap<PathBuf, Vec<u8>> = files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
                    let newest = vault.snapshots().unwrap().first().map(|s| s.id.clone());
                    let retention = Retention { all: Duration::from_secs(3600), bytes: room, ..Retention::default() };
                    vault.tidy(Timestamp::from_millisecond(now).unwrap(), &retention).unwrap();
                    prop_assert_eq!(vault.snapshots().unwrap().first().map(|s| s.id.clone()), newest);
                    match killed {
                        Some(bits) => crashes(&before, &vault, |i| bits >> (i % 8) & 1 == 1),
                        None => prop_assert!(vault.snapshots().unwrap().len() <= 1 || vault.bytes().unwrap() <= room.saturating_add(1 << 20)),
                    }
                }
                Step::Died { packed, content: (seed, length) } => {
                    let mut writer = vault.write(0).unwrap();
                    writer.block(&noise(seed, length)).unwrap();
                    if packed {
                        writer.finish_pack().unwrap();
                    }
                    // As after kill -9, nothing is cleaned up.
                    std::mem::forget(writer);
                }
            }
            for snapshot in vault.snapshots().unwrap() {
                prop_assert_eq!(&read(&vault, &snapshot.id), &taken[&snapshot.id]);
            }
        }
    }
}
