use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use maru_model::{Login, ProjectName};

use crate::command::{git, run};
use crate::{GitError, MAIN, Project, Projects};

/// Whose name is on a commit.
#[derive(Debug, Clone)]
pub struct Author {
    pub name: String,
    pub email: String,
}

impl Author {
    /// A user's name, with an address that no mail goes to.
    #[must_use]
    pub fn of(login: &Login, name: &str) -> Self {
        let name = if name.trim().is_empty() { login.as_str() } else { name };
        Self { name: name.to_owned(), email: format!("{login}@maru.localhost") }
    }
}

impl Projects {
    /// Makes a project whose one commit on main is the template, with each `{{key}}` of `replacements` replaced in its
    /// text files. `template.json` at the template's top describes it and is left out. All or nothing: a half-made project
    /// is never seen.
    ///
    /// # Errors
    /// [`GitError::Exists`] where the project is there already; otherwise what could not be read, written or committed.
    pub async fn create_from_template(
        &self,
        login: &Login,
        project: &ProjectName,
        template: &Path,
        replacements: &BTreeMap<String, String>,
        author: &Author,
    ) -> Result<Project, GitError> {
        let attempt = format!("making the project {login}/{project} from the template {}", template.display());
        let path = self.path_of(login, project);
        if fs::exists(&path).map_err(GitError::io(attempt.clone()))? {
            return Err(GitError::Exists(format!("{login}/{project}")));
        }
        let owner = path.parent().unwrap_or(self.dir()).to_owned();
        let staging = {
            let (attempt, template, replacements) = (attempt.clone(), template.to_owned(), replacements.clone());
            tokio::task::spawn_blocking(move || stage(&owner, &template, &replacements))
                .await
                .map_err(|panic| GitError::Io { attempt: attempt.clone(), source: io::Error::other(panic) })?
                .map_err(GitError::io(attempt))?
        };
        let (bare, tree) = (staging.path().join("bare"), staging.path().join("tree"));

        let mut init = git(&bare);
        run(init.args(["init", "--quiet", "--bare", "--initial-branch", MAIN]).arg(&bare), &attempt).await?;
        let mut add = git(&bare);
        run(add.arg("--work-tree").arg(&tree).args(["add", "--all"]).current_dir(&tree), &attempt).await?;
        let mut commit = git(&bare);
        commit.arg("--work-tree").arg(&tree).current_dir(&tree);
        commit.env("GIT_AUTHOR_NAME", &author.name).env("GIT_AUTHOR_EMAIL", &author.email);
        commit.env("GIT_COMMITTER_NAME", &author.name).env("GIT_COMMITTER_EMAIL", &author.email);
        run(commit.args(["commit", "--quiet", "--no-verify", "--allow-empty", "--message", "Start from the template"]), &attempt).await?;
        // The index belongs to the work tree, which goes.
        match fs::remove_file(bare.join("index")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(GitError::Io { attempt, source: error }),
            _ => {}
        }
        match fs::rename(&bare, &path) {
            Ok(()) => self.open(login, project).await,
            // Somebody made it meanwhile: a rename never replaces a folder that holds something.
            Err(_) if path.join("HEAD").exists() => Err(GitError::Exists(format!("{login}/{project}"))),
            Err(source) => Err(GitError::Io { attempt, source }),
        }
    }
}

/// A folder beside the user's projects with the replaced template in `tree`; gone when dropped.
fn stage(owner: &Path, template: &Path, replacements: &BTreeMap<String, String>) -> io::Result<tempfile::TempDir> {
    fs::create_dir_all(owner)?;
    let staging = tempfile::Builder::new().prefix(".new-").tempdir_in(owner)?;
    let tree = staging.path().join("tree");
    let mut folders: Vec<(PathBuf, PathBuf)> = vec![(template.to_owned(), tree)];
    while let Some((from, to)) = folders.pop() {
        fs::create_dir(&to)?;
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if entry.file_name() != ".git" {
                    folders.push((source, target));
                }
            } else if kind.is_symlink() {
                symlink(fs::read_link(&source)?, &target)?;
            } else if !(from == template && entry.file_name() == "template.json") {
                let bytes = fs::read(&source)?;
                fs::write(&target, replaced(bytes, replacements))?;
                let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
                fs::set_permissions(&target, fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
            }
        }
    }
    Ok(staging)
}

/// Replaces `{{key}}` in text; bytes that are not UTF-8 or hold a NUL are no text and stay as they are.
fn replaced(bytes: Vec<u8>, replacements: &BTreeMap<String, String>) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => {
            replacements.iter().fold(text, |text, (key, value)| text.replace(&format!("{{{{{key}}}}}"), value)).into_bytes()
        }
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    }
}
