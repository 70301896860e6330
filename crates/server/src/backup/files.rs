//! The files of the data folder that a backup has.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Everything else there is made anew, or is in the backup by another way: homes, the database. In `cluster` are the keys that the
/// embedded cluster's own database knows.
const KEPT: &[&str] = &["demo.json", "registry", "cluster", "projects", "snapshots", "builds"];

/// Writes them as a tar. The server may go on meanwhile.
///
/// # Errors
/// Where a file cannot be read.
pub fn pack(data: &Path, to: impl Write) -> io::Result<u64> {
    let mut tar = tar::Builder::new(to);
    tar.follow_symlinks(false);
    let mut paths = Vec::new();
    for name in KEPT {
        collect(data, Path::new(name), &mut paths)?;
    }
    // What names something comes before what it names, which is only ever added to: branches before objects, snapshots
    // before the packs that they are made of. So nothing that is in the backup names what is not.
    paths.sort_by_key(|path| (is_named(path), path.clone()));
    let mut files = 0;
    for path in paths {
        files += u64::from(append(&mut tar, data, &path)?);
    }
    tar.finish()?;
    Ok(files)
}

fn is_named(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "objects") || path.extension().is_some_and(|end| end == "pack")
}

fn collect(data: &Path, path: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    let Some(found) = gone_is_fine(data.join(path).symlink_metadata())? else { return Ok(()) };
    // What another is still writing.
    let new = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".new-"));
    if new || !(found.is_dir() || found.is_file()) {
        return Ok(());
    }
    into.push(path.to_owned());
    if found.is_dir() {
        let Some(entries) = gone_is_fine(std::fs::read_dir(data.join(path)))? else { return Ok(()) };
        for entry in entries {
            collect(data, &path.join(entry?.file_name()), into)?;
        }
    }
    Ok(())
}

fn gone_is_fine<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// True for a file.
fn append(tar: &mut tar::Builder<impl Write>, data: &Path, path: &Path) -> io::Result<bool> {
    let full = data.join(path);
    if full.is_dir() {
        tar.append_dir(path, &full)?;
        return Ok(false);
    }
    let Some(file) = gone_is_fine(File::open(&full))? else { return Ok(false) };
    let metadata = file.metadata()?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata(&metadata);
    // One that becomes shorter or longer while it is read keeps the length that was announced.
    let length = metadata.len();
    tar.append_data(&mut header, path, file.take(length).chain(io::repeat(0)).take(length))?;
    Ok(true)
}

/// # Errors
/// Where a file cannot be written.
pub fn unpack(data: &Path, from: impl Read) -> io::Result<()> {
    let mut tar = tar::Archive::new(from);
    tar.set_preserve_permissions(true);
    tar.unpack(data)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_and_branches_come_before_objects() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let data = from.path();
        for (path, text) in [
            ("demo.json", "{}"),
            ("projects/mina/guestbook.git/objects/ab/cdef", "object"),
            ("projects/mina/guestbook.git/refs/heads/main", "abcdef"),
            ("snapshots/user/.new-1", "half"),
            ("maru.db", "not by this way"),
        ] {
            std::fs::create_dir_all(data.join(path).parent().unwrap()).unwrap();
            std::fs::write(data.join(path), text).unwrap();
        }
        let mut bytes = Vec::new();
        assert_eq!(pack(data, &mut bytes).unwrap(), 3);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let order: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        let at = |end: &str| order.iter().position(|path| path.ends_with(end)).unwrap();
        assert!(at("refs/heads/main") < at("ab/cdef"));
        unpack(to.path(), bytes.as_slice()).unwrap();
        assert_eq!(std::fs::read_to_string(to.path().join("projects/mina/guestbook.git/objects/ab/cdef")).unwrap(), "object");
        assert!(!to.path().join("maru.db").exists() && !to.path().join("snapshots/user/.new-1").exists());
    }
}
