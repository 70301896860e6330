//! Edits of the sources that mend what was found: what an editor does when its reader presses the fix.

use serde::{Deserialize, Serialize};

use crate::source::Files;
use crate::yaml::{Entry, Node};
use crate::{Mark, source};

/// Replaces a range of a file. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    pub text: String,
}

/// The files after `edits`, which do not overlap; `None` where one is of a place that does not exist.
#[must_use]
pub fn apply_edits(files: &Files, edits: &[Edit]) -> Option<Files> {
    let mut files = files.clone();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // From the end, so that what is before keeps its place.
    edits.sort_by_key(|edit| std::cmp::Reverse((edit.line, edit.column)));
    for edit in edits {
        let bytes = files.get_mut(&edit.file)?;
        let text = std::str::from_utf8(bytes).ok()?;
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        let lines = Lines::new(text);
        let from = mark + lines.offset(edit.start())?;
        let to = mark + lines.offset(edit.end())?;
        let changed = [text.get(..from)?, &edit.text, text.get(to..).filter(|_| from <= to)?].concat();
        *bytes = changed.into_bytes();
    }
    Some(files)
}

impl Edit {
    /// Another text for the line `number`, which is `old`.
    pub(crate) fn of_line(file: &str, number: u32, old: &str, new: impl Into<String>) -> Self {
        let end = u32::try_from(old.chars().count()).unwrap_or(u32::MAX - 1) + 1;
        Self::new(file, Mark { line: number, column: 1 }, Mark { line: number, column: end }, new)
    }

    pub(crate) fn insert(file: &str, at: Mark, text: impl Into<String>) -> Self {
        Self::new(file, at, at, text)
    }

    fn new(file: &str, from: Mark, to: Mark, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: from.line, column: from.column, end_line: to.line, end_column: to.column, text: text.into() }
    }

    fn start(&self) -> Mark {
        Mark { line: self.line, column: self.column }
    }

    fn end(&self) -> Mark {
        Mark { line: self.end_line, column: self.end_column }
    }
}

/// A text by its lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
    /// Where each line begins and ends, without what ends it.
    lines: Vec<(usize, usize)>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let lines = source::lines(text).into_iter().map(|line| {
            let from = line.as_ptr() as usize - text.as_ptr() as usize;
            (from, from + line.len())
        });
        Self { lines: lines.collect(), text: text.to_owned() }
    }

    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    /// A line by its number, from 1.
    pub(crate) fn line(&self, number: u32) -> Option<&str> {
        let &(from, to) = self.lines.get(number.checked_sub(1)? as usize)?;
        Some(&self.text[from..to])
    }

    fn offset(&self, at: Mark) -> Option<usize> {
        let Some(line) = self.line(at.line) else {
            // The line behind the last one is where a text goes on.
            return (at.line == self.count() + 1 && at.column == 1).then_some(self.text.len());
        };
        let column = at.column.checked_sub(1)? as usize;
        let inside = line.char_indices().map(|(byte, _)| byte).chain([line.len()]).nth(column)?;
        Some(self.lines[at.line as usize - 1].0 + inside)
    }

    pub(crate) fn between(&self, from: Mark, to: Mark) -> Option<&str> {
        self.text.get(self.offset(from)?..self.offset(to)?)
    }

    /// What ends the lines of this text.
    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

/// Makes edits of one file.
#[derive(Clone, Copy)]
pub(crate) struct Pen<'a> {
    pub file: &'a str,
    pub lines: &'a Lines,
}

impl Pen<'_> {
    /// What the file says where a value is, quotes included.
    pub(crate) fn raw(&self, node: &Node) -> Option<&str> {
        self.lines.between(node.mark, node.end)
    }

    /// Another value on the same line.
    pub(crate) fn replace(&self, node: &Node, text: impl Into<String>) -> Option<Edit> {
        let inside = node.mark.line == node.end.line && node.mark < node.end && !self.raw(node)?.starts_with(['*', '&', '!']);
        inside.then(|| Edit::new(self.file, node.mark, node.end, text))
    }

    /// Another value over any number of lines.
    pub(crate) fn rewrite(&self, from: Mark, node: &Node, text: impl Into<String>) -> Option<Edit> {
        self.raw(node).filter(|_| node.end.column > 1).map(|_| Edit::new(self.file, from, node.end, text))
    }

    pub(crate) fn rename(&self, entry: &Entry, key: &str) -> Option<Edit> {
        let plain = self.lines.between(entry.mark, entry.end) == Some(entry.key.as_str());
        plain.then(|| Edit::new(self.file, entry.mark, entry.end, key))
    }

    /// New lines before a line.
    pub(crate) fn insert_line(&self, number: u32, text: &str) -> Edit {
        let at = Mark { line: number, column: 1 };
        Edit::new(self.file, at, at, format!("{text}{}", self.lines.newline()))
    }

    /// A further document at the end of the file.
    pub(crate) fn append_document(&self, text: &str) -> Edit {
        let whole = self.lines.text.is_empty() || self.lines.text.ends_with(['\n', '\r']);
        let count = self.lines.count();
        let length = self.lines.line(count).map_or(0, |line| line.chars().count());
        let at = if whole {
            Mark { line: count + 1, column: 1 }
        } else {
            Mark { line: count, column: u32::try_from(length).unwrap_or(u32::MAX - 1) + 1 }
        };
        let text = format!("{}---\n{text}", if whole { "" } else { "\n" });
        Edit::new(self.file, at, at, text.replace('\n', self.lines.newline()))
    }

    /// New lines behind the line of `end`.
    pub(crate) fn append(&self, end: Mark, lines: &[String]) -> Option<Edit> {
        let number = end.line;
        let length = u32::try_from(self.lines.line(number)?.chars().count()).ok()?;
        let at = Mark { line: number, column: length + 1 };
        let newline = self.lines.newline();
        Some(Edit::new(self.file, at, at, lines.iter().map(|line| format!("{newline}{line}")).collect::<String>()))
    }

    /// Moves a key with its value out of its mapping to the end of another.
    pub(crate) fn shift(&self, mapping: &Node, entry: &Entry, home: &Node) -> Option<Vec<Edit>> {
        let column = home.entries().first()?.mark.column as usize;
        let removal = self.remove(mapping, entry)?;
        if home.get(&entry.key).is_some() || self.is_flow(home) || home.mark.line == 0 {
            return None;
        }
        let end = last(&entry.value).max(Mark { column: u32::MAX, ..entry.end });
        let mut block =
            vec![format!("{}{}", " ".repeat(column - 1), self.lines.line(entry.mark.line)?.get(entry.mark.column as usize - 1..)?)];
        for number in entry.mark.line + 1..=end.line {
            let line = self.lines.line(number)?;
            let width = line.len() - line.trim_start().len();
            let shifted = (width + column).saturating_sub(entry.mark.column as usize);
            block.push(format!("{}{}", " ".repeat(shifted), line.trim_start()));
        }
        let (from, to) = (home.mark.line, last(home).line);
        if from > entry.mark.line && from <= end.line {
            return None;
        }
        if from <= entry.mark.line && to == end.line {
            // It ends what it is moved to: it stays where it is, further out.
            let text = block.iter().map(|line| format!("{line}{}", self.lines.newline())).collect::<String>();
            return (removal.column == 1).then(|| vec![Edit { text, ..removal }]);
        }
        Some(vec![removal, self.append(last(home), &block)?])
    }

    /// A further key of a mapping, written as the mapping is.
    pub(crate) fn add(&self, mapping: &Node, text: &str) -> Option<Edit> {
        let first = mapping.entries().first()?;
        if self.is_flow(mapping) {
            return Some(Edit::new(self.file, first.mark, first.mark, format!("{text}, ")));
        }
        let indent = " ".repeat(first.mark.column.checked_sub(1)? as usize);
        let before = self.lines.between(Mark { line: first.mark.line, column: 1 }, first.mark)?;
        before.chars().all(|c| c == ' ' || c == '-').then(|| {
            let newline = self.lines.newline();
            Edit::new(self.file, first.mark, first.mark, format!("{text}{newline}{indent}"))
        })
    }

    /// Takes a key and its value out of a mapping of lines.
    pub(crate) fn remove(&self, mapping: &Node, entry: &Entry) -> Option<Edit> {
        let before = self.lines.between(Mark { line: entry.mark.line, column: 1 }, entry.mark)?;
        if before.chars().all(|c| c == ' ') {
            let end = last(&entry.value).max(entry.end);
            return Some(Edit::new(self.file, Mark { line: entry.mark.line, column: 1 }, Mark { line: end.line + 1, column: 1 }, ""))
                .filter(|edit| self.lines.offset(edit.end()).is_some() && !self.is_flow(mapping));
        }
        // The first key of a list item: the next one takes its place behind the dash.
        let next = mapping.entries().iter().map(|other| other.mark).find(|mark| *mark > entry.mark)?;
        let alone = before.chars().all(|c| c == ' ' || c == '-') && next.line > entry.mark.line && next.column == entry.mark.column;
        alone.then(|| Edit::new(self.file, entry.mark, next, ""))
    }

    /// Takes an item out of a list of lines.
    pub(crate) fn remove_item(&self, item: &Node) -> Option<Edit> {
        let before = self.lines.between(Mark { line: item.mark.line, column: 1 }, item.mark)?;
        (before.trim() == "-")
            .then(|| Edit::new(self.file, Mark { line: item.mark.line, column: 1 }, Mark { line: last(item).line + 1, column: 1 }, ""))
    }

    pub(crate) fn is_flow(&self, mapping: &Node) -> bool {
        let next = Mark { column: mapping.mark.column + 1, ..mapping.mark };
        matches!(self.lines.between(mapping.mark, next), Some("{" | "["))
    }

    /// Takes `old` out of `from` and puts `new` where it was, once.
    pub(crate) fn within(&self, node: &Node, old: &str, new: &str) -> Option<Edit> {
        let raw = self.raw(node)?;
        let at = raw.find(old).filter(|at| !raw[at + old.len()..].contains(old))?;
        let breaks = source::lines(&raw[..at]);
        let before = breaks.last().copied().unwrap_or_default();
        let further = u32::try_from(raw[..at].matches('\n').count()).ok()?;
        let characters = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let column = match further {
            0 => node.mark.column + characters(before),
            _ if raw[..at].ends_with('\n') => 1,
            _ => characters(before) + 1,
        };
        let from = Mark { line: node.mark.line + further, column };
        let to = Mark { column: column + characters(old), ..from };
        (self.lines.between(from, to) == Some(old)).then(|| Edit::new(self.file, from, to, new))
    }
}

/// The end of a value; a text of several lines ends with its last one.
pub(crate) fn last(node: &Node) -> Mark {
    if node.end.column == 1 && node.end.line > node.mark.line {
        return Mark { line: node.end.line - 1, column: u32::MAX };
    }
    node.end
}
