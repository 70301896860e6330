//! What instructors and administrators see and do: administrators everything, instructors the classes that they are
//! instructors of and the members of those.

mod apps;
mod audit;
mod classes;
mod members;
mod people;
mod roster;
mod settings;
mod usage;
mod workspaces;

use axum::Router;
use maru_model::{Role, Text};
use maru_store::users::User;
use serde::Deserialize;

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub use apps::{AppRow, class_apps};
pub use audit::words as audit_words;
pub use classes::seen as seen_class;
pub use people::seen as seen_user;
pub use usage::usage;
pub use workspaces::{Row, rows};

/// The most rows that one answer has.
pub const PAGE_MAX: i64 = 200;

pub fn routes() -> Router<AppState> {
    Router::new()
        .merge(people::routes())
        .merge(classes::routes())
        .merge(members::routes())
        .merge(roster::routes())
        .merge(workspaces::routes())
        .merge(apps::routes())
        .merge(audit::routes())
        .merge(usage::routes())
        .merge(settings::routes())
}

/// Which part of a list is wanted.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    q: String,
    /// Where the page before ended.
    #[serde(default)]
    cursor: String,
    limit: Option<i64>,
}

impl Page {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(50).clamp(1, PAGE_MAX)
    }

    /// Where the next page begins, where this one is full.
    fn next<T, K: ToString + ?Sized>(&self, rows: &[T], key: impl Fn(&T) -> &K) -> Option<String> {
        let full = i64::try_from(rows.len()).ok() == Some(self.limit());
        rows.last().filter(|_| full).map(|row| key(row).to_string())
    }
}

/// Whether the caller looks after this user.
async fn sees(state: &AppState, caller: &CurrentUser, user: &User) -> ApiResult<bool> {
    let caller = &caller.user;
    if caller.role == Role::Admin || caller.id == user.id {
        return Ok(true);
    }
    Ok(user.role == Role::Student && state.store.instructs(&caller.id, &user.id).await?)
}

fn only_admins() -> ApiError {
    ApiError::forbidden(Text::new("Only administrators may do this.", "관리자만 할 수 있습니다."))
}

/// # Errors
/// For everybody but administrators.
pub fn require_admin(caller: &CurrentUser) -> ApiResult<()> {
    if caller.user.role == Role::Admin { Ok(()) } else { Err(only_admins()) }
}
