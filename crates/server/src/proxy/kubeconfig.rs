//! A ready kubeconfig for the caller.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use maru_model::Login;
use maru_store::now_ms;
use maru_store::users::CredentialKind;
use serde_json::json;

use crate::auth::{CurrentUser, Via, secret};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Of a token that is made for a kubeconfig.
const TOKEN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Where programs in a workspace reach the server: the agent says whose they are, and no token is needed.
const IN_WORKSPACE: &str = "http://127.0.0.1:7070";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/kubeconfig", get(kubeconfig))
}

async fn kubeconfig(State(state): State<AppState>, CurrentUser { user, via }: CurrentUser) -> ApiResult<Response> {
    let (server, token) = match via {
        Via::Workspace => (IN_WORKSPACE.to_owned(), None),
        Via::Token(token) => (reachable(&state.config.url, &user.login, &token), Some(token)),
        Via::Session => {
            let token = secret::token();
            let ends = now_ms() + i64::try_from(TOKEN.as_millis()).map_err(ApiError::internal)?;
            state.store.add_credential(&secret::hash(&token), &user.id, CredentialKind::Token, ends).await?;
            (reachable(&state.config.url, &user.login, &token), Some(token))
        }
    };
    let mut response = render(&server, &user.login, token.as_deref()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"kubeconfig\""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// kubectl sends a user's token over TLS only; what the URL holds, it sends as basic authentication.
fn reachable(url: &str, login: &Login, token: &str) -> String {
    url.strip_prefix("http://").map_or_else(|| url.to_owned(), |rest| format!("http://{login}:{token}@{rest}"))
}

fn render(server: &str, login: &Login, token: Option<&str>) -> String {
    // A JSON string is a YAML string, whatever of what a header can carry is in it.
    let [server, namespace, login] = [format!("{server}/k8s"), login.namespace(), login.to_string()].map(|text| json!(text));
    let user = token.map_or_else(|| json!({}), |token| json!({ "token": token }));
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: maru\nclusters:\n- name: maru\n  cluster:\n    server: {server}\n\
         contexts:\n- name: maru\n  context:\n    cluster: maru\n    namespace: {namespace}\n    user: {login}\n\
         users:\n- name: {login}\n  user: {user}\n"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn kube_can_read_it() {
        let text = render("http://localhost:8080", &Login::parse("kim").unwrap(), Some("maru_x"));
        let config = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        assert_eq!(config.current_context.as_deref(), Some("maru"));
        assert_eq!(config.contexts[0].context.as_ref().unwrap().namespace.as_deref(), Some("u-kim"));
        assert_eq!(config.clusters[0].cluster.as_ref().unwrap().server.as_deref(), Some("http://localhost:8080/k8s"));
        assert!(kube::config::Kubeconfig::from_yaml(&render("http://x", &Login::parse("kim").unwrap(), None)).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_header_carries_stays_a_value(server in "https?://[ -~가]{1,30}", token in "[ -~]{0,20}") {
            let text = render(&server, &Login::parse("kim").unwrap(), Some(&token));
            let config = kube::config::Kubeconfig::from_yaml(&text).unwrap();
            let read = config.clusters[0].cluster.as_ref().unwrap().server.clone();
            proptest::prop_assert_eq!(read, Some(format!("{server}/k8s")));
            proptest::prop_assert_eq!((config.clusters.len(), config.auth_infos.len(), config.contexts.len()), (1, 1, 1));
        }
    }
}
