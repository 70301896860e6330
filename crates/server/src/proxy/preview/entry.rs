//! The way in: from the preview's host to the IDE's, which knows who this is, and back with a ticket.

use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Uri};
use maru_model::{Login, Text};
use serde::Deserialize;

use super::permission::{self, Grant};
use super::permits::{Holder, PASS, Place};
use super::place::preview_port;
use super::{Refusal, pages};
use crate::auth::{CurrentUser, SESSION_COOKIE, Via};
use crate::error::{ApiError, ApiResult};
use crate::lang::cookie;
use crate::proxy::cookies::{FRAMED_COOKIE, PREVIEW_COOKIE};
use crate::state::AppState;

/// Ours on every preview's host.
pub(super) const ENTER: &str = "/.maru/enter";

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Whose workspace; the caller's own where nothing is said.
    login: Option<String>,
    #[serde(default)]
    next: String,
}

/// Sends the browser to a preview, with a ticket for it.
pub(super) async fn open(
    State(state): State<AppState>,
    caller: Result<CurrentUser, ApiError>,
    uri: OriginalUri,
    headers: HeaderMap,
    Path(port): Path<String>,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Response> {
    let caller = match caller {
        Ok(caller) => caller,
        Err(_) if wants_page(&Method::GET, &headers) => {
            let here: String = form_urlencoded(uri.0.path_and_query().map_or("/", |p| p.as_str()));
            return Ok(Redirect::to(&format!("/login?next={here}")).into_response());
        }
        Err(error) => return Err(error),
    };
    match ticket(&state, &caller, &headers, &port, &wanted).await {
        Err(error) if error.is_not_found() && wants_page(&Method::GET, &headers) => {
            Ok(pages::not_yours().answer(&headers).map(axum::body::Body::from))
        }
        other => other,
    }
}

async fn ticket(state: &AppState, caller: &CurrentUser, headers: &HeaderMap, port: &str, wanted: &Wanted) -> ApiResult<Response> {
    let port = preview_port(port).ok_or_else(ApiError::not_found)?;
    let owner = match &wanted.login {
        Some(login) => {
            let login = Login::parse(login.as_str()).map_err(|_| ApiError::not_found())?;
            state.store.user_by_login(&login).await?.ok_or_else(ApiError::not_found)?
        }
        None => caller.user.clone(),
    };
    let holder = match &caller.via {
        Via::Token(token) => Some(Holder::token(token)),
        Via::Session => cookie(headers, SESSION_COOKIE).map(Holder::session),
        Via::Workspace => None,
    };
    let holder = holder.ok_or_else(|| {
        ApiError::forbidden(Text::new(
            "Previews are opened in a browser, not from inside a workspace.",
            "미리보기는 작업 공간 안이 아니라 브라우저에서 엽니다.",
        ))
    })?;
    let place = Place { owner: owner.id.clone(), port };
    let permission = permission::decide(state, &place, Some(caller.user.clone())).await?;
    let grant = permission.grant.ok_or_else(ApiError::not_found)?;
    if grant == Grant::Staff {
        state.store.audit(&caller.user.id, Some(&owner.id), "preview.open", &port.to_string()).await?;
    }
    let ticket = state.proxies.permits.ticket(place, holder);
    let base = state.config.preview_url(&owner.login, port);
    let target = format!("{}{ENTER}?ticket={ticket}&next={}", base.trim_end_matches('/'), form_urlencoded(inside(&wanted.next)));
    let mut response = Redirect::to(&target).into_response();
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// On the preview's host: a ticket becomes a cookie.
pub(super) fn enter(state: &AppState, place: Option<&Place>, uri: &Uri) -> Result<Response, Refusal> {
    #[derive(Deserialize)]
    struct Entry {
        ticket: String,
        #[serde(default)]
        next: String,
    }
    let entry = Query::<Entry>::try_from_uri(uri).ok();
    let pass = entry.as_ref().zip(place).and_then(|(entry, place)| state.proxies.permits.enter(&entry.ticket, place));
    let (Some(Query(entry)), Some(pass)) = (entry, pass) else { return Err(pages::spent().into()) };
    let mut response = Redirect::to(&as_location(inside(&entry.next))).into_response();
    let age = PASS.as_secs();
    // Browsers take a host under localhost for safe, as they do https.
    let safe = state.config.url_scheme() == "https" || state.config.preview_domain.ends_with(".localhost");
    let secure = if state.config.url_scheme() == "https" { "; Secure" } else { "" };
    let mut set = vec![format!("{PREVIEW_COOKIE}={pass}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")];
    if safe {
        set.push(format!("{FRAMED_COOKIE}={pass}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age={age}"));
    }
    for value in set.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// To the IDE for a ticket, or, for a program, words.
pub(super) fn challenge(state: &AppState, method: &Method, headers: &HeaderMap, uri: &Uri, port: u16, login: &Login) -> Refusal {
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let open = format!("{}/api/v1/workspace/ports/{port}/open?login={login}&next={}", state.config.url, form_urlencoded(path));
    if wants_page(method, headers) { Refusal::Go(open) } else { pages::private(&open).into() }
}

pub(super) fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    matches!(*method, Method::GET | Method::HEAD) && accepts && !headers.contains_key(header::UPGRADE)
}

/// A path of the same host, so that nobody is led elsewhere. Browsers drop tabs and line ends wherever they are.
fn inside(next: &str) -> &str {
    let elsewhere = next.starts_with("//") || next.contains('\\') || next.contains(char::is_control);
    if next.starts_with('/') && !elsewhere && !next.starts_with(ENTER) { next } else { "/" }
}

/// What was taken out of a query, as a header takes it.
fn as_location(path: &str) -> String {
    encode(path, |byte| byte.is_ascii_graphic())
}

/// As a value in a query.
pub(crate) fn form_urlencoded(text: &str) -> String {
    encode(text, |byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte))
}

fn encode(text: &str, stays: impl Fn(u8) -> bool) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if stays(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(inside("/a?b=c"), "/a?b=c");
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nSet-Cookie: a=b",
            " //evil.example",
            "javascript:alert(1)",
            "/.maru/enter?ticket=x",
        ] {
            assert_eq!(inside(elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(form_urlencoded("/a b?c=ㄱ&d"), "/a%20b%3Fc%3D%E3%84%B1%26d");
        assert_eq!(as_location("/a b?c=ㄱ&d=%20"), "/a%20b?c=%E3%84%B1&d=%20");
    }

    proptest::proptest! {
        #[test]
        fn nowhere_else_whatever_is_asked(next in "[/\\\\a.:?#@가 \t\n-]{0,12}", text in ".{0,20}") {
            let to = as_location(inside(&next));
            proptest::prop_assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('\\'), "{:?}", to);
            proptest::prop_assert!(http::HeaderValue::from_str(&to).is_ok(), "{:?}", to);
            let encoded = form_urlencoded(&text);
            proptest::prop_assert!(encoded.bytes().all(|b| b.is_ascii_graphic() && !b"&?#=+\"".contains(&b)), "{}", encoded);
        }
    }
}
