//! Files of the host that all workspaces see: the agent, and the line that puts shared programs on a shell's path.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::config::Config;
use crate::runtime::spec::TOOLS;

/// What is mounted into a container, by its place on the Docker host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SharedFiles {
    pub(crate) agent: PathBuf,
    pub(crate) profile: PathBuf,
}

impl SharedFiles {
    /// Makes them unless they are there. A workspace keeps the agent that it was made with, whatever is installed
    /// meanwhile: so each version has a name of its own.
    ///
    /// # Errors
    /// Where the agent cannot be read, or the folder of tools not be written.
    pub(crate) fn provide(config: &Config) -> io::Result<Self> {
        let found = fs::metadata(&config.agent)?;
        let modified = found.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
        let agent = config.tools.join(format!(".agent-{:x}-{:x}", found.len(), modified.as_nanos()));
        if !agent.exists() {
            remove_others(&config.tools, ".agent-");
            put(&agent, &fs::read(&config.agent)?, 0o755)?;
        }
        // A login shell's own profile may set the path anew.
        let script = format!("case \":$PATH:\" in *:{TOOLS}:*) ;; *) PATH=\"$PATH:{TOOLS}\" ;; esac\n");
        let profile = config.tools.join(".profile.sh");
        if fs::read_to_string(&profile).ok().as_ref() != Some(&script) {
            put(&profile, script.as_bytes(), 0o644)?;
        }
        Ok(Self { agent, profile })
    }
}

/// Containers that run have theirs open; those that don't are made anew before they start.
fn remove_others(folder: &Path, prefix: &str) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix)) {
        if let Err(error) = fs::remove_file(entry.path()) {
            tracing::debug!(path = %entry.path().display(), %error, "an old file stays");
        }
    }
}

/// The file appears whole, under its final name.
fn put(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, content)?;
    fs::set_permissions(&temporary, Permissions::from_mode(mode))?;
    fs::rename(&temporary, path)
}
