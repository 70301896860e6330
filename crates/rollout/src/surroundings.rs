//! What a rollout needs of the rest of Maru and may not know: git, builds, the sealed container that renders, the cluster's
//! life. The server implements it over the real ones; tests of the state machine hold it in their hands.

use std::future::Future;
use std::pin::Pin;

use maru_manifest::Files;
use maru_model::Text;
use maru_store::builds::Source as Origin;
use maru_store::users::User;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where an application's manifests are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub from: Origin,
    /// The folder with the manifests; empty: `k8s`, or the top where there is no such folder.
    pub path: String,
}

impl Source {
    /// What its objects are labelled with: the project's name, or the last part of the address.
    pub(crate) fn name(&self) -> String {
        match &self.from {
            Origin::Project { project } => project.to_string(),
            Origin::Remote { url, .. } => {
                let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".git");
                let plain: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).take(63).collect();
                // A label begins and ends with a letter or a digit.
                plain.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
            }
        }
    }
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
    /// The files at `commit`, or at the newest one of its branch.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(url: &str) -> String {
        Source { from: Origin::Remote { url: url.to_owned(), branch: "main".to_owned() }, path: String::new() }.name()
    }

    #[test]
    fn an_application_from_elsewhere_is_named_by_its_address() {
        assert_eq!(named("https://git.example/team/shop.git"), "shop");
        assert_eq!(named("https://git.example/team/_shop-1-/"), "shop-1");
    }

    proptest! {
        #[test]
        fn every_name_is_a_label(url in "\\PC{0,90}") {
            let name = named(&url);
            prop_assert!(name.len() <= 63 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
            prop_assert!(name.is_empty() || name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.ends_with(|c: char| c.is_ascii_alphanumeric()));
        }
    }
}
