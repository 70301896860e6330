//! Bodies of the agent's HTTP API. Paths are relative to the home folder, with `/` between names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateTerminal {
    pub cols: Option<u16>,
    pub rows: Option<u16>,
    /// Relative to home, or absolute. Home where it is missing or no folder.
    pub cwd: Option<String>,
    /// A line for the login shell to run instead of being interactive.
    pub command: Option<String>,
    pub name: Option<String>,
    /// The shell's path; the workspace's own where it is missing.
    pub shell: Option<String>,
    /// Leaves the student's dotfiles unread: a way in where one of them breaks the shell.
    pub clean: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalInfo {
    pub id: String,
    pub name: String,
    pub cols: u16,
    pub rows: u16,
    pub pid: i32,
    /// The command line in the foreground, or the shell's name where that only waits; none once the terminal's own
    /// program has ended.
    pub command: Option<String>,
    /// Whether something other than a waiting shell is in the foreground.
    pub busy: bool,
    /// Where the program in the foreground is.
    pub cwd: Option<String>,
    /// Of the last command that the shell has seen end.
    pub last_exit_code: Option<i32>,
    /// As the program named its window.
    pub title: Option<String>,
    pub viewers: usize,
    pub created_at: String,
    pub exit_code: Option<i32>,
    /// The number of the byte that comes next.
    pub seq: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    File,
    Folder,
    Link,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    pub kind: EntryKind,
    /// Bytes.
    pub size: u64,
    pub modified: String,
    /// Permission bits, in octal: `644`.
    pub mode: String,
    /// Of a link: what it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
    /// Of a link: what it leads to, where that is in the home folder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_kind: Option<EntryKind>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeResponse {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub from: String,
    pub to: String,
    #[serde(default)]
    pub overwrite: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakeFolder {
    pub path: String,
}

/// One line found by a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    pub path: String,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    pub text: String,
}

/// The last line of a search that did not look into everything; there is none otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsearched {
    /// Texts of more than `limit` bytes.
    pub too_large: u64,
    /// In bytes.
    pub limit: u64,
}

/// One path found by quick open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub path: String,
    pub score: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchEvent {
    /// `created`, `changed`, `removed`, `overflow` (read the tree again) or `polling` (inotify ran out).
    pub kind: String,
    pub path: String,
}

/// One of the largest files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Large {
    pub path: String,
    /// Bytes that it takes on the disk.
    pub size: u64,
}

/// A TCP port something in the workspace listens on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Port {
    pub port: u16,
    /// The program's name, where its process can be seen.
    pub process: Option<String>,
    pub pid: Option<i32>,
    /// Its command line.
    #[serde(default)]
    pub command: Option<String>,
}

/// The loopback port on which programs in a workspace reach the server. Never a preview.
pub const REVERSE_PORT: u16 = 7070;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Bytes; the limit is none where there is none.
    pub memory: u64,
    pub memory_limit: Option<u64>,
    /// Microseconds of all CPUs since the container started.
    pub cpu_usec: u64,
    /// CPUs the workspace may use at once.
    pub cpu_limit: Option<f64>,
    /// Bytes of the file system that home is on.
    pub disk: u64,
    pub disk_limit: u64,
    pub inodes: u64,
    pub inodes_limit: u64,
    pub processes: u64,
    pub processes_limit: Option<u64>,
    /// How often the kernel ended a process for want of memory.
    pub oom_kills: u64,
    pub terminals: usize,
    /// Milliseconds since 1970 of the last key typed into, and the last byte put out by, any terminal.
    pub last_input_at: Option<i64>,
    pub last_output_at: Option<i64>,
    /// Bytes of `/tmp`, which is memory.
    #[serde(default)]
    pub tmp: u64,
    #[serde(default)]
    pub tmp_limit: u64,
    /// What ran out lately, the oldest first.
    #[serde(default)]
    pub notices: Vec<Notice>,
}

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The kernel ended a process for want of memory.
    OutOfMemory,
    /// A process or thread could not be started.
    TooManyProcesses,
    /// Home has no room for a save.
    DiskFull,
    /// Home takes no more files, however small.
    InodesFull,
    /// Nine tenths of home are used.
    DiskLow,
    InodesLow,
}

/// Something ran out, and which process had most to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Milliseconds since 1970, and never the same twice: its name, too.
    pub id: i64,
    pub kind: NoticeKind,
    /// The one that was ended; of processes, what most of them are; of a disk, who wrote most. None where it was not seen.
    pub process: Option<String>,
    pub pid: Option<i32>,
    /// Of that: bytes of memory, processes of that name, or bytes written.
    pub size: Option<u64>,
    /// Bytes, processes or files that there may be.
    pub limit: u64,
    /// How often, since the same within half a minute is one notice.
    pub count: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecRequest {
    pub argv: Vec<String>,
    /// Relative to home, or absolute.
    pub cwd: Option<String>,
    pub env: BTreeMap<String, String>,
    pub stdin: Option<String>,
    /// Seconds; 60 where missing, at most 3600.
    pub timeout: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecResponse {
    /// 128 + N after a death by signal N.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// An output was longer than 1 MiB and lost its end.
    pub truncated: bool,
    pub timed_out: bool,
}

/// `GET /preview/{port}` with these headers is answered 101, after which the connection is that of the port.
#[derive(Clone, Copy, Debug)]
pub struct TunnelUpgrade;

impl TunnelUpgrade {
    pub const PROTOCOL: &'static str = "maru-tcp";
}
