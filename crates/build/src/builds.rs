use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{FutureExt, Stream};
use maru_engine::Engine;
use maru_git::{GitError, MAIN, Project, Projects};
use maru_model::{BuildId, Login, RepositoryName, Text, UserId};
use maru_store::Store;
use maru_store::builds::{Build, BuildState, Repository, Source, Version};
use tokio::sync::{Notify, RwLock};
use tokio_util::sync::CancellationToken;

use crate::logs::Logs;
use crate::{BuildError, REGISTRY_HOST, Registry};

/// What one build may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// MiB, for each RUN instruction.
    pub memory_mib: i32,
    /// Thousandths of a CPU.
    pub milli_cpus: i32,
    pub seconds: u64,
    /// Builds at once.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // The IDE stays quick beside the builds: they get three quarters of the machine, and its memory by the piece.
        let milli_cpus = i32::try_from(cpus.min(16) * 750).unwrap_or(750);
        Self { memory_mib: 1536, milli_cpus, seconds: 20 * 60, at_once: cpus.clamp(1, 2) }
    }
}

/// Image repositories, the queue of builds and their logs; cheap to clone. [`Builds::run`] does the building.
#[derive(Clone, Debug)]
pub struct Builds {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) projects: Projects,
    pub(crate) registry: Registry,
    pub(crate) logs: Logs,
    pub(crate) limits: Limits,
    /// Rung when something was queued.
    pub(crate) bell: Notify,
    /// Read by whoever builds or pushes, written by who tidies up: a layer that is about to be used again must not go.
    pub(crate) tidying: RwLock<()>,
    /// What cancels each build that runs here.
    running: Mutex<HashMap<BuildId, CancellationToken>>,
}

/// What [`Builds::ensure_built`] found or began.
#[derive(Debug, Clone)]
pub enum Ensured {
    /// There is an image of exactly this content.
    Version(Version),
    /// It is being made.
    Build(Build),
}

/// `{login}/{repository}`: an image's path in the registry.
pub(crate) fn image_path(login: &Login, repository: &RepositoryName) -> String {
    format!("{login}/{repository}")
}

impl Builds {
    /// Logs are kept in `folder`.
    #[must_use]
    pub fn new(store: Store, engine: Engine, projects: Projects, registry: Registry, folder: &Path, limits: Limits) -> Self {
        let inner = Inner {
            store,
            engine,
            projects,
            registry,
            logs: Logs::new(folder),
            limits,
            bell: Notify::new(),
            tidying: RwLock::default(),
            running: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// `registry.localhost/{login}/{repository}`: what manifests call the image, without tag.
    #[must_use]
    pub fn image(login: &Login, repository: &RepositoryName) -> String {
        format!("{REGISTRY_HOST}/{}", image_path(login, repository))
    }

    /// The project that a repository is built from, and the newest commit of its branch. Where `commit` is known already,
    /// nobody elsewhere is asked.
    async fn source(&self, login: &Login, repository: &Repository, commit: Option<&str>) -> Result<(Project, Option<String>), BuildError> {
        let (project, branch) = match &repository.source {
            Source::Project { project } => {
                let opened = self.inner.projects.open(login, project).await;
                (opened.map_err(|error| no_project(error, project.as_str()))?, MAIN)
            }
            Source::Remote { url, branch } => {
                let fetched = match commit {
                    Some(commit) => self.inner.projects.remote_at(url, branch, commit).await,
                    None => self.inner.projects.fetch_remote(url, branch).await,
                };
                (fetched.map_err(elsewhere)?, branch.as_str())
            }
        };
        let head = project.head(branch).await?;
        Ok((project, head))
    }

    /// The project of a repository, to read a commit that is known to be there.
    pub(crate) async fn project(&self, login: &Login, repository: &Repository, commit: &str) -> Result<Project, BuildError> {
        let (project, _) = self.source(login, repository, Some(commit)).await?;
        if project.commit(commit).await?.is_none() {
            return Err(unknown_commit(commit));
        }
        Ok(project)
    }

    /// What an image is made of: the context's tree and which Dockerfile in it. A folder that is missing has no tree; its
    /// build fails and says so.
    async fn content(&self, project: &Project, repository: &Repository, commit: &str) -> Result<String, BuildError> {
        Ok(Self::content_of(project.tree_id(commit, &repository.context).await?.as_deref(), repository))
    }

    /// What an image of this tree is made of: with that of a version, it is the same image.
    #[must_use]
    pub fn content_of(tree: Option<&str>, repository: &Repository) -> String {
        format!("{} {}", tree.unwrap_or("none"), repository.dockerfile)
    }

    /// True while an image of this content is being built.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn is_building(&self, repository: &Repository, content: &str) -> Result<bool, BuildError> {
        Ok(self.inner.store.open_build(&repository.id, content).await?.is_some())
    }

    async fn located(&self, login: &Login, repository: &Repository, commit: Option<&str>) -> Result<(String, String), BuildError> {
        let (project, head) = self.source(login, repository, commit).await?;
        let commit = match commit {
            Some(given) => project.commit(given).await?.ok_or_else(|| unknown_commit(given))?,
            None => head.ok_or_else(|| BuildError::Refused {
                code: "no_commit",
                detail: Text::new("The branch has no commit yet.", "브랜치에 아직 커밋이 없습니다."),
                fix: Text::new("Commit something and push it.", "커밋해서 push하세요."),
            })?,
        };
        let content = self.content(&project, repository, &commit).await?;
        Ok((commit, content))
    }

    /// Queues a build of a commit; of the branch's newest where none is given.
    ///
    /// # Errors
    /// [`BuildError::Refused`]: `no_project`, `no_commit`, `unknown_commit`.
    pub async fn start(&self, login: &Login, repository: &Repository, commit: Option<&str>) -> Result<Build, BuildError> {
        let (commit, content) = self.located(login, repository, commit).await?;
        self.queue(repository, &commit, &content).await
    }

    async fn queue(&self, repository: &Repository, commit: &str, content: &str) -> Result<Build, BuildError> {
        let build = self.inner.store.add_build(&repository.id, commit, content).await?;
        self.inner.logs.announce(&build.id);
        self.inner.bell.notify_one();
        Ok(build)
    }

    /// What the newest commit of its branch would be built of, as [`Self::content_of`] says it.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn newest_content(&self, login: &Login, repository: &Repository) -> Result<String, BuildError> {
        Ok(self.located(login, repository, None).await?.1)
    }

    /// The newest version where it is of this content, the build that is making it, or a new build of it: a Deploy builds
    /// only what changed. Content that an older version has is built again, from the Engine's cache, so that the newest
    /// version is always what was deployed last. Without `commit` it is the newest of the branch.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn ensure_built(&self, login: &Login, repository: &Repository, commit: Option<&str>) -> Result<Ensured, BuildError> {
        let (commit, content) = self.located(login, repository, commit).await?;
        if let Some(build) = self.inner.store.open_build(&repository.id, &content).await? {
            return Ok(Ensured::Build(build));
        }
        if let Some(version) = self.newest_version(repository).await?
            && version.content == content
        {
            return Ok(Ensured::Version(version));
        }
        self.queue(repository, &commit, &content).await.map(Ensured::Build)
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn newest_version(&self, repository: &Repository) -> Result<Option<Version>, BuildError> {
        Ok(self.inner.store.newest_version(&repository.id).await?)
    }

    /// # Errors
    /// [`BuildError::NotFound`] where the owner has no such build.
    pub async fn build(&self, owner: &UserId, id: &BuildId) -> Result<Build, BuildError> {
        self.inner.store.build_of(owner, id).await?.ok_or(BuildError::NotFound)
    }

    /// A repository's builds, newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn builds(&self, repository: &Repository, limit: i64) -> Result<Vec<Build>, BuildError> {
        Ok(self.inner.store.builds(&repository.id, limit).await?)
    }

    /// The repository of a build.
    ///
    /// # Errors
    /// [`BuildError::NotFound`] where it was deleted.
    pub async fn repository_of(&self, build: &Build) -> Result<Repository, BuildError> {
        self.inner.store.repository_by_id(&build.repository_id).await?.ok_or(BuildError::NotFound)
    }

    /// A repository's versions, newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn versions(&self, repository: &Repository) -> Result<Vec<Version>, BuildError> {
        Ok(self.inner.store.versions(&repository.id).await?)
    }

    /// The version that a build gave.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn version_of(&self, build: &Build) -> Result<Option<Version>, BuildError> {
        Ok(self.inner.store.version_of_build(&build.id).await?)
    }

    /// A build's log but for its first `from` bytes; with `follow`, until the build ends.
    pub fn log(&self, build: &BuildId, from: u64, follow: bool) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static + use<> {
        let (builds, build) = (self.clone(), build.clone());
        async move {
            if follow {
                builds.announce_open(&build).await;
            }
            builds.inner.logs.read(&build, from, follow)
        }
        .flatten_stream()
    }

    /// Sees to it that followers of a build without an end wait for one. A build that was queued before this server
    /// started, and that no worker has taken yet, is known to the database alone.
    async fn announce_open(&self, build: &BuildId) {
        let logs = &self.inner.logs;
        if logs.subscribe(build).is_some() {
            return;
        }
        // Before the question: an end that comes between it and the answer closes what was announced.
        logs.announce(build);
        let open = self.inner.store.build(build).await.is_ok_and(|build| build.is_some_and(|build| !build.state.is_final()));
        if !open {
            logs.close(build);
        }
    }

    /// Waits for a build's end.
    ///
    /// # Errors
    /// [`BuildError::NotFound`] where it was deleted meanwhile.
    pub async fn wait(&self, id: &BuildId) -> Result<Build, BuildError> {
        loop {
            let signal = self.inner.logs.subscribe(id);
            let build = self.inner.store.build(id).await?.ok_or(BuildError::NotFound)?;
            if build.state.is_final() {
                return Ok(build);
            }
            match signal {
                // Its end closes the signal.
                Some(mut signal) => while signal.changed().await.is_ok() {},
                None => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
            }
        }
    }

    /// Asks for a build's end. One that has ended stays as it is. The build after it: one that runs ends in a moment.
    ///
    /// # Errors
    /// [`BuildError::NotFound`] where the owner has no such build.
    pub async fn cancel(&self, owner: &UserId, id: &BuildId) -> Result<Build, BuildError> {
        self.build(owner, id).await?;
        if self.inner.store.cancel_build(id).await? == BuildState::Running {
            self.stop_running(id);
        } else {
            self.inner.logs.close(id);
        }
        self.build(owner, id).await
    }

    /// Notes that a build runs here; the token is cancelled when somebody wants its end.
    pub(crate) fn note_running(&self, id: &BuildId) -> CancellationToken {
        let token = CancellationToken::new();
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), token.clone());
        token
    }

    pub(crate) fn forget_running(&self, id: &BuildId) {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    pub(crate) fn stop_running(&self, id: &BuildId) {
        if let Some(token) = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            token.cancel();
        }
    }
}

fn no_project(error: GitError, project: &str) -> BuildError {
    match error {
        GitError::NoProject(_) => BuildError::Refused {
            code: "no_project",
            detail: Text::new(format!("You have no project `{project}`."), format!("프로젝트 `{project}`이(가) 없습니다.")),
            fix: Text::new("Correct the repository's source.", "저장소 설정의 소스를 고치세요."),
        },
        other => other.into(),
    }
}

/// A fetch that failed, in words where it is the repository's matter.
fn elsewhere(error: GitError) -> BuildError {
    match error.remote_words() {
        Some((detail, fix)) => BuildError::Refused { code: "remote", detail, fix },
        None => error.into(),
    }
}

fn unknown_commit(commit: &str) -> BuildError {
    BuildError::Refused {
        code: "unknown_commit",
        detail: Text::new(format!("There is no commit `{commit}` on the server."), format!("서버에 커밋 `{commit}`이(가) 없습니다.")),
        fix: Text::new("Push it first: `git push origin main`.", "먼저 push하세요: `git push origin main`"),
    }
}
