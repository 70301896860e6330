use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use maru_model::{Login, ProjectName};

use crate::{GitError, RemoteAccess};

/// All projects of this installation; cheap to clone. What exists on the disk is the truth.
#[derive(Clone, Debug)]
pub struct Projects {
    dir: Arc<Path>,
    pub(crate) access: Arc<RemoteAccess>,
    /// Held while a repository elsewhere is fetched: git refuses two at once in one folder. One for each that was fetched.
    pub(crate) fetching: Arc<Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>>,
}

impl Projects {
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: Arc::from(dir.into()), access: Arc::default(), fetching: Arc::default() }
    }

    /// Fetches also from the hosts that an administrator allows.
    #[must_use]
    pub fn with_access(self, access: RemoteAccess) -> Self {
        Self { access: Arc::new(access), ..self }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path_of(&self, login: &Login, project: &ProjectName) -> PathBuf {
        self.dir.join(login.as_str()).join(format!("{project}.git"))
    }

    /// A project that exists.
    ///
    /// # Errors
    /// [`GitError::NoProject`] where there is none of that name.
    pub async fn open(&self, login: &Login, project: &ProjectName) -> Result<Project, GitError> {
        let path = self.path_of(login, project);
        match tokio::fs::try_exists(path.join("HEAD")).await {
            Ok(true) => Ok(Project { path: Arc::from(path), name: format!("{login}/{project}") }),
            Ok(false) => Err(GitError::NoProject(format!("{login}/{project}"))),
            Err(source) => Err(GitError::Io { attempt: format!("opening the project {login}/{project}"), source }),
        }
    }

    /// The names of a user's projects, sorted.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub async fn list(&self, login: &Login) -> Result<Vec<ProjectName>, GitError> {
        let attempt = format!("listing the projects of {login}");
        let mut names = Vec::new();
        let mut folder = match tokio::fs::read_dir(self.dir.join(login.as_str())).await {
            Ok(folder) => folder,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            Err(source) => return Err(GitError::Io { attempt, source }),
        };
        while let Some(entry) = folder.next_entry().await.map_err(GitError::io(attempt.clone()))? {
            let name = entry.file_name();
            if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".git")).and_then(|name| ProjectName::parse(name).ok()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Deletes a project with its whole history. Deleting what is gone is fine.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub async fn delete(&self, login: &Login, project: &ProjectName) -> Result<(), GitError> {
        let path = self.path_of(login, project);
        match tokio::fs::remove_dir_all(&path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(GitError::Io { attempt: format!("deleting the project {login}/{project}"), source: error })
            }
            _ => Ok(()),
        }
    }
}

/// One project: see [`Projects::open`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Project {
    pub(crate) path: Arc<Path>,
    /// `login/project`, for messages.
    pub(crate) name: String,
}
