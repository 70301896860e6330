//! The snapshots of one user, in a folder: packs of blocks and one file per snapshot, each written under another name,
//! synced, and renamed. Nothing that has its name is ever changed, so that a crash leaves at most what nobody needs.
//!
//! The caller sees to it that one writes at a time; reading goes on meanwhile.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use maru_model::SnapshotId;

use super::manifest::{Manifest, Piece, Snapshot, read_snapshot};
use super::pack::{self, Hash, Pack, PackWriter, Place, UNFINISHED, broken};
use super::retention::{Held, Retention, outdated};

/// Bytes of a block, but for the last of a file or before a hole.
pub(super) const BLOCK: usize = 1 << 20;
/// A pack that has so many bytes is followed by another.
const PACK: u64 = 128 << 20;
/// A pack is written anew where more than half of it, and so many bytes, is of no use any more;
const WASTE: u64 = 256 << 10;
/// and where there are so many that are no larger than that.
const SMALL_PACKS: usize = 48;
const SMALL: u64 = 4 << 20;
const SUFFIX: &str = ".snapshot";

#[derive(Clone, Debug)]
pub(super) struct Vault {
    folder: PathBuf,
}

/// Where every block is.
pub(super) struct Index {
    packs: Vec<Pack>,
    places: HashMap<Hash, (usize, Place)>,
}

impl Vault {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn files(&self, suffix: &str) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(suffix)) {
                found.push(path);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The newest first. One that cannot be read is left out, and told to the log.
    pub(super) fn snapshots(&self) -> io::Result<Vec<Snapshot>> {
        let mut all = Vec::new();
        for path in self.files(SUFFIX)? {
            match File::open(&path).and_then(read_snapshot) {
                Ok(snapshot) => all.push(snapshot),
                // It went meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::error!(path = %path.display(), %error, "a snapshot cannot be read"),
            }
        }
        all.sort_by(|a, b| (b.taken_at, &b.id).cmp(&(a.taken_at, &a.id)));
        Ok(all)
    }

    fn path(&self, id: &SnapshotId) -> PathBuf {
        self.folder.join(format!("{id}{SUFFIX}"))
    }

    /// `None` where there is no such snapshot.
    pub(super) fn manifest(&self, id: &SnapshotId) -> io::Result<Option<Manifest>> {
        // An id comes from anywhere.
        if id.as_str().is_empty() || !id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        match File::open(self.path(id)) {
            Ok(file) => Manifest::read(file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes all of it.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Bytes that all of it takes on the disk.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for path in self.files("")? {
            bytes += fs::metadata(path).map_or(0, |found| found.len());
        }
        Ok(bytes)
    }

    /// Bytes that are free on the disk.
    fn free(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.folder)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// A pack that is damaged takes its blocks with it, not the rest.
    pub(super) fn index(&self) -> io::Result<Index> {
        let (mut packs, mut places) = (Vec::new(), HashMap::new());
        for path in self.files(pack::SUFFIX)? {
            match Pack::open(&path) {
                Ok(pack) => {
                    places.extend(pack.table.iter().map(|place| (place.hash, (packs.len(), *place))));
                    packs.push(pack);
                }
                Err(error) => tracing::error!(path = %path.display(), %error, "a pack of snapshots cannot be read"),
            }
        }
        Ok(Index { packs, places })
    }

    /// Begins to write. What a crash left unfinished goes. No pack is begun where fewer bytes than `spare` are free on
    /// the disk.
    pub(super) fn write(&self, spare: u64) -> io::Result<Writer> {
        // What students write is for nobody else's eyes.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        for path in self.files("")? {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED)) {
                fs::remove_file(path)?;
            }
        }
        Ok(Writer { vault: self.clone(), index: self.index()?, new: HashSet::new(), pack: None, added: 0, spare })
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// The snapshots that may go, by a look at their first lines alone; or there is too much.
    pub(super) fn wants_tidying(&self, now: Timestamp, retention: &Retention) -> io::Result<bool> {
        let all = self.snapshots()?;
        let held: Vec<Held<'_>> = all.iter().map(|snapshot| Held { snapshot, blocks: Vec::new() }).collect();
        let small = self.files(pack::SUFFIX)?.len() > SMALL_PACKS;
        Ok(small || !outdated(&held, &[], now, retention).is_empty() || self.bytes()? > retention.bytes)
    }

    /// Removes the snapshots whose time is over, and blocks that none of the others has. Gives how many snapshots went.
    pub(super) fn tidy(&self, now: Timestamp, retention: &Retention) -> io::Result<usize> {
        // One list that cannot be read, and nobody knows what is of use: then all stays, and somebody has to look.
        let manifests = self.files(SUFFIX)?.iter().map(|path| Manifest::read(File::open(path)?)).collect::<io::Result<Vec<_>>>()?;
        // It makes room.
        let writer = self.write(0)?;
        let mut numbers: HashMap<Hash, usize> = HashMap::new();
        let mut sizes = Vec::new();
        let mut held = Vec::new();
        for manifest in &manifests {
            let mut blocks = Vec::new();
            for hash in blocks_of(manifest) {
                let number = *numbers.entry(hash).or_insert(sizes.len());
                if number == sizes.len() {
                    sizes.push(writer.index.places.get(&hash).map_or(0, |(_, place)| u64::from(place.stored)));
                }
                blocks.push(number);
            }
            held.push(Held { snapshot: &manifest.snapshot, blocks });
        }
        let gone: HashSet<SnapshotId> = outdated(&held, &sizes, now, retention).into_iter().collect();
        for id in &gone {
            fs::remove_file(self.path(id))?;
        }
        // A snapshot goes before its blocks do.
        self.sync()?;
        let live: HashSet<Hash> = manifests.iter().filter(|manifest| !gone.contains(&manifest.snapshot.id)).flat_map(blocks_of).collect();
        writer.compact(&live)?;
        Ok(gone.len())
    }
}

fn blocks_of(manifest: &Manifest) -> impl Iterator<Item = Hash> + '_ {
    manifest.entries.iter().flat_map(|entry| &entry.pieces).filter_map(|piece| match piece {
        Piece::Block(hash, _) => Some(*hash),
        Piece::Hole(_) => None,
    })
}

impl Index {
    pub(super) fn has(&self, hash: &Hash) -> bool {
        self.places.contains_key(hash)
    }

    pub(super) fn content(&self, hash: &Hash) -> io::Result<Vec<u8>> {
        let (pack, place) = self.places.get(hash).ok_or_else(|| broken(format!("block {hash} is missing")))?;
        self.packs[*pack].content(place)
    }
}

/// Adds blocks and, in the end, the snapshot that needs them.
pub(super) struct Writer {
    vault: Vault,
    index: Index,
    new: HashSet<Hash>,
    pack: Option<PackWriter>,
    added: u64,
    spare: u64,
}

impl Writer {
    pub(super) fn has(&self, hash: &Hash) -> bool {
        self.index.has(hash) || self.new.contains(hash)
    }

    /// Bytes that have been added.
    pub(super) fn added(&self) -> u64 {
        self.added
    }

    pub(super) fn block(&mut self, content: &[u8]) -> io::Result<Piece> {
        let hash = Hash::of(content);
        if !self.has(&hash) {
            self.added += u64::from(self.open()?.add(hash, content)?);
            self.new.insert(hash);
        }
        Ok(Piece::Block(hash, u32::try_from(content.len()).map_err(|_| broken("a block is too large"))?))
    }

    fn open(&mut self) -> io::Result<&mut PackWriter> {
        if let Some(full) = self.pack.take_if(|pack| pack.bytes() >= PACK) {
            full.finish()?;
        }
        match &mut self.pack {
            Some(pack) => Ok(pack),
            none if self.spare == 0 || self.vault.free()? >= self.spare => Ok(none.insert(PackWriter::create(&self.vault.folder)?)),
            _ => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn finish_pack(&mut self) -> io::Result<()> {
        self.pack.take().map_or(Ok(()), PackWriter::finish)?;
        self.vault.sync()
    }

    /// The blocks on the disk, then the snapshot: it is there after this, whatever dies.
    pub(super) fn commit(mut self, manifest: &mut Manifest) -> io::Result<()> {
        self.finish_pack()?;
        manifest.snapshot.added_bytes = self.added;
        let unfinished = self.vault.folder.join(format!("{UNFINISHED}{}", manifest.snapshot.id));
        let target = self.vault.path(&manifest.snapshot.id);
        let mut file = File::create_new(&unfinished)?;
        let written = manifest.to_bytes().and_then(|bytes| file.write_all(&bytes)).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&unfinished, target)) {
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        self.vault.sync()
    }

    /// Drops what is not `live`: packs of nothing else, and those of little else after their live blocks are in another.
    fn compact(mut self, live: &HashSet<Hash>) -> io::Result<()> {
        let packs = std::mem::take(&mut self.index.packs);
        let places = std::mem::take(&mut self.index.places);
        let used = |number: usize, pack: &Pack| -> u64 {
            let here = |place: &&Place| live.contains(&place.hash) && places.get(&place.hash).is_some_and(|(first, _)| *first == number);
            pack.table.iter().filter(here).map(|place| u64::from(place.stored)).sum()
        };
        let used: Vec<u64> = packs.iter().enumerate().map(|(number, pack)| used(number, pack)).collect();
        let small = packs.iter().filter(|pack| pack.bytes < SMALL).count() > SMALL_PACKS;
        let mut gone = Vec::new();
        for (number, pack) in packs.iter().enumerate() {
            let waste = pack.bytes.saturating_sub(used[number]);
            let rewrite = used[number] == 0 || (waste >= WASTE && waste > pack.bytes / 2) || (small && pack.bytes < SMALL);
            if !rewrite {
                continue;
            }
            for place in &pack.table {
                let here = places.get(&place.hash).is_some_and(|(first, _)| *first == number);
                if here && live.contains(&place.hash) && self.new.insert(place.hash) {
                    let stored = pack.stored(place)?;
                    self.open()?.add_stored(place.hash, &stored, place.size as usize)?;
                }
            }
            gone.push(&pack.path);
        }
        self.finish_pack()?;
        for path in gone {
            fs::remove_file(path)?;
        }
        self.vault.sync()
    }
}

/// Cuts what comes in into blocks.
#[derive(Default)]
pub(super) struct Cutter {
    rest: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Cutter {
    pub(super) fn data(&mut self, mut data: &[u8], writer: &mut Writer) -> io::Result<()> {
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(BLOCK - self.rest.len()));
            self.rest.extend_from_slice(now);
            data = later;
            if self.rest.len() == BLOCK {
                self.flush(writer)?;
            }
        }
        Ok(())
    }

    pub(super) fn hole(&mut self, bytes: u64, writer: &mut Writer) -> io::Result<()> {
        self.flush(writer)?;
        self.pieces.push(Piece::Hole(bytes));
        Ok(())
    }

    fn flush(&mut self, writer: &mut Writer) -> io::Result<()> {
        if !self.rest.is_empty() {
            self.pieces.push(writer.block(&self.rest)?);
            self.rest.clear();
        }
        Ok(())
    }

    /// Gives the pieces of this file; the next one begins.
    pub(super) fn end(&mut self, writer: &mut Writer) -> io::Result<Vec<Piece>> {
        self.flush(writer)?;
        Ok(std::mem::take(&mut self.pieces))
    }

    /// Forgets what there is of this file.
    pub(super) fn forget(&mut self) {
        self.rest.clear();
        self.pieces.clear();
    }
}

/// The folder of a user's snapshots, below that of all.
pub(super) fn folder_of(all: &Path, user: &maru_model::UserId) -> PathBuf {
    // An id of ours is letters and digits; whatever it is, it is one name.
    let name: String = user.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    all.join(name)
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
