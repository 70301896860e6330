//! All that a terminal's program has put out: the last bytes of it, and what it comes to on a screen.

use bytes::Bytes;

use super::behind::{Behind, colours, plain};
use super::boundary::Boundary;
use super::marks::Marks;
use super::ring::Ring;
use super::screen::Screen;

/// Bytes of output held for an exact resume. A little over the 2 MiB that the contract promises.
pub(super) const RING: usize = 2 * 1024 * 1024 + 64 * 1024;
/// Bytes that the screen may be behind. With what may come at once, and may be within a sequence, less than the ring.
const BEHIND: usize = 1024 * 1024;

pub(super) struct Output {
    ring: Ring,
    boundary: Boundary,
    screen: Screen,
    /// How much of the output the screen has seen: always a place where it can be cut.
    screened: u64,
    /// What it is to see next, before anybody looks at it. It is plain: nothing that is told of the terminal is in it.
    behind: Behind,
}

impl Output {
    pub(super) fn new(screen: Screen) -> Self {
        Self { ring: Ring::new(RING), boundary: Boundary::new(), screen, screened: 0, behind: Behind::default() }
    }

    /// The number of the first byte held.
    pub(super) fn start(&self) -> u64 {
        self.ring.start()
    }

    /// The number of the byte that comes next.
    pub(super) fn end(&self) -> u64 {
        self.ring.end()
    }

    /// Up to `most` bytes from byte `from` on; none where that is no longer held.
    pub(super) fn read(&self, from: u64, most: usize) -> Option<Bytes> {
        self.ring.read(from, most)
    }

    pub(super) fn title(&self) -> Option<&str> {
        self.screen.title()
    }

    pub(super) fn marks(&self) -> &Marks {
        self.screen.marks()
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        let within = self.boundary.cuts();
        self.ring.push(data);
        self.boundary.feed(data);
        let from = self.screened + self.behind.bytes() as u64;
        let new = self.held(from, usize::try_from(self.boundary.safe() - from).unwrap_or(usize::MAX));
        let before = from.checked_sub(1).and_then(|before| self.held(before, 1).first().copied());
        // Within a sequence, lines do not scroll.
        let plain = if within || self.boundary.cuts() { None } else { plain(&new, before) };
        match plain {
            Some(pieces) => pieces.into_iter().for_each(|piece| self.behind.push(piece)),
            None => {
                self.catch_up();
                self.screen.feed(&new);
                self.screened += new.len() as u64;
            }
        }
        self.let_scroll_by();
        while self.behind.bytes() > BEHIND && self.catch_up_a_piece() {}
    }

    /// Leaves out what has scrolled away already, but for the colours that it leaves set.
    fn let_scroll_by(&mut self) {
        while let Some(piece) = self.screen.lines_held().and_then(|lines| self.behind.pop_scrolled_by(lines)) {
            let colours = colours(&self.held(self.screened, piece.bytes));
            self.screen.feed(&colours);
            self.screened += piece.bytes as u64;
        }
    }

    fn catch_up(&mut self) {
        while self.catch_up_a_piece() {}
    }

    fn catch_up_a_piece(&mut self) -> bool {
        let Some(piece) = self.behind.pop() else { return false };
        let bytes = self.held(self.screened, piece.bytes);
        self.screen.feed(&bytes);
        self.screened += piece.bytes as u64;
        true
    }

    /// Of what the screen has not seen: that is far less than the ring holds.
    fn held(&self, from: u64, length: usize) -> Bytes {
        self.ring.read(from, length).unwrap_or_default()
    }

    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        self.catch_up();
        self.screen.resize(cols, rows);
    }

    /// Bytes that redraw it all, and the number of the byte that follows.
    pub(super) fn replay(&mut self) -> (Vec<u8>, u64) {
        self.catch_up();
        (self.screen.replay(), self.screened)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a program may say: floods of plain lines, and what changes how they are drawn.
    fn saying() -> impl Strategy<Value = Vec<u8>> {
        let lines = |text: &'static str| (0usize..60).prop_map(move |n| text.repeat(n).into_bytes());
        prop_oneof![
            3 => lines("line\r\n"),
            2 => lines("\x1b[3;4mcolour\x1b[m and 한글 that is too long\r\n"),
            2 => lines("left \x1b[1;32mset\r\n"),
            1 => lines("\r\n"),
            1 => lines("no return\n"),
            2 => "[ -~가-힣]{0,30}".prop_map(String::into_bytes),
            1 => (0u8..8).prop_map(|c| format!("\x1b[4{c}m\x1b[K").into_bytes()),
            1 => Just(b"\x1b[H".to_vec()),
            1 => Just(b"\x1b[2J".to_vec()),
            1 => Just(b"\x1b[2;4r".to_vec()),
            1 => Just(b"\x1b[r".to_vec()),
            1 => Just(b"\x1b[?1049h".to_vec()),
            1 => Just(b"\x1b[?1049l".to_vec()),
            1 => Just(b"\x1b]0;title\x07".to_vec()),
            1 => Just(b"\x1b(0".to_vec()),
            1 => Just(b"\x1b(B".to_vec()),
            1 => Just(b"\x1b[3J".to_vec()),
        ]
    }

    proptest! {
        #[test]
        fn what_is_put_off_is_seen_as_if_it_had_not_been(
            said in prop::collection::vec((saying(), 1usize..400), 0..30),
            size in prop::option::of((3u16..20, 2u16..8)),
        ) {
            let mut at_once = Screen::holding(12, 5, 40, 4);
            let mut output = Output::new(Screen::holding(12, 5, 40, 4));
            for (bytes, chunk) in &said {
                at_once.feed(bytes);
                bytes.chunks(*chunk).for_each(|chunk| output.push(chunk));
                prop_assert_eq!(output.title(), at_once.title());
            }
            if let Some((cols, rows)) = size {
                at_once.resize(cols, rows);
                output.resize(cols, rows);
            }
            let (replay, end) = output.replay();
            prop_assert_eq!(end, output.end());
            prop_assert_eq!(String::from_utf8(replay).unwrap(), String::from_utf8(at_once.replay()).unwrap());
        }
    }

    #[test]
    fn a_flood_is_hardly_drawn() {
        let mut output = Output::new(Screen::new(120, 30));
        let lines = "a line of a flood\r\n".repeat(4000);
        for _ in 0..100 {
            output.push(lines.as_bytes());
            assert!(output.behind.bytes() < 11_500 * 19, "{}", output.behind.bytes());
        }
        let (replay, end) = output.replay();
        assert_eq!((String::from_utf8(replay).unwrap().matches("flood").count() / 100, end), (101, output.end()));
        // Lines within a sequence that does not end are none.
        output.push(b"\x1b]99;");
        output.push("not a line\r\n".repeat(30_000).as_bytes());
        output.push("not a line\r\n".repeat(30_000).as_bytes());
        output.push(b"\x07");
        let (replay, end) = output.replay();
        let text = String::from_utf8(replay).unwrap();
        assert_eq!((text.matches("flood").count() / 100, text.matches("not a").count(), end), (101, 0, output.end()));
        // Long ones are, for lack of room.
        let long = format!("{}\r\n", "x".repeat(1000)).repeat(3000);
        output.push(long.as_bytes());
        assert!(output.behind.bytes() <= BEHIND);
    }
}
