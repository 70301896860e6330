//! From what comes in piece by piece to what reads and blocks.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// The pieces of a channel as one stream of bytes, for a thread that may block. Ends with the channel.
#[derive(Debug)]
pub struct Pipe {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Pipe {
    /// The pipe, and where to put what comes in: at most `waiting` pieces wait to be read.
    #[must_use]
    pub fn new(waiting: usize) -> (mpsc::Sender<io::Result<Bytes>>, Self) {
        let (to, pieces) = mpsc::channel(waiting);
        (to, Self { pieces, current: Bytes::new() })
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece?,
                None => return Ok(0),
            }
        }
        let n = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..n]);
        Ok(n)
    }
}
