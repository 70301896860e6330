//! The short way to an agent: its socket, through the container's root as `/proc` shows it. There where this server
//! is root on the Docker host; everywhere else the Engine's exec has to do.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use maru_engine::models::ContainerInspectResponse;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

/// Below the container's root.
const SOCKET: &str = "run/maru/agent.sock";
/// A container that has only just started is dialled before its agent listens.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(2);

/// `None` where there is no such way.
pub(crate) async fn connect(container: &ContainerInspectResponse) -> Option<UnixStream> {
    let pid = container.state.as_ref()?.pid.filter(|&pid| pid > 0)?;
    let root = root(pid, container.id.as_deref()?)?;
    let began = Instant::now();
    loop {
        match attempt(&root).await {
            Ok(stream) => return Some(stream),
            Err(Errno::NOENT | Errno::CONNREFUSED) if began.elapsed() < PATIENCE => sleep(STEP).await,
            Err(error) => {
                tracing::debug!(pid, %error, "no way to the agent's socket");
                return None;
            }
        }
    }
}

/// The root of a container's file system, once it is sure that the process is that container's: the Engine's process
/// numbers mean nothing here where it runs on another machine, and numbers are used again.
fn root(pid: i64, id: &str) -> Option<OwnedFd> {
    let root = openat(CWD, format!("/proc/{pid}/root"), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    groups.contains(id).then_some(root)
}

/// The socket belongs to the workspace's user: a link that they put in its place leads nowhere.
async fn attempt(root: &OwnedFd) -> Result<UnixStream, Errno> {
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let socket = File::from(openat2(root, SOCKET, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), beneath)?);
    let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
    UnixStream::connect(path).await.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}
