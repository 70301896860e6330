//! `/why/HOST/PATH`: why an application does not answer, with the last lines of its pods' logs. The page that strangers get in
//! the application's place leads here; who is not logged in logs in first.

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{StatusCode, header};
use maru_gateway::Page;
use maru_model::{Role, Text};

use super::Visitor;
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::proxy;
use crate::routes;
use crate::state::AppState;

pub const PATH: &str = "/why";

pub fn routes() -> Router<AppState> {
    Router::new().route("/why/{host}", get(page)).route("/why/{host}/", get(page)).route("/why/{host}/{*path}", get(page))
}

/// The host and the path that an address of this page is about.
fn about(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(PATH)?.strip_prefix('/')?;
    Some(rest.find('/').map_or((rest, "/"), |at| rest.split_at(at)))
}

async fn page(State(state): State<AppState>, visitor: Visitor, OriginalUri(uri): OriginalUri, Lang(lang): Lang) -> ApiResult<Response> {
    let Some(caller) = visitor.0 else {
        let back = proxy::form_urlencoded(uri.path());
        return Ok(Redirect::to(&format!("/login?next={back}")).into_response());
    };
    let request = about(uri.path()).and_then(|(host, path)| {
        let asked = Request::get(path).header(header::HOST, host).header(header::ACCEPT, "text/html");
        asked.header(header::ACCEPT_LANGUAGE, lang.as_str()).body(Body::empty()).ok()
    });
    let Some(request) = request else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let asked = request.headers().clone();
    let (namespace, answer) = proxy::explain_app(&state, request).await;
    // Where nobody's application answers there is nothing to keep from anybody.
    let Some(namespace) = namespace else { return Ok(answer) };
    if may_read(&state, &caller, &namespace).await? { Ok(answer) } else { Ok(not_yours().answer(&asked).map(Body::from)) }
}

/// The owner of the namespace, those who look after that user, and administrators.
async fn may_read(state: &AppState, caller: &CurrentUser, namespace: &str) -> ApiResult<bool> {
    if caller.user.role == Role::Admin || caller.user.login.namespace() == namespace {
        return Ok(true);
    }
    let Some(owner) = namespace.strip_prefix("u-").filter(|_| caller.require_staff().is_ok()) else { return Ok(false) };
    match routes::seen_user(state, caller, owner).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

fn not_yours() -> Page {
    Page::new(
        StatusCode::FORBIDDEN,
        "not_yours",
        Text::new("This application is somebody else's", "다른 사람의 앱입니다"),
        Text::new(
            "What an application writes into its log is for its owner and for the instructors of its owner.",
            "앱의 로그는 앱 주인과 그 강사만 볼 수 있습니다.",
        ),
    )
    .step(Text::new("Tell the owner that the application does not answer.", "앱 주인에게 앱이 응답하지 않는다고 알려 주세요."))
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn an_address_names_a_host_and_a_path() {
        assert_eq!(about("/why/kim.apps.localhost:8080"), Some(("kim.apps.localhost:8080", "/")));
        assert_eq!(about("/why/kim.apps.localhost/api/x"), Some(("kim.apps.localhost", "/api/x")));
        assert_eq!(about("/whywhy"), None);
    }
}
