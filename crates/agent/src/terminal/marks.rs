//! What a shell tells about itself between the lines: where it is (OSC 7), and where prompts, commands and their ends
//! are (OSC 133).

use std::path::Path;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// As the shell says it, so with the links by which it got there.
    cwd: Option<String>,
    last_exit_code: Option<i32>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// No mark has come: a shell without the integration, or a program that is none.
    #[default]
    Unknown,
    Prompt,
    Running,
}

impl Marks {
    pub(crate) fn cwd(&self) -> Option<&str> {
        self.cwd.as_deref()
    }

    pub(crate) fn last_exit_code(&self) -> Option<i32> {
        self.last_exit_code
    }

    /// None where the shell does not tell.
    pub(crate) fn running(&self) -> Option<bool> {
        match self.phase {
            Phase::Unknown => None,
            Phase::Prompt => Some(false),
            Phase::Running => Some(true),
        }
    }

    /// Takes the parameters of an OSC, which a VT has cut at every `;`.
    pub(crate) fn osc(&mut self, parameters: &[&[u8]]) {
        match parameters {
            [b"7", rest @ ..] => {
                if let Some(cwd) = path_of(&rest.join(&b';')) {
                    self.cwd = Some(cwd);
                }
            }
            [b"133", b"A" | b"B", ..] => self.phase = Phase::Prompt,
            [b"133", b"C", ..] => self.phase = Phase::Running,
            [b"133", b"D", rest @ ..] => {
                self.phase = Phase::Prompt;
                // Without a code, the command was never run (an interrupted line).
                if let Some(code) = rest.first().and_then(|code| std::str::from_utf8(code).ok()?.parse().ok()) {
                    self.last_exit_code = Some(code);
                }
            }
            _ => {}
        }
    }
}

/// The path of a `file://host/path`; none of anything else.
fn path_of(url: &[u8]) -> Option<String> {
    let rest = url.strip_prefix(b"file://")?;
    let path = &rest[rest.iter().position(|&b| b == b'/')?..];
    let mut bytes = Vec::with_capacity(path.len());
    let mut at = 0;
    while at < path.len() {
        let hex = (path[at] == b'%').then(|| std::str::from_utf8(path.get(at + 1..at + 3)?).ok()).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                at += 3;
            }
            None => {
                bytes.push(path[at]);
                at += 1;
            }
        }
    }
    let path = String::from_utf8(bytes).ok()?;
    (Path::new(&path).is_absolute() && !path.chars().any(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(oscs: &[&str]) -> Marks {
        let mut marks = Marks::default();
        for osc in oscs {
            marks.osc(&osc.split(';').map(str::as_bytes).collect::<Vec<_>>());
        }
        marks
    }

    #[test]
    fn a_command_begins_and_ends() {
        assert_eq!(after(&[]).running(), None);
        assert_eq!(after(&["133;A", "133;B"]).running(), Some(false));
        assert_eq!(after(&["133;A", "133;C"]).running(), Some(true));
        let ended = after(&["133;C", "133;D;130", "133;A"]);
        assert_eq!((ended.running(), ended.last_exit_code()), (Some(false), Some(130)));
        assert_eq!(after(&["133;D;1", "133;D"]).last_exit_code(), Some(1));
        assert_eq!(after(&["133;D;x"]).last_exit_code(), None);
    }

    #[test]
    fn a_folder_is_a_path_of_a_url() {
        let cwd = |osc: &str| after(&[osc]).cwd().map(str::to_owned);
        assert_eq!(cwd("7;file://host/home/student/a%20b").as_deref(), Some("/home/student/a b"));
        assert_eq!(cwd("7;file:///%ED%95%9C;글").as_deref(), Some("/한;글"));
        assert_eq!(cwd("7;file:///100%").as_deref(), Some("/100%"));
        assert_eq!(cwd("7;file:///a%0ab"), None);
        assert_eq!(cwd("7;file:///%ff"), None);
        assert_eq!(cwd("7;http://host/x"), None);
        assert_eq!(cwd("7;file://host"), None);
        assert_eq!(cwd("8;;file:///x"), None);
    }
}
