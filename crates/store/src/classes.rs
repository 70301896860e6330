//! Classes and who is in them. A member is a student or an instructor of the class; the latter look after the others. Of an
//! archived class only the list is left: it gives nobody a right any more.

use maru_model::{ClassId, Role, UserId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::users::{USER, User, contains, user};
use crate::{Store, StoreError, now_ms};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub id: ClassId,
    pub name: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub archived_at: Option<i64>,
    pub students: i64,
    pub instructors: i64,
}

const CLASS: &str = "SELECT c.id, c.name, c.created_at, c.archived_at, \
                     (SELECT COUNT(*) FROM memberships m WHERE m.class_id = c.id AND m.role = 'student') AS students, \
                     (SELECT COUNT(*) FROM memberships m WHERE m.class_id = c.id AND m.role = 'instructor') AS instructors FROM classes c";

fn class(row: &AnyRow) -> Result<Class, StoreError> {
    Ok(Class {
        id: ClassId::from(row.try_get::<String, _>("id")?),
        name: row.try_get("name")?,
        created_at: row.try_get("created_at")?,
        archived_at: row.try_get("archived_at")?,
        students: row.try_get("students")?,
        instructors: row.try_get("instructors")?,
    })
}

impl Store {
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

    /// # Errors
    /// [`StoreError::Conflict`] where the name is taken.
    pub async fn add_class(&self, name: &str) -> Result<ClassId, StoreError> {
        let id = ClassId::generate();
        sqlx::query("INSERT INTO classes (id, name, created_at) VALUES ($1, $2, $3)")
            .bind(id.as_str())
            .bind(name)
            .bind(now_ms())
            .execute(self.pool())
            .await
            .map_err(StoreError::unique("class"))?;
        Ok(id)
    }

    /// Writes down the name and whether the class is archived.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the name is taken.
    pub async fn change_class(&self, id: &ClassId, name: &str, archived: bool) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE classes SET name = $1, archived_at = CASE WHEN $2 = 0 THEN NULL ELSE COALESCE(archived_at, $3) END WHERE id = $4",
        )
        .bind(name)
        .bind(i64::from(archived))
        .bind(now_ms())
        .bind(id.as_str())
        .execute(self.pool())
        .await
        .map_err(StoreError::unique("class"))?;
        Ok(())
    }

    /// Removes a class. Its members stay users.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_class(&self, id: &ClassId) -> Result<bool, StoreError> {
        Ok(sqlx::query("DELETE FROM classes WHERE id = $1").bind(id.as_str()).execute(self.pool()).await?.rows_affected() > 0)
    }

    /// # Errors
    /// Where the database fails.
    pub async fn class(&self, id: &ClassId) -> Result<Option<Class>, StoreError> {
        let sql = format!("{CLASS} WHERE c.id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(self.pool()).await?.as_ref().map(class).transpose()
    }

    /// The classes that `viewer` looks after, by name: administrators all, others those that they are instructors of. Only
    /// those whose name contains `search`, after the name `after`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn classes_seen_by(&self, viewer: &User, search: &str, after: &str, limit: i64) -> Result<Vec<Class>, StoreError> {
        let sql = format!(
            "{CLASS} WHERE c.name > $1 AND lower(c.name) LIKE $2 ESCAPE '!' AND ($3 = 'admin' OR c.id IN \
             (SELECT class_id FROM memberships WHERE user_id = $4 AND role = 'instructor')) ORDER BY c.name LIMIT $5"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(after)
            .bind(contains(search))
            .bind(viewer.role.as_str())
            .bind(viewer.id.as_str())
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(class).collect()
    }

    /// Makes a user a member of a class, as what they are in general; once is enough.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn join_class(&self, class: &ClassId, user: &UserId) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO memberships (class_id, user_id, role) \
             SELECT $1, id, CASE WHEN role = 'student' THEN 'student' ELSE 'instructor' END FROM users WHERE id = $2 ON CONFLICT DO NOTHING",
        )
        .bind(class.as_str())
        .bind(user.as_str())
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Makes a user this in a class, whatever they were in it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_member(&self, class: &ClassId, user: &UserId, role: Role) -> Result<(), StoreError> {
        let role = if role == Role::Student { Role::Student } else { Role::Instructor };
        sqlx::query(
            "INSERT INTO memberships (class_id, user_id, role) VALUES ($1, $2, $3) \
             ON CONFLICT (class_id, user_id) DO UPDATE SET role = excluded.role",
        )
        .bind(class.as_str())
        .bind(user.as_str())
        .bind(role.as_str())
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// False where they were no member.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn leave_class(&self, class: &ClassId, user: &UserId) -> Result<bool, StoreError> {
        let left = sqlx::query("DELETE FROM memberships WHERE class_id = $1 AND user_id = $2")
            .bind(class.as_str())
            .bind(user.as_str())
            .execute(self.pool())
            .await?;
        Ok(left.rows_affected() > 0)
    }

    /// What a user is in a class; `None`: no member.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn role_in_class(&self, class: &ClassId, user: &UserId) -> Result<Option<Role>, StoreError> {
        let row = sqlx::query("SELECT role FROM memberships WHERE class_id = $1 AND user_id = $2")
            .bind(class.as_str())
            .bind(user.as_str())
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| row.try_get::<String, _>("role")?.parse().map_err(StoreError::Value)).transpose()
    }

    /// The members of a class by login, after the login `after`, with what they are in it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn class_members(&self, class: &ClassId, search: &str, after: &str, limit: i64) -> Result<Vec<(User, Role)>, StoreError> {
        let columns = USER.split(", ").map(|column| format!("u.{column}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT {columns}, m.role AS role_in_class FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.class_id = $1 \
             AND u.login > $2 AND (lower(u.login) LIKE $3 ESCAPE '!' OR lower(u.name) LIKE $3 ESCAPE '!') ORDER BY u.login LIMIT $4"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(class.as_str())
            .bind(after)
            .bind(contains(search))
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok((user(row)?, row.try_get::<String, _>("role_in_class")?.parse().map_err(StoreError::Value)?))).collect()
    }

    /// The names and ids of a user's classes that are not archived.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn classes_of(&self, user: &UserId) -> Result<Vec<(ClassId, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.id, c.name FROM classes c JOIN memberships m ON m.class_id = c.id \
             WHERE m.user_id = $1 AND c.archived_at IS NULL ORDER BY c.name",
        )
        .bind(user.as_str())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok((ClassId::from(row.try_get::<String, _>("id")?), row.try_get("name")?))).collect()
    }

    /// The users with this role, in general and there, in a class of `of`, who is not among them.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn fellows(&self, of: &UserId, role: Role) -> Result<Vec<User>, StoreError> {
        let sql = format!(
            "SELECT {USER} FROM users WHERE role = $1 AND id <> $2 AND id IN (SELECT theirs.user_id FROM memberships mine \
             JOIN memberships theirs ON mine.class_id = theirs.class_id JOIN classes c ON c.id = mine.class_id \
             WHERE mine.user_id = $2 AND theirs.role = $1 AND c.archived_at IS NULL) ORDER BY login"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(role.as_str()).bind(of.as_str()).fetch_all(self.pool()).await?;
        rows.iter().map(user).collect()
    }

    /// True where the two are in one class.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn share_a_class(&self, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        self.any_class("a.user_id = $1 AND b.user_id = $2", one, other).await
    }

    /// True where `viewer` is an instructor of a class that `subject` is in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn instructs(&self, viewer: &UserId, subject: &UserId) -> Result<bool, StoreError> {
        self.any_class("a.user_id = $1 AND a.role = 'instructor' AND b.user_id = $2", viewer, subject).await
    }

    /// True where `subject` is in a class, and `viewer` is an instructor of each that they are in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn instructs_everywhere(&self, viewer: &UserId, subject: &UserId) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS n FROM memberships m JOIN classes c ON c.id = m.class_id WHERE m.user_id = $1 AND c.archived_at IS NULL \
             AND NOT EXISTS (SELECT 1 FROM memberships a WHERE a.class_id = m.class_id AND a.user_id = $2 AND a.role = 'instructor')",
        )
        .bind(subject.as_str())
        .bind(viewer.as_str())
        .fetch_one(self.pool())
        .await?;
        Ok(row.try_get::<i64, _>("n")? == 0 && self.instructs(viewer, subject).await?)
    }

    async fn any_class(&self, condition: &'static str, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT COUNT(*) AS n FROM memberships a JOIN memberships b ON a.class_id = b.class_id \
             JOIN classes c ON c.id = a.class_id WHERE c.archived_at IS NULL AND {condition}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(one.as_str()).bind(other.as_str()).fetch_one(self.pool()).await?;
        Ok(row.try_get::<i64, _>("n")? > 0)
    }
}
