//! The pages that the server itself writes (log in, administration), and the files of the IDE.

mod account;
mod admin;
mod login;
mod network;
mod why;

use askama::Template;
use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header, request::Parts};
use tower_http::services::{ServeDir, ServeFile};

use crate::auth::CurrentUser;
use crate::config::Config;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub use why::PATH as WHY;

pub fn routes(config: &Config) -> Router<AppState> {
    let assets = Router::new()
        .fallback_service(ServeDir::new(config.web.join("assets")).precompressed_br())
        .layer(axum::middleware::from_fn(cached));
    Router::new()
        .route("/", get(home))
        .route("/login", get(login::page).post(login::submit))
        .route("/account", get(account::page))
        .route("/network", get(network::page))
        .merge(admin::routes())
        .merge(why::routes())
        .nest("/assets", assets)
        .route("/ide", get(ide))
}

/// A file whose name has the hash of its content never changes (RFC 8246); all else is asked for again each time.
async fn cached(request: Request, next: Next) -> Response {
    let lasting = is_hashed(request.uri().path());
    let mut response = next.run(request).await;
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let how = if lasting && found { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(how));
    response
}

/// `NAME-HASH.EXTENSION`, as Vite names what it makes: eight characters of base64url.
fn is_hashed(path: &str) -> bool {
    let Some((name, _)) = path.rsplit('/').next().and_then(|file| file.rsplit_once('.')) else { return false };
    let Some((start, hash)) = name.len().checked_sub(8).and_then(|at| name.split_at_checked(at)) else { return false };
    start.len() > 1 && start.ends_with('-') && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

async fn home(visitor: Visitor) -> Redirect {
    Redirect::to(if visitor.0.is_some() { "/ide" } else { "/login" })
}

/// The IDE is one static page; those who are not logged in are sent to the login first.
async fn ide(State(state): State<AppState>, visitor: Visitor, request: Request) -> ApiResult<Response> {
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

#[cfg(test)]
mod tests {
    use super::is_hashed;

    #[test]
    fn what_has_a_hash_in_its_name_is_kept() {
        for path in ["/index-DtTkNNY3.js", "/purify.es-BJmiqUX1.js", "/DiffView-C-vlrH-y.js", "/dist-C_aI1rhH.js", "/PlanView-Cp--kXGf.js"]
        {
            assert!(is_hashed(path), "{path}");
        }
        for path in ["/pages.js", "/pages.css", "/logo.svg", "/", "/-DtTkNNY3.js", "/index-DtTk.js", "/index-DtTkNNY3", "/한글글-a.js"] {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
