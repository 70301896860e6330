//! Where workspaces run. Docker is the one there is; another would offer the same few verbs to the driver.

mod beside;
mod direct;
pub(crate) mod docker;
mod egress;
mod end;
mod home;
mod shared;
mod spec;

pub(crate) use docker::{Docker, Presence, Wanted, owner_labels};
pub(crate) use end::End;
pub use home::HomeKind;
pub(crate) use spec::HOME;
