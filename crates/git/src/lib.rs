//! Projects: the bare git repository of each student's project, made from a template, pushed to over smart HTTP, and read
//! by builds (a folder at a commit, as a tar stream) and rollouts (the manifests at a commit).
//!
//! All of it is done by the `git` program: it is the reference for its own formats, and a push is read by the same code
//! that wrote it. What git answers is parsed in [`parse`], which takes any bytes without a panic.
//!
//! ```text
//! {dir}/{login}/{project}.git      one bare repository, branch main
//! {dir}/.remotes/{hash}.git         what was fetched of one elsewhere
//! ```

#![forbid(unsafe_code)]

mod command;
mod error;
mod http_backend;
mod parse;
mod projects;
mod reading;
mod remote;
mod template;

pub use error::GitError;
pub use parse::{Commit, Entry, EntryKind, inside};
pub use projects::{Project, Projects};
pub use remote::{RemoteAccess, Trouble};
pub use template::Author;

/// The branch that is built and deployed.
pub const MAIN: &str = "main";
