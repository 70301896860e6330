//! What nobody needs any more: old versions, the registry's unused layers, what builds left in the Engine.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use maru_model::Login;
use maru_store::builds::{Repository, Version};
use maru_store::now_ms;

use crate::builds::image_path;
use crate::{BuildError, Builds, REGISTRY_HOST};

/// What stays although it is old.
#[derive(Debug, Clone)]
pub struct Retention {
    /// The newest so many versions of each repository.
    pub versions: usize,
    /// Unnamed images in the Engine that a build used in this time: they make the next build quick.
    pub layers: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { versions: 20, layers: Duration::from_secs(7 * 24 * 3600) }
    }
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tidied {
    pub versions: usize,
    pub layers: usize,
    /// Whether the registry was asked to free the space of what is gone.
    pub collected: bool,
}

impl Builds {
    /// Removes old versions that are not among the images `in_use` (as manifests name them), what the registry keeps for
    /// no version, and the Engine's images that no build has used for long. Without `in_use` all versions stay.
    /// `None` where a build runs: then it is not the time.
    ///
    /// # Errors
    /// Where database, registry or Engine do not answer; what was not done is done the next time.
    pub async fn tidy(&self, retention: &Retention, in_use: Option<&BTreeSet<String>>) -> Result<Option<Tidied>, BuildError> {
        let Ok(_alone) = self.inner.tidying.try_write() else { return Ok(None) };
        let mut tidied = Tidied::default();
        if let Some(in_use) = in_use {
            for (login, repository) in self.inner.store.all_repositories().await? {
                tidied.versions += self.remove_old_versions(&login, &repository, retention.versions, in_use).await?;
            }
        }
        if self.inner.registry.has_garbage() {
            self.inner.registry.collect_garbage().await?;
            tidied.collected = true;
        }
        tidied.layers = self.remove_old_layers(retention.layers).await?;
        self.inner.engine.prune_images().await?;
        Ok(Some(tidied))
    }

    async fn remove_old_versions(
        &self,
        login: &Login,
        repository: &Repository,
        keep: usize,
        in_use: &BTreeSet<String>,
    ) -> Result<usize, BuildError> {
        let versions = self.inner.store.versions(&repository.id).await?;
        let path = image_path(login, &repository.name);
        let (kept, old) = sorted_out(versions, keep, &format!("{REGISTRY_HOST}/{path}"), in_use);
        for version in &old {
            // The same files give the same image: it goes with the last version that is it.
            if !kept.contains(&version.digest) {
                self.inner.registry.delete(&path, &version.digest).await?;
            }
            self.inner.store.delete_version(&repository.id, version.number).await?;
        }
        Ok(old.len())
    }

    async fn remove_old_layers(&self, unused_for: Duration) -> Result<usize, BuildError> {
        let age = i64::try_from(unused_for.as_millis()).unwrap_or(i64::MAX);
        let mut removed = 0;
        // An image goes when the ones made of it are gone, so as long as one goes there may be more.
        loop {
            let before = removed;
            for image in self.inner.store.unused_layers(now_ms().saturating_sub(age)).await? {
                let found = self.inner.engine.inspect_image(&image).await?;
                if found.is_some_and(|found| found.repo_tags.is_none_or(|names| names.is_empty())) {
                    match self.inner.engine.remove_image(&image).await {
                        Ok(()) => removed += 1,
                        // Something is made of it, or a container runs it.
                        Err(error) if error.is_conflict() => continue,
                        Err(error) => return Err(error.into()),
                    }
                }
                // Gone, or under a name whose time is for others to say.
                self.inner.store.forget_layer(&image).await?;
            }
            if removed == before {
                return Ok(removed);
            }
        }
    }
}

/// The digests that stay, and the versions that go.
fn sorted_out(versions: Vec<Version>, keep: usize, image: &str, in_use: &BTreeSet<String>) -> (HashSet<String>, Vec<Version>) {
    let used = |version: &Version| {
        in_use.contains(&format!("{image}@{}", version.digest)) || in_use.contains(&format!("{image}:{}", version.number))
    };
    let (mut kept, mut old) = (HashSet::new(), Vec::new());
    // Newest first.
    for (place, version) in versions.into_iter().enumerate() {
        if place < keep || used(&version) {
            kept.insert(version.digest);
        } else {
            old.push(version);
        }
    }
    (kept, old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use maru_model::{BuildId, RepositoryId};

    fn version(number: i64, digest: &str) -> Version {
        let (repository_id, build_id) = (RepositoryId::generate(), BuildId::generate());
        let (digest, commit, content) = (digest.to_owned(), String::new(), String::new());
        Version { repository_id, number, build_id, digest, commit, content, size: 0, created_at: 0 }
    }

    #[test]
    fn the_newest_and_the_used_stay() {
        let all = || vec![version(6, "f"), version(5, "a"), version(4, "d"), version(3, "c"), version(2, "b"), version(1, "a")];
        let image = "registry.localhost/mina/web";
        let in_use = BTreeSet::from([format!("{image}@c"), format!("{image}:2"), "registry.localhost/juno/web:4".to_owned()]);
        let (kept, old) = sorted_out(all(), 2, image, &in_use);
        assert_eq!(old.iter().map(|version| version.number).collect::<Vec<_>>(), [4, 1]);
        assert_eq!(kept, ["f", "a", "c", "b"].map(str::to_owned).into(), "version 1 goes, its image is version 5 as well");
        assert_eq!(sorted_out(all(), 20, image, &in_use).1, []);
    }
}
