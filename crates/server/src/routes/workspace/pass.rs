//! Passing a request on to the agent, and its answer back: bodies stream both ways, nothing in between reads them.
//!
//! What runs in a workspace is its owner's, the agent included. So no credential of the caller is passed on, and an
//! answer can neither set a cookie nor run as a page of ours.

use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::response::Response;
use futures_util::StreamExt;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use maru_workspace::{LinkFailure, WorkspaceError};

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// What stands before the agent's own paths.
const PREFIX: &str = "/api/v1/workspace";

/// Of one connection only (RFC 9110, 7.6.1), and the caller's own.
const KEPT_BACK: [HeaderName; 12] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
    header::AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
    header::REFERER,
    HeaderName::from_static("x-maru-csrf"),
];

/// The handler of every path that the agent answers.
pub(super) async fn pass(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> ApiResult<Response> {
    let link = state.workspaces.agent(&user.id).await?;
    // A page that is only open looks; who saves, moves or deletes is there.
    if !request.method().is_safe() {
        state.workspaces.touch(&user.id);
    }
    let request = to_agent(request, &uri)?;
    let answer = link.request(request).await.map_err(broken)?;
    let (mut parts, body) = answer.into_parts();
    clean(&mut parts.headers);
    let endless = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let body = if endless {
        // Else an open page would keep a server that is asked to end.
        let parts = Body::new(body).into_data_stream().take_until(state.shutdown.clone().cancelled_owned());
        Body::from_stream(parts)
    } else {
        Body::new(body)
    };
    Ok(Response::from_parts(parts, body))
}

/// Passes a WebSocket through: the agent does the handshake, and then bytes go both ways as they are.
pub(super) async fn tunnel(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    OriginalUri(uri): OriginalUri,
    mut request: Request,
) -> ApiResult<Response> {
    let Some(protocol) = request.headers().get(header::UPGRADE).cloned() else {
        return Err(ApiError::new(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade_required",
            maru_model::Text::new(
                "This is a WebSocket: ask with `Upgrade: websocket`.",
                "WebSocket 주소입니다. `Upgrade: websocket`으로 요청하세요.",
            ),
        ));
    };
    let link = state.workspaces.agent(&user.id).await?;
    let caller = hyper::upgrade::on(&mut request);
    let mut request = to_agent(request, &uri)?;
    request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    request.headers_mut().insert(header::UPGRADE, protocol.clone());
    let mut answer = link.request(request).await.map_err(broken)?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        let (mut parts, body) = answer.into_parts();
        clean(&mut parts.headers);
        return Ok(Response::from_parts(parts, Body::new(body)));
    }
    let agent = hyper::upgrade::on(&mut answer);
    state.workspaces.splice(caller, agent);
    let (mut parts, _) = answer.into_parts();
    clean(&mut parts.headers);
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    parts.headers.insert(header::UPGRADE, protocol);
    Ok(Response::from_parts(parts, Body::empty()))
}

fn to_agent(request: Request, uri: &Uri) -> ApiResult<Request> {
    let (mut parts, body) = request.into_parts();
    let lang = crate::lang::of_headers(&parts.headers);
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    parts.uri = path.strip_prefix(PREFIX).unwrap_or(path).parse().map_err(ApiError::internal)?;
    parts.version = http::Version::HTTP_11;
    parts.extensions.clear();
    for name in &KEPT_BACK {
        parts.headers.remove(name);
    }
    parts.headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(lang.as_str()));
    Ok(Request::from_parts(parts, body))
}

fn clean(headers: &mut HeaderMap) {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::TRAILER, header::UPGRADE, header::SET_COOKIE] {
        headers.remove(name);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
}

fn broken(error: LinkFailure) -> ApiError {
    WorkspaceError::from(error).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_gets_its_own_path_and_nobodys_credentials() {
        let uri: Uri = "/api/v1/workspace/files/a%20b/%E3%84%B1.txt?x=1".parse().unwrap();
        let request = Request::get(uri.clone())
            .header("cookie", "maru_session=secret; maru_lang=ko")
            .header("authorization", "Bearer secret")
            .header("range", "bytes=0-1")
            .body(Body::empty())
            .unwrap();
        let request = to_agent(request, &uri).unwrap();
        assert_eq!(request.uri(), "/files/a%20b/%E3%84%B1.txt?x=1");
        assert_eq!(request.headers()["accept-language"], "ko");
        assert_eq!(request.headers()["range"], "bytes=0-1");
        assert_eq!(request.headers().len(), 2);
    }
}
