use std::collections::BTreeSet;

use maru_model::{Login, RepositoryName, Text, UserId};
use maru_store::builds::{NewRepository, Repository, RepositoryTaken, Source};

use crate::builds::image_path;
use crate::{BASE, BuildError, Builds, REGISTRY_HOST, REPOSITORY_LIMIT};

/// What a user writes about a repository, before it is checked.
#[derive(Debug, Clone)]
pub struct RepositorySpec {
    pub name: String,
    pub source: Source,
    pub context: String,
    pub dockerfile: String,
}

impl RepositorySpec {
    fn checked(self, projects: &maru_git::Projects) -> Result<NewRepository, BuildError> {
        let name = RepositoryName::parse(self.name).map_err(|error| BuildError::Refused {
            code: "bad_name",
            detail: error.text(),
            fix: Text::new(
                "Use 2 to 32 lowercase letters, digits and single hyphens, starting with a letter.",
                "소문자로 시작하는 2~32자의 소문자, 숫자, 하이픈(연속 불가)을 쓰세요.",
            ),
        })?;
        let context = path(&self.context)?;
        let mut dockerfile = path(&self.dockerfile)?;
        // People write it from the project's top as well.
        if let Some(inside) = dockerfile.strip_prefix(&format!("{context}/")) {
            dockerfile = inside.to_owned();
        }
        if dockerfile.is_empty() {
            "Dockerfile".clone_into(&mut dockerfile);
        }
        if let Source::Remote { url, branch } = &self.source {
            projects.check_remote(url, branch).map_err(|error| match error.remote_words() {
                Some((detail, fix)) => BuildError::Refused { code: "bad_source", detail, fix },
                None => error.into(),
            })?;
        }
        Ok(NewRepository { name, source: self.source, context, dockerfile })
    }
}

fn path(given: &str) -> Result<String, BuildError> {
    maru_git::inside(given).ok_or_else(|| BuildError::Refused {
        code: "bad_path",
        detail: Text::new(format!("The path `{given}` leaves the project."), format!("경로 `{given}`은(는) 프로젝트 밖입니다.")),
        fix: Text::new("Write it from the top of the project, without `..`.", "프로젝트의 맨 위에서부터 `..` 없이 쓰세요."),
    })
}

impl Builds {
    /// The images that a Dockerfile may start from, whole: `registry.localhost/base/python:3`.
    ///
    /// # Errors
    /// Where the Engine cannot be asked.
    pub async fn base_images(&self) -> Result<Vec<String>, BuildError> {
        let images = self.inner.registry.base_images().await?;
        // Our own programs in somebody else's cluster come from there as well.
        let offered = images.iter().filter(|(repository, _)| !repository.starts_with(&format!("{BASE}/maru-")));
        Ok(offered.map(|(repository, tag)| format!("{REGISTRY_HOST}/{repository}:{tag}")).collect())
    }

    /// What the registry has for a user's Dockerfiles: the base images, and every version of their own.
    ///
    /// # Errors
    /// Where the Engine or the database cannot be asked.
    pub async fn images_for(&self, owner: &UserId, login: &Login) -> Result<BTreeSet<String>, BuildError> {
        let mut found: BTreeSet<String> = self.base_images().await?.into_iter().collect();
        for repository in self.repositories(owner).await? {
            let image = Self::image(login, &repository.name);
            found.extend(self.versions(&repository).await?.iter().map(|version| format!("{image}:{}", version.number)));
        }
        Ok(found)
    }

    /// # Errors
    /// [`BuildError::Refused`]: `repository_limit`, `name_taken`, `bad_name`, `bad_path`, `bad_source`.
    pub async fn add_repository(&self, owner: &UserId, spec: RepositorySpec) -> Result<Repository, BuildError> {
        let new = spec.checked(&self.inner.projects)?;
        let name = new.name.clone();
        self.inner.store.add_repository(owner, new, REPOSITORY_LIMIT).await.map_err(|error| match error {
            RepositoryTaken::Limit => BuildError::Refused {
                code: "repository_limit",
                detail: Text::new(
                    format!("You have {REPOSITORY_LIMIT} image repositories, which is all a user may have."),
                    format!("이미지 저장소는 한 사람에 {REPOSITORY_LIMIT}개까지인데 이미 모두 쓰고 있습니다."),
                ),
                fix: Text::new("Delete one that you do not need any more.", "더 쓰지 않는 저장소를 지우세요."),
            },
            RepositoryTaken::Name => BuildError::Refused {
                code: "name_taken",
                detail: Text::new(
                    format!("You have an image repository `{name}` already."),
                    format!("이미지 저장소 `{name}`이(가) 이미 있습니다."),
                ),
                fix: Text::new("Choose another name, or change that repository.", "다른 이름을 쓰거나 그 저장소를 고치세요."),
            },
            RepositoryTaken::Store(error) => error.into(),
        })
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn repositories(&self, owner: &UserId) -> Result<Vec<Repository>, BuildError> {
        Ok(self.inner.store.repositories(owner).await?)
    }

    /// # Errors
    /// [`BuildError::NotFound`] where the owner has none of that name.
    pub async fn repository(&self, owner: &UserId, name: &str) -> Result<Repository, BuildError> {
        let name = RepositoryName::parse(name).map_err(|_| BuildError::NotFound)?;
        self.inner.store.repository(owner, &name).await?.ok_or(BuildError::NotFound)
    }

    /// Changes where a repository's files come from; `spec.name` is the one it has.
    ///
    /// # Errors
    /// As [`Self::add_repository`]; [`BuildError::NotFound`].
    pub async fn change_repository(&self, owner: &UserId, spec: RepositorySpec) -> Result<Repository, BuildError> {
        let present = self.repository(owner, &spec.name).await?;
        let NewRepository { source, context, dockerfile, .. } = spec.checked(&self.inner.projects)?;
        let changed = Repository { source, context, dockerfile, ..present };
        self.inner.store.update_repository(&changed).await?;
        Ok(changed)
    }

    /// Deletes a repository with its builds, logs and versions; what runs is cancelled, and images leave the registry.
    ///
    /// # Errors
    /// [`BuildError::NotFound`]; where the database does not answer.
    pub async fn delete_repository(&self, owner: &UserId, login: &Login, name: &str) -> Result<(), BuildError> {
        let repository = self.repository(owner, name).await?;
        let versions = self.inner.store.versions(&repository.id).await?;
        let builds = self.inner.store.builds(&repository.id, i64::MAX).await?;
        self.inner.store.delete_repository(&repository.id).await?;
        for build in &builds {
            self.stop_running(&build.id);
            self.inner.logs.close(&build.id);
            self.inner.logs.remove(&build.id).await;
        }
        // The database has forgotten them; what of this fails only takes space. While the registry is tidied up it deletes nothing.
        let _alone = self.inner.tidying.read().await;
        let path = image_path(login, &repository.name);
        for version in versions {
            if let Err(error) = self.inner.registry.delete(&path, &version.digest).await {
                tracing::warn!(%path, %error, "an image stays in the registry");
            }
        }
        if let Err(error) = self.remove_local_images(&path, 0).await {
            tracing::warn!(%path, %error, "images stay in the Engine");
        }
        Ok(())
    }
}
