//! Bodies for the trash, for uploads in parts, and for archives.

use serde::{Deserialize, Serialize};

use crate::EntryKind;

/// What the trash holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trash {
    /// The newest first.
    pub entries: Vec<Trashed>,
}

impl Trash {
    /// Header of the answer to a DELETE: the id to restore it by.
    pub const ID: &'static str = "maru-trash-id";
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trashed {
    pub id: String,
    /// Where it was, relative to home.
    pub path: String,
    pub kind: EntryKind,
    /// Bytes; none for a folder.
    pub size: Option<u64>,
    pub deleted_at: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Restore {
    /// Elsewhere than where it was.
    pub to: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    pub path: String,
}

/// Asks for a file to be sent in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateUpload {
    /// The file; or, to be unpacked in the end, the folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    pub id: String,
    pub path: String,
    /// Bytes, all and those that are on the disk.
    pub size: u64,
    pub offset: u64,
    /// What a save with `If-Match` was refused with, kept so that it can be compared.
    pub refused: bool,
    /// Of a finished one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    pub created_at: String,
    pub expires_at: String,
}

impl Upload {
    /// Header of requests and answers: the byte that comes next.
    pub const OFFSET: &'static str = "upload-offset";
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FinishUpload {
    pub unpack: bool,
    pub overwrite: bool,
}

/// What came of unpacking an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpacked {
    pub files: u64,
    pub folders: u64,
    pub links: u64,
    pub bytes: u64,
    /// Names in the folder it was unpacked to.
    pub names: Vec<String>,
    /// Files that were there before, now in the trash.
    pub replaced: u64,
    /// What only macOS needs (`__MACOSX`, `.DS_Store`).
    pub skipped: u64,
}
