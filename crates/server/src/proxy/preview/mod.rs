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
//!
//! [`place`] reads names, [`permission`] decides, [`entry`] and [`permits`] are the way in, [`rewrite`] makes the
//! program believe that it is at home, [`visits`] shows out who may not be there any more, [`pages`] has the words.

mod entry;
mod pages;
mod permission;
mod permits;
mod place;
mod rewrite;
mod visits;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use maru_gateway::Page;
use maru_model::Login;
use maru_workspace::{LinkFailure, Visibility, WorkspaceError};
use tokio_util::sync::CancellationToken;

pub(crate) use entry::form_urlencoded;
pub(crate) use permits::Permits;
pub(crate) use place::preview_port;
pub(crate) use visits::Visits;

use super::host_name;
use crate::state::AppState;
use permission::{Grant, comes_from_here};
use permits::{Holder, Place};
use rewrite::Names;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/workspace/ports/{port}/open", get(entry::open))
}

/// Ends what goes on without permission, until the server ends.
pub async fn watch(state: AppState, shutdown: CancellationToken) {
    visits::watch(state, shutdown).await;
}

pub(super) async fn serve(state: &AppState, request: Request) -> Response {
    let asked = request.headers().clone();
    match try_serve(state, request).await {
        Ok(response) => response,
        Err(Refusal::Page(page)) => pages::answer(&page, &asked),
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
    let domain = &state.config.preview_domain;
    let (port, login) = place::place_of(&host, domain).ok_or_else(|| pages::no_preview(&host, domain))?;
    // Somebody who is not there looks like somebody whose previews are private.
    let owner = state.store.user_by_login(&login).await.map_err(|e| pages::unavailable(&e))?;
    let place = owner.map(|owner| Place { owner: owner.id, port });
    if request.uri().path() == entry::ENTER {
        return entry::enter(state, place.as_ref(), request.uri());
    }
    let admitted = match place {
        Some(place) => admit(state, request.headers(), place).await?,
        None => None,
    };
    let Some(visitor) = admitted else {
        if let Some(answer) = preflight(&request, &login, domain) {
            return Ok(answer);
        }
        return Err(entry::challenge(state, request.method(), request.headers(), request.uri(), port, &login));
    };
    if visitor.visibility != Visibility::Public && !comes_from_here(request.headers(), &login, domain) {
        return Err(pages::foreign().into());
    }
    let (owner, grant, open_to_all) = (visitor.place.owner.clone(), visitor.grant, visitor.visibility == Visibility::Public);
    let link = state.workspaces.agent(&owner).await.map_err(|e| pages::not_there(&e, &state.config))?;
    let stream = match link.open_port(port).await {
        Ok(stream) => stream,
        Err(LinkFailure::NoPort(_)) => {
            let shared = state.workspaces.sharings(&owner).await.unwrap_or_default();
            let shared = |port| shared.get(&port).copied().unwrap_or_default();
            return Err(pages::waiting(port, pages::others(&link, &state.config, &login, grant, shared).await).into());
        }
        Err(error) => return Err(pages::not_there(&WorkspaceError::from(error), &state.config).into()),
    };
    // An instructor who looks keeps no workspace awake, nor does a page that waits for a program and asks every two seconds.
    if grant != Grant::Staff {
        state.workspaces.touch(&owner);
    }
    let names = Names { config: &state.config, login: &login, port };
    names.to_program(&mut request);
    let to_origin = request.uri().path_and_query().map_or_else(|| Uri::from_static("/"), |p| Uri::from(p.clone()));
    let visit = state.proxies.visits.begin(visitor.place, visitor.holder, state.shutdown.child_token());
    let cut = visit.cut.clone();
    let forwarder = state.proxies.forwarder.until(cut.clone(), visit);
    let answer = forwarder.forward(request, async |mut request| {
        *request.uri_mut() = to_origin;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the request that it carries, or with the tunnel that it becomes.
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await
    });
    let answer = cut.run_until_cancelled(answer).await.ok_or_else(pages::revoked)?;
    let mut response = answer.map_err(|error| pages::broken(&error))?;
    names.to_browser(response.headers_mut(), open_to_all);
    Ok(response)
}

/// Somebody who may be here.
struct Visitor {
    place: Place,
    holder: Option<Holder>,
    grant: Grant,
    visibility: Visibility,
}

async fn admit(state: &AppState, headers: &HeaderMap, place: Place) -> Result<Option<Visitor>, Refusal> {
    let known = permission::holders(state, headers, &place);
    for holder in known.into_iter().map(Some).chain([None]) {
        let permission = permission::look(state, &place, holder.as_ref()).await.map_err(|e| pages::unavailable(&e))?;
        let Some(grant) = permission.grant else { continue };
        // With a token there was no ticket, and no line in the log for it.
        if let (Grant::Staff, Some(Holder::Token(_)), Some(viewer)) = (grant, &holder, &permission.viewer) {
            let noted = state.store.audit(&viewer.id, Some(&place.owner), "preview.open", &place.port.to_string()).await;
            noted.map_err(|e| pages::unavailable(&e))?;
        }
        return Ok(Some(Visitor { place, holder, grant, visibility: permission.visibility }));
    }
    Ok(None)
}

/// Browsers ask without any cookie whether one port's page may use another port. That of the same workspace may ask:
/// the request itself then comes with the pass, and the program's own answer decides whether the page may read it.
fn preflight(request: &Request, login: &Login, domain: &str) -> Option<Response> {
    let headers = request.headers();
    let origin = headers.get(header::ORIGIN)?;
    place::own_port(origin.to_str().ok()?, login, domain)?;
    let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    if request.method() != Method::OPTIONS {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    if let Some(names) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    answer.insert(header::VARY, HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"));
    Some(response)
}
