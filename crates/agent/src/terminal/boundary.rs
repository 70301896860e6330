//! Finds where an output can be cut: not inside an escape sequence and not inside a character.

/// A sequence longer than this is taken for broken, and may be cut.
const LONGEST: u64 = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    /// ESC and intermediates, such as `ESC ( B`.
    EscapeIntermediate,
    Csi,
    /// OSC, DCS, APC, PM or SOS: up to ST; an OSC ends with BEL, too.
    Text {
        bell: bool,
    },
    /// ESC within such a text: `\` ends it.
    TextEscape {
        bell: bool,
    },
    /// So many bytes of a UTF-8 character are missing.
    Character(u8),
}

/// Follows an output byte by byte, as the state diagram of DEC's parsers has it.
#[derive(Debug)]
pub(crate) struct Boundary {
    state: State,
    position: u64,
    safe: u64,
}

impl Boundary {
    pub(crate) fn new() -> Self {
        Self { state: State::Ground, position: 0, safe: 0 }
    }

    /// The number of bytes, from the beginning, up to the last place where a cut harms nothing.
    pub(crate) fn safe(&self) -> u64 {
        self.safe
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = next(self.state, byte);
            self.position += 1;
            if self.state == State::Ground {
                self.safe = self.position;
            }
        }
        if self.position - self.safe > LONGEST {
            self.safe = self.position;
        }
    }
}

fn next(state: State, byte: u8) -> State {
    use State::{Character, Csi, Escape, EscapeIntermediate, Ground, Text, TextEscape};
    match (state, byte) {
        // CAN and SUB end every sequence; ESC begins one anew, except within a text.
        (_, 0x18 | 0x1a) => Ground,
        (Text { bell }, 0x1b) => TextEscape { bell },
        (Text { bell: true }, 0x07) | (TextEscape { .. }, b'\\') => Ground,
        (Text { bell }, _) => Text { bell },
        (TextEscape { .. }, byte) => next(Escape, byte),
        (_, 0x1b) => Escape,
        (Escape, b'[') => Csi,
        (Escape, b']') => Text { bell: true },
        (Escape, b'P' | b'X' | b'^' | b'_') => Text { bell: false },
        (Escape | EscapeIntermediate, 0x20..=0x2f) => EscapeIntermediate,
        (Escape | EscapeIntermediate, 0x30..=0x7e) | (Csi, 0x40..=0x7e) => Ground,
        // Control characters work, and are ignored, within a sequence.
        (Escape | EscapeIntermediate | Csi, _) => state,
        (Character(1), 0x80..=0xbf) => Ground,
        (Character(missing), 0x80..=0xbf) => Character(missing - 1),
        (Ground | Character(_), byte) => match byte {
            0xc2..=0xdf => Character(1),
            0xe0..=0xef => Character(2),
            0xf0..=0xf4 => Character(3),
            _ => Ground,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Boundary;

    fn safe_of(bytes: &[u8]) -> usize {
        let mut boundary = Boundary::new();
        for chunk in bytes.chunks(3) {
            boundary.feed(chunk);
        }
        usize::try_from(boundary.safe()).unwrap()
    }

    #[test]
    fn cuts_only_between() {
        for (text, safe) in [
            (&b"plain"[..], 5),
            (b"ab\x1b", 2),
            (b"ab\x1b[", 2),
            (b"ab\x1b[31", 2),
            (b"ab\x1b[31m", 7),
            (b"ab\x1b]0;title", 2),
            (b"ab\x1b]0;title\x07", 12),
            (b"ab\x1b]0;title\x1b", 2),
            (b"ab\x1b]0;title\x1b\\", 13),
            (b"ab\x1bPq#0\x07", 2),
            (b"ab\x1b(", 2),
            (b"ab\x1b(B", 5),
            ("ab한".as_bytes(), 5),
            (&"ab한".as_bytes()[..4], 2),
            (&"ab\u{1f600}".as_bytes()[..5], 2),
            (b"ab\xff", 3),
            (b"ab\xe1c", 4),
        ] {
            assert_eq!(safe_of(text), safe, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn a_text_without_end_is_given_up() {
        let mut boundary = Boundary::new();
        boundary.feed(b"\x1b]0;");
        boundary.feed(&vec![b'x'; 300 * 1024]);
        assert_eq!(boundary.safe(), 4 + 300 * 1024);
    }
}
