//! `PORT--LOGIN.preview.localhost`: a program's port in a workspace, for those who may see it.
//!
//! ```text
//! browser                     preview host                      IDE host
//!   ├─ GET / ───────────────────>│ no pass
//!   │<─ 302 …/ports/8000/open ───┤
//!   ├─ GET /api/v1/workspace/ports/8000/open (IDE cookie) ─────────>│ may they?
//!   │<─ 302 /.maru/enter?ticket=… ─────────────────────────────────┤
//!   ├─ GET /.maru/enter ────────>│ ticket -> a cookie of this host
//!   │<─ 302 / ───────────────────┤
//! ```

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use maru_gateway::Page;
use maru_model::{Login, Role, Text};
use maru_store::users::User;
use maru_workspace::{LinkFailure, Visibility, WorkspaceError};
use serde::Deserialize;

use super::access::{Grant, PASS, Place};
use super::cookies::{self, FRAMED_COOKIE, PREVIEW_COOKIE};
use super::forward::{ForwardError, forwarded, root_cause};
use super::host_name;
use crate::auth::CurrentUser;
use crate::config::PREVIEW_DOMAIN;
use crate::error::{ApiError, ApiResult};
use crate::lang::cookie;
use crate::state::AppState;

/// Ours on every preview's host.
const ENTER: &str = "/.maru/enter";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/workspace/ports/{port}/open", get(open))
}

#[derive(Deserialize)]
struct Wanted {
    /// Whose workspace; the caller's own where nothing is said.
    login: Option<Login>,
    #[serde(default)]
    next: String,
}

/// Sends the browser to a preview, with a ticket for it.
async fn open(
    State(state): State<AppState>,
    caller: Result<CurrentUser, ApiError>,
    uri: axum::extract::OriginalUri,
    headers: HeaderMap,
    Path(port): Path<u16>,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Response> {
    let caller = match caller {
        Ok(caller) => caller.user,
        Err(_) if wants_page(&Method::GET, &headers) => {
            let here: String = form_urlencoded(uri.0.path_and_query().map_or("/", |p| p.as_str()));
            return Ok(Redirect::to(&format!("/login?next={here}")).into_response());
        }
        Err(error) => return Err(error),
    };
    let owner = match wanted.login {
        Some(login) if login != caller.login => state.store.user_by_login(&login).await?.ok_or_else(ApiError::not_found)?,
        _ => caller.clone(),
    };
    let visibility = state.workspaces.visibility(&owner.id, port).await?;
    let grant = grant(&state, &caller, &owner, visibility).await?.ok_or_else(ApiError::not_found)?;
    if grant == Grant::Staff {
        state.store.audit(&caller.id, Some(&owner.id), "preview.open", &port.to_string()).await?;
    }
    let ticket = state.proxies.previews.ticket(Place { owner: owner.id, port }, grant);
    let base = state.config.preview_url(&owner.login, port);
    let target = format!("{}{ENTER}?ticket={ticket}&next={}", base.trim_end_matches('/'), form_urlencoded(inside(&wanted.next)));
    let mut response = Redirect::to(&target).into_response();
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn grant(state: &AppState, caller: &User, owner: &User, visibility: Visibility) -> ApiResult<Option<Grant>> {
    if caller.id == owner.id {
        return Ok(Some(Grant::Owner));
    }
    if caller.role == Role::Admin {
        return Ok(Some(Grant::Staff));
    }
    let fellows = state.store.share_a_class(&caller.id, &owner.id).await?;
    Ok(match (fellows, caller.role, visibility) {
        (true, Role::Instructor, _) => Some(Grant::Staff),
        (true, _, Visibility::Class) | (_, _, Visibility::Public) => Some(Grant::Class),
        _ => None,
    })
}

pub(super) async fn serve(state: &AppState, request: Request) -> Response {
    let asked = request.headers().clone();
    match try_serve(state, request).await {
        Ok(response) => response,
        Err(Refusal::Page(page)) => page.answer(&asked).map(Body::from),
        Err(Refusal::Go(to)) => Redirect::to(&to).into_response(),
    }
}

enum Refusal {
    Page(Box<Page>),
    /// To the IDE, for a ticket.
    Go(String),
}

impl From<Page> for Refusal {
    fn from(page: Page) -> Self {
        Self::Page(Box::new(page))
    }
}

async fn try_serve(state: &AppState, mut request: Request) -> Result<Response, Refusal> {
    let host = host_name(request.headers(), request.uri());
    let (port, login) = place_of(&host, PREVIEW_DOMAIN).ok_or_else(|| no_preview(&host))?;
    // Somebody who is not there looks like somebody whose previews are private.
    let owner = state.store.user_by_login(&login).await.map_err(|e| unavailable(&e))?;
    let visibility = match &owner {
        Some(owner) => state.workspaces.visibility(&owner.id, port).await.map_err(|e| unavailable(&e))?,
        None => Visibility::Private,
    };
    let place = owner.as_ref().map(|owner| Place { owner: owner.id.clone(), port });
    if request.uri().path() == ENTER {
        return enter(state, place.as_ref(), request.uri());
    }
    let open =
        visibility == Visibility::Public || place.as_ref().is_some_and(|place| has_pass(state, request.headers(), place, visibility));
    let Some(owner) = owner.filter(|_| open) else {
        return Err(challenge(state, &request, port, &login));
    };
    if visibility != Visibility::Public && !comes_from_here(request.headers(), &login) {
        return Err(foreign().into());
    }
    let link = state.workspaces.agent(&owner.id).await.map_err(|e| not_there(&e))?;
    let stream = link.open_port(port).await.map_err(|e| not_there(&WorkspaceError::from(e)))?;
    forwarded(&mut request, if state.config.url_scheme() == "https" { "https" } else { "http" });
    cookies::keep_ours_back(request.headers_mut());
    let to_origin = request.uri().path_and_query().map_or_else(|| Uri::from_static("/"), |p| Uri::from(p.clone()));
    let forwarder = &state.proxies.forwarder;
    let answer = forwarder.forward(request, async |mut request| {
        *request.uri_mut() = to_origin;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the request that it carries, or with the tunnel that it becomes.
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await
    });
    let mut response = answer.await.map_err(|error| broken(&error))?;
    cookies::keep_theirs_apart(response.headers_mut());
    Ok(response)
}

/// `8000--kim.preview.localhost` is port 8000 of kim.
fn place_of(host: &str, domain: &str) -> Option<(u16, Login)> {
    let (port, login) = host.strip_suffix(domain)?.strip_suffix('.')?.split_once("--")?;
    Some((port.parse().ok().filter(|port| *port > 0)?, Login::parse(login).ok()?))
}

fn enter(state: &AppState, place: Option<&Place>, uri: &Uri) -> Result<Response, Refusal> {
    #[derive(Deserialize)]
    struct Entry {
        ticket: String,
        #[serde(default)]
        next: String,
    }
    let entry = Query::<Entry>::try_from_uri(uri).ok();
    let pass = entry.as_ref().zip(place).and_then(|(entry, place)| state.proxies.previews.enter(&entry.ticket, place));
    let (Some(Query(entry)), Some(pass)) = (entry, pass) else { return Err(spent().into()) };
    let mut response = Redirect::to(inside(&entry.next)).into_response();
    let age = PASS.as_secs();
    // Browsers take a host under localhost for safe, as they do https.
    let safe = state.config.url_scheme() == "https" || PREVIEW_DOMAIN.ends_with("localhost");
    let mut set = vec![format!("{PREVIEW_COOKIE}={pass}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}")];
    if safe {
        set.push(format!("{FRAMED_COOKIE}={pass}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age={age}"));
    }
    for value in set.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn has_pass(state: &AppState, headers: &HeaderMap, place: &Place, visibility: Visibility) -> bool {
    let passes = [PREVIEW_COOKIE, FRAMED_COOKIE].into_iter().filter_map(|name| cookie(headers, name));
    passes.into_iter().any(|pass| state.proxies.previews.opens(pass, place, visibility))
}

/// A browser sends the pass along with whatever page asks for it. Other pages may lead here, but neither read nor
/// change anything; other ports of the same workspace may: a front end and its API are two ports.
fn comes_from_here(headers: &HeaderMap, login: &Login) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let same_workspace = |origin: &str| {
        let host = origin.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
        host.and_then(|host| place_of(&host, PREVIEW_DOMAIN)).is_some_and(|(_, from)| from == *login)
    };
    if let Some(origin) = text(header::ORIGIN) {
        return same_workspace(origin);
    }
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    !matches!(site, Some("cross-site" | "same-site")) || navigates || text(header::REFERER).is_some_and(same_workspace)
}

fn challenge(state: &AppState, request: &Request, port: u16, login: &Login) -> Refusal {
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let open = format!("{}/api/v1/workspace/ports/{port}/open?login={login}&next={}", state.config.url, form_urlencoded(path));
    if wants_page(request.method(), request.headers()) {
        return Refusal::Go(open);
    }
    let page = Page::new(
        StatusCode::UNAUTHORIZED,
        "preview_private",
        Text::new("This preview is private", "비공개 미리보기입니다"),
        Text::new("Only its owner can see it, unless it is shared.", "공유하지 않으면 주인만 볼 수 있습니다."),
    );
    page.step(Text::new(format!("Open {open} in the browser."), format!("브라우저에서 {open} 주소를 여세요."))).into()
}

fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    matches!(*method, Method::GET | Method::HEAD) && accepts && !headers.contains_key(header::UPGRADE)
}

/// A path of the same host, so that nobody is led elsewhere.
fn inside(next: &str) -> &str {
    let safe = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']) && !next.starts_with(ENTER);
    if safe { next } else { "/" }
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn no_preview(host: &str) -> Page {
    Page::new(
        StatusCode::NOT_FOUND,
        "no_such_preview",
        Text::new("This is not the address of a preview", "미리보기 주소가 아닙니다"),
        Text::new(
            format!("{host} does not name a port and a login, like 8000--mina.{PREVIEW_DOMAIN}."),
            format!("{host}에 포트와 아이디가 없습니다. 8000--mina.{PREVIEW_DOMAIN}처럼 써야 합니다."),
        ),
    )
}

fn spent() -> Page {
    Page::new(
        StatusCode::FORBIDDEN,
        "ticket_spent",
        Text::new("This link has been used or is too old", "이미 사용했거나 너무 오래된 링크입니다"),
        Text::new("The way into a preview is good once, for one minute.", "미리보기로 들어가는 링크는 1분 동안 한 번만 쓸 수 있습니다."),
    )
    .step(Text::new("Open the preview again from the IDE.", "IDE에서 미리보기를 다시 여세요."))
}

fn foreign() -> Page {
    Page::new(
        StatusCode::FORBIDDEN,
        "preview_foreign",
        Text::new("Another site may not use this preview", "다른 사이트에서는 이 미리보기를 쓸 수 없습니다"),
        Text::new(
            "The request came from a page of another site. A preview that is public may be used from anywhere.",
            "다른 사이트의 페이지에서 온 요청입니다. 공개된 미리보기는 어디서나 쓸 수 있습니다.",
        ),
    )
}

fn unavailable(error: &dyn std::fmt::Display) -> Page {
    tracing::error!(%error, "a preview could not be looked up");
    Page::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        Text::new("Maru could not do this", "Maru가 처리하지 못했습니다"),
        Text::new("Its database did not answer. Try again in a moment.", "데이터베이스가 응답하지 않았습니다. 잠시 후 다시 시도하세요."),
    )
}

fn not_there(error: &WorkspaceError) -> Page {
    match error {
        WorkspaceError::Link(LinkFailure::NoPort(port)) => Page::new(
            StatusCode::BAD_GATEWAY,
            "nothing_listens",
            Text::new(format!("Nothing listens on port {port}"), format!("{port}번 포트에서 기다리는 프로그램이 없습니다")),
            Text::new(
                "The workspace is there, but no program in it has this port open.",
                "작업 공간은 실행 중이지만 이 포트를 연 프로그램이 없습니다.",
            ),
        )
        .step(Text::new("Start the program in a terminal of the workspace.", "작업 공간의 터미널에서 프로그램을 실행하세요."))
        .step(Text::new(
            "Look which port it says it listens on: the list of ports in the IDE has it.",
            "프로그램이 여는 포트 번호를 확인하세요. IDE의 포트 목록에도 나옵니다.",
        ))
        .retry(3),
        WorkspaceError::NotReady { .. } => Page::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "workspace_not_ready",
            Text::new("The workspace is not running", "작업 공간이 실행 중이 아닙니다"),
            error.cause(),
        )
        .step(Text::new("Open the IDE: that starts it.", "IDE를 열면 작업 공간이 시작됩니다."))
        .retry(5),
        _ => Page::new(
            StatusCode::BAD_GATEWAY,
            "workspace_unreachable",
            Text::new("The workspace does not answer", "작업 공간이 응답하지 않습니다"),
            error.cause(),
        )
        .retry(3),
    }
}

fn broken(error: &ForwardError<hyper::Error>) -> Page {
    let why = match error {
        ForwardError::Sending(error) => root_cause(error),
        ForwardError::NotAsked(error) => error.to_string(),
    };
    Page::new(
        StatusCode::BAD_GATEWAY,
        "no_answer",
        Text::new("The program did not answer", "프로그램이 응답하지 않았습니다"),
        Text::new(
            format!("It took the connection and ended it without an answer in HTTP: {why}."),
            format!("연결을 받은 뒤 HTTP 응답 없이 끊었습니다: {why}"),
        ),
    )
    .step(Text::new("Look at its output in the terminal.", "터미널에서 프로그램의 출력을 확인하세요."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn hosts_name_a_port_and_a_login() {
        let place = |host: &str| place_of(host, PREVIEW_DOMAIN).map(|(port, login)| format!("{port} {login}"));
        assert_eq!(place("8000--kim.preview.localhost"), Some("8000 kim".into()));
        assert_eq!(place("3000--lee-kim.preview.localhost"), Some("3000 lee-kim".into()));
        for bad in ["kim.preview.localhost", "0--kim.preview.localhost", "99999--kim.preview.localhost", "8000--.preview.localhost", "x"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }

    #[test]
    fn other_sites_may_lead_here_but_not_use_it() {
        let kim = Login::parse("kim").unwrap();
        let from = |pairs: &[(&'static str, &str)]| comes_from_here(&headers(pairs), &kim);
        assert!(from(&[]), "curl");
        assert!(from(&[("origin", "http://8000--kim.preview.localhost:8080")]));
        assert!(from(&[("origin", "http://3000--kim.preview.localhost:8080")]), "its front end");
        assert!(!from(&[("origin", "http://8000--eve.preview.localhost:8080")]));
        assert!(!from(&[("origin", "null")]));
        assert!(from(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]), "a link");
        assert!(!from(&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")]), "an image in eve's page");
        assert!(from(&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
    }

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(inside("/a?b=c"), "/a?b=c");
        for elsewhere in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/.maru/enter?ticket=x"] {
            assert_eq!(inside(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(form_urlencoded("/a b?c=ㄱ&d"), "/a%20b%3Fc%3D%E3%84%B1%26d");
    }
}
