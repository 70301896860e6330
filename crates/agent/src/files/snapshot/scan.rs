//! `POST /snapshot/scan`: the tree of the home, without contents.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use maru_protocol::snapshot::{Frame, LeftOut, NodeKind, Why, escape};
use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, readlinkat, statat};
use rustix::io::Errno;

use super::{Out, body, caches, node_of};
use crate::files::{OWN, TEMPORARY, trash};
use crate::{Agent, AgentError};

/// Each level holds a descriptor.
const DEPTH: usize = 128;
/// Things in one snapshot.
const MOST: u64 = 500_000;

/// A folder that is being read.
struct Level {
    dir: OwnedFd,
    names: std::vec::IntoIter<OsString>,
    path: PathBuf,
}

impl Level {
    fn open(dir: OwnedFd, path: PathBuf) -> Result<Self, Errno> {
        let mut names = Vec::new();
        for item in Dir::read_from(&dir)? {
            let item = item?;
            let name = OsStr::from_bytes(item.file_name().to_bytes());
            if name != "." && name != ".." && !name.as_bytes().starts_with(TEMPORARY.as_bytes()) {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(Self { dir, names: names.into_iter(), path })
    }
}

pub(crate) async fn scan(State(agent): State<Arc<Agent>>) -> Result<Body, AgentError> {
    let agent2 = Arc::clone(&agent);
    let top = crate::blocking(move || {
        let opened = agent2.home.beneath(Path::new(""), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
        opened.and_then(|dir| Level::open(dir, PathBuf::new())).map_err(|e| AgentError::of("list", "", e))
    });
    let top = top.await?;
    Ok(body(&agent.tasks, move |out| walk(top, out)))
}

/// A folder before what is in it, and by name. Nothing that is in the way ends it: it is told of instead.
fn walk(top: Level, out: &mut Out) -> io::Result<()> {
    let mut stack = vec![top];
    let mut count = 0;
    loop {
        let depth = stack.len();
        let Some(level) = stack.last_mut() else { return Ok(()) };
        let Some(name) = level.names.next() else {
            stack.pop();
            continue;
        };
        let path = level.path.join(&name);
        let left_out = |why| Frame::LeftOut(LeftOut { path: escape(path.as_os_str().as_bytes()), why });
        if count >= MOST {
            return out.put(&left_out(Why::TooMany));
        }
        match look(&level.dir, &name, &path, depth) {
            Ok(Found::Node(node, inside)) => {
                count += 1;
                out.put(&Frame::Node(*node))?;
                stack.extend(inside);
            }
            Ok(Found::LeftOut(why)) => out.put(&left_out(why))?,
            // Removed since its name was read.
            Err(Errno::NOENT) => {}
            Err(_) => out.put(&left_out(Why::Unreadable))?,
        }
    }
}

enum Found {
    /// Of a folder: what is in it.
    Node(Box<maru_protocol::snapshot::Node>, Option<Level>),
    LeftOut(Why),
}

fn look(dir: &OwnedFd, name: &OsStr, path: &Path, depth: usize) -> Result<Found, Errno> {
    if path == Path::new(trash::FOLDER) || path == Path::new(OWN) {
        return Ok(Found::LeftOut(Why::Own));
    }
    let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let target = match readlinkat(dir, name, Vec::new()) {
        Ok(target) => Some(target.into_bytes()),
        Err(Errno::INVAL) => None,
        Err(error) => return Err(error),
    };
    let Some(node) = node_of(path.as_os_str().as_bytes(), &stat, target.as_deref()) else { return Ok(Found::LeftOut(Why::Special)) };
    if node.kind != NodeKind::Folder {
        return Ok(Found::Node(Box::new(node), None));
    }
    if caches::is_called_so(path, name) {
        return Ok(Found::LeftOut(Why::Cache));
    }
    if depth >= DEPTH {
        return Ok(Found::LeftOut(Why::TooDeep));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inside = openat(dir, name, flags, Mode::empty())?;
    if caches::says_so(&inside) {
        return Ok(Found::LeftOut(Why::Cache));
    }
    Ok(Found::Node(Box::new(node), Some(Level::open(inside, path.to_owned())?)))
}
