//! Where the things of an archive go: into a new folder of ours, each checked and counted; only a whole archive is moved from
//! there to where it was wanted.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use maru_model::Text;
use maru_protocol::Unpacked;
use rustix::fs::{AtFlags, Mode, OFlags, linkat, mkdirat, openat, symlinkat, unlinkat};
use rustix::io::Errno;

use super::names;
use crate::AgentError;
use crate::files::OWN;
use crate::files::remove::remove_all;
use crate::home::Home;

/// Things in an archive, at most.
const ENTRIES: u64 = 100_000;
/// Bytes of all files together.
pub(super) const TOTAL: u64 = 4 * 1024 * 1024 * 1024;
/// An archive of more than `FREE` bytes that grows by more than `RATIO` is a bomb. What people zip grows by ten.
const FREE: u64 = 64 * 1024 * 1024;
const RATIO: u64 = 200;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Why an archive was not unpacked.
pub(super) enum Stop {
    Bad(Text),
    /// A system call failed on something of this name.
    Failed(String, std::io::Error),
    TooLarge(Text, u64),
}

impl Stop {
    pub(super) fn broken(error: &std::io::Error) -> Self {
        Self::Bad(Text::new(format!("The archive is broken: {error}."), format!("압축 파일이 손상되었습니다: {error}.")))
    }
}

impl From<Text> for Stop {
    fn from(why: Text) -> Self {
        Self::Bad(why)
    }
}

impl From<Stop> for AgentError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Bad(why) => Self::BadArchive { why },
            Stop::Failed(path, error) => Self::of("unpack", &path, error),
            Stop::TooLarge(what, limit) => Self::TooLarge { what, limit },
        }
    }
}

/// A folder of ours in home, gone with what is left in it.
pub(super) struct Staging {
    shelf: OwnedFd,
    name: String,
    pub(super) dir: OwnedFd,
}

impl Staging {
    pub(super) fn new(home: &Home) -> Result<Self, AgentError> {
        let path = Path::new(OWN).join("unpacking");
        let failed = |e: Errno| AgentError::of("unpack", "", e);
        home.make_folders(&path).map_err(failed)?;
        let shelf = home.beneath(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
        let name = format!("{:x}-{:x}", crate::clock::now_ms(), std::process::id());
        mkdirat(&shelf, &name, Mode::from_raw_mode(0o700)).map_err(failed)?;
        let dir = openat(&shelf, &name, FOLDER, Mode::empty()).map_err(failed)?;
        Ok(Self { shelf, name, dir })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = remove_all(&self.shelf, self.name.as_ref());
    }
}

pub(super) struct Sink<'a> {
    top: &'a OwnedFd,
    /// Bytes of the archive.
    packed: u64,
    /// The folder that the last thing lay in: most lie where the one before them does.
    last: Option<(Vec<String>, OwnedFd)>,
    /// Made in the end, so that nothing is ever written through one.
    links: Vec<(Vec<String>, String)>,
    entries: u64,
    pub(super) done: Unpacked,
}

impl<'a> Sink<'a> {
    pub(super) fn new(top: &'a OwnedFd, packed: u64) -> Self {
        Self { top, packed, last: None, links: Vec::new(), entries: 0, done: Unpacked::default() }
    }

    /// Takes a name. None where there is nothing to do about it.
    pub(super) fn enter(&mut self, raw: &[u8], from_windows: bool) -> Result<Option<Vec<String>>, Stop> {
        self.entries += 1;
        if self.entries > ENTRIES {
            return Err(Stop::TooLarge(Text::new("Entries in an archive", "압축 파일 안의 항목 수"), ENTRIES));
        }
        let path = names::path_of(raw, from_windows)?;
        if names::is_junk(&path) {
            self.done.skipped += 1;
            return Ok(None);
        }
        Ok(Some(path).filter(|path| !path.is_empty()))
    }

    pub(super) fn folder(&mut self, path: &[String]) -> Result<(), Stop> {
        self.open(path)?;
        self.done.folders += 1;
        Ok(())
    }

    /// `mode`: none for an ordinary file.
    pub(super) fn file(&mut self, path: &[String], mode: Option<u32>, replace: bool, content: &mut dyn Read) -> Result<(), Stop> {
        let failed = |e: std::io::Error| Stop::Failed(path.join("/"), e);
        let Some((name, above)) = path.split_last() else { return Ok(()) };
        // The owner can always read and write; nobody becomes anybody else.
        let mode = Mode::from_raw_mode(mode.map_or(0o644, |mode| mode & 0o777 | 0o600));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = self.open(above)?;
        let mut opened = openat(dir, name, flags, mode);
        if replace && matches!(opened, Err(Errno::EXIST)) {
            opened = unlinkat(dir, name, AtFlags::empty()).and_then(|()| openat(dir, name, flags, mode));
        }
        let mut file = match opened {
            Ok(fd) => File::from(fd),
            Err(Errno::EXIST | Errno::ISDIR) => return Err(twice(path)),
            Err(error) => return Err(failed(error.into())),
        };
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Stop::broken(&error)),
            };
            self.count(n as u64)?;
            file.write_all(&buffer[..n]).map_err(failed)?;
        }
        self.done.files += 1;
        Ok(())
    }

    fn count(&mut self, bytes: u64) -> Result<(), Stop> {
        self.done.bytes += bytes;
        if self.done.bytes > TOTAL {
            return Err(Stop::TooLarge(Text::new("Bytes in an archive, unpacked", "압축을 푼 크기(바이트)"), TOTAL));
        }
        if self.done.bytes > FREE && self.done.bytes / RATIO > self.packed {
            return Err(Stop::Bad(Text::new(
                format!("It grows to more than {RATIO} times its size: such an archive is a bomb."),
                format!("풀면 크기가 {RATIO}배 넘게 커지는 압축 폭탄입니다."),
            )));
        }
        Ok(())
    }

    pub(super) fn link(&mut self, path: Vec<String>, raw_target: &[u8]) -> Result<(), Stop> {
        let target = names::link_of(&path, raw_target)?;
        self.links.push((path, target));
        Ok(())
    }

    /// Another name of a file that came before.
    pub(super) fn hard_link(&mut self, path: &[String], raw_target: &[u8]) -> Result<(), Stop> {
        let target = names::path_of(raw_target, false)?;
        let (Some((name, above)), Some((target_name, target_above))) = (path.split_last(), target.split_last()) else {
            return Ok(());
        };
        let from = self.open(target_above)?.try_clone().map_err(|e| Stop::Failed(target.join("/"), e))?;
        let to = self.open(above)?;
        match linkat(&from, target_name, to, name, AtFlags::empty()) {
            Ok(()) => {
                self.done.files += 1;
                Ok(())
            }
            Err(Errno::EXIST) => Err(twice(path)),
            Err(error) => Err(Stop::Failed(path.join("/"), error.into())),
        }
    }

    pub(super) fn finish(mut self) -> Result<Unpacked, Stop> {
        for (path, target) in std::mem::take(&mut self.links) {
            let Some((name, above)) = path.split_last() else { continue };
            let dir = self.open_existing(above)?;
            match symlinkat(&*target, &dir, name) {
                Ok(()) => self.done.links += 1,
                Err(Errno::EXIST) => return Err(twice(&path)),
                Err(error) => return Err(Stop::Failed(path.join("/"), error.into())),
            }
        }
        Ok(self.done)
    }

    /// Opens a folder in ours, made where it is missing.
    fn open(&mut self, path: &[String]) -> Result<&OwnedFd, Stop> {
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            let dir = self.open_existing(path)?;
            self.last = Some((path.to_vec(), dir));
        }
        Ok(self.last.as_ref().map_or(self.top, |(_, dir)| dir))
    }

    fn open_existing(&self, path: &[String]) -> Result<OwnedFd, Stop> {
        let failed = |e: Errno| match e {
            // A file of this name came before, or a link was made of it by someone else.
            Errno::NOTDIR | Errno::LOOP => twice(path),
            other => Stop::Failed(path.join("/"), other.into()),
        };
        let mut dir: Option<OwnedFd> = None;
        for name in path {
            let here = dir.as_ref().unwrap_or(self.top).as_fd();
            let next = match openat(here, name, FOLDER, Mode::empty()) {
                Err(Errno::NOENT) => {
                    match mkdirat(here, name, Mode::from_raw_mode(0o755)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(error) => return Err(failed(error)),
                    }
                    openat(here, name, FOLDER, Mode::empty())
                }
                other => other,
            };
            dir = Some(next.map_err(failed)?);
        }
        match dir {
            Some(dir) => Ok(dir),
            None => self.top.try_clone().map_err(|e| Stop::Failed(String::new(), e)),
        }
    }
}

fn twice(path: &[String]) -> Stop {
    let path = path.join("/");
    Stop::Bad(Text::new(format!("“{path}” is in the archive twice."), format!("압축 파일 안에 “{path}” 항목이 두 번 있습니다.")))
}
