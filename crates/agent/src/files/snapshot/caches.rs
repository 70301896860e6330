//! What no snapshot holds since it can be made again: downloads of package managers, and caches that say so themselves.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat};

/// Relative to home.
const PLACES: [&str; 16] = [
    ".cache",
    ".npm",
    ".bun/install/cache",
    ".cargo/git",
    ".cargo/registry",
    ".gradle/caches",
    ".gradle/daemon",
    ".gradle/wrapper",
    ".ivy2/cache",
    ".local/share/pnpm/store",
    ".m2/repository",
    ".nuget/packages",
    ".rustup/toolchains",
    ".vscode-server",
    ".yarn/berry/cache",
    "go/pkg/mod",
];
/// Anywhere.
const NAMES: [&str; 9] =
    ["node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox", ".parcel-cache", ".ipynb_checkpoints"];
/// The Cache Directory Tagging Specification: cargo's `target` has it, and many more.
const TAG: &str = "CACHEDIR.TAG";
const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// By where it is and what it is called.
pub(super) fn is_called_so(path: &Path, name: &OsStr) -> bool {
    NAMES.iter().any(|known| name == *known) || PLACES.iter().any(|place| path == Path::new(place))
}

/// By what is in it: a tag, or Python's mark of a virtual environment.
pub(super) fn says_so(folder: &OwnedFd) -> bool {
    let is_file = |name: &str| {
        statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
    };
    is_file("pyvenv.cfg") || (is_file(TAG) && is_signed(folder))
}

fn is_signed(folder: &OwnedFd) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(fd) = openat(folder, OsStr::from_bytes(TAG.as_bytes()), flags, Mode::empty()) else { return false };
    let mut start = vec![0; SIGNATURE.len()];
    File::from(fd).read_exact(&mut start).is_ok() && start == SIGNATURE
}
