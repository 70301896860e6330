//! Where workspaces run. Docker is the one there is; another would offer the same few verbs to the driver.

pub(crate) mod docker;
mod end;
mod spec;

pub(crate) use docker::{Docker, Presence, Wanted};
pub(crate) use end::End;
