//! `POST /snapshot/restore`: a tree is brought back. Nothing is deleted by it: what it replaces is either held by a
//! snapshot, as the server says and this end makes sure of, or goes to the trash.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use futures_util::StreamExt;
use maru_protocol::Pipe;
use maru_protocol::snapshot::{Frame, Node, NodeKind, Put, RestoreFailure, RestoreReport, Version, unescape};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps, chmodat, fchmod, futimens, mkdirat, openat, renameat,
    renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use super::{WAITING, version_of};
use crate::files::draft::Draft;
use crate::files::{OWN, TEMPORARY, save, trash};
use crate::home::Place;
use crate::{Agent, AgentError};

/// Failures that are told one by one.
const TOLD: usize = 100;
const MODES: u32 = 0o1777;

pub(crate) async fn restore(State(agent): State<Arc<Agent>>, body: Body) -> Result<Json<RestoreReport>, AgentError> {
    let mut body = body.into_data_stream();
    let (to, mut pipe) = Pipe::new(WAITING);
    let agent2 = Arc::clone(&agent);
    let work = crate::blocking(move || {
        let mut restoring = Restoring { agent: &agent2, report: RestoreReport::default(), modes: Vec::new() };
        restoring.all(&mut pipe).map_err(|e| AgentError::Request(format!("the restore broke off: {e}")))?;
        restoring.finish();
        Ok(restoring.report)
    });
    let pump = async {
        while let Some(piece) = body.next().await {
            if to.send(piece.map_err(io::Error::other)).await.is_err() {
                save::drain(&mut body).await;
                break;
            }
        }
        drop(to);
    };
    Ok(Json(tokio::join!(work, pump).0?))
}

struct Restoring<'a> {
    agent: &'a Agent,
    report: RestoreReport,
    /// Of folders, set in the end: one of them may forbid writing.
    modes: Vec<(PathBuf, u32)>,
}

impl Restoring<'_> {
    /// An error is the stream's; what fails here is in the report.
    fn all(&mut self, from: &mut impl Read) -> io::Result<()> {
        let mut buffer = Vec::new();
        loop {
            match Frame::read(from, &mut buffer)? {
                Frame::Last => return Ok(()),
                Frame::Discard(path) => {
                    let done = self.discard(&path);
                    self.note(&path, done);
                }
                Frame::Put(put) => {
                    let path = put.node.path.clone();
                    let done = match put.node.kind {
                        NodeKind::Folder => self.folder(&put.node),
                        NodeKind::Link => self.link(&put),
                        NodeKind::File => self.file(&put, from, &mut buffer)?,
                    };
                    self.note(&path, done);
                }
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame in the wrong place")),
            }
        }
    }

    fn note(&mut self, path: &str, done: Result<(), AgentError>) {
        let Err(error) = done else { return };
        self.report.disk_full |= matches!(error, AgentError::NoSpace { .. });
        if self.report.failed.len() < TOLD {
            self.report.failed.push(RestoreFailure { path: path.to_owned(), cause: error.to_string() });
        }
    }

    fn path(&self, escaped: &str) -> Result<PathBuf, AgentError> {
        let bad = || AgentError::BadPath { path: escaped.chars().take(200).collect() };
        let raw = unescape(escaped).ok_or_else(bad)?;
        let path = PathBuf::from(OsStr::from_bytes(&raw));
        let plain = path.components().all(|step| matches!(step, Component::Normal(_)));
        let ours = path.starts_with(OWN) || path.starts_with(trash::FOLDER);
        if plain && !ours && !raw.is_empty() && !raw.contains(&0) { Ok(path) } else { Err(bad()) }
    }

    fn place(&self, path: &Path, shown: &str) -> Result<Place, AgentError> {
        let failed = |e: Errno| AgentError::of("restore", shown, e);
        if let Some(parent) = path.parent() {
            self.agent.home.make_folders(parent).map_err(failed)?;
        }
        self.agent.home.entry(path).map_err(failed)
    }

    fn discard(&mut self, escaped: &str) -> Result<(), AgentError> {
        let path = self.path(escaped)?;
        let place = match self.agent.home.entry(&path) {
            Ok(place) => place,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
            Err(error) => return Err(AgentError::of("restore", escaped, error)),
        };
        // Never a folder that has the trash or anything of ours in it.
        if Path::new(OWN).starts_with(&path) || Path::new(trash::FOLDER).starts_with(&path) {
            return Err(AgentError::HoldsTrash { path: escaped.to_owned() });
        }
        let _turn = self.agent.saving.blocking_lock();
        match trash::put(&self.agent.home, &place, &path, escaped) {
            Ok(_) => self.report.trashed += 1,
            Err(AgentError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn folder(&mut self, node: &Node) -> Result<(), AgentError> {
        let failed = |e: Errno| AgentError::of("restore", &node.path, e);
        let path = self.path(&node.path)?;
        let place = self.place(&path, &node.path)?;
        match present(&place).map_err(failed)? {
            Some((FileType::Directory, _)) => {
                self.report.unchanged += 1;
                let mode = statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?.st_mode & 0o7777;
                if mode & 0o700 != 0o700 {
                    chmodat(&place.dir, &place.name, Mode::from_raw_mode(mode | 0o700), AtFlags::empty()).map_err(failed)?;
                }
            }
            there => {
                if there.is_some() {
                    self.give_to_trash(&place, &path, &node.path)?;
                }
                mkdirat(&place.dir, &place.name, Mode::from_raw_mode(0o700)).map_err(failed)?;
                self.report.folders += 1;
            }
        }
        self.modes.push((path, node.mode & MODES));
        Ok(())
    }

    fn link(&mut self, put: &Put) -> Result<(), AgentError> {
        let shown = &put.node.path;
        let failed = |e: Errno| AgentError::of("restore", shown, e);
        let path = self.path(shown)?;
        let target = put.node.target.as_deref().and_then(unescape).filter(|target| !target.contains(&0));
        let target = target.ok_or_else(|| AgentError::BadPath { path: shown.clone() })?;
        let place = self.place(&path, shown)?;
        if rustix::fs::readlinkat(&place.dir, &place.name, Vec::new()).is_ok_and(|there| there.to_bytes() == target) {
            self.report.unchanged += 1;
            return Ok(());
        }
        let temporary = format!("{TEMPORARY}link-{:x}-{:x}", std::process::id(), crate::clock::now_ms());
        let _ = unlinkat(&place.dir, &temporary, AtFlags::empty());
        symlinkat(OsStr::from_bytes(&target), &place.dir, &temporary).map_err(failed)?;
        let put = self.replace(&place, &path, shown, &temporary, put.held);
        if put.is_err() {
            let _ = unlinkat(&place.dir, &temporary, AtFlags::empty());
        }
        put?;
        self.report.links += 1;
        Ok(())
    }

    /// The inner error is the file's, after which the stream goes on with what is next.
    fn file(&mut self, put: &Put, from: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Result<(), AgentError>> {
        let shown = &put.node.path;
        let mut draft = if self.report.disk_full { Err(AgentError::NoSpace { path: shown.clone() }) } else { self.draft(shown) };
        let mut written = 0;
        loop {
            let frame = Frame::read(from, buffer)?;
            let Ok((_, file, ..)) = &mut draft else {
                if let Frame::End(_) = frame {
                    return Ok(draft.map(drop));
                }
                continue;
            };
            let wrote = match frame {
                Frame::Data(data) => {
                    written += data.len() as u64;
                    file.write_all(data)
                }
                Frame::Hole(bytes) => {
                    written += bytes;
                    io::Seek::seek(file, io::SeekFrom::Start(written)).and_then(|_| file.set_len(written))
                }
                Frame::End(end) => {
                    // What the server could not read any more is not put in the place of what is here.
                    if end.outcome != maru_protocol::snapshot::Outcome::Whole {
                        return Ok(Err(AgentError::Request("its content in the snapshot cannot be read".to_owned())));
                    }
                    break;
                }
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame in the wrong place")),
            };
            if let Err(error) = wrote {
                draft = Err(AgentError::of("restore", shown, error));
            }
        }
        Ok(draft.and_then(|(draft, file, place, path)| self.put(put, draft, &file, &place, &path, written)))
    }

    fn draft(&self, shown: &str) -> Result<(Draft, File, Place, PathBuf), AgentError> {
        let failed = |e: Errno| AgentError::of("restore", shown, e);
        let path = self.path(shown)?;
        let place = self.place(&path, shown)?;
        let dir = openat(&place.dir, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
        let (draft, file) = Draft::create(dir).map_err(failed)?;
        Ok((draft, file, place, path))
    }

    fn put(&mut self, put: &Put, mut draft: Draft, file: &File, place: &Place, path: &Path, written: u64) -> Result<(), AgentError> {
        let shown = &put.node.path;
        let failed = |e: Errno| AgentError::of("restore", shown, e);
        fchmod(file, Mode::from_raw_mode(put.node.mode & MODES)).map_err(failed)?;
        let time = Timespec { tv_sec: put.node.modified.div_euclid(1_000_000_000), tv_nsec: put.node.modified.rem_euclid(1_000_000_000) };
        futimens(file, &Timestamps { last_access: time, last_modification: time }).map_err(failed)?;
        self.replace(place, path, shown, &draft.name, put.held)?;
        draft.named();
        self.report.files += 1;
        self.report.bytes += written;
        Ok(())
    }

    /// Gives a temporary name its place. What is there goes only where it is what is held elsewhere, looked at under the
    /// lock of saves; everything else goes to the trash.
    fn replace(&mut self, place: &Place, path: &Path, shown: &str, temporary: &str, held: Option<Version>) -> Result<(), AgentError> {
        let failed = |e: Errno| AgentError::of("restore", shown, e);
        let _turn = self.agent.saving.blocking_lock();
        match present(place).map_err(failed)? {
            None => {}
            Some((FileType::RegularFile, version)) if held == Some(version) => {
                return renameat(&place.dir, temporary, &place.dir, &place.name).map_err(failed);
            }
            Some(_) => {
                trash::put(&self.agent.home, place, path, shown)?;
                self.report.trashed += 1;
            }
        }
        renameat_with(&place.dir, temporary, &place.dir, &place.name, RenameFlags::NOREPLACE).map_err(failed)
    }

    fn give_to_trash(&mut self, place: &Place, path: &Path, shown: &str) -> Result<(), AgentError> {
        let _turn = self.agent.saving.blocking_lock();
        trash::put(&self.agent.home, place, path, shown)?;
        self.report.trashed += 1;
        Ok(())
    }

    /// Modes of folders, the deepest first; and all of it on the disk, by one call and not one per file.
    fn finish(&mut self) {
        for (path, mode) in std::mem::take(&mut self.modes).into_iter().rev() {
            let opened = self.agent.home.entry(&path).and_then(|place| {
                openat(&place.dir, &place.name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
            });
            if let Ok(folder) = opened {
                let _ = fchmod(folder, Mode::from_raw_mode(mode));
            }
        }
        let synced = self.agent.home.beneath(Path::new(""), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).and_then(rustix::fs::syncfs);
        self.note("", synced.map_err(|e| AgentError::of("restore", "", e)));
    }
}

fn present(place: &Place) -> Result<Option<(FileType, Version)>, Errno> {
    match statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some((FileType::from_raw_mode(stat.st_mode), version_of(&stat)))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}
