//! `maru check` over HTTP: of files that the caller sends, or of the workspace as it is.

use std::collections::BTreeMap;
use std::io::Read;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use maru_manifest::{Context, Files, Report, locate};
use maru_model::Text;
use maru_store::users::User;
use maru_workspace::ExecRequest;
use serde::Deserialize;
use serde_json::Value;

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/check", post(check))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Given {
    /// Texts by path; without it the project in the workspace is read.
    files: Option<BTreeMap<String, String>>,
    /// The texts take the place of those of the same path in the workspace, whose other files count as well.
    #[serde(default)]
    over_workspace: bool,
}

async fn check(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
    body: axum::body::Bytes,
) -> ApiResult<Json<Value>> {
    let given: Given =
        if body.is_empty() { Given::default() } else { serde_json::from_slice(&body).map_err(|error| ApiError::bad_json(&error))? };
    let mut files = if given.over_workspace || given.files.is_none() { of_workspace(&state, &user).await? } else { Files::new() };
    files.extend(given.files.unwrap_or_default().into_iter().map(|(path, text)| (path, text.into_bytes())));
    // The cluster's Secrets count as there; where it cannot be asked a missing one is only a warning anyway.
    let secrets = state.rollouts.secrets(&user).await.ok();
    let context = Context {
        login: Some(user.login.clone()),
        apps_domain: state.config.apps_domain.clone(),
        secrets: secrets.map(|found| found.into_iter().map(|secret| (secret.name, secret.keys.into_iter().collect())).collect()),
        repositories: None,
    };
    // Up to a second of computing for the largest deployments: not on a thread that others wait for.
    let report: Report =
        tokio::task::spawn_blocking(move || maru_manifest::check(&files, locate(&files), &context)).await.map_err(ApiError::internal)?;
    Ok(Json(report.to_json(lang)))
}

/// The manifests of the project as they lie in the workspace, saved or committed.
pub(super) async fn of_workspace(state: &AppState, user: &User) -> ApiResult<Files> {
    const PACK: &str = "if [ -d k8s ]; then set -- k8s; else set -- $(ls *.yaml *.yml 2>/dev/null); fi; \
                        if [ $# -gt 0 ]; then tar -cf - --exclude-vcs \"$@\" | base64 -w0; fi";
    let request = ExecRequest {
        argv: ["sh", "-c", PACK].map(str::to_owned).to_vec(),
        cwd: Some(crate::starter::project()?.to_string()),
        timeout: Some(20),
        ..ExecRequest::default()
    };
    let answer = state.workspaces.exec(&user.id, &request).await?;
    let unreadable = |why: &str| ApiError::internal(format!("reading the workspace's manifests: {why}"));
    if answer.code != 0 {
        return Err(unreadable(answer.stderr.trim()));
    }
    if answer.truncated {
        return Err(ApiError::bad_request(Text::new(
            "The manifests are too large to be checked at once.",
            "매니페스트가 너무 커서 한 번에 검사할 수 없습니다.",
        )));
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(answer.stdout.trim()).map_err(|error| unreadable(&error.to_string()))?;
    let mut files = Files::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries().map_err(|error| unreadable(&error.to_string()))? {
        let mut entry = entry.map_err(|error| unreadable(&error.to_string()))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(|error| unreadable(&error.to_string()))?.to_string_lossy().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| unreadable(&error.to_string()))?;
        files.insert(path, content);
    }
    Ok(files)
}
