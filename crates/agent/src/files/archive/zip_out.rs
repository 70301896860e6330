//! `GET /archive.zip`: written while it is read, so that neither side holds more than a piece of it.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use maru_model::Text;
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat, readlinkat};
use rustix::io::Errno;
use tokio::sync::mpsc;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::AgentError;
use crate::files::walk::{Item, walk};
use crate::files::{OWN, TEMPORARY, trash};
use crate::home::Home;

/// Things in one archive, and bytes of them. A file may be a terabyte of holes.
const ENTRIES: u64 = 200_000;
const TOTAL: u64 = 16 * 1024 * 1024 * 1024;
const PIECE: usize = 64 * 1024;
/// Already packed: trying again costs time and wins nothing.
const PACKED: [&str; 18] =
    ["7z", "br", "bz2", "docx", "gif", "gz", "jar", "jpeg", "jpg", "mp3", "mp4", "pdf", "png", "pptx", "tgz", "webp", "xz", "zip"];
/// Told in the archive itself, since nobody reads a log.
const LEFT_OUT: &str = "NOT-INCLUDED.txt";

pub(super) type Piece = Result<Bytes, std::io::Error>;

/// What is asked for: a file or folder by the name that it has in the archive.
pub(super) struct Root {
    name: PathBuf,
    fd: OwnedFd,
    stat: Stat,
    /// Relative to home.
    path: PathBuf,
}

impl Root {
    pub(super) fn open(home: &Home, given: &str) -> Result<Self, AgentError> {
        let failed = |e: Errno| AgentError::of("open", given, e);
        let path = home.relative(given)?;
        let fd = home.beneath(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).map_err(failed)?;
        let stat = fstat(&fd).map_err(failed)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory | FileType::RegularFile => {}
            _ => return Err(AgentError::NotRegular { path: given.to_owned() }),
        }
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        Ok(Self { name, fd, stat, path })
    }

    pub(super) fn title(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    fn is_folder(&self) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == FileType::Directory
    }

    /// Everything in it. The trash and what is half-uploaded stay out, unless asked for.
    fn walk<E: From<Errno>>(&self, visit: &mut dyn FnMut(&Item<'_>) -> Result<bool, E>) -> Result<(), E> {
        let top = openat(&self.fd, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        walk(top, self.name.clone(), &mut |item: &Item<'_>| {
            let inside = self.path.join(item.path.strip_prefix(&self.name).unwrap_or(item.path));
            let ours = inside == Path::new(trash::FOLDER) || inside == Path::new(OWN);
            if ours || item.name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) { Ok(false) } else { visit(item) }
        })
    }
}

/// Says no before the first byte, since there is no way to say it after.
pub(super) fn measure(roots: &[Root]) -> Result<(), AgentError> {
    let (mut entries, mut bytes) = (0, 0_u64);
    let mut count = |stat: &Stat| {
        entries += 1;
        if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
            bytes = bytes.saturating_add(stat.st_size.unsigned_abs());
        }
        if entries > ENTRIES {
            return Err(AgentError::TooLarge {
                what: Text::new("Entries in an archive", "압축 파일 안의 항목 수"), limit: ENTRIES
            });
        }
        if bytes > TOTAL {
            return Err(AgentError::TooLarge { what: Text::new("Bytes in an archive", "압축할 크기(바이트)"), limit: TOTAL });
        }
        Ok(true)
    };
    for root in roots {
        count(&root.stat)?;
        if root.is_folder() {
            let walked: Result<(), Stop> = root.walk(&mut |item| count(item.stat).map_err(Stop::Refused));
            match walked {
                Err(Stop::Refused(error)) => return Err(error),
                Err(Stop::Io(error)) => return Err(AgentError::of("read", &root.path.to_string_lossy(), error)),
                Ok(()) => {}
            }
        }
    }
    Ok(())
}

enum Stop {
    Refused(AgentError),
    Io(std::io::Error),
}

impl From<Errno> for Stop {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

struct Pieces(mpsc::Sender<Piece>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Nobody reads any more.
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Writer {
    zip: ZipWriter<zip::write::StreamWriter<BufWriter<Pieces>>>,
    left_out: Vec<String>,
    buffer: Vec<u8>,
}

/// Writes it all. An error in between becomes a body that breaks off, and not a whole archive of a part.
pub(super) fn write(roots: &[Root], to: &mpsc::Sender<Piece>) {
    let mut writer = Writer {
        zip: ZipWriter::new_stream(BufWriter::with_capacity(PIECE, Pieces(to.clone()))),
        left_out: Vec::new(),
        buffer: vec![0; PIECE],
    };
    let written = roots.iter().try_for_each(|root| writer.root(root)).and_then(|()| writer.finish());
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        tracing::warn!(%error, "archive");
        let _ = to.blocking_send(Err(error));
    }
}

struct Failed(std::io::Error);

impl From<Errno> for Failed {
    fn from(error: Errno) -> Self {
        Self(error.into())
    }
}

impl Writer {
    fn root(&mut self, root: &Root) -> std::io::Result<()> {
        if !root.is_folder() {
            let again = rustix::io::fcntl_dupfd_cloexec(&root.fd, 0)?;
            return self.file(&root.name, &mut File::from(again), &root.stat);
        }
        if !root.name.as_os_str().is_empty() {
            self.folder(&root.name, &root.stat)?;
        }
        root.walk(&mut |item| self.item(item).map(|()| true).map_err(Failed)).map_err(|Failed(error)| error)
    }

    fn item(&mut self, item: &Item<'_>) -> std::io::Result<()> {
        match item.kind() {
            FileType::Directory => self.folder(item.path, item.stat),
            FileType::Symlink => {
                let Ok(target) = readlinkat(item.dir, item.name, Vec::new()) else { return Ok(()) };
                let (name, options) = (item.path.to_string_lossy().into_owned(), options(item.stat));
                self.zip.add_symlink(name, target.to_string_lossy(), options).map_err(std::io::Error::from)
            }
            FileType::RegularFile => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let opened = openat(item.dir, item.name, flags, Mode::empty()).and_then(|fd| Ok((fstat(&fd)?, fd)));
                match opened {
                    Ok((stat, fd)) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                        self.file(item.path, &mut File::from(fd), &stat)
                    }
                    Err(Errno::NOENT) => Ok(()),
                    _ => self.leave_out(item.path, "cannot be read / 읽을 수 없음"),
                }
            }
            _ => self.leave_out(item.path, "a pipe, socket or device / 파이프, 소켓 또는 장치"),
        }
    }

    fn leave_out(&mut self, path: &Path, why: &str) -> std::io::Result<()> {
        self.left_out.push(format!("{}: {why}\r\n", path.display()));
        Ok(())
    }

    fn folder(&mut self, path: &Path, stat: &Stat) -> std::io::Result<()> {
        self.zip.add_directory(path.to_string_lossy(), options(stat)).map_err(std::io::Error::from)
    }

    fn file(&mut self, path: &Path, file: &mut File, stat: &Stat) -> std::io::Result<()> {
        let packed = path.extension().and_then(|e| e.to_str()).is_some_and(|e| PACKED.contains(&e.to_ascii_lowercase().as_str()));
        let method = if packed { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let size = stat.st_size.unsigned_abs();
        // Packed data may be a little longer than the data.
        let options = options(stat).compression_method(method).large_file(size > u64::from(u32::MAX) / 2);
        self.zip.start_file(path.to_string_lossy(), options)?;
        // Not what is written to it meanwhile: it might never end.
        let mut rest = file.take(size);
        loop {
            match rest.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => self.zip.write_all(&self.buffer[..n])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn finish(mut self) -> std::io::Result<()> {
        if !self.left_out.is_empty() {
            self.zip.start_file(LEFT_OUT, SimpleFileOptions::default().unix_permissions(0o644))?;
            self.zip.write_all(self.left_out.concat().as_bytes())?;
        }
        self.zip.finish()?.into_inner().flush()
    }
}

fn options(stat: &Stat) -> SimpleFileOptions {
    let options = SimpleFileOptions::default().unix_permissions(stat.st_mode & 0o777);
    match modified(stat.st_mtime) {
        Some(time) => options.last_modified_time(time),
        None => options,
    }
}

/// None where the format's years, 1980 to 2107, do not reach.
fn modified(seconds: i64) -> Option<DateTime> {
    let [year, month, day, hour, minute, second] = crate::clock::fields(seconds);
    let byte = |n: i64| u8::try_from(n).ok();
    DateTime::from_date_and_time(u16::try_from(year).ok()?, byte(month)?, byte(day)?, byte(hour)?, byte(minute)?, byte(second)?).ok()
}
