//! Messages of the Language Server Protocol in a stream of bytes: a header with `Content-Length`, an empty line, JSON.

/// Bytes of one message.
pub(super) const MESSAGE_LIMIT: usize = 32 * 1024 * 1024;
/// Bytes of a header, of which two lines are known.
const HEADER_LIMIT: usize = 4096;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoMessage;

/// What has come and is not yet a whole message.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// Before it, all has been taken.
    start: usize,
}

impl Frames {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn next(&mut self) -> Result<Option<String>, NoMessage> {
        let rest = &self.bytes[self.start..];
        let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if rest.len() > HEADER_LIMIT { Err(NoMessage) } else { Ok(None) };
        };
        let length = content_length(&rest[..end]).filter(|&length| length <= MESSAGE_LIMIT).ok_or(NoMessage)?;
        let from = end + 4;
        let Some(body) = rest.get(from..from + length) else { return Ok(None) };
        let text = std::str::from_utf8(body).map_err(|_| NoMessage)?.to_owned();
        self.start += from + length;
        Ok(Some(text))
    }
}

fn content_length(header: &[u8]) -> Option<usize> {
    std::str::from_utf8(header).ok()?.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

pub(super) fn frame(text: &str) -> Vec<u8> {
    format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn other_headers_are_allowed_and_no_length_is_not() {
        let mut frames = Frames::default();
        frames.push(b"Content-Type: x\r\ncontent-length:  2\r\n\r\n{}Conte");
        assert_eq!(frames.next(), Ok(Some("{}".to_owned())));
        assert_eq!(frames.next(), Ok(None));
        for wrong in ["Length: 2\r\n\r\n{}", "Content-Length: x\r\n\r\n", "Content-Length: 99999999999\r\n\r\n", &"a".repeat(5000)] {
            let mut frames = Frames::default();
            frames.push(wrong.as_bytes());
            assert_eq!(frames.next(), Err(NoMessage), "{wrong:.40}");
        }
    }

    proptest! {
        /// However the bytes are cut, the messages come out whole and in order.
        #[test]
        fn cut_anywhere(texts in proptest::collection::vec(".{0,40}", 0..6), sizes in proptest::collection::vec(1usize..30, 1..50)) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| frame(text)).collect();
            let (mut frames, mut out, mut at) = (Frames::default(), Vec::new(), 0);
            for size in sizes.iter().cycle() {
                if at == bytes.len() { break }
                let end = (at + size).min(bytes.len());
                frames.push(&bytes[at..end]);
                at = end;
                while let Some(text) = frames.next().unwrap_or_default() { out.push(text) }
            }
            proptest::prop_assert_eq!(out, texts);
        }

        #[test]
        fn anything_is_borne(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut frames = Frames::default();
            frames.push(&bytes);
            while let Ok(Some(_)) = frames.next() {}
        }
    }
}
