//! The nouns of Maru: ids, roles, names and texts. No I/O, no runtime; every other crate may use it.

#![forbid(unsafe_code)]

mod egress;
mod id;
mod limits;
mod name;
mod quota;
mod role;
mod sleep;
mod text;

pub use egress::Egress;
pub use id::{AppId, BuildId, ClassId, DeploymentId, RepositoryId, RolloutId, SnapshotId, UserId, WorkspaceId};
pub use limits::{ClassLimits, Limits};
pub use name::{Login, NameError, ProjectName, RepositoryName, USER_LABEL, is_object_name};
pub use quota::{ClassQuota, Quota};
pub use role::Role;
pub use sleep::{ASLEEP, SLEEP_AFTER, STOPPED, wakes_with};
pub use text::{Lang, Text};
