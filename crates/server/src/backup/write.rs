//! Writing a backup's file, member by member, each in parts of a few megabytes: how long one becomes need not be known.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::{MANIFEST, Manifest, Member};

const PART: usize = 4 << 20;

pub struct Writer {
    tar: tar::Builder<GzEncoder<BufWriter<File>>>,
    manifest: Manifest,
    /// Has the name only once it is whole.
    unfinished: PathBuf,
    path: PathBuf,
}

impl Writer {
    /// # Errors
    /// Where there is such a file already, or it cannot be made.
    pub fn new(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        if path.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is such a file already"));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".unfinished");
        let unfinished = PathBuf::from(name);
        // Everybody's work is in it, and the hashes of their passwords.
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let tar = tar::Builder::new(GzEncoder::new(BufWriter::with_capacity(1 << 20, file), Compression::fast()));
        Ok(Self { tar, manifest: Manifest::default(), unfinished, path: path.to_owned() })
    }

    /// The next member, to be written to and then ended.
    pub fn member(&mut self, name: impl Into<String>) -> MemberWriter<'_> {
        MemberWriter { writer: self, name: name.into(), part: Vec::with_capacity(PART), parts: 0, bytes: 0, hash: Sha256::new() }
    }

    /// # Errors
    /// Where the disk is full, say.
    pub fn whole(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut member = self.member(name);
        member.write_all(content)?;
        member.end()
    }

    fn entry(&mut self, name: &str, part: u32, content: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len()).map_err(io::Error::other)?);
        header.set_mode(0o600);
        header.set_entry_type(tar::EntryType::Regular);
        self.tar.append_data(&mut header, format!("{name}.{part:06}"), content)
    }

    /// The manifest, all on the disk, and the file's own name. The answer is its length.
    ///
    /// # Errors
    /// Where the disk is full, say.
    pub fn finish(mut self) -> io::Result<u64> {
        let manifest = serde_json::to_vec_pretty(&self.manifest)?;
        self.entry(MANIFEST, 0, &manifest)?;
        let file = self.tar.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        std::fs::rename(&self.unfinished, &self.path)?;
        Ok(bytes)
    }

    /// Removes what was written.
    pub fn give_up(self) {
        // It is of no use to anybody; and if it stays, its name says so.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

pub struct MemberWriter<'a> {
    writer: &'a mut Writer,
    name: String,
    part: Vec<u8>,
    parts: u32,
    bytes: u64,
    hash: Sha256,
}

impl MemberWriter<'_> {
    fn put(&mut self) -> io::Result<()> {
        self.writer.entry(&self.name, self.parts, &self.part)?;
        self.parts += 1;
        self.part.clear();
        Ok(())
    }

    /// # Errors
    /// Where the disk is full, say.
    pub fn end(mut self) -> io::Result<()> {
        if self.parts == 0 || !self.part.is_empty() {
            self.put()?;
        }
        let sha256 = super::read::hexadecimal(&self.hash.finalize());
        self.writer.manifest.members.insert(self.name, Member { bytes: self.bytes, sha256 });
        Ok(())
    }
}

impl Write for MemberWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = &bytes[..bytes.len().min(PART - self.part.len())];
        self.part.extend_from_slice(taken);
        self.hash.update(taken);
        self.bytes += taken.len() as u64;
        if self.part.len() == PART {
            self.put()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
