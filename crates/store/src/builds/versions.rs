use maru_model::{BuildId, RepositoryId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError, now_ms};

/// An image in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub repository_id: RepositoryId,
    /// Also its tag.
    pub number: i64,
    pub build_id: BuildId,
    /// `sha256:...` of its manifest.
    pub digest: String,
    pub commit: String,
    /// What it was made of: the same content gives the same image.
    pub content: String,
    /// Bytes, unpacked.
    pub size: i64,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// What a build gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    pub digest: String,
    /// Bytes, unpacked.
    pub size: i64,
}

const VERSION: &str = "repository_id, number, build_id, digest, commit_id, content, size, created_at";

fn version(row: &AnyRow) -> Result<Version, StoreError> {
    Ok(Version {
        repository_id: RepositoryId::from(row.try_get::<String, _>("repository_id")?),
        number: row.try_get("number")?,
        build_id: BuildId::from(row.try_get::<String, _>("build_id")?),
        digest: row.try_get("digest")?,
        commit: row.try_get("commit_id")?,
        content: row.try_get("content")?,
        size: row.try_get("size")?,
        created_at: row.try_get("created_at")?,
    })
}

impl Store {
    /// A repository's versions, newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn versions(&self, repository: &RepositoryId) -> Result<Vec<Version>, StoreError> {
        let sql = format!("SELECT {VERSION} FROM versions WHERE repository_id = $1 ORDER BY number DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(repository.as_str()).fetch_all(self.pool()).await?;
        rows.iter().map(version).collect()
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn newest_version(&self, repository: &RepositoryId) -> Result<Option<Version>, StoreError> {
        let sql = format!("SELECT {VERSION} FROM versions WHERE repository_id = $1 ORDER BY number DESC LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(repository.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(version).transpose()
    }

    /// The version that a build gave, where it gave one.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn version_of_build(&self, build: &BuildId) -> Result<Option<Version>, StoreError> {
        let sql = format!("SELECT {VERSION} FROM versions WHERE build_id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(build.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(version).transpose()
    }

    pub(super) async fn insert_version(
        transaction: &mut sqlx::Transaction<'_, sqlx::Any>,
        build: &super::Build,
        new: &NewVersion,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO versions (repository_id, number, build_id, digest, commit_id, content, size, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(build.repository_id.as_str())
        .bind(build.number)
        .bind(build.id.as_str())
        .bind(&new.digest)
        .bind(&build.commit)
        .bind(&build.content)
        .bind(new.size)
        .bind(now_ms())
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn delete_version(&self, repository: &RepositoryId, number: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM versions WHERE repository_id = $1 AND number = $2")
            .bind(repository.as_str())
            .bind(number)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
