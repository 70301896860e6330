//! The pages that the server itself writes (log in, administration), and the files of the IDE.

mod account;
mod admin;
mod login;

use askama::Template;
use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, header, request::Parts};
use tower::ServiceBuilder;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::auth::CurrentUser;
use crate::config::Config;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub fn routes(config: &Config) -> Router<AppState> {
    let assets = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .service(ServeDir::new(config.web.join("assets")).precompressed_br());
    Router::new()
        .route("/", get(home))
        .route("/login", get(login::page).post(login::submit))
        .route("/account", get(account::page))
        .merge(admin::routes())
        .nest_service("/assets", assets)
        .route("/ide", get(ide))
}

async fn home(visitor: Visitor) -> Redirect {
    Redirect::to(if visitor.0.is_some() { "/ide" } else { "/login" })
}

/// The IDE is one static page; those who are not logged in are sent to the login first.
async fn ide(State(state): State<AppState>, visitor: Visitor, request: axum::extract::Request) -> ApiResult<Response> {
    if visitor.0.is_none() {
        return Ok(Redirect::to("/login?next=/ide").into_response());
    }
    let file = tower::ServiceExt::oneshot(ServeFile::new(state.config.web.join("index.html")), request).await;
    let mut response = file.map_err(ApiError::internal)?.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Who looks at a page: somebody or nobody.
struct Visitor(Option<CurrentUser>);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(CurrentUser::from_request_parts(parts, state).await.ok()))
    }
}

fn render(template: &impl Template) -> ApiResult<Html<String>> {
    template.render().map(Html).map_err(ApiError::internal)
}

/// Picks the words of the page's language, inside templates.
fn pick<'a>(lang: &str, en: &'a str, ko: &'a str) -> &'a str {
    if lang == "ko" { ko } else { en }
}
