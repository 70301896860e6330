//! What was typed and has not been read yet: data only.

use std::collections::VecDeque;

use bytes::Bytes;

/// Bytes typed (or pasted) that a program has not read yet.
const LIMIT: usize = 4 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Input {
    queue: VecDeque<Bytes>,
    bytes: usize,
    /// Bytes of the piece that is being written just now.
    writing: usize,
    /// Whether the rest of that piece is not to be written.
    drop_it: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

impl Input {
    pub(super) fn push(&mut self, data: Bytes) -> Result<(), TooMuch> {
        if self.bytes + self.writing + data.len() > LIMIT {
            return Err(TooMuch);
        }
        self.bytes += data.len();
        self.queue.push_back(data);
        Ok(())
    }

    /// Drops all that waits, as the kernel's own queue does at an interrupt. Returns whether anything did.
    pub(super) fn clear(&mut self) -> bool {
        let waited = self.bytes + self.writing > 0;
        self.queue.clear();
        self.bytes = 0;
        self.drop_it = self.writing > 0;
        waited
    }

    /// The next piece to write; [`Self::written`] ends it.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let data = self.queue.pop_front()?;
        self.bytes -= data.len();
        self.writing = data.len();
        self.drop_it = false;
        Some(data)
    }

    /// Whether to go on writing the piece.
    pub(super) fn go_on(&self) -> bool {
        !self.drop_it
    }

    pub(super) fn written(&mut self) {
        self.writing = 0;
        self.drop_it = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_drops_what_waits_and_the_rest_of_what_is_being_written() {
        let mut input = Input::default();
        assert!(!input.clear(), "nothing waited");
        input.push(Bytes::from_static(b"paste")).unwrap();
        input.push(Bytes::from_static(b"more")).unwrap();
        assert_eq!(input.next().unwrap(), "paste");
        assert!(input.go_on());
        assert!(input.clear());
        assert!(!input.go_on());
        input.push(Bytes::from_static(b"\x03")).unwrap();
        input.written();
        assert_eq!(input.next().unwrap(), "\x03");
        assert!(input.go_on());
        input.written();
        assert!(input.next().is_none());
    }

    #[test]
    fn bounded() {
        let mut input = Input::default();
        input.push(vec![0; LIMIT].into()).unwrap();
        assert_eq!(input.push(Bytes::from_static(b"x")), Err(TooMuch));
        input.next().unwrap();
        assert_eq!(input.push(Bytes::from_static(b"x")), Err(TooMuch), "being written is not written");
        input.written();
        input.push(Bytes::from_static(b"x")).unwrap();
    }
}
