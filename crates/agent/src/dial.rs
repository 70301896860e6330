//! `maru-agent dial`: standard input and output, joined to the agent's socket. Two threads and plain blocking calls: nothing
//! is quicker, and nothing else happens here.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

const BUFFER: usize = 256 * 1024;
/// A workspace that has only just started is dialled before its agent listens: waiting here is quicker than being
/// started again by the server.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(2);

/// Returns once either side has ended.
///
/// # Errors
/// Where the socket cannot be reached, also a few seconds later.
pub fn dial(socket: &Path) -> std::io::Result<()> {
    let stream = connect(socket)?;
    let upward = stream.try_clone()?;
    // Detached on purpose: it may be stuck in a read of standard input when the agent closes, and dies with the process.
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut upward = upward;
        let _ = copy(&mut Stdio(rustix::stdio::stdin()), &mut upward);
        let _ = upward.shutdown(Shutdown::Both);
    })?;
    let mut downward = stream;
    // A closed standard output is the server's way to hang up.
    let _ = copy(&mut downward, &mut Stdio(rustix::stdio::stdout()));
    let _ = downward.shutdown(Shutdown::Both);
    Ok(())
}

fn connect(socket: &Path) -> std::io::Result<UnixStream> {
    let began = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) && began.elapsed() < PATIENCE => {
                std::thread::sleep(STEP);
            }
            other => return other,
        }
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => to.write_all(&buffer[..n])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Standard input or output without a buffer of the library's in between.
struct Stdio(BorrowedFd<'static>);

impl Read for Stdio {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        Ok(rustix::io::read(self.0.as_fd(), buffer)?)
    }
}

impl Write for Stdio {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        Ok(rustix::io::write(self.0.as_fd(), buffer)?)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
