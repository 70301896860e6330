use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maru_store::audit::AuditEntry;
use serde::Deserialize;

use super::frame::{Frame, Staff};
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::pages::render;
use crate::routes;
use crate::state::AppState;

const SHOWN: i64 = 100;

/// A line of the log, in words.
pub struct Entry {
    pub at: String,
    pub actor: String,
    pub subject: String,
    pub text: String,
    pub detail: String,
}

impl Entry {
    pub fn new(entry: AuditEntry, lang: maru_model::Lang) -> Self {
        Self {
            at: Timestamp::from_millisecond(entry.at).unwrap_or_default().to_string(),
            text: routes::audit_words(&entry.action).get(lang).to_owned(),
            actor: entry.actor,
            subject: entry.subject,
            detail: entry.detail,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    frame: Frame,
    q: String,
    entries: Vec<Entry>,
    /// Where there are more.
    older: Option<String>,
}

impl AuditPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    cursor: String,
}

pub async fn page(
    State(state): State<AppState>,
    Staff(caller): Staff,
    Query(wanted): Query<Wanted>,
    Lang(lang): Lang,
) -> ApiResult<Response> {
    let entries = state.store.audit_seen_by(&caller.user, &wanted.q, &wanted.cursor, SHOWN).await?;
    let full = i64::try_from(entries.len()).ok() == Some(SHOWN);
    let older = entries.last().filter(|_| full).map(|last| {
        let query = query_string(&[("q", &wanted.q), ("cursor", &last.id)]);
        format!("/admin/audit?{query}")
    });
    let entries = entries.into_iter().map(|entry| Entry::new(entry, lang)).collect();
    Ok(render(&AuditPage { frame: Frame::new(&state, &caller, lang, "audit"), q: wanted.q, entries, older })?.into_response())
}

/// A query string: all but letters and digits in hexadecimal.
fn query_string(pairs: &[(&str, &String)]) -> String {
    let encode = |text: &str| {
        text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}
