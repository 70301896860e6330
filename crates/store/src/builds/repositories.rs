use maru_model::{Login, ProjectName, RepositoryId, RepositoryName, UserId};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError, now_ms};

/// Where an image repository's files come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A project of the owner, branch main.
    Project { project: ProjectName },
    /// A public git repository elsewhere.
    Remote { url: String, branch: String },
}

/// An image repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    pub id: RepositoryId,
    pub user_id: UserId,
    pub name: RepositoryName,
    pub source: Source,
    /// The folder that is sent to the builder, inside the source; "" is its top.
    pub context: String,
    /// Inside the context.
    pub dockerfile: String,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// What a user decides about a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRepository {
    pub name: RepositoryName,
    pub source: Source,
    pub context: String,
    pub dockerfile: String,
}

/// Why a repository was not made.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryTaken {
    #[error("the name is taken")]
    Name,
    #[error("all slots are taken")]
    Limit,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RepositoryTaken {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

const REPOSITORY: &str = "id, user_id, name, source, context, dockerfile, created_at";

fn repository(row: &AnyRow) -> Result<Repository, StoreError> {
    let (name, source): (String, String) = (row.try_get("name")?, row.try_get("source")?);
    Ok(Repository {
        id: RepositoryId::from(row.try_get::<String, _>("id")?),
        user_id: UserId::from(row.try_get::<String, _>("user_id")?),
        name: RepositoryName::parse(name).map_err(|error| StoreError::Value(error.to_string()))?,
        source: serde_json::from_str(&source).map_err(|error| StoreError::Value(error.to_string()))?,
        context: row.try_get("context")?,
        dockerfile: row.try_get("dockerfile")?,
        created_at: row.try_get("created_at")?,
    })
}

fn source_text(source: &Source) -> Result<String, StoreError> {
    serde_json::to_string(source).map_err(|error| StoreError::Value(error.to_string()))
}

impl Store {
    /// Makes a repository in the owner's first free slot of `limit`. Race-safe: of two that take one slot at once the
    /// database refuses the later, which then looks again.
    ///
    /// # Errors
    /// [`RepositoryTaken::Name`] or [`RepositoryTaken::Limit`].
    pub async fn add_repository(&self, owner: &UserId, new: NewRepository, limit: i64) -> Result<Repository, RepositoryTaken> {
        loop {
            let present =
                sqlx::query("SELECT slot, name FROM repositories WHERE user_id = $1").bind(owner.as_str()).fetch_all(self.pool()).await?;
            let mut slots = Vec::with_capacity(present.len());
            for row in &present {
                if row.try_get::<String, _>("name")? == new.name.as_str() {
                    return Err(RepositoryTaken::Name);
                }
                slots.push(row.try_get::<i64, _>("slot")?);
            }
            let Some(slot) = (1..=limit).find(|slot| !slots.contains(slot)) else { return Err(RepositoryTaken::Limit) };
            let made = Repository {
                id: RepositoryId::generate(),
                user_id: owner.clone(),
                name: new.name.clone(),
                source: new.source.clone(),
                context: new.context.clone(),
                dockerfile: new.dockerfile.clone(),
                created_at: now_ms(),
            };
            let inserted = sqlx::query(
                "INSERT INTO repositories (id, user_id, slot, name, source, context, dockerfile, next_number, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
            )
            .bind(made.id.as_str())
            .bind(owner.as_str())
            .bind(slot)
            .bind(made.name.as_str())
            .bind(source_text(&made.source)?)
            .bind(&made.context)
            .bind(&made.dockerfile)
            .bind(made.created_at)
            .execute(self.pool())
            .await
            .map_err(StoreError::unique("repository"));
            match inserted {
                Ok(_) => return Ok(made),
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A user's repositories, by name.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn repositories(&self, owner: &UserId) -> Result<Vec<Repository>, StoreError> {
        let sql = format!("SELECT {REPOSITORY} FROM repositories WHERE user_id = $1 ORDER BY name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(owner.as_str()).fetch_all(self.pool()).await?;
        rows.iter().map(repository).collect()
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn repository(&self, owner: &UserId, name: &RepositoryName) -> Result<Option<Repository>, StoreError> {
        let sql = format!("SELECT {REPOSITORY} FROM repositories WHERE user_id = $1 AND name = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(owner.as_str()).bind(name.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(repository).transpose()
    }

    /// Whoever owns it: for the worker, which has the id from the queue.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn repository_by_id(&self, id: &RepositoryId) -> Result<Option<Repository>, StoreError> {
        let sql = format!("SELECT {REPOSITORY} FROM repositories WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(repository).transpose()
    }

    /// Those of everybody, with their owners.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn all_repositories(&self) -> Result<Vec<(Login, Repository)>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.id, r.user_id, r.name, r.source, r.context, r.dockerfile, r.created_at, u.login \
             FROM repositories r JOIN users u ON u.id = r.user_id ORDER BY r.id",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let login: String = row.try_get("login")?;
                Ok((Login::parse(login).map_err(|error| StoreError::Value(error.to_string()))?, repository(row)?))
            })
            .collect()
    }

    /// Changes where a repository's files come from. Its name stays: images are known by it.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn update_repository(&self, changed: &Repository) -> Result<(), StoreError> {
        sqlx::query("UPDATE repositories SET source = $2, context = $3, dockerfile = $4 WHERE id = $1")
            .bind(changed.id.as_str())
            .bind(source_text(&changed.source)?)
            .bind(&changed.context)
            .bind(&changed.dockerfile)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Deletes a repository with its builds and versions.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn delete_repository(&self, id: &RepositoryId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM repositories WHERE id = $1").bind(id.as_str()).execute(self.pool()).await?;
        Ok(())
    }
}
