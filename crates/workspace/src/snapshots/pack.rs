//! Packs: files of many blocks each, so that a snapshot of five thousand small files is made durable by one fsync.
//! A pack gets its name when it is whole, and is never changed after that.
//!
//! ```text
//! magic · blocks, one after the other · table (hash, place, bytes there, bytes of content) · entries · hash of the table
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"marupak1";
const ENTRY: usize = 32 + 8 + 4 + 4;
const TAIL: usize = 8 + 32;
/// Bytes of a block that tell whether it can be compressed.
const SAMPLE: usize = 32 * 1024;
pub(super) const SUFFIX: &str = ".pack";
/// Prefix of the names of what is being written.
pub(super) const UNFINISHED: &str = ".new-";

/// The SHA-256 of a block.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Hash(pub(super) [u8; 32]);

impl Hash {
    pub(super) fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Hash {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(());
        }
        for (i, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(drop)?;
        }
        Ok(Self(hash))
    }
}

/// Where a block is in its pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) hash: Hash,
    pub(super) offset: u64,
    /// Bytes there; fewer than those of the content where it is compressed.
    pub(super) stored: u32,
    pub(super) size: u32,
}

pub(super) fn broken(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn deflated(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(content.len() / 2), Compression::new(3));
    encoder.write_all(content)?;
    encoder.finish()
}

/// Pictures and archives do not get smaller, and to try it all through takes most of the time that a snapshot takes.
fn is_dense(content: &[u8]) -> io::Result<bool> {
    let middle = content.len() / 2;
    Ok(content.len() >= 4 * SAMPLE && deflated(&content[middle..middle + SAMPLE])?.len() > SAMPLE - SAMPLE / 32)
}

/// A pack that is being written; gone unless it is finished.
pub(super) struct PackWriter {
    folder: PathBuf,
    name: String,
    to: BufWriter<File>,
    at: u64,
    table: Vec<Place>,
    finished: bool,
}

impl PackWriter {
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let name = maru_model::SnapshotId::generate().to_string();
        let mut to = BufWriter::with_capacity(1 << 18, File::create_new(folder.join(format!("{UNFINISHED}{name}")))?);
        to.write_all(MAGIC)?;
        Ok(Self { folder: folder.to_owned(), name, to, at: MAGIC.len() as u64, table: Vec::new(), finished: false })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.at
    }

    /// Adds a block; gives the bytes that it takes.
    pub(super) fn add(&mut self, hash: Hash, content: &[u8]) -> io::Result<u32> {
        let packed = if is_dense(content)? { None } else { Some(deflated(content)?) };
        let stored = packed.as_deref().filter(|packed| packed.len() < content.len()).unwrap_or(content);
        self.add_stored(hash, stored, content.len())
    }

    /// Adds a block as another pack holds it.
    pub(super) fn add_stored(&mut self, hash: Hash, stored: &[u8], size: usize) -> io::Result<u32> {
        let length = |n: usize| u32::try_from(n).map_err(|_| broken("a block is too large"));
        let place = Place { hash, offset: self.at, stored: length(stored.len())?, size: length(size)? };
        self.to.write_all(stored)?;
        self.at += u64::from(place.stored);
        self.table.push(place);
        Ok(place.stored)
    }

    /// All of it on the disk, and then its name. The caller makes the folder durable.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let mut table = Vec::with_capacity(self.table.len() * ENTRY);
        for place in &self.table {
            table.extend_from_slice(&place.hash.0);
            table.extend_from_slice(&place.offset.to_be_bytes());
            table.extend_from_slice(&place.stored.to_be_bytes());
            table.extend_from_slice(&place.size.to_be_bytes());
        }
        self.to.write_all(&table)?;
        self.to.write_all(&(self.table.len() as u64).to_be_bytes())?;
        self.to.write_all(&Sha256::digest(&table))?;
        self.to.flush()?;
        self.to.get_ref().sync_all()?;
        std::fs::rename(self.folder.join(format!("{UNFINISHED}{}", self.name)), self.folder.join(format!("{}{SUFFIX}", self.name)))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for PackWriter {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_file(self.folder.join(format!("{UNFINISHED}{}", self.name)));
        }
    }
}

/// A pack that is whole.
#[derive(Debug)]
pub(super) struct Pack {
    pub(super) path: PathBuf,
    file: File,
    /// Bytes of the file.
    pub(super) bytes: u64,
    pub(super) table: Vec<Place>,
}

impl Pack {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut tail = [0; TAIL];
        let table_end = bytes.checked_sub(TAIL as u64).ok_or_else(|| broken("a pack is too short"))?;
        file.seek(SeekFrom::Start(table_end))?;
        file.read_exact(&mut tail)?;
        let (count, digest) = tail.split_at(8);
        let count = u64::from_be_bytes(count.try_into().map_err(|_| broken("a pack's end"))?);
        let start = count.checked_mul(ENTRY as u64).and_then(|length| table_end.checked_sub(length)).filter(|&at| at >= MAGIC.len() as u64);
        let start = start.ok_or_else(|| broken("a pack's table"))?;
        let mut table = vec![0; usize::try_from(table_end - start).map_err(|_| broken("a pack's table"))?];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut table)?;
        if Sha256::digest(&table).as_slice() != digest {
            return Err(broken("a pack's table is damaged"));
        }
        let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, &byte| n << 8 | u64::from(byte));
        let mut places = Vec::with_capacity(table.len() / ENTRY);
        for entry in table.chunks_exact(ENTRY) {
            let mut hash = [0; 32];
            hash.copy_from_slice(&entry[..32]);
            let (stored, size) = (number(&entry[40..44]) as u32, number(&entry[44..]) as u32);
            let place = Place { hash: Hash(hash), offset: number(&entry[32..40]), stored, size };
            if place.offset.checked_add(u64::from(stored)).is_none_or(|end| end > start) {
                return Err(broken("a pack's table is damaged"));
            }
            places.push(place);
        }
        Ok(Self { path: path.to_owned(), file, bytes, table: places })
    }

    /// A block as it is there.
    pub(super) fn stored(&self, place: &Place) -> io::Result<Vec<u8>> {
        let mut stored = vec![0; place.stored as usize];
        self.file.read_exact_at(&mut stored, place.offset)?;
        Ok(stored)
    }

    /// A block's content, which is what its hash says or an error.
    pub(super) fn content(&self, place: &Place) -> io::Result<Vec<u8>> {
        let stored = self.stored(place)?;
        let content = if place.stored == place.size {
            stored
        } else {
            let mut content = Vec::with_capacity(place.size as usize);
            DeflateDecoder::new(stored.as_slice()).take(u64::from(place.size) + 1).read_to_end(&mut content)?;
            content
        };
        if Hash::of(&content) == place.hash { Ok(content) } else { Err(broken(format!("block {} is damaged", place.hash))) }
    }
}
