//! Projects over git's smart HTTP: `/git/{login}/{project}.git`. From a workspace the stream says who calls; from
//! elsewhere a token comes as the password of basic authentication.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::StreamExt;
use http::{StatusCode, header};
use maru_git::GitError;
use maru_model::ProjectName;

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::pushes::Pushing;
use crate::starter;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/git/{login}/{project}/{*service}", any(serve))
}

async fn serve(
    State(state): State<AppState>,
    caller: Result<CurrentUser, ApiError>,
    Path((login, project, service)): Path<(String, String, String)>,
    request: Request,
) -> ApiResult<Response> {
    // git asks its user for a password only where it is told that one helps.
    let Ok(CurrentUser { user, .. }) = caller else {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Maru: your login, and a token as the password\"")];
        return Ok((StatusCode::UNAUTHORIZED, challenge, "Log in with your login, and a token as the password.\n").into_response());
    };
    let name = project.strip_suffix(".git").unwrap_or(&project);
    let (true, Ok(name)) = (login == user.login.as_str(), ProjectName::parse(name)) else { return Err(ApiError::not_found()) };
    if name == starter::project()? {
        starter::ensure(&state, &user).await?;
    }
    let project = state.git.open(&user.login, &name).await.map_err(problem)?;
    let pushing = (service == "git-receive-pack").then(|| Pushing { pushes: state.pushes.clone(), user: user.id.clone() });
    let answer = project.serve_http(&user.login, &service, request).await.map_err(problem)?;
    // The branches have moved when git's answer is at its end.
    Ok(match pushing {
        Some(pushing) => answer.map(|body| {
            let told = futures_util::stream::once(async move { drop(pushing) }).filter_map(async |()| None);
            Body::from_stream(body.into_data_stream().chain(told))
        }),
        None => answer,
    })
}

fn problem(error: GitError) -> ApiError {
    match error {
        GitError::NoProject(_) => ApiError::not_found(),
        other => ApiError::internal(other),
    }
}
