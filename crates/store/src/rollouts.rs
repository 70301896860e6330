//! Applications and their rollouts. What is JSON here is the business of the crate `rollout`.

use maru_model::{ProjectName, RolloutId, UserId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::builds::Source;
use crate::{Store, StoreError, now_ms};

/// The application of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    pub source: Source,
    pub path: String,
    pub target: Option<String>,
    pub applied: String,
    /// A push to `main` refreshes the target state.
    pub refresh_on_push: bool,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// A rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutRow {
    pub id: RolloutId,
    pub user_id: UserId,
    /// Counts from 1 for each user.
    pub number: i64,
    pub commit_id: String,
    pub origin_id: Option<RolloutId>,
    /// The login of who began it, as it was then.
    pub started_by: Option<String>,
    pub phase: String,
    pub objects: String,
    pub diagnostics: String,
    pub urls: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

const ROLLOUT: &str = "id, user_id, number, commit_id, origin_id, started_by, phase, objects, diagnostics, urls, created_at, finished_at";

fn rollout(row: &AnyRow) -> Result<RolloutRow, StoreError> {
    Ok(RolloutRow {
        id: RolloutId::from(row.try_get::<String, _>("id")?),
        user_id: UserId::from(row.try_get::<String, _>("user_id")?),
        number: row.try_get("number")?,
        commit_id: row.try_get("commit_id")?,
        origin_id: row.try_get::<Option<String>, _>("origin_id")?.map(RolloutId::from),
        started_by: row.try_get("started_by")?,
        phase: row.try_get("phase")?,
        objects: row.try_get("objects")?,
        diagnostics: row.try_get("diagnostics")?,
        urls: row.try_get("urls")?,
        created_at: row.try_get("created_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

fn source(row: &AnyRow) -> Result<Source, StoreError> {
    let (url, branch): (Option<String>, Option<String>) = (row.try_get("url")?, row.try_get("branch")?);
    Ok(match (url, branch) {
        (Some(url), Some(branch)) => Source::Remote { url, branch },
        _ => {
            let project: String = row.try_get("project")?;
            Source::Project { project: ProjectName::parse(project).map_err(|error| StoreError::Value(error.to_string()))? }
        }
    })
}

impl Store {
    /// # Errors
    /// Where the database does not answer.
    pub async fn app(&self, user: &UserId) -> Result<Option<AppRow>, StoreError> {
        let row =
            sqlx::query("SELECT project, url, branch, path, target, applied, refresh_on_push, created_at FROM apps WHERE user_id = $1")
                .bind(user.as_str())
                .fetch_optional(self.pool())
                .await?;
        row.map(|row| {
            Ok(AppRow {
                source: source(&row)?,
                path: row.try_get("path")?,
                target: row.try_get("target")?,
                applied: row.try_get("applied")?,
                refresh_on_push: row.try_get::<i64, _>("refresh_on_push")? != 0,
                created_at: row.try_get("created_at")?,
            })
        })
        .transpose()
    }

    /// Sets where the application of `user` comes from; a new source forgets the old target state.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn put_app(&self, user: &UserId, source: &Source, path: &str) -> Result<(), StoreError> {
        let (project, url, branch) = match source {
            Source::Project { project } => (project.as_str(), None, None),
            Source::Remote { url, branch } => ("", Some(url.clone()), Some(branch.clone())),
        };
        sqlx::query(
            "INSERT INTO apps (user_id, project, url, branch, path, target, applied, created_at) \
             VALUES ($1, $2, $3, $4, $5, NULL, '[]', $6) \
             ON CONFLICT (user_id) DO UPDATE SET \
             target = CASE WHEN apps.project = excluded.project AND apps.path = excluded.path \
             AND COALESCE(apps.url, '') = COALESCE(excluded.url, '') AND COALESCE(apps.branch, '') = COALESCE(excluded.branch, '') THEN apps.target ELSE NULL END, \
             project = excluded.project, url = excluded.url, branch = excluded.branch, path = excluded.path",
        )
        .bind(user.as_str())
        .bind(project)
        .bind(url)
        .bind(branch)
        .bind(path)
        .bind(now_ms())
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn set_app_target(&self, user: &UserId, target: &str) -> Result<(), StoreError> {
        self.set_app_column("UPDATE apps SET target = $1 WHERE user_id = $2", user, target).await
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn set_app_applied(&self, user: &UserId, applied: &str) -> Result<(), StoreError> {
        self.set_app_column("UPDATE apps SET applied = $1 WHERE user_id = $2", user, applied).await
    }

    /// Whether a push refreshes the target state.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn set_app_refresh_on_push(&self, user: &UserId, on: bool) -> Result<(), StoreError> {
        sqlx::query("UPDATE apps SET refresh_on_push = $1 WHERE user_id = $2")
            .bind(i64::from(on))
            .bind(user.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Whose target state every push refreshes.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn refreshed_on_push(&self) -> Result<Vec<UserId>, StoreError> {
        let rows = sqlx::query("SELECT user_id FROM apps WHERE refresh_on_push <> 0").fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok(UserId::from(row.try_get::<String, _>("user_id")?))).collect()
    }

    async fn set_app_column(&self, sql: &'static str, user: &UserId, value: &str) -> Result<(), StoreError> {
        sqlx::query(sql).bind(value).bind(user.as_str()).execute(self.pool()).await?;
        Ok(())
    }

    /// Forgets the application; its rollouts stay as history.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn remove_app(&self, user: &UserId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM apps WHERE user_id = $1").bind(user.as_str()).execute(self.pool()).await?;
        Ok(())
    }

    /// Begins a rollout, the user's next by number; `by` is the login of who does.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where one of this user has no end yet.
    pub async fn add_rollout(
        &self,
        user: &UserId,
        commit: &str,
        origin: Option<&RolloutId>,
        by: &str,
        phase: &str,
        objects: &str,
    ) -> Result<RolloutRow, StoreError> {
        let id = RolloutId::generate();
        sqlx::query(
            "INSERT INTO rollouts (id, user_id, number, commit_id, origin_id, started_by, phase, objects, diagnostics, urls, created_at) \
             SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, $5, $6, $7, '[]', '[]', $8 FROM rollouts WHERE user_id = $9",
        )
        .bind(id.as_str())
        .bind(user.as_str())
        .bind(commit)
        .bind(origin.map(|id| id.as_str().to_owned()))
        .bind(by)
        .bind(phase)
        .bind(objects)
        .bind(now_ms())
        .bind(user.as_str())
        .execute(self.pool())
        .await
        .map_err(StoreError::unique("rollout"))?;
        self.rollout(&id).await?.ok_or_else(|| StoreError::Value(format!("rollout {id} is gone")))
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn rollout(&self, id: &RolloutId) -> Result<Option<RolloutRow>, StoreError> {
        let sql = format!("SELECT {ROLLOUT} FROM rollouts WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(rollout).transpose()
    }

    /// The newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn rollouts_of(&self, user: &UserId, limit: i64) -> Result<Vec<RolloutRow>, StoreError> {
        let sql = format!("SELECT {ROLLOUT} FROM rollouts WHERE user_id = $1 ORDER BY number DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.as_str()).bind(limit).fetch_all(self.pool()).await?;
        rows.iter().map(rollout).collect()
    }

    /// The one of this number.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn rollout_of_number(&self, user: &UserId, number: i64) -> Result<Option<RolloutRow>, StoreError> {
        let sql = format!("SELECT {ROLLOUT} FROM rollouts WHERE user_id = $1 AND number = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.as_str()).bind(number).fetch_optional(self.pool()).await?;
        row.as_ref().map(rollout).transpose()
    }

    /// Those without an end, of everybody: to be taken up again after a restart.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn unfinished_rollouts(&self) -> Result<Vec<RolloutRow>, StoreError> {
        let sql = format!("SELECT {ROLLOUT} FROM rollouts WHERE finished_at IS NULL ORDER BY created_at");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(self.pool()).await?;
        rows.iter().map(rollout).collect()
    }

    /// The JSON of everything that runs or may be brought back: objects of each user's newest `many` rollouts and of those
    /// without an end, and the target states.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn kept_objects(&self, many: i64) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.objects AS kept FROM rollouts r WHERE r.finished_at IS NULL \
             OR r.number > (SELECT MAX(o.number) FROM rollouts o WHERE o.user_id = r.user_id) - $1 \
             UNION ALL SELECT a.target AS kept FROM apps a WHERE a.target IS NOT NULL",
        )
        .bind(many)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok(row.try_get("kept")?)).collect()
    }

    /// Enters a phase; a rollout that has ended stays as it is.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn set_rollout_phase(&self, id: &RolloutId, phase: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE rollouts SET phase = $1 WHERE id = $2 AND finished_at IS NULL")
            .bind(phase)
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn set_rollout_objects(&self, id: &RolloutId, phase: &str, objects: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE rollouts SET phase = $1, objects = $2 WHERE id = $3 AND finished_at IS NULL")
            .bind(phase)
            .bind(objects)
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Ends a rollout.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn finish_rollout(&self, id: &RolloutId, phase: &str, diagnostics: &str, urls: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE rollouts SET phase = $1, diagnostics = $2, urls = $3, finished_at = $4 WHERE id = $5 AND finished_at IS NULL")
            .bind(phase)
            .bind(diagnostics)
            .bind(urls)
            .bind(now_ms())
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
