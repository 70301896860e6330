use askama::Template;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{Visitor, render};
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::routes::session;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    lang: &'static str,
    error: Option<String>,
    next: String,
}

impl LoginPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        super::pick(self.lang, en, ko)
    }
}

#[derive(Deserialize)]
pub struct Target {
    #[serde(default)]
    next: String,
}

/// Only paths of this very site, or a login could be made to end on somebody else's page.
fn inside(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.contains(char::is_control);
    if inside { next } else { "/ide" }
}

pub async fn page(visitor: Visitor, Lang(lang): Lang, Query(target): Query<Target>) -> ApiResult<Response> {
    if visitor.0.is_some() {
        return Ok(Redirect::to(inside(&target.next)).into_response());
    }
    Ok(render(&LoginPage { lang: lang.as_str(), error: None, next: inside(&target.next).to_owned() })?.into_response())
}

#[derive(Deserialize)]
pub struct Filled {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub async fn submit(
    State(state): State<AppState>,
    Lang(lang): Lang,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> ApiResult<Response> {
    let from_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    let next = inside(&filled.next).to_owned();
    if let (false, Some(user)) = (from_elsewhere, session::check(&state.store, &filled.login, filled.password).await?) {
        // Whose password was given by somebody else is asked for another first.
        let mut answer = Redirect::to(if user.password_given { "/account" } else { &next }).into_response();
        answer.headers_mut().insert(header::SET_COOKIE, session::start_session(&state, &user).await?);
        return Ok(answer);
    }
    let error = super::pick(
        lang.as_str(),
        "The login or the password is wrong. Check both; your instructor can give you a new password.",
        "아이디 또는 비밀번호가 맞지 않습니다. 다시 확인하세요. 새 비밀번호는 강사에게 받을 수 있습니다.",
    );
    let page = render(&LoginPage { lang: lang.as_str(), error: Some(error.to_owned()), next })?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

impl From<axum::extract::rejection::FormRejection> for ApiError {
    fn from(rejection: axum::extract::rejection::FormRejection) -> Self {
        Self::bad_request(maru_model::Text::verbatim(rejection.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn only_our_own_pages_follow_a_login() {
        assert_eq!(inside("/admin?x=1"), "/admin?x=1");
        for elsewhere in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb"] {
            assert_eq!(inside(elsewhere), "/ide");
        }
    }
}
