//! The files of a deployment: which there are, what they say, and where each object begins.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use maru_model::Text;

use crate::diagnostic::text;
use crate::edit::Lines;
use crate::object::Object;
use crate::yaml::{Node, Value};
use crate::{Diagnostic, Mark, syntax, yaml};

/// Contents by path; paths are relative and use `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

pub(crate) struct Sources<'a> {
    files: &'a Files,
    /// Files whose mistakes have been said.
    said: BTreeSet<String>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(files: &'a Files) -> Self {
        Self { files, said: BTreeSet::new() }
    }

    pub(crate) fn has_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    pub(crate) fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || {
            let prefix = format!("{path}/");
            self.files.range(prefix.clone()..).next().is_some_and(|(found, _)| found.starts_with(&prefix))
        }
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.files.keys().map(String::as_str)
    }

    pub(crate) fn text(&self, path: &str) -> Cow<'a, str> {
        self.files.get(path).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default()
    }

    /// The documents of a file, without empty ones; its mistakes are said the first time.
    pub(crate) fn documents(&mut self, path: &str, out: &mut Vec<Diagnostic>) -> Vec<Node> {
        let Some(bytes) = self.files.get(path) else { return Vec::new() };
        let first = self.said.insert(path.to_owned());
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}'),
            Err(error) => {
                if first {
                    out.push(not_utf8(path, bytes, error.valid_up_to()));
                }
                return Vec::new();
            }
        };
        if let Some(found) = syntax::foreign_spaces(path, text) {
            out.extend(Some(found).filter(|_| first));
            return Vec::new();
        }
        let parsed = yaml::parse(text);
        if first {
            out.extend(syntax::duplicates(&parsed.duplicates, path));
            out.extend(parsed.error.iter().map(|error| syntax::explain(error, path, text)));
        }
        parsed.documents.into_iter().filter(|node| !node.is_null()).collect()
    }

    /// The objects of a file; `kind: List` is opened.
    pub(crate) fn objects(&mut self, path: &str, out: &mut Vec<Diagnostic>) -> Vec<Object> {
        let mut found = Vec::new();
        let text = Arc::new(Lines::new(&self.text(path)));
        for document in self.documents(path, out) {
            if !matches!(document.value, Value::Map(_)) {
                out.push(not_an_object().at(path, document.mark));
            } else if document.get("kind").and_then(Node::str).is_some_and(|kind| kind.ends_with("List")) && document.get("items").is_some()
            {
                found.extend(
                    document
                        .get("items")
                        .map(Node::items)
                        .unwrap_or_default()
                        .iter()
                        .cloned()
                        .map(|item| Object::new(path, item).in_text(&text)),
                );
            } else {
                found.push(Object::new(path, document).in_text(&text));
            }
        }
        found
    }
}

pub(crate) fn not_an_object() -> Diagnostic {
    Diagnostic::error(
        "not_an_object",
        Text::new(
            "This is not a Kubernetes object: it has no `apiVersion:` and `kind:`",
            "Kubernetes 오브젝트가 아닙니다. `apiVersion:` 과 `kind:` 가 없습니다",
        ),
    )
    .fix(Text::new(
        "Begin it with `apiVersion:` and `kind:`, or move the file out of this folder",
        "`apiVersion:` 과 `kind:` 로 시작하거나, 파일을 이 폴더 밖으로 옮기세요",
    ))
}

fn not_utf8(path: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let before = String::from_utf8_lossy(&bytes[..at]);
    let lines = lines(&before);
    let (line, column) = match lines.last() {
        Some(last) if !before.ends_with(['\n', '\r']) => (lines.len(), last.chars().count() + 1),
        _ => (lines.len() + 1, 1),
    };
    let mark = Mark { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) };
    let byte = bytes.get(at).copied().unwrap_or_default();
    Diagnostic::error(
        "not_utf8",
        text!("This file is not UTF-8 text (byte 0x{byte:02x})", "이 파일은 UTF-8 텍스트가 아닙니다 (바이트 0x{byte:02x})"),
    )
    .at(path, mark)
    .fix(Text::new("Save it again with the encoding UTF-8", "인코딩을 UTF-8 로 하여 다시 저장하세요"))
}

/// The lines of a text as YAML and editors break it: a carriage return alone ends one too.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['\n', '\r']) {
        lines.push(&rest[..at]);
        rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` seen from `folder`, without `.` and `..`; `None` where it leads out.
pub(crate) fn normal(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

pub(crate) fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.starts_with('.') && [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}
