//! Texts of a project, and places in them.

use std::borrow::Cow;

use maru_manifest::{Edit, Mark};

/// A file that was read.
pub(super) struct Source<'a> {
    pub path: &'a str,
    pub text: Cow<'a, str>,
}

/// Folders of what others wrote, and of tests, which listen as they please.
const ASIDE: [&str; 11] =
    ["node_modules", "vendor", "venv", ".venv", "dist", "build", "target", "test", "tests", "__tests__", "__pycache__"];

impl<'a> Source<'a> {
    /// `None` for what is no text of the program's own.
    pub fn of(path: &'a str, bytes: &'a [u8]) -> Option<Self> {
        let aside = path.split('/').any(|part| ASIDE.contains(&part));
        let name = path.rsplit('/').next().unwrap_or(path);
        let test = name.starts_with("test_") || name.contains(".test.") || name.contains("_test.") || name.contains(".spec.");
        (!aside && !test && !bytes.contains(&0)).then(|| Self { path, text: String::from_utf8_lossy(bytes) })
    }

    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    pub fn ends_with(&self, ends: &[&str]) -> bool {
        ends.iter().any(|end| self.path.ends_with(end))
    }

    /// Line and column of a byte.
    pub fn mark(&self, at: usize) -> Mark {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Mark { line: number(before.matches('\n').count() + 1), column: number(line.chars().count() + 1) }
    }

    /// True where what is at `at` is behind the sign of a comment.
    pub fn is_comment(&self, at: usize) -> bool {
        let line = self.text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
        let line = line.trim_start();
        line.starts_with('#') || line.starts_with("//") || line.starts_with('*') || line.starts_with("/*")
    }

    /// Other words for the bytes of a range.
    pub fn edit(&self, from: usize, to: usize, text: impl Into<String>) -> Edit {
        let (from, to) = (self.mark(from), self.mark(to));
        Edit {
            file: self.path.to_owned(),
            line: from.line,
            column: from.column,
            end_line: to.line,
            end_column: to.column,
            text: text.into(),
        }
    }
}

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
