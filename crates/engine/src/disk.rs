//! File systems in files of the host: a volume of the Engine that can hold so much and no more, where the file system of
//! the Engine's own folder knows no quotas.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::{Engine, EngineError, models};

/// What the host's root runs.
const SCRIPT: &str = include_str!("disk.sh");
/// What the script ends with where it is not root's.
const NOT_ROOT: i32 = 77;

/// A file system in a file, by the place of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    image: PathBuf,
}

impl Disk {
    /// `image` is a file on the Engine's host, of which no other user can write the folder.
    #[must_use]
    pub fn new(image: impl Into<PathBuf>) -> Self {
        Self { image: image.into() }
    }

    #[must_use]
    pub fn image(&self) -> &Path {
        &self.image
    }

    /// Leads to its device while it is open.
    #[must_use]
    pub fn link(&self) -> PathBuf {
        self.image.with_extension("dev")
    }

    /// The Engine's options for a volume that is on it. What is deleted in it is given back to the host.
    #[must_use]
    pub fn volume_options(&self) -> HashMap<String, String> {
        let options = "nosuid,nodev,noatime,discard,noinit_itable,errors=remount-ro";
        HashMap::from([
            ("type".to_owned(), "ext4".to_owned()),
            ("device".to_owned(), self.link().display().to_string()),
            ("o".to_owned(), options.to_owned()),
        ])
    }
}

impl Engine {
    /// Makes a disk unless it is there, of so many bytes and files, its root folder owned by this user; lets it grow; checks
    /// it; and makes it ready to be mounted. `helper` is the image of a container that does it where this process is not root.
    ///
    /// # Errors
    /// What the programs said that did not succeed.
    pub async fn open_disk(&self, disk: &Disk, bytes: i64, files: i64, owner: u64, helper: &str) -> Result<(), EngineError> {
        self.disk("open", disk, &[bytes.to_string(), files.to_string(), owner.to_string()], helper).await
    }

    /// Lets its device go: at once, or when what has it mounted now lets go of it.
    ///
    /// # Errors
    /// What the programs said that did not succeed.
    pub async fn close_disk(&self, disk: &Disk, helper: &str) -> Result<(), EngineError> {
        self.disk("close", disk, &[], helper).await
    }

    /// Removes it, with all that is on it.
    ///
    /// # Errors
    /// What the programs said that did not succeed.
    pub async fn remove_disk(&self, disk: &Disk, helper: &str) -> Result<(), EngineError> {
        self.disk("remove", disk, &[], helper).await
    }

    async fn disk(&self, verb: &str, disk: &Disk, more: &[String], helper: &str) -> Result<(), EngineError> {
        let (image, link) = (disk.image.display().to_string(), disk.link().display().to_string());
        let attempt = format!("{verb} of disk {image}");
        let mut arguments = vec!["-c", SCRIPT, "disk", verb, &image, &link];
        arguments.extend(more.iter().map(String::as_str));
        let done = tokio::process::Command::new("/bin/sh").args(&arguments).output().await;
        let done = done.map_err(|error| EngineError::Failed { attempt: attempt.clone(), message: error.to_string() })?;
        match done.status.code() {
            Some(0) => Ok(()),
            Some(NOT_ROOT) => {
                let host_config = models::HostConfig {
                    privileged: Some(true),
                    pid_mode: Some("host".to_owned()),
                    network_mode: Some("none".to_owned()),
                    ..Default::default()
                };
                let enter = ["nsenter", "--target", "1", "--mount", "--", "/bin/sh"];
                let stem = disk.image.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                self.run_helper(&format!("disk-{stem}"), helper, &enter, &arguments, host_config, &attempt).await
            }
            code => {
                let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
                let message = if said.is_empty() { format!("exit code {code:?}") } else { said };
                Err(EngineError::Failed { attempt, message })
            }
        }
    }
}
