//! Who is calling, and may they. A caller is known by a session cookie (the login page), a bearer token, or the
//! workspace stream the request came through (the server itself marks it; no secret is in the workspace).

mod current_user;
pub mod password;
pub mod secret;

pub use current_user::{CurrentUser, SESSION_COOKIE, Via, WorkspaceCaller, bearer};
