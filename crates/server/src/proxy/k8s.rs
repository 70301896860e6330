//! `/k8s`: the cluster's own API, for kubectl and every other client. The caller is impersonated and the cluster's
//! RBAC decides; nothing here knows what a Pod is.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use maru_model::{Lang, is_object_name};
use maru_store::users::User;
use serde_json::json;

use super::forward::{ForwardError, root_cause};
use crate::auth::{CurrentUser, Via};
use crate::error::ApiError;
use crate::lang::of_headers;
use crate::state::AppState;

/// The API server itself takes 3 MiB; what goes through exec and port-forward is not a body.
const LARGEST_BODY: usize = 8 << 20;
const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");
const IMPERSONATE_GROUP: HeaderName = HeaderName::from_static("impersonate-group");

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/k8s", any(serve)).route("/k8s/", any(serve)).route("/k8s/{*path}", any(serve))
}

async fn serve(State(state): State<AppState>, caller: Result<CurrentUser, ApiError>, mut request: Request) -> Response {
    let lang = of_headers(request.headers());
    let user = match caller {
        // A browser's session would run what a pod answers (`…/proxy/`) as a page of the IDE.
        Ok(CurrentUser { via: Via::Session, .. }) => {
            return status(
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "send a bearer token: GET /api/v1/kubeconfig gives a kubeconfig with one",
            );
        }
        Ok(CurrentUser { user, .. }) => user,
        Err(error) => return status(StatusCode::UNAUTHORIZED, "Unauthorized", error.detail().get(lang)),
    };
    *request.uri_mut() = inside(request.uri());
    pass(&state, &user, lang, request).await
}

/// In a URL: `export TERM=xterm-256color; if command -v bash >/dev/null; then exec bash; else exec sh; fi`.
const SHELL: &str =
    "export%20TERM%3Dxterm-256color%3B%20if%20command%20-v%20bash%20%3E%2Fdev%2Fnull%3B%20then%20exec%20bash%3B%20else%20exec%20sh%3B%20fi";

/// `kubectl exec -it POD -- sh`, for the page of the application: in the caller's own namespace, as the caller.
pub(super) async fn shell(state: &AppState, user: &User, lang: Lang, pod: &str, container: Option<&str>, mut request: Request) -> Response {
    if !is_object_name(pod) || !container.is_none_or(is_object_name) {
        return status(StatusCode::NOT_FOUND, "NotFound", "there is no such pod");
    }
    let container = container.map(|name| format!("&container={name}")).unwrap_or_default();
    let namespace = user.login.namespace();
    let path = format!(
        "/api/v1/namespaces/{namespace}/pods/{pod}/exec?stdin=true&stdout=true&tty=true&command=sh&command=-c&command={SHELL}{container}"
    );
    match path.parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return status(StatusCode::NOT_FOUND, "NotFound", "there is no such pod"),
    }
    pass(state, user, lang, request).await
}

/// Sends a request on as `user`.
async fn pass(state: &AppState, user: &User, lang: Lang, mut request: Request) -> Response {
    let Ok(client) = state.cluster.client().await else {
        let words = state.cluster.state().text();
        return status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", &format!("{}: try again in a moment", words.get(lang)));
    };
    if let Err(error) = state.rollouts.ensure_namespace(user).await {
        return status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", error.text().get(lang));
    }
    if let Err(error) = become_caller(request.headers_mut(), user) {
        return status(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &error.to_string());
    }
    let answer = state.proxies.forwarder.forward(request, async |request| {
        let (mut parts, body) = request.into_parts();
        // The connection's own.
        parts.headers.remove(header::HOST);
        let body = axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| Failure::TooLarge)?;
        client.send(Request::from_parts(parts, kube::client::Body::from(body))).await.map_err(Failure::Cluster)
    });
    match answer.await {
        Ok(mut response) => {
            let headers = response.headers_mut();
            headers.remove(header::SET_COOKIE);
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
            response
        }
        Err(ForwardError::Sending(Failure::TooLarge)) => {
            status(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "a request to the Kubernetes API has at most 8 MiB")
        }
        Err(ForwardError::Sending(Failure::Cluster(error))) => {
            tracing::warn!(%error, login = %user.login, "the cluster's API did not answer");
            let words = format!("the cluster's API did not answer: {}", root_cause(&error));
            status(StatusCode::BAD_GATEWAY, "ServiceUnavailable", &words)
        }
        Err(ForwardError::NotAsked(error)) => status(StatusCode::BAD_GATEWAY, "InternalError", &error.to_string()),
    }
}

#[derive(Debug)]
enum Failure {
    TooLarge,
    Cluster(kube::Error),
}

/// The path below `/k8s`.
fn inside(uri: &Uri) -> Uri {
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let path = path.strip_prefix("/k8s").unwrap_or(path);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    path.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

/// Takes every word about who calls out of the headers, and puts ours in.
fn become_caller(headers: &mut HeaderMap, user: &User) -> Result<(), header::InvalidHeaderValue> {
    let claims: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("impersonate-") || name.as_str().starts_with("x-remote-"))
        .cloned()
        .collect();
    for name in claims {
        headers.remove(name);
    }
    for name in [header::AUTHORIZATION, header::COOKIE, header::ORIGIN, header::REFERER] {
        headers.remove(name);
    }
    headers.insert(IMPERSONATE_USER, HeaderValue::from_str(&maru_cluster::namespace::user(&user.login))?);
    headers.insert(IMPERSONATE_GROUP, HeaderValue::from_str(&format!("maru:{}s", user.role.as_str()))?);
    headers.append(IMPERSONATE_GROUP, HeaderValue::from_static("system:authenticated"));
    Ok(())
}

/// A failure as Kubernetes itself says it, so that kubectl shows the words.
fn status(code: StatusCode, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    let mut response = (code, Body::from(body.to_string())).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use maru_model::{Login, Role, UserId};

    #[test]
    fn paths_lose_the_prefix_only() {
        for (given, expected) in [
            ("/k8s/api/v1/pods?watch=1&x=%2F", "/api/v1/pods?watch=1&x=%2F"),
            ("/k8s", "/"),
            ("/k8s/", "/"),
            ("/k8s?timeout=32s", "/?timeout=32s"),
        ] {
            assert_eq!(inside(&given.parse().unwrap()), expected, "{given}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_stays_a_path(rest in "[/a.:@%?#&=*~-]{0,16}") {
            if let Ok(uri) = format!("/k8s{rest}").parse::<Uri>() {
                let inside = inside(&uri);
                proptest::prop_assert!(inside.path().starts_with('/') && inside.authority().is_none(), "{}", inside);
            }
        }
    }

    #[test]
    fn nobody_says_who_they_are() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer x"),
            ("cookie", "maru_session=x"),
            ("impersonate-user", "system:admin"),
            ("impersonate-group", "system:masters"),
            ("impersonate-extra-scopes", "x"),
            ("x-remote-group", "system:masters"),
            ("accept", "application/json"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let user = User {
            id: UserId::generate(),
            login: Login::parse("kim").unwrap(),
            name: "Kim".into(),
            role: Role::Student,
            created_at: 0,
            disabled: false,
            password_given: false,
        };
        become_caller(&mut headers, &user).unwrap();
        let mut left: Vec<_> = headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        left.sort();
        assert_eq!(
            left,
            [
                "accept: application/json",
                "impersonate-group: maru:students",
                "impersonate-group: system:authenticated",
                "impersonate-user: maru:kim"
            ]
        );
    }
}
