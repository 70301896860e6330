use axum::extract::OriginalUri;
use axum::response::{IntoResponse, Redirect, Response};
use maru_model::{Lang, Role};

use crate::auth::CurrentUser;
use crate::pages::Visitor;
use crate::state::AppState;

/// What stands around every page of the administration.
pub(super) struct Frame {
    pub lang: &'static str,
    /// Of who looks.
    pub name: String,
    pub admin: bool,
    pub tab: &'static str,
    /// What the server cannot do as it should.
    pub warnings: Vec<String>,
}

impl Frame {
    pub fn new(state: &AppState, caller: &CurrentUser, lang: Lang, tab: &'static str) -> Self {
        let warnings = if tab == "users" { crate::fences::warnings(&state.engine) } else { Vec::new() };
        Self {
            lang: lang.as_str(),
            name: caller.user.name.clone(),
            admin: caller.user.role == Role::Admin,
            tab,
            warnings: warnings.iter().map(|text| text.get(lang).to_owned()).collect(),
        }
    }

    pub fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        crate::pages::pick(self.lang, en, ko)
    }
}

/// Nobody is sent to the login, and comes back here. Those who are not staff get the same answer as the API gives them.
pub(super) fn staff(visitor: Visitor, OriginalUri(uri): &OriginalUri) -> Result<CurrentUser, Response> {
    let Some(caller) = visitor.0 else {
        return Err(Redirect::to(&format!("/login?next={}", uri.path())).into_response());
    };
    caller.require_staff().map_err(IntoResponse::into_response)?;
    Ok(caller)
}
