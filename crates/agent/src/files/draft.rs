//! A save in the making: the old content or the new, never a mixture, whatever dies when; and what was acknowledged is on the disk.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, accessat, fchmod, fstatvfs, fsync, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::conditions::Conditions;
use super::{TEMPORARY, hash_file};
use crate::AgentError;
use crate::home::Place;

/// A file without its name yet; removed unless it gets one.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) dir: OwnedFd,
    pub(super) name: String,
    kept: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = unlinkat(&self.dir, &self.name, AtFlags::empty());
        }
    }
}

/// How a draft ended.
pub(super) enum Put {
    Created,
    Replaced,
    /// The conditions do not hold; the tag of what is there.
    Refused(Draft, Option<String>),
}

impl Draft {
    pub(super) fn create(dir: OwnedFd) -> Result<(Self, File), Errno> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let unique = (u64::from(std::process::id()) << 32) ^ NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{TEMPORARY}{unique:x}-{:x}", crate::clock::now_ms());
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(&dir, &name, flags, Mode::from_raw_mode(0o600)) {
                Ok(fd) => return Ok((Self { dir, name, kept: false }, File::from(fd))),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A file that has a name, for now.
    pub(super) fn adopt(dir: OwnedFd, name: String) -> Self {
        Self { dir, name, kept: true }
    }

    /// Whether so many bytes have a chance. Saying no at once beats saying it after a gigabyte.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        fstatvfs(&self.dir).map_or(true, |fs| fs.f_bavail.saturating_mul(fs.f_frsize) >= bytes)
    }

    /// Somebody else gave it its name.
    pub(super) fn named(&mut self) {
        self.kept = true;
    }

    /// Keeps it under another name.
    pub(super) fn keep(mut self, dir: &OwnedFd, name: &str) -> Result<(), Errno> {
        renameat(&self.dir, &self.name, dir, name)?;
        self.kept = true;
        Ok(())
    }

    /// Gives the file its name, durably, where the conditions hold. The caller holds the lock of saves.
    pub(super) fn put(mut self, file: &File, target: &Place, conditions: &Conditions, given: &str) -> Result<Put, AgentError> {
        let failed = |e: Errno| AgentError::of("save", given, e);
        let present = match statat(&target.dir, &target.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some(stat),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(failed(error)),
        };
        if let Some(stat) = &present {
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => {}
                FileType::Directory => return Err(AgentError::IsFolder { path: given.to_owned() }),
                _ => return Err(AgentError::NotRegular { path: given.to_owned() }),
            }
            accessat(&target.dir, &target.name, Access::WRITE_OK, AtFlags::empty()).map_err(failed)?;
        }
        if !conditions.none() {
            let tag = present.as_ref().map(|_| present_tag(target)).transpose().map_err(|e| AgentError::of("read", given, e))?;
            if !conditions.hold(tag.as_deref()) {
                return Ok(Put::Refused(self, tag));
            }
        }
        // A save by the owner's own editor keeps no setuid bit either.
        let mode = present.as_ref().map_or(0o644, |stat| stat.st_mode & 0o1777);
        fchmod(file, Mode::from_raw_mode(mode)).map_err(failed)?;
        fsync(file).map_err(failed)?;
        renameat(&self.dir, &self.name, &target.dir, &target.name).map_err(failed)?;
        self.kept = true;
        fsync(&target.dir).map_err(failed)?;
        Ok(if present.is_some() { Put::Replaced } else { Put::Created })
    }
}

fn present_tag(place: &Place) -> std::io::Result<String> {
    let fd = openat(&place.dir, &place.name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    let mut file = File::from(fd);
    let stat = rustix::fs::fstat(&file)?;
    if let Some(tag) = super::giant_tag(&stat) {
        return Ok(tag);
    }
    hash_file(&mut file)
}
