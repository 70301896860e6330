//! What a terminal looks like: a VT's state, and the lines that have left its top, kept as text with colours rather than
//! as cells (a tenth of the memory).

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::num::NonZeroU16;

use vt100::capture::{BasicFormattedCaptureRange, BasicFormattedCaptureState, RowContents};

use super::dialect::{Dialect, Piece};
use super::marks::Marks;

/// Lines above the screen that are kept.
const SCROLLBACK: usize = 10_000;
/// Of which the last so many are kept as cells, so that a screen made taller shows them again.
const SCROLLBACK_CELLS: usize = 100;
/// Bytes of lines kept as text, which bounds what very wide lines take.
const SCROLLBACK_BYTES: usize = 4 * 1024 * 1024;

struct Above {
    /// How many lines are kept.
    most: usize,
    lines: VecDeque<Box<str>>,
    bytes: usize,
    /// Of the last line: whether the next one continues it.
    state: BasicFormattedCaptureState,
    title: Option<String>,
    marks: Marks,
}

/// Tells a wrapped line from an ended one by the first thing that the next one writes.
struct Probe {
    newline: bool,
}

impl std::fmt::Write for Probe {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        self.newline = s.starts_with('\n');
        // Enough seen.
        Err(std::fmt::Error)
    }
}

/// Counts lines.
struct Lines(usize);

impl std::fmt::Write for Lines {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        self.0 += s.matches('\n').count();
        Ok(())
    }
}

/// What a row comes after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Line,
    /// A row that goes on in this one.
    Wrapped,
}

/// Adds a row's text such that a terminal of the same width breaks lines where this one did.
fn add_row(out: &mut String, text: &str, before: Before) {
    match before {
        Before::Nothing => {}
        Before::Line => out.push_str("\r\n"),
        // Only a character makes a terminal go on in the next row: one that leaves no trace.
        Before::Wrapped if text.is_empty() || text.starts_with('\x1b') => out.push_str(" \x08\x1b[X"),
        Before::Wrapped => {}
    }
    out.push_str(text);
    if text.contains('\x1b') {
        out.push_str("\x1b[m");
    }
}

impl Above {
    fn new(most: usize) -> Self {
        let state = BasicFormattedCaptureState::new();
        Self { most, lines: VecDeque::new(), bytes: 0, state, title: None, marks: Marks::default() }
    }

    fn before(&self, newline: bool) -> Before {
        match (self.lines.is_empty(), newline) {
            (_, true) => Before::Line,
            (false, false) => Before::Wrapped,
            (true, false) => Before::Nothing,
        }
    }

    fn clear(&mut self) {
        self.lines.clear();
        self.bytes = 0;
        self.state = BasicFormattedCaptureState::new();
    }
}

impl vt100::Callbacks for Above {
    fn on_scroll(&mut self, row: RowContents<'_>, alternate_screen: bool) {
        if alternate_screen {
            return;
        }
        let mut probe = Probe { newline: false };
        let _ = row.write_formatted_basic(&mut probe, &mut self.state);
        let (mut text, mut state) = (String::new(), BasicFormattedCaptureState::new());
        // Writing into a String cannot fail.
        let _ = row.write_formatted_basic(&mut text, &mut state);
        let mut line = String::with_capacity(text.len() + 5);
        add_row(&mut line, &text, self.before(probe.newline));
        self.state = state;
        self.bytes += line.len();
        self.lines.push_back(line.into());
        while self.lines.len() > self.most || self.bytes > SCROLLBACK_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        let title: String = String::from_utf8_lossy(title).chars().filter(|c| !c.is_control()).take(200).collect();
        self.title = (!title.is_empty()).then_some(title);
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        self.marks.osc(parameters);
    }
}

pub(crate) struct Screen {
    parser: vt100::Parser<Above>,
    /// How many lines above the screen are kept as cells.
    cells: usize,
    dialect: Dialect,
}

impl Screen {
    pub(crate) fn new(cols: u16, rows: u16) -> Self {
        Self::holding(cols, rows, SCROLLBACK, SCROLLBACK_CELLS)
    }

    /// With so many lines above it as text, and so many as cells.
    pub(crate) fn holding(cols: u16, rows: u16, lines: usize, cells: usize) -> Self {
        let (rows, cols) = size(cols, rows);
        let parser = vt100::Parser::new_with_callbacks(rows, cols, cells, Above::new(lines));
        Self { parser, cells, dialect: Dialect::default() }
    }

    /// So many lines, and what was there before has scrolled out of all that is kept, whatever it was. None where lines do not
    /// scroll away.
    pub(crate) fn lines_held(&self) -> Option<usize> {
        let rows = usize::from(self.parser.screen().size().0.get());
        // One more, since a cut may be anywhere within a line.
        self.dialect.scrolls().then(|| self.parser.callbacks().most + self.cells + rows + 1)
    }

    /// Takes output that does not end within a sequence.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.dialect.translate(bytes, |piece| match piece {
            Piece::Bytes(bytes) => self.parser.process(bytes),
            Piece::Text(text) => self.parser.process(text.as_bytes()),
            Piece::Erased => self.parser.callbacks_mut().clear(),
        });
    }

    pub(crate) fn resize(&mut self, cols: u16, rows: u16) {
        let (rows, cols) = size(cols, rows);
        self.parser.set_size(rows, cols);
        self.dialect.resized();
    }

    pub(crate) fn marks(&self) -> &Marks {
        &self.parser.callbacks().marks
    }

    pub(crate) fn title(&self) -> Option<&str> {
        self.parser.callbacks().title.as_deref()
    }

    /// Bytes that make a terminal of this size, in whatever state, look and act like this one.
    pub(crate) fn replay(&mut self) -> Vec<u8> {
        let alternate = self.parser.screen().alternate_screen();
        let alternate_state = alternate.then(|| self.parser.screen().state_formatted());
        if alternate {
            // Nothing is lost by looking behind the alternate screen: this neither clears nor moves the cursor.
            self.parser.process(b"\x1b[?47l");
        }
        let above = self.parser.callbacks();
        let mut out = String::with_capacity(above.bytes + 16 * 1024);
        // A full reset, which empties the scrollback, too. Then nothing is to be shown until all is there.
        out.push_str("\x1bc\x1b[?2026h");
        for line in &above.lines {
            out.push_str(line);
        }
        let before = self.before_cells();
        self.add_cells(&mut out, before);
        let (above, screen) = (self.parser.callbacks(), self.parser.screen());
        out.push_str("\x1b[m");
        out.push_str(&screen.state_formatted());
        if let Some(title) = &above.title {
            let _ = write!(out, "\x1b]2;{title}\x1b\\");
        }
        if let Some(state) = alternate_state {
            self.parser.process(b"\x1b[?47h");
            out.push_str("\x1b[?1049h");
            out.push_str(&state);
        }
        self.dialect.replay(&mut out);
        out.push_str("\x1b[?2026l");
        out.into_bytes()
    }
}

impl Screen {
    /// What the first row kept as cells comes after. Only what the VT writes tells: one line more, if that is a line.
    fn before_cells(&self) -> Before {
        let count = |mut state| {
            let mut lines = Lines(0);
            // It counts and never fails.
            let _ = self.parser.screen().write_contents_formatted_basic(&mut lines, BasicFormattedCaptureRange::Full(&mut state));
            lines.0
        };
        let above = self.parser.callbacks();
        let newline = count(above.state.clone()) > count(BasicFormattedCaptureState::new());
        above.before(newline)
    }

    /// The rows that are kept as cells: above the screen, and the screen.
    fn add_cells(&mut self, out: &mut String, mut before: Before) {
        let screen = self.parser.screen_mut();
        let (rows, cols) = (usize::from(screen.size().0.get()), screen.size().1.get());
        let above = screen.scrollback_len();
        for at in 0..above + rows {
            // Looked at as the first row on view, so far as one can scroll back to it.
            screen.set_scrollback(above.saturating_sub(at));
            let row = at.saturating_sub(above);
            let text = screen.rows_formatted(0, cols).nth(row).unwrap_or_default();
            add_row(out, &text, before);
            before = if screen.row_wrapped(u16::try_from(row).unwrap_or(u16::MAX)) { Before::Wrapped } else { Before::Line };
        }
        screen.set_scrollback(0);
    }
}

fn size(cols: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    (NonZeroU16::new(rows).unwrap_or(NonZeroU16::MIN), NonZeroU16::new(cols).unwrap_or(NonZeroU16::MIN))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Screen;

    /// What a viewer's own terminal holds after a replay: scrollback and screen, as text.
    fn seen(bytes: &[u8], cols: u16, rows: u16) -> (Vec<String>, vt100::Parser) {
        let (r, c) = super::size(cols, rows);
        let mut viewer = vt100::Parser::new(r, c, 50_000);
        viewer.process(bytes);
        let above = viewer.screen().scrollback_len();
        let mut lines = Vec::new();
        for offset in (1..=above).rev() {
            viewer.screen_mut().set_scrollback(offset);
            lines.push(viewer.screen().rows(0, cols).next().unwrap());
        }
        viewer.screen_mut().set_scrollback(0);
        lines.extend(viewer.screen().rows(0, cols));
        (lines, viewer)
    }

    fn same(output: &[u8], cols: u16, rows: u16) {
        let mut screen = Screen::new(cols, rows);
        for chunk in output.chunks(100) {
            screen.feed(chunk);
        }
        let replay = screen.replay();
        assert_eq!(replay, screen.replay(), "a replay changes nothing");
        let (want, live) = seen(output, cols, rows);
        let (got, again) = seen(&replay, cols, rows);
        assert_eq!(got, want);
        assert_eq!(again.screen().state_formatted(), live.screen().state_formatted());
    }

    #[test]
    fn a_replay_shows_what_was_there() {
        same(b"", 80, 24);
        same(b"hello\r\n$ ", 80, 24);
        same("\x1b[31m빨강\x1b[m 한글 é\r\n$ ".as_bytes(), 20, 5);
        let long: Vec<u8> = (0..3000).flat_map(|i| format!("\x1b[3{}mline {i}\x1b[m\r\n", i % 8).into_bytes()).collect();
        same(&long, 80, 24);
        let wrapped: Vec<u8> = (0..900).flat_map(|i| format!("{i} {}\r\n", "한글wrap".repeat(i % 9)).into_bytes()).collect();
        same(&wrapped, 20, 5);
    }

    #[test]
    fn the_alternate_screen_and_what_is_behind_it() {
        let mut output: Vec<u8> = (0..500).flat_map(|i| format!("line {i}\r\n").into_bytes()).collect();
        output.extend_from_slice(b"$ vim\r\n\x1b[?1049h\x1b[H\x1b[2J\x1b[3;4Hin vim\x1b[?1h\x1b[?2004h");
        same(&output, 40, 10);
        output.extend_from_slice(b"\x1b[?1049l$ ");
        same(&output, 40, 10);
        let mut screen = Screen::new(40, 10);
        screen.feed(&output[..output.len() - 10]);
        let _ = screen.replay();
        screen.feed(&output[output.len() - 10..]);
        assert_eq!(seen(&screen.replay(), 40, 10).0, seen(&output, 40, 10).0);
    }

    #[test]
    fn scrollback_is_bounded_and_can_be_cleared() {
        let mut screen = Screen::new(80, 24);
        for i in 0..30_000 {
            screen.feed(format!("line {i}\r\n").as_bytes());
        }
        let (lines, _) = seen(&screen.replay(), 80, 24);
        assert!(lines.len() >= 10_000 && lines.len() < 10_200, "{}", lines.len());
        assert_eq!(lines[lines.len() - 2].trim_end(), "line 29999");
        screen.feed(b"\x1b[H\x1b[2J\x1b[3Jfresh");
        assert_eq!(seen(&screen.replay(), 80, 24).0.len(), 24);
    }

    #[test]
    fn line_drawing_and_margins_come_back() {
        let mut screen = Screen::new(20, 6);
        screen.feed(b"\x1b(0lqqk\x1b(B box\r\n\x1b[2;4r\x1b[3;1H\x1b(0x");
        let (lines, mut viewer) = seen(&screen.replay(), 20, 6);
        assert_eq!((lines[0].as_str(), lines[2].as_str()), ("┌──┐ box", "│"));
        // What follows is drawn as it would have been.
        assert_eq!(viewer.screen().cursor_position(), (2, 1));
        viewer.process(b"\r\n\r\n\r\nend");
        assert_eq!(viewer.screen().rows(0, 20).nth(3).unwrap(), "end");
        assert!(screen.replay().ends_with(b"\x1b(0\x1b[?2026l"));
    }

    /// What a program may say, except for what only the VT of a viewer knows.
    fn saying() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => "[ -~]{1,30}".prop_map(String::into_bytes),
            3 => "[가-힣]{1,20}".prop_map(String::into_bytes),
            8 => Just(b"\r\n".to_vec()),
            1 => Just(b"\n".to_vec()),
            3 => (0u8..8).prop_map(|c| format!("\x1b[3{c};1m").into_bytes()),
            2 => Just(b"\x1b[m".to_vec()),
            2 => (1u8..8, 1u8..24).prop_map(|(r, c)| format!("\x1b[{r};{c}H").into_bytes()),
            1 => (0u8..3).prop_map(|n| format!("\x1b[{n}J").into_bytes()),
            1 => (0u8..3).prop_map(|n| format!("\x1b[{n}K").into_bytes()),
            1 => (1u8..4).prop_map(|n| format!("\x1b[{n}L").into_bytes()),
            1 => Just(b"\x1b[?1049h\x1b[H".to_vec()),
            1 => Just(b"\x1b[?1049l".to_vec()),
            1 => Just(b"\x1b]0;title\x07".to_vec()),
            1 => Just(b"\x1b[?25l".to_vec()),
            1 => Just(b"\x1b[?2004h".to_vec()),
        ]
    }

    proptest! {
        #[test]
        fn a_replay_and_what_follows_is_as_if_one_had_been_there(
            before in prop::collection::vec(saying(), 0..40),
            after in prop::collection::vec(saying(), 0..10),
        ) {
            let (before, after) = (before.concat(), after.concat());
            let mut screen = Screen::new(24, 8);
            screen.feed(&before);
            let mut replayed = screen.replay();
            let (now, _) = seen(&replayed, 24, 8);
            prop_assert_eq!(now, seen(&before, 24, 8).0);
            // The cursor of the screen behind an alternate one is not told by the VT.
            if !before.windows(6).any(|w| w == b"\x1b[?104") && !after.windows(6).any(|w| w == b"\x1b[?104") {
                replayed.extend_from_slice(&after);
                prop_assert_eq!(seen(&replayed, 24, 8).0, seen(&[before, after].concat(), 24, 8).0);
            }
        }
    }
}
