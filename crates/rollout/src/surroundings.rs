//! What a rollout needs of the rest of Maru and may not know: git, builds, the sealed container that renders, the cluster's
//! life. The server implements it over the real ones; tests of the state machine hold it in their hands.

use std::future::Future;
use std::pin::Pin;

use maru_manifest::Files;
use maru_model::Text;
use maru_store::users::User;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where an application's manifests are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    pub project: String,
    /// The folder with the manifests; empty: `k8s`, or the top where there is no such folder.
    pub path: String,
}

/// The files of a project at one commit.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub commit: String,
    /// When it was committed; Unix milliseconds.
    pub committed_at: i64,
    /// By path from the top of the project. What lies outside the manifests' folder need not be there.
    pub files: Files,
}

/// Why nothing was rendered.
#[derive(Debug, Clone)]
pub enum RenderError {
    /// kustomize refused; its words.
    Refused(String),
    /// The renderer could not run.
    Unavailable(Text),
}

pub trait Surroundings: Send + Sync + 'static {
    /// The files at `commit`, or at the newest one of `main`.
    fn snapshot<'a>(&'a self, user: &'a User, source: &'a Source, commit: Option<&'a str>) -> BoxFuture<'a, Result<Snapshot, Text>>;

    /// What `kubectl kustomize FOLDER` prints; `files` has a kustomization in `folder`.
    fn render<'a>(&'a self, files: &'a Files, folder: &'a str) -> BoxFuture<'a, Result<String, RenderError>>;

    /// The digest (`sha256:...`) of the newest version of one of the user's image repositories; `None` where there is none.
    fn newest_digest<'a>(&'a self, user: &'a User, repository: &'a str) -> BoxFuture<'a, Result<Option<String>, Text>>;

    /// The cluster, or what it still waits for.
    fn cluster<'a>(&'a self) -> BoxFuture<'a, Result<kube::Client, Text>>;

    /// Ends when a cluster that was there is not any more, with what it is at then; never while it is there.
    fn away<'a>(&'a self) -> BoxFuture<'a, Text>;

    /// Brings about the user's namespace with its limits and rights.
    fn ensure_namespace<'a>(&'a self, client: &'a kube::Client, user: &'a User) -> BoxFuture<'a, Result<(), Text>>;
}
