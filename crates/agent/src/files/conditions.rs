//! `If-Match` and `If-None-Match` of whoever replaces a file (RFC 9110, 13.1).

use http::{HeaderMap, header};

use super::names;
use crate::AgentError;

/// What the caller says must be there for the save to go on.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    if_match: Option<String>,
    must_be_new: bool,
}

impl Conditions {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, AgentError> {
        let text = |name| -> Result<Option<String>, AgentError> {
            headers
                .get(&name)
                .map(|v: &http::HeaderValue| v.to_str().map(str::to_owned).map_err(|_| AgentError::Request(format!("{name}: not ASCII"))))
                .transpose()
        };
        let must_be_new = match text(header::IF_NONE_MATCH)?.as_deref().map(str::trim) {
            None => false,
            Some("*") => true,
            Some(_) => return Err(AgentError::Request("If-None-Match: a save takes * only".to_owned())),
        };
        Ok(Self { if_match: text(header::IF_MATCH)?, must_be_new })
    }

    pub(super) fn hold(&self, present: Option<&str>) -> bool {
        let matches = match (self.if_match.as_deref(), present) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(list), Some(tag)) => list.trim() == "*" || names(list, tag),
        };
        matches && !(self.must_be_new && present.is_some())
    }

    pub(super) fn none(&self) -> bool {
        self.if_match.is_none() && !self.must_be_new
    }
}

#[cfg(test)]
mod tests {
    use super::Conditions;

    #[test]
    fn conditions() {
        let only = |if_match: Option<&str>, must_be_new| Conditions { if_match: if_match.map(str::to_owned), must_be_new };
        assert!(only(None, false).hold(None) && only(None, false).hold(Some("\"a\"")));
        assert!(only(Some("\"a\""), false).hold(Some("\"a\"")));
        assert!(only(Some("\"b\", \"a\""), false).hold(Some("\"a\"")));
        assert!(!only(Some("\"a\""), false).hold(Some("\"b\"")));
        assert!(!only(Some("\"a\""), false).hold(None));
        assert!(!only(Some("*"), false).hold(None));
        assert!(only(None, true).hold(None));
        assert!(!only(None, true).hold(Some("\"a\"")));
    }
}
