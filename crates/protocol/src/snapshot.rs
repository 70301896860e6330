//! How the tree of a home is carried between server and agent: frames in the body of a request or of an answer.
//!
//! ```text
//! POST /snapshot/scan     ──▶ Node | LeftOut …, Last                      what there is, no contents
//! POST /snapshot/read     ──▶ for each path asked for: Data | Hole …, End; Last
//! POST /snapshot/restore  ◀── Discard …, then Put (of a file: Data | Hole …, End) …, Last
//! ```
//!
//! A frame is a letter, the length of what follows (four bytes, the largest first), and that. A body without its
//! `Last` has broken off, and is never taken for a whole one.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// Bytes of one frame.
const FRAME_LIMIT: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    File,
    Folder,
    Link,
}

/// What tells one content of a file from the next without reading it: nobody can set the time of the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    pub changed: i64,
}

/// Something in a home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Relative to home, as [`escape`] writes it.
    pub path: String,
    pub kind: NodeKind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes; 0 for what is no file.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// Of a link: what it says, as [`escape`] writes it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
    /// Of a file; none where it was changed so lately that a change right after would not show.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Version>,
    /// Bytes that it takes on the disk: less than its size where it has holes.
    #[serde(default)]
    pub allocated: u64,
}

/// Why something is in no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It can be made again: a cache, or what a package manager fetched.
    Cache,
    /// The trash, and what the agent keeps for itself.
    Own,
    /// A pipe, socket or device.
    Special,
    Unreadable,
    TooDeep,
    TooMany,
    TooLarge,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// As [`escape`] writes it.
    pub path: String,
    pub why: Why,
}

/// How the reading of a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was the same before and after.
    Whole,
    /// Somebody wrote to it meanwhile: what was read may be of no one moment.
    Changed,
    /// It is gone, or no file any more.
    Gone,
    Unreadable,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub outcome: Outcome,
    /// The file as it was when its content was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node: Option<Node>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRequest {
    /// As [`escape`] writes them.
    pub paths: Vec<String>,
}

/// What is to be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    pub node: Node,
    /// What may be replaced, since it is kept elsewhere. Anything else that is there goes to the trash.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<Version>,
}

/// What came of a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestoreReport {
    /// Written.
    pub files: u64,
    pub folders: u64,
    pub links: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Moved to the trash.
    pub trashed: u64,
    /// As it was already; nothing was done.
    pub unchanged: u64,
    /// The first of those that could not be restored.
    pub failed: Vec<RestoreFailure>,
    /// The disk is full: what came after that is not restored.
    pub disk_full: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreFailure {
    pub path: String,
    /// In the words of the system.
    pub cause: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Node(Node),
    LeftOut(LeftOut),
    Put(Put),
    /// To the trash with what is at this path.
    Discard(String),
    Data(&'a [u8]),
    /// So many zeros that nothing holds.
    Hole(u64),
    End(End),
    Last,
}

impl Frame<'_> {
    /// # Errors
    /// Where it is longer than a frame may be.
    pub fn write_to(&self, to: &mut Vec<u8>) -> io::Result<()> {
        let json = |value: serde_json::Result<Vec<u8>>| value.map_err(io::Error::other);
        let owned;
        let (letter, payload): (u8, &[u8]) = match self {
            Self::Data(data) => (b'D', data),
            Self::Last => (b'.', &[]),
            Self::Node(node) => (b'N', {
                owned = json(serde_json::to_vec(node))?;
                &owned
            }),
            Self::LeftOut(left) => (b'L', {
                owned = json(serde_json::to_vec(left))?;
                &owned
            }),
            Self::Put(put) => (b'P', {
                owned = json(serde_json::to_vec(put))?;
                &owned
            }),
            Self::Discard(path) => (b'T', path.as_bytes()),
            Self::Hole(bytes) => (b'H', {
                owned = bytes.to_be_bytes().to_vec();
                &owned
            }),
            Self::End(end) => (b'E', {
                owned = json(serde_json::to_vec(end))?;
                &owned
            }),
        };
        let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= FRAME_LIMIT);
        let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"))?;
        to.push(letter);
        to.extend_from_slice(&length.to_be_bytes());
        to.extend_from_slice(payload);
        Ok(())
    }

    /// The next frame, its bytes in `buffer`.
    ///
    /// # Errors
    /// Where the stream ends in between, or is something else.
    pub fn read<'b>(from: &mut impl Read, buffer: &'b mut Vec<u8>) -> io::Result<Frame<'b>> {
        fn json<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> io::Result<T> {
            serde_json::from_slice(payload).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        }
        let bad = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut head = [0; 5];
        from.read_exact(&mut head)?;
        let [letter, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        if length > FRAME_LIMIT {
            return Err(bad("a frame is too long"));
        }
        buffer.resize(length, 0);
        from.read_exact(buffer)?;
        Ok(match letter {
            b'D' => Frame::Data(buffer),
            b'.' => Frame::Last,
            b'N' => Frame::Node(json(buffer)?),
            b'L' => Frame::LeftOut(json(buffer)?),
            b'P' => Frame::Put(json(buffer)?),
            b'T' => Frame::Discard(String::from_utf8(buffer.clone()).map_err(|_| bad("a path is no text"))?),
            b'H' => Frame::Hole(u64::from_be_bytes(buffer.as_slice().try_into().map_err(|_| bad("a hole of no length"))?)),
            b'E' => Frame::End(json(buffer)?),
            _ => return Err(bad("no such frame")),
        })
    }
}

/// A name as text: bytes that are no UTF-8, `%` and what controls terminals become `%XX`.
#[must_use]
pub fn escape(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let hex = |text: &mut String, byte: u8| {
        text.push('%');
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
        }
    };
    while !bytes.is_empty() {
        let (good, bad) = match std::str::from_utf8(bytes) {
            Ok(good) => (good, 0),
            // The first are text, as the error itself says.
            Err(error) => (
                std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
                error.error_len().unwrap_or(bytes.len() - error.valid_up_to()),
            ),
        };
        for c in good.chars() {
            if c == '%' || c.is_ascii_control() { hex(&mut text, c as u8) } else { text.push(c) }
        }
        bytes[good.len()..good.len() + bad].iter().for_each(|&byte| hex(&mut text, byte));
        bytes = &bytes[good.len() + bad..];
    }
    text
}

/// The bytes that [`escape`] wrote; none where it did not.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, more @ ..] = rest {
        if *byte == b'%' {
            let digits = std::str::from_utf8(more.get(..2)?).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &more[2..];
        } else {
            bytes.push(*byte);
            rest = more;
        }
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_are_no_text() {
        assert_eq!(escape("한글 100%.txt".as_bytes()), "한글 100%25.txt");
        assert_eq!(escape(b"a\xff\nb\xed\x95"), "a%FF%0Ab%ED%95");
        assert_eq!((unescape("%"), unescape("%0"), unescape("%+1")), (None, None, None));
    }

    proptest! {
        #[test]
        fn names_come_back(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
        }

        #[test]
        fn frames_come_back(data in prop::collection::vec(any::<u8>(), 0..2000), path in ".{0,40}", hole in any::<u64>(), cut in 1_usize..40) {
            let node = Node {
                path: path.clone(), kind: NodeKind::File, mode: 0o644, size: hole, modified: -5, target: None, allocated: 3,
                version: Some(Version { inode: 1, size: hole, modified: -5, changed: i64::MAX }),
            };
            let frames = [
                Frame::Node(node.clone()), Frame::LeftOut(LeftOut { path: path.clone(), why: Why::Cache }), Frame::Discard(path),
                Frame::Put(Put { node: node.clone(), held: node.version }), Frame::Data(&data), Frame::Hole(hole),
                Frame::End(End { outcome: Outcome::Changed, node: Some(node) }), Frame::Last,
            ];
            let mut bytes = Vec::new();
            frames.iter().for_each(|frame| frame.write_to(&mut bytes).unwrap());
            let (mut from, mut buffer) = (bytes.as_slice(), Vec::new());
            for frame in &frames {
                prop_assert_eq!(&Frame::read(&mut from, &mut buffer).unwrap(), frame);
            }
            // Cut short, it is never whole.
            let mut from = &bytes[..bytes.len() - cut.min(bytes.len())];
            let whole = loop {
                match Frame::read(&mut from, &mut buffer) {
                    Ok(Frame::Last) => break true,
                    Ok(_) => {}
                    Err(_) => break false,
                }
            };
            prop_assert!(!whole);
        }

        #[test]
        fn any_bytes_are_frames_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (mut from, mut buffer) = (bytes.as_slice(), Vec::new());
            while Frame::read(&mut from, &mut buffer).is_ok() {}
        }
    }
}
