//! The one door to the file system: every path is opened beneath the home folder, by the kernel's own word
//! (`openat2`, `RESOLVE_BENEATH`), races included. Where the kernel has no such call, or the way leads over an absolute
//! link that comes back into home, the same walk is done step by step on file descriptors.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, readlinkat};
use rustix::io::Errno;

use crate::AgentError;

const MAX_LINKS: usize = 40;
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The home folder, held open.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    dir: OwnedFd,
}

/// A name in a folder that is held open; whether there is something of that name is another question.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) dir: OwnedFd,
    pub(crate) name: OsString,
}

impl Home {
    /// # Errors
    /// Where the folder cannot be opened.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let path = std::fs::canonicalize(path)?;
        let dir = openat(CWD, &path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { path, dir })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path that the student gave, relative to home. An absolute one is taken where it is in home.
    pub(crate) fn relative(&self, given: &str) -> Result<PathBuf, AgentError> {
        if given.contains('\0') || given.len() > 4096 {
            return Err(AgentError::BadPath { path: given.chars().take(200).collect() });
        }
        let path = Path::new(given);
        let path = if path.is_absolute() {
            path.strip_prefix(&self.path).map_err(|_| AgentError::Outside { path: given.to_owned() })?
        } else {
            path
        };
        Ok(path.components().filter(|step| *step != Component::CurDir).collect())
    }

    /// Opens what the path leads to, links followed.
    pub(crate) fn beneath(&self, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        // `openat2` refuses flags that mean nothing together.
        let flags = if flags.contains(OFlags::PATH) { flags | OFlags::CLOEXEC } else { flags | OFlags::CLOEXEC | OFlags::NOCTTY };
        for _ in 0..8 {
            match openat2(&self.dir, path, flags, mode, ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS) {
                // Something was renamed on the way: the kernel asks for another try.
                Err(Errno::AGAIN) => {}
                Err(Errno::NOSYS | Errno::XDEV | Errno::PERM) => return self.walk(path, flags, mode),
                other => return other,
            }
        }
        self.walk(path, flags, mode)
    }

    pub(crate) fn folder(&self, path: &Path) -> Result<OwnedFd, Errno> {
        self.beneath(path, FOLDER, Mode::empty())
    }

    /// [`Self::beneath`] in user space. Going up pops a descriptor, so that no rename can lead out.
    fn walk(&self, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        let mut todo: Vec<OsString> = steps(path);
        let mut stack: Vec<OwnedFd> = Vec::new();
        let mut links = 0;
        while let Some(step) = todo.pop() {
            let here = stack.last().map_or(self.dir.as_fd(), AsFd::as_fd);
            if step == ".." {
                stack.pop().ok_or(Errno::XDEV)?;
                continue;
            }
            match readlinkat(here, &step, Vec::new()) {
                Ok(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::LOOP);
                    }
                    let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                    if target.is_absolute() {
                        stack.clear();
                        todo.extend(steps(target.strip_prefix(&self.path).map_err(|_| Errno::XDEV)?));
                    } else {
                        todo.extend(steps(&target));
                    }
                }
                Err(Errno::INVAL | Errno::NOENT) if todo.is_empty() => {
                    return openat(here, &step, flags | OFlags::NOFOLLOW, mode);
                }
                Err(Errno::INVAL) => {
                    let next = openat(here, &step, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
                    stack.push(next);
                }
                Err(error) => return Err(error),
            }
        }
        let here = stack.last().map_or(self.dir.as_fd(), AsFd::as_fd);
        openat(here, ".", flags, mode)
    }

    /// Where a path's last name is, not following it if it is a link.
    pub(crate) fn entry(&self, path: &Path) -> Result<Place, Errno> {
        let (parent, name) = split(path)?;
        Ok(Place { dir: self.beneath(parent, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?, name: name.to_owned() })
    }

    /// Where what a path leads to is, links followed to the last.
    pub(crate) fn place(&self, path: &Path) -> Result<Place, Errno> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let place = self.entry(&path)?;
            match readlinkat(&place.dir, &place.name, Vec::new()) {
                Ok(target) => {
                    let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                    path = if target.is_absolute() {
                        target.strip_prefix(&self.path).map_err(|_| Errno::XDEV)?.to_owned()
                    } else {
                        split(&path)?.0.join(target)
                    };
                }
                Err(Errno::INVAL | Errno::NOENT) => return Ok(place),
                Err(error) => return Err(error),
            }
        }
        Err(Errno::LOOP)
    }

    /// Makes every folder of the path that is missing, durably.
    pub(crate) fn make_folders(&self, path: &Path) -> Result<(), Errno> {
        match self.folder(path) {
            Err(Errno::NOENT) => {}
            other => return other.map(|_| ()),
        }
        let Ok((parent, _)) = split(path) else { return Err(Errno::NOENT) };
        self.make_folders(parent)?;
        let place = self.place(path)?;
        match mkdirat(&place.dir, &place.name, Mode::from_raw_mode(0o755)) {
            Ok(()) => rustix::fs::fsync(&place.dir),
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The names of a path, the first last.
fn steps(path: &Path) -> Vec<OsString> {
    let mut steps: Vec<OsString> = path
        .components()
        .filter_map(|c| match c {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        })
        .collect();
    steps.reverse();
    steps
}

/// Folder and name. An error for a path that ends in no name, such as `..` or home itself.
pub(crate) fn split(path: &Path) -> Result<(&Path, &OsStr), Errno> {
    match path.components().next_back() {
        Some(Component::Normal(name)) if !name.as_bytes().contains(&0) => Ok((path.parent().unwrap_or(Path::new("")), name)),
        _ => Err(Errno::ISDIR),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;
    use rustix::fs::{fstat, statat};

    use super::*;

    /// A home with links of all kinds, beside something that must not be reached.
    fn world() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir_all(home.join("a/b")).unwrap();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        for file in ["home/f", "home/a/f", "home/a/b/f", "out/f"] {
            std::fs::write(folder.path().join(file), file).unwrap();
        }
        for (link, target) in [
            ("up", ".."),
            ("out", "../out"),
            ("a/up", "../.."),
            ("a/side", "../a/b"),
            ("a/b/l", "/etc"),
            ("loop", "loop"),
            ("proc", "/proc/self/root"),
            ("fd", "/proc/self/fd/0"),
        ] {
            symlink(target, home.join(link)).unwrap();
        }
        symlink(home.join("a"), home.join("abs")).unwrap();
        symlink(folder.path().join("out"), home.join("a/b/out")).unwrap();
        symlink(home.join("../out/f"), home.join("tricky")).unwrap();
        let opened = Home::open(&home).unwrap();
        (folder, opened)
    }

    fn inside(home: &Home, dev: u64, ino: u64) -> bool {
        fn all(folder: &Path, found: &mut Vec<PathBuf>) {
            found.push(folder.to_owned());
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() { all(&entry.path(), found) } else { found.push(entry.path()) }
            }
        }
        let mut found = Vec::new();
        all(home.path(), &mut found);
        found.iter().any(|path| statat(CWD, path, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|s| (s.st_dev, s.st_ino) == (dev, ino)))
    }

    fn step() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "a", "b", "f", "up", "out", "side", "l", "loop", "proc", "fd", "abs", "tricky", "..", ".", "", "home", "root", "etc", "passwd",
            "new",
        ])
        .prop_map(str::to_owned)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_path_leads_out(steps in prop::collection::vec(step(), 1..8), absolute in any::<bool>()) {
            let (folder, home) = world();
            let mut given = steps.join("/");
            if absolute {
                given = format!("{}/{given}", home.path().display());
            }
            if let Ok(path) = home.relative(&given) {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK;
                for opened in [home.beneath(&path, flags, Mode::empty()), home.walk(&path, flags, Mode::empty())].into_iter().flatten() {
                    let stat = fstat(&opened).unwrap();
                    prop_assert!(inside(&home, stat.st_dev, stat.st_ino), "{}", given);
                }
                for place in [home.entry(&path), home.place(&path)].into_iter().flatten() {
                    let stat = fstat(&place.dir).unwrap();
                    prop_assert!(inside(&home, stat.st_dev, stat.st_ino), "{}", given);
                    prop_assert!(place.name != ".." && place.name != "." && !place.name.as_bytes().contains(&b'/'));
                }
                let _ = home.make_folders(&path);
            }
            let left: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().flatten().map(|e| e.file_name()).collect();
            prop_assert_eq!(left, vec![OsString::from("f")]);
            prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        }

        #[test]
        fn any_text_is_a_path_or_is_refused(given in ".{0,60}|[./~\\\\a\0]{0,20}") {
            let (_folder, home) = world();
            if let Ok(path) = home.relative(&given) {
                prop_assert!(!path.is_absolute());
                if let Ok(opened) = home.beneath(&path, OFlags::PATH, Mode::empty()) {
                    let stat = fstat(&opened).unwrap();
                    prop_assert!(inside(&home, stat.st_dev, stat.st_ino), "{:?}", given);
                }
            }
        }
    }
}
