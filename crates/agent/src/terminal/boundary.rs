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

    /// Whether that place is within a sequence that was given up.
    pub(crate) fn cuts(&self) -> bool {
        self.safe == self.position && self.state != State::Ground
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
    use proptest::prelude::*;

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
        assert_eq!((boundary.safe(), boundary.cuts()), (4 + 300 * 1024, true));
        boundary.feed(b"x\x07");
        assert_eq!((boundary.safe(), boundary.cuts()), (6 + 300 * 1024, false));
    }

    /// Pieces of which none can be cut within, in any order.
    fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let piece = prop_oneof![
            "[ -~]{1,4}".prop_map(String::into_bytes),
            "[가-힣é\u{1f600}]{1,3}".prop_map(String::into_bytes),
            Just(b"\r\n".to_vec()),
            "[0-9;?>]{0,8}[A-Za-z]".prop_map(|s| format!("\x1b[{s}").into_bytes()),
            "[ -~]{0,12}".prop_map(|s| format!("\x1b]{s}\x07").into_bytes()),
            "[ -~]{0,12}".prop_map(|s| format!("\x1bP{s}\x1b\\").into_bytes()),
            Just(b"\x1b(0".to_vec()),
            Just(b"\x1b7".to_vec()),
        ];
        prop::collection::vec(piece, 0..12)
    }

    proptest! {
        #[test]
        fn says_the_same_however_the_output_is_chopped(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..300) {
            let (mut whole, mut chopped) = (Boundary::new(), Boundary::new());
            whole.feed(&bytes);
            let (a, b) = bytes.split_at(at.min(bytes.len()));
            chopped.feed(a);
            prop_assert!(chopped.safe() <= a.len() as u64);
            chopped.feed(b);
            prop_assert_eq!(chopped.safe(), whole.safe());
        }

        #[test]
        fn cuts_only_within_plain_text_and_between_pieces(pieces in pieces(), at in 0usize..200) {
            let all = pieces.concat();
            let at = at.min(all.len());
            let mut boundary = Boundary::new();
            boundary.feed(&all[..at]);
            let safe = usize::try_from(boundary.safe()).unwrap();
            let mut start = 0;
            for piece in &pieces {
                let end = start + piece.len();
                if start < safe && safe < end {
                    // Within a piece that is no sequence, a cut is between characters.
                    prop_assert!(piece[0] != 0x1b, "cut {} within {}", safe - start, piece.escape_ascii());
                    prop_assert!(std::str::from_utf8(&all[start..safe]).is_ok());
                }
                // What was whole before the end of the output is not held back.
                prop_assert!(end > at || safe >= end);
                start = end;
            }
        }
    }
}
