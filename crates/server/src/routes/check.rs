//! `maru check` over HTTP: of files that the caller sends, or of the workspace as it is. Dockerfiles are looked at beside the
//! manifests, as the plan of a Deploy does.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use maru_manifest::{Context, Diagnostic, Files, Report, locate};
use maru_model::Text;
use maru_store::users::User;
use maru_workspace::ExecRequest;
use serde::Deserialize;
use serde_json::Value;

use crate::auth::CurrentUser;
use crate::deploy::{known_images, programs};
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::parity::{self, Images, Program};
use crate::source;
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
    let workspace = given.over_workspace || given.files.is_none();
    let mut files = if workspace { of_workspace(&state, &user).await? } else { Files::new() };
    files.extend(given.files.unwrap_or_default().into_iter().map(|(path, text)| (path, text.into_bytes())));
    let (dockerfiles, secrets) = tokio::join!(Dockerfiles::of(&state, &user, &files, workspace), state.rollouts.secrets(&user));
    let dockerfiles = dockerfiles?;
    // The cluster's Secrets count as there; where it cannot be asked a missing one is only a warning anyway.
    let secrets = secrets.ok();
    let context = Context {
        login: Some(user.login.clone()),
        apps_domain: state.config.apps_domain.clone(),
        secrets: secrets.map(|found| found.into_iter().map(|secret| (secret.name, secret.keys.into_iter().collect())).collect()),
        repositories: None,
    };
    // Up to a second of computing for the largest deployments: not on a thread that others wait for.
    let checked = tokio::task::spawn_blocking(move || {
        let mut report: Report = maru_manifest::check(&files, locate(&files), &context);
        report.diagnostics.extend(dockerfiles.map(|dockerfiles| dockerfiles.check(&files)).unwrap_or_default());
        report.ok = !report.diagnostics.iter().any(Diagnostic::is_error);
        report
    });
    Ok(Json(checked.await.map_err(ApiError::internal)?.to_json(lang)))
}

/// What has to be known to look at Dockerfiles.
struct Dockerfiles {
    programs: Vec<Program>,
    /// Of the whole project; `None` where that is not known.
    paths: Option<BTreeSet<String>>,
    images: Option<Images>,
}

impl Dockerfiles {
    /// `None` where there are none: nobody is asked about them then.
    async fn of(state: &AppState, user: &User, files: &Files, workspace: bool) -> ApiResult<Option<Self>> {
        if !files.keys().any(|path| parity::is_dockerfile(path)) {
            return Ok(None);
        }
        let (repositories, images, paths) = tokio::join!(state.builds.repositories(&user.id), known_images(state, user), async {
            if workspace { paths_of_workspace(state, user).await } else { None }
        });
        let programs = parity::programs_of(files, &programs(user, &repositories?));
        Ok(Some(Self { programs, paths, images }))
    }

    fn check(&self, files: &Files) -> Vec<Diagnostic> {
        let mut paths: BTreeSet<String> = files.keys().cloned().collect();
        paths.extend(self.paths.iter().flatten().cloned());
        let project = parity::Project { paths: &paths, files, programs: &self.programs, containers: &[], images: self.images.as_ref() };
        parity::dockerfiles(&project, self.paths.is_some())
    }
}

/// What the next commit would have; `None` where git does not say, or there is more than can be listed.
async fn paths_of_workspace(state: &AppState, user: &User) -> Option<BTreeSet<String>> {
    let request = ExecRequest {
        argv: ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"].map(str::to_owned).to_vec(),
        cwd: Some(source::project(state, user).await.ok()?.to_string()),
        timeout: Some(20),
        ..ExecRequest::default()
    };
    let answer = state.workspaces.exec(&user.id, &request).await.ok()?;
    (answer.code == 0 && !answer.truncated).then(|| answer.stdout.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// The manifests and Dockerfiles of the project as they lie in the workspace, saved or committed.
pub(super) async fn of_workspace(state: &AppState, user: &User) -> ApiResult<Files> {
    const PACK: &str = r#"
{
  if [ -d k8s ]; then echo k8s; else ls *.yaml *.yml 2>/dev/null; fi
  find . -maxdepth 4 \( -name node_modules -o -name .git \) -prune -o -type f -name 'Dockerfile*' -size -129k -print | cut -c3-
} | tar -cf - --exclude-vcs --verbatim-files-from -T - | base64 -w0
"#;
    let project = source::project(state, user).await?;
    let request = ExecRequest {
        argv: ["sh", "-c", &[source::IN_PROJECT, PACK].concat(), "pack", project.as_str()].map(str::to_owned).to_vec(),
        timeout: Some(20),
        ..ExecRequest::default()
    };
    let answer = state.workspaces.exec(&user.id, &request).await?;
    let unreadable = |why: &str| ApiError::internal(format!("reading the workspace's manifests: {why}"));
    if answer.code == source::NOT_CLONED {
        return Err(source::not_cloned(user, &project));
    }
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
