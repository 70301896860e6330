use maru_model::{Lang, Text};
use serde::{Deserialize, Serialize};

/// The body of an error, `application/problem+json` (RFC 9457), in the reader's language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// A word for programs, in snake case; never translated.
    pub code: String,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<String>,
    /// Members of this kind of problem only.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    pub const CONTENT_TYPE: &'static str = "application/problem+json";

    #[must_use]
    pub fn new(lang: Lang, status: u16, code: &str, title: &Text, detail: &Text) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: title.get(lang).to_owned(),
            status,
            code: code.to_owned(),
            detail: detail.get(lang).to_owned(),
            fix: None,
            extra: serde_json::Map::new(),
        }
    }

    #[must_use]
    pub fn with_fix(mut self, lang: Lang, fix: &Text) -> Self {
        self.fix = Some(fix.get(lang).to_owned());
        self
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }
}
