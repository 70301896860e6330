//! What programs say that the VT does not know, said in words that it does; and the few modes of a terminal that the VT
//! keeps to itself or forgets, for a replay to set again.

use std::fmt::Write as _;

/// Of DEC's line drawing set, from `_` on, as vt100's manual has it.
const LINES: [char; 32] = [
    ' ', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤',
    '≥', 'π', '≠', '£', '·',
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Whether G0 and G1 hold the line drawing set, and which of them is in use.
    drawing: [bool; 2],
    shifted: bool,
    /// Margins, of the screen and of the alternate screen.
    margins: [Option<(u16, u16)>; 2],
    alternate: bool,
    no_wrap: bool,
    insert: bool,
    focus: bool,
}

/// A piece of output for the VT.
pub(crate) enum Piece<'a> {
    Bytes(&'a [u8]),
    Text(String),
    /// What is above the screen has been erased.
    Erased,
}

impl Dialect {
    /// Cuts an output, which must not end within a sequence, into what a VT is to be given.
    pub(crate) fn translate<'a>(&mut self, bytes: &'a [u8], mut give: impl FnMut(Piece<'a>)) {
        let (mut from, mut at) = (0, 0);
        while at < bytes.len() {
            let here = at;
            let said = match bytes[at] {
                0x1b => {
                    let (end, said) = self.escape(bytes, at);
                    at = end;
                    said
                }
                0x0e | 0x0f => {
                    self.shifted = bytes[at] == 0x0e;
                    at += 1;
                    None
                }
                0x5f..=0x7e if self.draws() => {
                    let end = bytes[at..].iter().position(|b| !(0x5f..=0x7e).contains(b)).map_or(bytes.len(), |n| at + n);
                    let text = bytes[at..end].iter().map(|b| LINES[usize::from(b - 0x5f)]).collect();
                    at = end;
                    Some(Piece::Text(text))
                }
                _ => {
                    let draws = self.draws();
                    let special = |b: &u8| matches!(b, 0x1b | 0x0e | 0x0f) || draws && (0x5f..=0x7e).contains(b);
                    at += 1;
                    at = bytes[at..].iter().position(special).map_or(bytes.len(), |n| at + n);
                    None
                }
            };
            match said {
                None => {}
                // Said to the VT as well.
                Some(Piece::Erased) => {
                    give(Piece::Bytes(&bytes[from..at]));
                    give(Piece::Erased);
                    from = at;
                }
                Some(piece) => {
                    give(Piece::Bytes(&bytes[from..here]));
                    give(piece);
                    from = at;
                }
            }
        }
        give(Piece::Bytes(&bytes[from..]));
    }

    fn draws(&self) -> bool {
        self.drawing[usize::from(self.shifted)]
    }

    /// The end of the sequence at `at`, and what to say instead.
    fn escape<'a>(&mut self, bytes: &'a [u8], at: usize) -> (usize, Option<Piece<'a>>) {
        let Some(&kind) = bytes.get(at + 1) else { return (bytes.len(), None) };
        match kind {
            b'[' => {
                let body = &bytes[at + 2..];
                let length = body.iter().position(|b| !(0x20..=0x3f).contains(b)).unwrap_or(body.len());
                match body.get(length) {
                    Some(&last @ 0x40..=0x7e) => (at + 3 + length, self.csi(&body[..length], last)),
                    // Broken, or with a control character within: the VT's own business.
                    _ => (at + 2 + length, None),
                }
            }
            b'(' | b')' => {
                if let Some(&set) = bytes.get(at + 2) {
                    self.drawing[usize::from(kind == b')')] = set == b'0';
                }
                ((at + 3).min(bytes.len()), None)
            }
            b'D' => (at + 2, Some(Piece::Bytes(b"\n"))),
            b'E' => (at + 2, Some(Piece::Bytes(b"\r\n"))),
            b'c' => {
                *self = Self::default();
                (at + 2, Some(Piece::Erased))
            }
            // A text up to its end, which begins with the next ESC, or any other sequence.
            b']' | b'P' | b'X' | b'^' | b'_' => {
                let end = bytes[at + 2..].iter().position(|&b| matches!(b, 0x07 | 0x18 | 0x1a | 0x1b)).map_or(bytes.len(), |n| at + 2 + n);
                (end, None)
            }
            0x1b => (at + 1, None),
            _ => (at + 2, None),
        }
    }

    fn csi<'a>(&mut self, parameters: &[u8], last: u8) -> Option<Piece<'a>> {
        let private = parameters.first() == Some(&b'?');
        let numbers = || {
            let text = std::str::from_utf8(&parameters[usize::from(private)..]).unwrap_or_default();
            text.split(';').map(|n| n.parse::<u16>().unwrap_or(0))
        };
        match (private, last) {
            (false, b'r') if parameters.iter().all(|b| b.is_ascii_digit() || *b == b';') => {
                let (mut numbers, screen) = (numbers(), usize::from(self.alternate));
                let (top, bottom) = (numbers.next().unwrap_or(0).max(1), numbers.next().unwrap_or(0));
                self.margins[screen] = (top > 1 || bottom > 0).then_some((top, bottom));
                None
            }
            (false, b's') if parameters.is_empty() => Some(Piece::Bytes(b"\x1b7")),
            (false, b'u') if parameters.is_empty() => Some(Piece::Bytes(b"\x1b8")),
            (false, b'h' | b'l') if numbers().any(|n| n == 4) => {
                self.insert = last == b'h';
                None
            }
            (false, b'J') if numbers().any(|n| n == 3) => Some(Piece::Erased),
            (false, b'p') if parameters == b"!" => {
                *self = Self { alternate: self.alternate, focus: self.focus, ..Self::default() };
                None
            }
            (true, b'h' | b'l') => self.mode(numbers(), last == b'h'),
            _ => None,
        }
    }

    fn mode<'a>(&mut self, numbers: impl Iterator<Item = u16>, on: bool) -> Option<Piece<'a>> {
        let mut instead = None;
        for number in numbers {
            match number {
                7 => self.no_wrap = !on,
                1004 => self.focus = on,
                47 | 1047 | 1049 => {
                    self.alternate = on;
                    self.margins[1] = None;
                    if number == 1047 {
                        instead = Some(Piece::Bytes(if on { b"\x1b[?47h" } else { b"\x1b[?47l" }));
                    }
                }
                _ => {}
            }
        }
        instead
    }

    /// Whether a line at the bottom pushes one out at the top, to be kept.
    pub(crate) fn scrolls(&self) -> bool {
        !self.alternate && self.margins[0].is_none()
    }

    /// As a terminal does when its size changes.
    pub(crate) fn resized(&mut self) {
        self.margins = [None; 2];
    }

    /// Sets the modes of a terminal that has just been reset and drawn.
    pub(crate) fn replay(&self, out: &mut String) {
        if let Some((top, bottom)) = self.margins[usize::from(self.alternate)] {
            // Margins send the cursor home, so it is kept meanwhile. Writing into a String cannot fail.
            let _ = match bottom {
                0 => write!(out, "\x1b7\x1b[{top}r\x1b8"),
                _ => write!(out, "\x1b7\x1b[{top};{bottom}r\x1b8"),
            };
        }
        for (set, mode) in [
            (self.no_wrap, "\x1b[?7l"),
            (self.insert, "\x1b[4h"),
            (self.focus, "\x1b[?1004h"),
            (self.drawing[0], "\x1b(0"),
            (self.drawing[1], "\x1b)0"),
            (self.shifted, "\x0e"),
        ] {
            if set {
                out.push_str(mode);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> (String, Dialect) {
        let (mut out, mut dialect) = (Vec::new(), Dialect::default());
        dialect.translate(bytes, |piece| match piece {
            Piece::Bytes(bytes) => out.extend_from_slice(bytes),
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Erased => out.extend_from_slice(b"<erased>"),
        });
        (String::from_utf8(out).unwrap(), dialect)
    }

    #[test]
    fn other_words_for_the_same() {
        for (given, wanted) in [
            ("plain 한글\r\n\x1b[31mred\x1b[m", "plain 한글\r\n\x1b[31mred\x1b[m"),
            ("\x1b(0lqqk\x1b(Blq", "\x1b(0┌──┐\x1b(Blq"),
            ("\x1b(0q\x1b[1mx한A\x1b(B", "\x1b(0─\x1b[1m│한A\x1b(B"),
            ("\x1b)0a\x0eq\x0fq", "\x1b)0a\x0e─\x0fq"),
            ("\x1b(0\x1b]0;quiet\x07q", "\x1b(0\x1b]0;quiet\x07─"),
            ("a\x1bDb\x1bEc", "a\nb\r\nc"),
            ("\x1b[sx\x1b[u", "\x1b7x\x1b8"),
            ("\x1b[?1047hx\x1b[?1047l", "\x1b[?47hx\x1b[?47l"),
            ("a\x1b[H\x1b[2J\x1b[3Jb", "a\x1b[H\x1b[2J\x1b[3J<erased>b"),
            ("a\x1bcb", "a\x1bc<erased>b"),
            ("\x1b[", "\x1b["),
            ("\x1b", "\x1b"),
            ("\x1b\x1b[3J", "\x1b\x1b[3J<erased>"),
        ] {
            assert_eq!(said(given.as_bytes()).0, wanted, "{}", given.escape_debug());
        }
    }

    #[test]
    fn modes_are_set_again() {
        let replay = |given: &str| {
            let mut out = String::new();
            said(given.as_bytes()).1.replay(&mut out);
            out
        };
        assert_eq!(replay("\x1b[2;5r\x1b[?7l\x1b[4h\x1b[?1004;25h"), "\x1b7\x1b[2;5r\x1b8\x1b[?7l\x1b[4h\x1b[?1004h");
        assert_eq!(replay("\x1b[2;5r\x1b[r"), "");
        assert_eq!(replay("\x1b[2;5r\x1b[?1049h"), "");
        assert_eq!(replay("\x1b[2;5r\x1b[?1049h\x1b[3;4r\x1b[?1049l"), "\x1b7\x1b[2;5r\x1b8");
        assert_eq!(replay("\x1b(0\x0e\x1b[!p"), "");
        assert_eq!(replay("\x1b(0"), "\x1b(0");
    }
}
