//! What a check says.

use maru_model::{Lang, Text};
use serde::{Deserialize, Serialize};

use crate::Edit;

/// A place in a text; both count from 1. 0 where a finding has no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark {
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot work, or is not allowed.
    Error,
    /// It works, or seems to, and is likely not what was meant.
    Warning,
    /// Worth knowing.
    Info,
}

/// One finding, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable name of this kind of finding, such as `unknown_field`.
    pub code: String,
    pub message: Text,
    /// Relative to the folder that was checked; empty where the finding is about no file.
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// Path of the field, such as `spec.template.spec.containers[0].image`; empty for a whole file.
    pub path: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<Text>,
    /// What does so, where it is beyond doubt: to be made together.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub edits: Vec<Edit>,
}

/// A [`Diagnostic`] as the contract has it, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiagnosticView<'a> {
    pub severity: Severity,
    pub code: &'a str,
    pub message: &'a str,
    pub file: &'a str,
    pub line: u32,
    pub column: u32,
    pub path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Edit]>::is_empty")]
    pub edits: &'a [Edit],
}

impl Diagnostic {
    #[must_use]
    pub fn new(severity: Severity, code: &str, message: Text) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            message,
            file: String::new(),
            line: 0,
            column: 0,
            path: String::new(),
            fix: None,
            edits: Vec::new(),
        }
    }

    #[must_use]
    pub fn error(code: &str, message: Text) -> Self {
        Self::new(Severity::Error, code, message)
    }

    #[must_use]
    pub fn warning(code: &str, message: Text) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    #[must_use]
    pub fn info(code: &str, message: Text) -> Self {
        Self::new(Severity::Info, code, message)
    }

    #[must_use]
    pub fn at(mut self, file: &str, mark: Mark) -> Self {
        file.clone_into(&mut self.file);
        self.line = mark.line;
        self.column = mark.column;
        self
    }

    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    #[must_use]
    pub fn fix(mut self, fix: Text) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Edits that are the fix; none where what is given is empty.
    #[must_use]
    pub fn edits(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.edits.extend(edits);
        self
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    #[must_use]
    pub fn view(&self, lang: Lang) -> DiagnosticView<'_> {
        DiagnosticView {
            severity: self.severity,
            code: &self.code,
            message: self.message.get(lang),
            file: &self.file,
            line: self.line,
            column: self.column,
            path: &self.path,
            fix: self.fix.as_ref().map(|fix| fix.get(lang)),
            edits: &self.edits,
        }
    }
}

/// A Kubernetes object by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    /// Empty where the manifest names none.
    pub namespace: String,
}

/// The outcome of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Nothing is an error.
    pub ok: bool,
    pub diagnostics: Vec<Diagnostic>,
    pub objects: Vec<ObjectRef>,
}

impl Report {
    /// Sorts by place and removes what was said twice.
    pub(crate) fn new(mut diagnostics: Vec<Diagnostic>, objects: Vec<ObjectRef>) -> Self {
        diagnostics.sort_by(|a, b| {
            (&a.file, a.line, a.column, a.severity, &a.code, &a.path).cmp(&(&b.file, b.line, b.column, b.severity, &b.code, &b.path))
        });
        diagnostics.dedup();
        Self { ok: !diagnostics.iter().any(Diagnostic::is_error), diagnostics, objects }
    }

    /// The contract's JSON, in one language.
    #[must_use]
    pub fn to_json(&self, lang: Lang) -> serde_json::Value {
        let diagnostics: Vec<_> = self.diagnostics.iter().map(|d| d.view(lang)).collect();
        serde_json::json!({ "ok": self.ok, "diagnostics": diagnostics, "objects": self.objects })
    }
}

/// Both languages of one message, with the same values filled in.
macro_rules! text {
    ($en:literal, $ko:literal) => {
        maru_model::Text::new(format!($en), format!($ko))
    };
}
pub(crate) use text;
