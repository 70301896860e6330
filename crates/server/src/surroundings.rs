//! What rollouts need of git, of builds and of the cluster: here they meet.

use maru_build::{Builds, Source as Origin};
use maru_cluster::{Cluster, NamespaceSpec, namespace};
use maru_engine::Engine;
use maru_git::{EntryKind, GitError, Projects};
use maru_manifest::Files;
use maru_model::{Login, Quota, Role, Text};
use maru_rollout::{BoxFuture, RenderError, Snapshot, Source};
use maru_store::Store;
use maru_store::users::User;

use crate::render;

/// The largest manifest that is read, in bytes, and the most of them.
const FILE_MAX: u64 = 1 << 20;
const FILES_MAX: usize = 1000;

pub struct Surroundings {
    pub store: Store,
    pub engine: Engine,
    pub git: Projects,
    pub builds: Builds,
    pub cluster: Cluster,
    pub node_image: String,
}

fn text(error: &dyn std::fmt::Display) -> Text {
    Text::new(format!("The project could not be read: {error}"), format!("프로젝트를 읽지 못했습니다: {error}"))
}

/// What is wrong with where the files come from, and what to do about it.
fn words(error: &GitError) -> Text {
    match error.remote_words() {
        Some((detail, fix)) => Text::new(format!("{} {}", detail.en, fix.en), format!("{} {}", detail.ko, fix.ko)),
        None => text(error),
    }
}

impl Surroundings {
    async fn read(&self, user: &User, source: &Source, commit: Option<&str>) -> Result<Snapshot, Text> {
        let (project, branch) = match &source.from {
            Origin::Project { project } => (self.git.open(&user.login, project).await, maru_git::MAIN),
            Origin::Remote { url, branch } => (
                match commit {
                    Some(commit) => self.git.remote_at(url, branch, commit).await,
                    None => self.git.fetch_remote(url, branch).await,
                },
                branch.as_str(),
            ),
        };
        let project = project.map_err(|error| words(&error))?;
        let commit = match commit {
            Some(commit) => project.commit(commit).await,
            None => project.head(branch).await,
        };
        let Some(commit) = commit.map_err(|error| text(&error))? else {
            return Err(Text::new(
                format!("The source has no such commit on {branch}."),
                format!("소스의 {branch} 브랜치에 그런 커밋이 없습니다."),
            ));
        };
        let committed_at = project.log(&commit, 1).await.map_err(|error| text(&error))?.first().map_or(0, |commit| commit.time * 1000);
        let folder = source.path.trim_matches('/');
        let folder = if folder.is_empty() && project.tree_id(&commit, "k8s").await.map_err(|error| text(&error))?.is_some() {
            "k8s"
        } else {
            folder
        };
        let mut files = Files::new();
        for entry in project.list(&commit, folder, true).await.map_err(|error| text(&error))? {
            let too_large = entry.size.is_none_or(|size| size > FILE_MAX);
            if entry.kind != EntryKind::File || too_large || files.len() == FILES_MAX {
                continue;
            }
            let path = if folder.is_empty() { entry.path } else { format!("{folder}/{}", entry.path) };
            if let Some(bytes) = project.read(&commit, &path, FILE_MAX).await.map_err(|error| text(&error))? {
                files.insert(path, bytes);
            }
        }
        Ok(Snapshot { commit, committed_at, files })
    }

    /// The instructors of a student's classes: they may look into the namespace.
    async fn viewers(&self, user: &User) -> Result<Vec<Login>, maru_store::StoreError> {
        Ok(self.store.fellows(&user.id, Role::Instructor).await?.into_iter().map(|user| user.login).collect())
    }
}

impl maru_rollout::Surroundings for Surroundings {
    fn snapshot<'a>(&'a self, user: &'a User, source: &'a Source, commit: Option<&'a str>) -> BoxFuture<'a, Result<Snapshot, Text>> {
        Box::pin(self.read(user, source, commit))
    }

    fn render<'a>(&'a self, files: &'a Files, folder: &'a str) -> BoxFuture<'a, Result<String, RenderError>> {
        Box::pin(render::kustomize(&self.engine, &self.node_image, files, folder))
    }

    fn newest_digest<'a>(&'a self, user: &'a User, repository: &'a str) -> BoxFuture<'a, Result<Option<String>, Text>> {
        Box::pin(async move {
            let said = |error: maru_build::BuildError| {
                Text::new(format!("The image repositories could not be read: {error}"), format!("이미지 저장소를 읽지 못했습니다: {error}"))
            };
            let repository = match self.builds.repository(&user.id, repository).await {
                Err(maru_build::BuildError::NotFound) => return Ok(None),
                other => other.map_err(said)?,
            };
            Ok(self.builds.newest_version(&repository).await.map_err(said)?.map(|version| version.digest))
        })
    }

    fn cluster<'a>(&'a self) -> BoxFuture<'a, Result<kube::Client, Text>> {
        Box::pin(async move { self.cluster.client().await.map_err(|_| self.cluster.state().text()) })
    }

    fn away<'a>(&'a self) -> BoxFuture<'a, Text> {
        Box::pin(async move { self.cluster.away().await.text() })
    }

    fn ensure_namespace<'a>(&'a self, client: &'a kube::Client, user: &'a User) -> BoxFuture<'a, Result<(), Text>> {
        Box::pin(async move {
            let said = |error: &dyn std::fmt::Display| {
                Text::new(format!("The namespace could not be prepared: {error}"), format!("네임스페이스를 준비하지 못했습니다: {error}"))
            };
            let spec = NamespaceSpec {
                login: user.login.clone(),
                dockerconfigjson: self.builds.registry().pull_secret(&user.login),
                quota: self.store.quota_of(&user.id).await.map_err(|error| said(&error))?.over(Quota::default()),
                viewers: self.viewers(user).await.map_err(|error| said(&error))?,
            };
            namespace::ensure(client, &spec).await.map_err(|error| said(&error))
        })
    }
}
