use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use crate::command::{failed, git, output, run, run_on_line};
use crate::parse::{self, Commit, Entry};
use crate::{GitError, Project};

/// How long sending one folder may take: a builder that unpacks slowly is waited for, one that hangs is not.
const ARCHIVE_DEADLINE: Duration = Duration::from_secs(600);

impl Project {
    /// The commit that a branch is at; `None` where the branch does not exist (yet).
    ///
    /// # Errors
    /// Where git failed.
    pub async fn head(&self, branch: &str) -> Result<Option<String>, GitError> {
        self.resolve(&format!("refs/heads/{branch}^{{commit}}")).await
    }

    /// The full id of a commit that was named by its id, or the beginning of one; `None` where there is none.
    ///
    /// # Errors
    /// Where git failed.
    pub async fn commit(&self, id: &str) -> Result<Option<String>, GitError> {
        let plausible = (4..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if plausible { self.resolve(&format!("{id}^{{commit}}")).await } else { Ok(None) }
    }

    /// The id of a folder's tree at a commit: the same id, the same content. `None` where there is no such folder.
    ///
    /// # Errors
    /// Where git failed, or the path leaves the project.
    pub async fn tree_id(&self, commit: &str, folder: &str) -> Result<Option<String>, GitError> {
        Ok(self.object(commit, folder).await?.filter(|(_, kind, _)| kind == "tree").map(|(id, ..)| id))
    }

    /// Id, type and size of what is at a path; `None` where nothing is.
    async fn object(&self, commit: &str, path: &str) -> Result<Option<(String, String, u64)>, GitError> {
        let attempt = format!("looking up {path:?} of {} at {commit}", self.name);
        let mut command = git(&self.path);
        let printed = run_on_line(command.args(["cat-file", "--batch-check"]), &object(commit, path)?, &attempt).await?;
        parse::object(&printed).map_err(|message| GitError::Answer { attempt, message })
    }

    async fn resolve(&self, what: &str) -> Result<Option<String>, GitError> {
        let attempt = format!("looking up {what} in {}", self.name);
        let mut command = git(&self.path);
        command.args(["rev-parse", "--verify", "--quiet", "--end-of-options", what]);
        let done = output(&mut command, &attempt).await?;
        let id = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        match (done.status.success(), parse::is_object_id(&id)) {
            (true, true) => Ok(Some(id)),
            (true, false) => Err(GitError::Answer { attempt, message: id }),
            // With --quiet, exit 1 is "no such thing".
            (false, _) if done.status.code() == Some(1) => Ok(None),
            (false, _) => Err(failed(&attempt, &done)),
        }
    }

    /// The newest commits of a branch or before a commit, newest first, at most `limit`.
    ///
    /// # Errors
    /// Where git failed, for one that there is no such branch.
    pub async fn log(&self, from: &str, limit: usize) -> Result<Vec<Commit>, GitError> {
        let attempt = format!("reading the history of {}", self.name);
        let from = if parse::is_object_id(from) { from.to_owned() } else { format!("refs/heads/{from}") };
        let mut command = git(&self.path);
        command.args(["log", parse::LOG_FORMAT, &format!("--max-count={limit}"), "--end-of-options", &from]);
        let printed = run(&mut command, &attempt).await?;
        parse::log(&printed).map_err(|message| GitError::Answer { attempt, message })
    }

    /// The entries of a folder at a commit; with `recursive`, all files below it instead.
    ///
    /// # Errors
    /// Where git failed, for one that there is no such folder.
    pub async fn list(&self, commit: &str, folder: &str, recursive: bool) -> Result<Vec<Entry>, GitError> {
        let attempt = format!("listing {folder:?} of {} at {commit}", self.name);
        let mut command = git(&self.path);
        command.args(["ls-tree", "-z", "--long", "--full-tree"]);
        if recursive {
            command.arg("-r");
        }
        let printed = run(command.arg(object(commit, folder)?), &attempt).await?;
        parse::tree(&printed).map_err(|message| GitError::Answer { attempt, message })
    }

    /// The bytes of a file at a commit, at most `limit`; `None` where there is no such file.
    ///
    /// # Errors
    /// [`GitError::TooLarge`] where it is longer than `limit`.
    pub async fn read(&self, commit: &str, path: &str, limit: u64) -> Result<Option<Vec<u8>>, GitError> {
        let attempt = format!("reading {path} of {} at {commit}", self.name);
        let Some((blob, kind, size)) = self.object(commit, path).await? else { return Ok(None) };
        if kind != "blob" {
            return Ok(None);
        }
        if size > limit {
            return Err(GitError::TooLarge { path: path.to_owned(), size, limit });
        }
        let mut command = git(&self.path);
        run(command.args(["cat-file", "blob", &blob]), &attempt).await.map(Some)
    }

    /// A folder at a commit as a tar stream, its files at the top of the archive. Dropping the stream ends git.
    /// A failure of git ends the stream with an error, so that half an archive is never taken for a whole one.
    ///
    /// # Errors
    /// Where git cannot be started, or the path leaves the project.
    pub fn archive(&self, commit: &str, folder: &str) -> Result<impl Stream<Item = std::io::Result<Bytes>> + Send + use<>, GitError> {
        let attempt = format!("archiving {folder:?} of {} at {commit}", self.name);
        let mut command = git(&self.path);
        let mut child =
            command.args(["archive", "--format=tar", &object(commit, folder)?]).spawn().map_err(GitError::io(attempt.clone()))?;
        let stdout = child.stdout.take();
        let deadline = tokio::time::Instant::now() + ARCHIVE_DEADLINE;
        let start = Archive { output: stdout.map(|out| ReaderStream::with_capacity(out, 64 * 1024)), child, attempt, deadline };
        Ok(futures_util::stream::unfold(Some(start), |state| async move {
            let mut archive = state?;
            match archive.next().await {
                Some(Ok(bytes)) => Some((Ok(bytes), Some(archive))),
                Some(Err(error)) => Some((Err(error), None)),
                None => None,
            }
        }))
    }
}

struct Archive {
    output: Option<ReaderStream<tokio::process::ChildStdout>>,
    child: tokio::process::Child,
    attempt: String,
    deadline: tokio::time::Instant,
}

impl Archive {
    async fn next(&mut self) -> Option<std::io::Result<Bytes>> {
        let step = async {
            if let Some(bytes) = self.output.as_mut()?.next().await {
                return Some(bytes);
            }
            let mut complaint = String::new();
            if let Some(stderr) = &mut self.child.stderr {
                // A complaint that cannot be read is none; the exit code decides.
                let _ = stderr.take(4096).read_to_string(&mut complaint).await;
            }
            match self.child.wait().await {
                Ok(status) if status.success() => None,
                Ok(status) => Some(Err(std::io::Error::other(format!("{}: {status}: {}", self.attempt, complaint.trim())))),
                Err(error) => Some(Err(error)),
            }
        };
        match tokio::time::timeout_at(self.deadline, step).await {
            Ok(step) => step,
            Err(_) => Some(Err(std::io::Error::new(std::io::ErrorKind::TimedOut, format!("{}: no end in time", self.attempt)))),
        }
    }
}

/// `commit:path`, which can be neither an option nor a range.
fn object(commit: &str, path: &str) -> Result<String, GitError> {
    if !parse::is_object_id(commit) {
        return Err(GitError::BadPath(format!("{commit}:{path}")));
    }
    let inside = parse::inside(path).ok_or_else(|| GitError::BadPath(path.to_owned()))?;
    Ok(format!("{commit}:{inside}"))
}
