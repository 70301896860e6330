//! Output that the screen has not been shown yet. Lines that only scroll by need not be drawn: a flood costs the screen
//! nothing but the last lines of it, whenever somebody wants to see them.

use std::collections::VecDeque;

/// Pieces are joined up to so many bytes and lines: few are kept of however small outputs, and few lines too many are drawn.
const BYTES: usize = 64 * 1024;
const LINES: usize = 1024;

/// A piece of output that can be cut before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: usize,
    lines: usize,
}

/// Pieces in their order, each of nothing but plain lines.
#[derive(Debug, Default)]
pub(super) struct Behind {
    pieces: VecDeque<Piece>,
    bytes: usize,
    lines: usize,
}

impl Behind {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, piece: Piece) {
        self.bytes += piece.bytes;
        self.lines += piece.lines;
        match self.pieces.back_mut() {
            Some(last) if last.bytes + piece.bytes <= BYTES && last.lines + piece.lines <= LINES => {
                last.bytes += piece.bytes;
                last.lines += piece.lines;
            }
            _ => self.pieces.push_back(piece),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front()?;
        self.bytes -= piece.bytes;
        self.lines -= piece.lines;
        Some(piece)
    }

    /// The first piece, where so many lines come after it that nothing of it is left to be seen.
    pub(super) fn pop_scrolled_by(&mut self, lines: usize) -> Option<Piece> {
        let first = self.pieces.front()?;
        if self.lines - first.lines < lines { None } else { self.pop() }
    }
}

/// This in pieces, where it is plain: text, tabs, ends of lines, colours, and erasing the rest of a line. Whatever else a
/// program may say can change how what comes later is drawn, or is news for somebody. `before` is the byte before.
pub(super) fn plain(bytes: &[u8], before: Option<u8>) -> Option<Vec<Piece>> {
    let returned = |at: usize| at.checked_sub(1).map_or(before, |at| Some(bytes[at])) == Some(b'\r');
    let (mut pieces, mut from) = (Vec::new(), 0);
    let (mut lines, mut at) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            0x20.. | b'\t' | b'\r' => {}
            // Without its return, a line feed leaves the column to what was before.
            b'\n' if returned(at - 1) => {
                lines += 1;
                if lines == LINES {
                    pieces.push(Piece { bytes: at - from, lines });
                    (from, lines) = (at, 0);
                }
            }
            0x1b if bytes.get(at) == Some(&b'[') => {
                let parameters = bytes[at + 1..].iter().position(|b| !(b.is_ascii_digit() || matches!(b, b';' | b':')))?;
                at += 1 + parameters;
                if !matches!(bytes[at], b'm' | b'K') {
                    return None;
                }
                at += 1;
            }
            _ => return None,
        }
    }
    if from < bytes.len() {
        pieces.push(Piece { bytes: bytes.len() - from, lines });
    }
    Some(pieces)
}

/// The colours that plain output leaves set, as the sequences that do it: from the last one on that resets all.
pub(super) fn colours(plain: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    let mut end = plain.len();
    while let Some(start) = plain[..end].iter().rposition(|&b| b == 0x1b) {
        let length = plain[start..end].iter().position(|&b| matches!(b, b'm' | b'K')).map_or(0, |n| n + 1);
        let sequence = &plain[start..start + length];
        if sequence.ends_with(b"m") {
            found.push(sequence);
            if matches!(sequence, b"\x1b[m" | b"\x1b[0m") {
                break;
            }
        }
        end = start;
    }
    found.reverse();
    found.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_lines(bytes: &[u8], before: Option<u8>) -> Option<usize> {
        let pieces = plain(bytes, before)?;
        assert_eq!(pieces.iter().map(|piece| piece.bytes).sum::<usize>(), bytes.len());
        Some(pieces.iter().map(|piece| piece.lines).sum())
    }

    #[test]
    fn what_is_plain() {
        for (text, lines) in [
            ("", Some(0)),
            ("한글 text\r\n\x1b[1;38:5:9mred\x1b[m\x1b[K\tx\r\n", Some(2)),
            ("50 %\r100 %\r\r\n", Some(1)),
            ("a\nb", None),
            ("\nb", None),
            ("\x07", None),
            ("\x08", None),
            ("\x1b[2J", None),
            ("\x1b[?25l", None),
            ("\x1b[A", None),
            ("\x1b]0;title\x07", None),
            ("\x1b[31", None),
            ("\x1b", None),
            ("\x0e", None),
        ] {
            assert_eq!(plain_lines(text.as_bytes(), None), lines, "{}", text.escape_debug());
        }
        assert_eq!(plain_lines(b"\nb", Some(b'\r')), Some(1));
        assert_eq!(plain_lines(b"\nb", Some(b'a')), None);
    }

    #[test]
    fn the_colours_at_the_end() {
        for (text, left) in [
            ("plain", ""),
            ("\x1b[31mred\x1b[mplain", "\x1b[m"),
            ("\x1b[m\x1b[1mbold\x1b[K\x1b[32mgreen", "\x1b[m\x1b[1m\x1b[32m"),
            ("\x1b[0m\x1b[4mx", "\x1b[0m\x1b[4m"),
        ] {
            assert_eq!(colours(text.as_bytes()), left.as_bytes(), "{}", text.escape_debug());
        }
    }

    #[test]
    fn pieces_are_joined_and_the_first_goes_when_enough_lines_follow() {
        let mut behind = Behind::default();
        for _ in 0..LINES {
            behind.push(Piece { bytes: 5, lines: 1 });
            behind.push(Piece { bytes: 5, lines: 1 });
        }
        let half = Piece { bytes: 5 * LINES, lines: LINES };
        assert_eq!((behind.pieces.len(), behind.bytes()), (2, 10 * LINES));
        assert_eq!(behind.pop_scrolled_by(LINES + 1), None);
        assert_eq!(behind.pop_scrolled_by(LINES), Some(half));
        assert_eq!(behind.pop_scrolled_by(1), None);
        assert_eq!(behind.pop(), Some(half));
        assert_eq!((behind.pop(), behind.bytes()), (None, 0));
        // However much comes at once.
        let pieces = plain("y\r\n".repeat(2 * LINES + 1).as_bytes(), None).unwrap();
        assert_eq!(pieces.iter().map(|piece| piece.lines).collect::<Vec<_>>(), [LINES, LINES, 1]);
    }
}
