//! Queries about image repositories, their builds and the versions that came of them.

mod jobs;
mod layers;
mod repositories;
mod versions;

pub use jobs::{Build, BuildState, Job, Outcome};
pub use repositories::{NewRepository, Repository, RepositoryTaken, Source};
pub use versions::{NewVersion, Version};
