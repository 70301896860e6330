//! `maru backup` and `maru restore`: an installation as one file.
//!
//! ```text
//! about.json           what this is, of which version and instance, with a list of the images
//! database/TABLE       the rows, a line of JSON each, as of one moment
//! files                the data folder's own files as a tar: projects, snapshots, logs of builds, secrets
//! homes/LOGIN/N        each home as a tar
//! registry             the registry's volume as a tar, unless it is left out
//! cluster/etcd         the embedded cluster's database as a tar, unless it is left out
//! cluster/volumes      the volumes of applications, likewise
//! manifest.json        length and SHA-256 of each of the above; last, so that a file without it is half a backup
//! ```
//!
//! The file is a tar itself, compressed with gzip. What is long is cut into parts ([`write`]): nothing is ever held whole, in
//! memory or on the disk. A restore reads the file twice: to check everything, and then to put it in place ([`read`]).
//!
//! A restored installation is another one, with a name of its own in Docker: the old one, if it is still there, is safe.

mod cluster;
mod create;
mod files;
mod read;
mod restore;
mod volumes;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use create::{Parts, create};
pub use restore::restore;

const FORMAT: u32 = 1;
const ABOUT: &str = "about.json";
const MANIFEST: &str = "manifest.json";
const FILES: &str = "files";
const REGISTRY: &str = "registry";

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    /// Of the program that wrote it.
    version: String,
    /// The newest migration of its database.
    migration: i64,
    instance: String,
    created_at: jiff::Timestamp,
    /// Images of repositories, by name and digest.
    images: Vec<String>,
    /// Whether they are in it.
    has_images: bool,
    /// Whether the cluster's inside is; backups of before had none.
    #[serde(default)]
    has_cluster: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    bytes: u64,
    sha256: String,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    members: BTreeMap<String, Member>,
}
