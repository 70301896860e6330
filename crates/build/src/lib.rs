//! Image repositories, their builds, and the registry that keeps the versions.
//!
//! ```text
//!  POST builds ──> queue (database) ──> worker: git archive ──> Docker Engine, under limits ──> registry ──> version
//!                     ^                    │
//!                     └── lease ran out ───┘   a build whose server died is taken up again; none is lost
//! ```
//!
//! The registry is CNCF Distribution in a container. It trusts the tokens that [`Registry`] signs: who may pull and push what
//! is decided in one pure function, [`grants::granted`].

#![forbid(unsafe_code)]

mod builds;
pub mod dockerfile;
mod error;
mod failure;
mod grants;
mod keys;
mod logs;
mod registry;
mod registry_client;
mod repositories;
mod run;
mod tidy;
mod token;
mod worker;

pub use builds::{Builds, Ensured, Limits};
pub use error::BuildError;
pub use maru_store::builds::{Build, BuildState, Repository, Source, Version};
pub use registry::Registry;
pub use repositories::RepositorySpec;
pub use tidy::{Retention, Tidied};
pub use token::{VerifyPassword, token_router};

/// The host in every image reference of a class: manifests and Dockerfiles say it, the cluster and the builder know where it is.
pub const REGISTRY_HOST: &str = "registry.localhost";
/// The namespace of the base images; nobody's login.
pub const BASE: &str = "base";
/// At most this many image repositories per user.
pub const REPOSITORY_LIMIT: i64 = 3;
