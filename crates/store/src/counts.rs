//! How many there are of what, for whoever watches the installation.

use sqlx::Row;

use crate::{Store, StoreError};

/// Numbers by state, of users by role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub users: Vec<(String, i64)>,
    pub builds: Vec<(String, i64)>,
    pub rollouts: Vec<(String, i64)>,
    pub deployments: Vec<(String, i64)>,
}

impl Store {
    /// # Errors
    /// Where the database fails.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let rows = sqlx::query(
            "SELECT 'users' AS kind, role AS state, COUNT(*) AS n FROM users GROUP BY role \
             UNION ALL SELECT 'builds', state, COUNT(*) FROM builds GROUP BY state \
             UNION ALL SELECT 'rollouts', phase, COUNT(*) FROM rollouts GROUP BY phase \
             UNION ALL SELECT 'deployments', state, COUNT(*) FROM deployments GROUP BY state ORDER BY 1, 2",
        )
        .fetch_all(self.pool())
        .await?;
        let mut counts = Counts::default();
        for row in rows {
            let list = match row.try_get::<String, _>("kind")?.as_str() {
                "users" => &mut counts.users,
                "builds" => &mut counts.builds,
                "rollouts" => &mut counts.rollouts,
                _ => &mut counts.deployments,
            };
            list.push((row.try_get("state")?, row.try_get("n")?));
        }
        Ok(counts)
    }
}
