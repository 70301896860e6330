use axum::extract::FromRequestParts;
use base64::Engine as _;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use maru_model::{Login, Text};
use maru_store::Store;
use maru_store::users::{CredentialKind, User};

use super::secret;
use crate::error::ApiError;
use crate::lang::cookie;
use crate::state::AppState;

pub const SESSION_COOKIE: &str = "maru_session";

/// The mark that the server puts on requests that came through a workspace's own stream.
#[derive(Debug, Clone)]
pub struct WorkspaceCaller(pub Login);

/// How the caller is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    Session,
    Token(String),
    Workspace,
}

/// The user who makes the request.
#[derive(Debug, Clone)]
pub struct CurrentUser {
    pub user: User,
    pub via: Via,
}

impl CurrentUser {
    /// Who this is, or `None` where nobody is named or the name is not proved.
    async fn find(store: &Store, parts: &Parts) -> Result<Option<Self>, ApiError> {
        if let Some(WorkspaceCaller(login)) = parts.extensions.get() {
            let user = store.user_by_login(login).await?.filter(|user| !user.disabled);
            return Ok(user.map(|user| Self { user, via: Via::Workspace }));
        }
        if let Some(token) = bearer(&parts.headers) {
            let user = store.user_by_credential(&secret::hash(&token), CredentialKind::Token).await?;
            return Ok(user.map(|user| Self { user, via: Via::Token(token) }));
        }
        if let Some(session) = cookie(&parts.headers, SESSION_COOKIE) {
            let user = store.user_by_credential(&secret::hash(session), CredentialKind::Session).await?;
            return Ok(user.map(|user| Self { user, via: Via::Session }));
        }
        Ok(None)
    }

    /// # Errors
    /// 403 for those who are not instructors or administrators.
    pub fn require_staff(&self) -> Result<(), ApiError> {
        if self.user.role >= maru_model::Role::Instructor {
            return Ok(());
        }
        Err(ApiError::forbidden(Text::new("Only instructors and administrators may do this.", "강사와 관리자만 할 수 있습니다.")))
    }
}

/// A bearer token, or one sent as the password of basic authentication (git and kubectl do that).
pub fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        return decoded.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

impl FromRequestParts<AppState> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let found = Self::find(&state.store, parts).await?.ok_or_else(ApiError::unauthenticated)?;
        if found.via == Via::Session {
            check_browser(&parts.method, &parts.headers, &state.config.url_origin())?;
        }
        Ok(found)
    }
}

/// A cookie is sent by the browser whoever made the page: so what changes something must carry a header that only our
/// own pages can add (`X-Maru-CSRF`), and what names an origin (WebSockets always do) must name ours.
fn check_browser(method: &Method, headers: &HeaderMap, our_origin: &str) -> Result<(), ApiError> {
    let refused = || {
        ApiError::new(
            http::StatusCode::FORBIDDEN,
            "csrf",
            Text::new("This request did not come from Maru's own page.", "Maru 화면에서 보낸 요청이 아닙니다."),
        )
        .fix(Text::new("Reload the page and try again.", "화면을 새로 고침한 뒤 다시 시도하세요."))
    };
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or(""));
    // The host the browser asked is ours as well: 127.0.0.1 for localhost, say. Apps and previews never come here.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let is_ours = |origin: &str| origin == our_origin || origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    if origin.is_some_and(|origin| !is_ours(origin)) {
        return Err(refused());
    }
    let upgrade = headers.contains_key(header::UPGRADE);
    if upgrade && origin.is_none() {
        return Err(refused());
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !headers.contains_key("x-maru-csrf") {
        return Err(refused());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn tokens_come_as_bearer_or_basic_password() {
        assert_eq!(bearer(&headers(&[("authorization", "Bearer abc")])), Some("abc".to_owned()));
        assert_eq!(bearer(&headers(&[("authorization", "Basic bWluYTphYmM=")])), Some("abc".to_owned()));
        assert_eq!(bearer(&headers(&[("authorization", "Basic ???")])), None);
        assert_eq!(bearer(&headers(&[])), None);
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_taken(value in "(Bearer|Basic|bearer| |:|=|[A-Za-z0-9+/]|[ -~]){0,20}") {
            let _ = bearer(&headers(&[("authorization", &value), ("cookie", &value)]));
            let _ = cookie(&headers(&[("cookie", &value)]), SESSION_COOKIE);
        }
    }

    #[test]
    fn browsers_prove_that_the_page_is_ours() {
        let ours = "http://localhost:8080";
        let own = ("origin", ours);
        let csrf = ("x-maru-csrf", "1");
        assert!(check_browser(&Method::GET, &headers(&[]), ours).is_ok());
        assert!(check_browser(&Method::POST, &headers(&[own, csrf]), ours).is_ok());
        assert!(check_browser(&Method::POST, &headers(&[own]), ours).is_err());
        assert!(check_browser(&Method::POST, &headers(&[("origin", "http://evil.example"), csrf]), ours).is_err());
        assert!(check_browser(&Method::GET, &headers(&[("upgrade", "websocket")]), ours).is_err());
        assert!(check_browser(&Method::GET, &headers(&[("upgrade", "websocket"), own]), ours).is_ok());
    }
}
