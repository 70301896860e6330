//! Which programs there are in the workspace, as its shells find them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where programs are looked for.
pub(crate) struct Folders(Vec<PathBuf>);

impl Folders {
    pub(crate) fn of_environment() -> Self {
        let mut folders: Vec<PathBuf> = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        // Where pip and npm put what a student installs.
        folders.extend(std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/bin")));
        Self(folders)
    }

    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        self.0.iter().map(|folder| folder.join(program)).find(|file| is_program(file))
    }
}

fn is_program(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
