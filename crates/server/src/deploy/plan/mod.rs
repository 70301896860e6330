//! What a Deploy would do, before anybody presses it: which files become a commit, which images are built, which objects
//! change and how, and what would not work in a container though it works in the workspace. Nothing is changed.

mod tree;
mod view;

use std::collections::BTreeSet;

use maru_build::{Builds, Repository, Source};
use maru_manifest::{Diagnostic, Files, containers, locate};
use maru_rollout::PlannedObject;
use maru_store::users::User;

use crate::error::ApiResult;
use crate::parity::{self, Images, Program};
use crate::source;
use crate::state::AppState;
use tree::Tree;

pub use view::planned_json;

/// Why an image is built, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// There is no version yet.
    First,
    /// Its folder is another than the newest version was made of.
    Changed,
    /// Its folder is the same.
    Unchanged,
    /// It is being built already.
    Building,
}

#[derive(Debug, Clone)]
pub struct PlannedImage {
    pub repository: Repository,
    pub why: Why,
    /// The newest version, where there is one.
    pub version: Option<i64>,
    /// Files of its folder that changed since the last commit, at most a few.
    pub changed: Vec<String>,
}

/// What would happen.
#[derive(Debug, Clone)]
pub struct DeployPlan {
    pub source: Source,
    pub tree: Tree,
    pub images: Vec<PlannedImage>,
    pub objects: Vec<PlannedObject>,
    /// The cluster was asked what would become of the objects.
    pub compared: bool,
    /// Of the manifests.
    pub diagnostics: Vec<Diagnostic>,
    /// Where program, image and manifest do not fit one another.
    pub parity: Vec<Diagnostic>,
}

/// Changed files of one image that are named.
const NAMED: usize = 5;

impl DeployPlan {
    /// # Errors
    /// Where the project cannot be read.
    pub async fn make(state: &AppState, user: &User) -> ApiResult<Self> {
        let source = source::ensured(state, user).await?;
        let all = state.builds.repositories(&user.id).await?;
        let contexts: BTreeSet<&str> =
            all.iter().filter(|repository| repository.source == source.from).map(|repository| repository.context.as_str()).collect();
        let tree = Tree::read(state, user, &source, &contexts).await?;
        let built = source::repositories(all, user, &source, &tree.files);
        let images = images(state, user, &built, &tree).await?;
        let repositories: Vec<Repository> = built.into_iter().filter(|(_, same)| *same).map(|(repository, _)| repository).collect();
        let fresh = images.iter().filter(|image| image.why != Why::Unchanged).map(|image| image.repository.name.to_string()).collect();
        let manifests = manifests(&tree.files, &source.path);
        let (rollout, known) = tokio::join!(state.rollouts.plan(user, &source, &manifests, &fresh), known_images(state, user));
        let rollout = rollout?;
        let parity = parity(user, &repositories, &tree, manifests, known).await?;
        Ok(Self {
            source: source.from,
            tree,
            images,
            objects: rollout.objects,
            compared: rollout.compared,
            diagnostics: rollout.diagnostics,
            parity,
        })
    }
}

/// What a rollout reads: the folder of manifests.
fn manifests(files: &Files, path: &str) -> Files {
    let folder = if path.is_empty() { locate(files) } else { path.trim_matches('/') };
    let inside = |path: &&String| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    files.iter().filter(|(path, _)| inside(path)).map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
}

async fn images(state: &AppState, user: &User, repositories: &[(Repository, bool)], tree: &Tree) -> ApiResult<Vec<PlannedImage>> {
    let mut images = Vec::new();
    for (repository, same) in repositories {
        let content = match same {
            true => Builds::content_of(tree.contexts.get(&repository.context).and_then(Option::as_deref), repository),
            false => state.builds.newest_content(&user.login, repository).await?,
        };
        let newest = state.builds.newest_version(repository).await?;
        let why = if state.builds.is_building(repository, &content).await? {
            Why::Building
        } else {
            match &newest {
                None => Why::First,
                Some(version) if version.content == content => Why::Unchanged,
                Some(_) => Why::Changed,
            }
        };
        let prefix = if repository.context.is_empty() { String::new() } else { format!("{}/", repository.context) };
        let changed = tree.changed.iter().filter(|file| why == Why::Changed && file.path.starts_with(&prefix));
        images.push(PlannedImage {
            repository: repository.clone(),
            why,
            version: newest.map(|version| version.number),
            changed: changed.take(NAMED).map(|file| file.path.clone()).collect(),
        });
    }
    Ok(images)
}

/// What each image repository is built from.
pub fn programs(user: &User, repositories: &[Repository]) -> Vec<Program> {
    let program = |repository: &Repository| Program {
        image: Builds::image(&user.login, &repository.name),
        context: repository.context.clone(),
        dockerfile: repository.dockerfile.clone(),
    };
    repositories.iter().map(program).collect()
}

/// What Dockerfiles may name. Where the registry cannot be asked, nothing is said of images.
pub async fn known_images(state: &AppState, user: &User) -> Option<Images> {
    let known = state.builds.images_for(&user.id, &user.login).await.ok()?;
    Some(Images { login: user.login.clone(), known })
}

async fn parity(
    user: &User,
    repositories: &[Repository],
    tree: &Tree,
    manifests: Files,
    images: Option<Images>,
) -> ApiResult<Vec<Diagnostic>> {
    let programs = programs(user, repositories);
    let (paths, files) = (tree.paths.clone(), tree.files.clone());
    // Patterns over up to some megabytes: not on a thread that others wait for.
    let looked = tokio::task::spawn_blocking(move || {
        let containers = containers(&manifests, locate(&manifests));
        let project =
            parity::Project { paths: &paths, files: &files, programs: &programs, containers: &containers, images: images.as_ref() };
        parity::check(&project)
    });
    looked.await.map_err(crate::error::ApiError::internal)
}
