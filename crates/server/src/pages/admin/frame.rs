use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
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

/// An instructor or administrator who looks at a page. Nobody is sent to the login, and comes back here; those who are not
/// staff get the same answer as the API gives them.
pub(super) struct Staff(pub CurrentUser);

impl FromRequestParts<AppState> for Staff {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Ok(Visitor(caller)) = Visitor::from_request_parts(parts, state).await;
        let caller = caller.ok_or_else(|| Redirect::to(&format!("/login?next={}", parts.uri.path())).into_response())?;
        caller.require_staff().map_err(IntoResponse::into_response)?;
        Ok(Self(caller))
    }
}
