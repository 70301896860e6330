//! Users and their credentials. What administrators do with them is in [`crate::people`].

use maru_model::{Login, Role, UserId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError, now_ms};

/// A user, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub login: Login,
    pub name: String,
    pub role: Role,
    /// Unix milliseconds.
    pub created_at: i64,
    /// May not log in; everything of theirs stays.
    pub disabled: bool,
    /// Their password is one that somebody else gave them.
    pub password_given: bool,
}

/// What a credential is used as; each has its own place to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// The cookie of a browser.
    Session,
    /// A bearer token.
    Token,
}

impl CredentialKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
        }
    }
}

pub(crate) const USER: &str = "id, login, name, role, created_at, disabled_at, password_given_at";

pub(crate) fn user(row: &AnyRow) -> Result<User, StoreError> {
    let login: String = row.try_get("login")?;
    let role: String = row.try_get("role")?;
    Ok(User {
        id: UserId::from(row.try_get::<String, _>("id")?),
        login: Login::parse(login).map_err(|error| StoreError::Value(error.to_string()))?,
        name: row.try_get("name")?,
        role: role.parse().map_err(StoreError::Value)?,
        created_at: row.try_get("created_at")?,
        disabled: row.try_get::<Option<i64>, _>("disabled_at")?.is_some(),
        password_given: row.try_get::<Option<i64>, _>("password_given_at")?.is_some(),
    })
}

impl Store {
    /// # Errors
    /// [`StoreError::Conflict`] where the login is taken.
    pub async fn add_user(&self, login: &Login, name: &str, role: Role, password_hash: &str) -> Result<User, StoreError> {
        let added = User {
            id: UserId::generate(),
            login: login.clone(),
            name: name.to_owned(),
            role,
            created_at: now_ms(),
            disabled: false,
            password_given: false,
        };
        sqlx::query("INSERT INTO users (id, login, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(added.id.as_str())
            .bind(login.as_str())
            .bind(name)
            .bind(role.as_str())
            .bind(password_hash)
            .bind(added.created_at)
            .execute(self.pool())
            .await
            .map_err(StoreError::unique("login"))?;
        Ok(added)
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn user_by_login(&self, login: &Login) -> Result<Option<User>, StoreError> {
        let sql = format!("SELECT {USER} FROM users WHERE login = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(login.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(user).transpose()
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let sql = format!("SELECT {USER} FROM users WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(user).transpose()
    }

    /// Whom `viewer` may look after, in the order of their logins: administrators everybody, others themselves
    /// and the students of the classes that they are instructors of. Only those whose login or name contains `search`, after the login `after`.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn users_seen_by(&self, viewer: &User, search: &str, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
        let sql = format!(
            "SELECT {USER} FROM users WHERE login > $1 AND ($3 = 'admin' OR role = 'student' OR id = $4) AND (lower(login) LIKE $2 ESCAPE '!' OR lower(name) LIKE $2 ESCAPE '!') \
             AND ($3 = 'admin' OR id IN (SELECT theirs.user_id FROM memberships mine JOIN memberships theirs \
             ON mine.class_id = theirs.class_id JOIN classes c ON c.id = mine.class_id \
             WHERE mine.user_id = $4 AND mine.role = 'instructor' AND c.archived_at IS NULL)) ORDER BY login LIMIT $5"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(after)
            .bind(contains(search))
            .bind(viewer.role.as_str())
            .bind(viewer.id.as_str())
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(user).collect()
    }

    /// The user and the hash of the password, for whoever checks it.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn password_hash(&self, login: &Login) -> Result<Option<(User, String)>, StoreError> {
        let sql = format!("SELECT {USER}, password_hash FROM users WHERE login = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(login.as_str()).fetch_optional(self.pool()).await?;
        row.map(|row| Ok((user(&row)?, row.try_get("password_hash")?))).transpose()
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn add_credential(&self, hash: &str, user: &UserId, kind: CredentialKind, expires_at: i64) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO credentials (hash, user_id, kind, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(hash)
            .bind(user.as_str())
            .bind(kind.as_str())
            .bind(now_ms())
            .bind(expires_at)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Whose credential this is, while it is valid and they may log in.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn user_by_credential(&self, hash: &str, kind: CredentialKind) -> Result<Option<User>, StoreError> {
        let sql = format!(
            "SELECT {USER} FROM users WHERE disabled_at IS NULL \
             AND id = (SELECT user_id FROM credentials WHERE hash = $1 AND kind = $2 AND expires_at > $3)"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(hash).bind(kind.as_str()).bind(now_ms()).fetch_optional(self.pool()).await?;
        row.as_ref().map(user).transpose()
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn remove_credential(&self, hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM credentials WHERE hash = $1").bind(hash).execute(self.pool()).await?;
        Ok(())
    }

    /// Forgets the credentials whose time is over.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn remove_expired_credentials(&self) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM credentials WHERE expires_at <= $1").bind(now_ms()).execute(self.pool()).await?;
        Ok(gone.rows_affected())
    }
}

/// A LIKE pattern for "contains", with `!` as its escape character.
pub(crate) fn contains(search: &str) -> String {
    let mut pattern = String::from("%");
    for c in search.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
