//! Users, their credentials, classes and the audit log.

use maru_model::{ClassId, Login, Role, UserId};
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

const USER: &str = "id, login, name, role, created_at";

fn user(row: &AnyRow) -> Result<User, StoreError> {
    let login: String = row.try_get("login")?;
    let role: String = row.try_get("role")?;
    Ok(User {
        id: UserId::from(row.try_get::<String, _>("id")?),
        login: Login::parse(login).map_err(|error| StoreError::Value(error.to_string()))?,
        name: row.try_get("name")?,
        role: role.parse().map_err(StoreError::Value)?,
        created_at: row.try_get("created_at")?,
    })
}

impl Store {
    /// # Errors
    /// [`StoreError::Conflict`] where the login is taken.
    pub async fn add_user(&self, login: &Login, name: &str, role: Role, password_hash: &str) -> Result<User, StoreError> {
        let added = User { id: UserId::generate(), login: login.clone(), name: name.to_owned(), role, created_at: now_ms() };
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

    /// Whom `viewer` may look after, in the order of their logins: administrators everybody, others the members of their
    /// classes. Only those whose login or name contains `search`, after the login `after`.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn users_seen_by(&self, viewer: &User, search: &str, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
        let sql = format!(
            "SELECT {USER} FROM users WHERE login > $1 AND (lower(login) LIKE $2 ESCAPE '!' OR lower(name) LIKE $2 ESCAPE '!') \
             AND ($3 = 'admin' OR id IN (SELECT theirs.user_id FROM memberships mine JOIN memberships theirs \
             ON mine.class_id = theirs.class_id WHERE mine.user_id = $4)) ORDER BY login LIMIT $5"
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

    /// Whose credential this is, while it is valid.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn user_by_credential(&self, hash: &str, kind: CredentialKind) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(
            "SELECT u.id, u.login, u.name, u.role, u.created_at FROM credentials c JOIN users u ON u.id = c.user_id \
             WHERE c.hash = $1 AND c.kind = $2 AND c.expires_at > $3",
        )
        .bind(hash)
        .bind(kind.as_str())
        .bind(now_ms())
        .fetch_optional(self.pool())
        .await?;
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

    /// The class of this name, made where it is missing.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn ensure_class(&self, name: &str) -> Result<ClassId, StoreError> {
        sqlx::query("INSERT INTO classes (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING")
            .bind(ClassId::generate().as_str())
            .bind(name)
            .bind(now_ms())
            .execute(self.pool())
            .await?;
        let row = sqlx::query("SELECT id FROM classes WHERE name = $1").bind(name).fetch_one(self.pool()).await?;
        Ok(ClassId::from(row.try_get::<String, _>("id")?))
    }

    /// Makes a user a member of a class; once is enough.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn join_class(&self, class: &ClassId, user: &UserId) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO memberships (class_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(class.as_str())
            .bind(user.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The names and ids of a user's classes.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn classes_of(&self, user: &UserId) -> Result<Vec<(ClassId, String)>, StoreError> {
        let rows =
            sqlx::query("SELECT c.id, c.name FROM classes c JOIN memberships m ON m.class_id = c.id WHERE m.user_id = $1 ORDER BY c.name")
                .bind(user.as_str())
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(|row| Ok((ClassId::from(row.try_get::<String, _>("id")?), row.try_get("name")?))).collect()
    }

    /// The users with this role who share a class with `user`, who is not among them.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn fellows(&self, of: &UserId, role: Role) -> Result<Vec<User>, StoreError> {
        let sql = format!(
            "SELECT {USER} FROM users WHERE role = $1 AND id <> $2 AND id IN (SELECT theirs.user_id FROM memberships mine \
             JOIN memberships theirs ON mine.class_id = theirs.class_id WHERE mine.user_id = $2) ORDER BY login"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(role.as_str()).bind(of.as_str()).fetch_all(self.pool()).await?;
        rows.iter().map(user).collect()
    }

    /// True where the two are in one class.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn share_a_class(&self, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS n FROM memberships a JOIN memberships b ON a.class_id = b.class_id WHERE a.user_id = $1 AND b.user_id = $2",
        )
        .bind(one.as_str())
        .bind(other.as_str())
        .fetch_one(self.pool())
        .await?;
        Ok(row.try_get::<i64, _>("n")? > 0)
    }

    /// Writes down that `actor` did `action`, about `subject` where it concerns a person.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn audit(&self, actor: &UserId, subject: Option<&UserId>, action: &str, detail: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO audit (id, at, actor_id, subject_id, action, detail) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(UserId::generate().as_str())
            .bind(now_ms())
            .bind(actor.as_str())
            .bind(subject.map(|id| id.as_str().to_owned()))
            .bind(action)
            .bind(detail)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}

/// A LIKE pattern for "contains", with `!` as its escape character.
fn contains(search: &str) -> String {
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
