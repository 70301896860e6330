use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::admin::Entry;
use super::{Visitor, render};
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::state::AppState;

/// Entries of the log that are shown.
const SHOWN: i64 = 100;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    lang: &'static str,
    login: String,
    name: String,
    /// Somebody of the staff, who came from the administration perhaps.
    staff: bool,
    /// A password of one's own is due.
    due: bool,
    entries: Vec<Entry>,
}

impl AccountPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        super::pick(self.lang, en, ko)
    }
}

pub async fn page(State(state): State<AppState>, visitor: Visitor, Lang(lang): Lang) -> ApiResult<Response> {
    let Some(caller) = visitor.0 else { return Ok(Redirect::to("/login?next=/account").into_response()) };
    let staff = caller.require_staff().is_ok();
    let user = caller.user;
    let entries = state.store.audit_about(&user.id, "", SHOWN).await?;
    let page = AccountPage {
        lang: lang.as_str(),
        login: user.login.to_string(),
        staff,
        name: user.name,
        due: user.password_given,
        entries: entries.into_iter().map(|entry| Entry::new(entry, lang)).collect(),
    };
    Ok(render(&page)?.into_response())
}
