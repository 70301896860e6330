//! The target state: what git asks for, read, checked, rendered, and tried on the API server. Nothing that runs is touched.

use std::collections::{BTreeMap, BTreeSet};

use maru_manifest::{Context, Diagnostic, Files, ObjectRef, Report};
use maru_model::{RolloutId, Text};
use maru_store::now_ms;
use maru_store::users::User;
use serde_json::Value;

use crate::apply;
use crate::error::RolloutError;
use crate::model::{Place, Target, TargetState, reference, text};
use crate::surroundings::{RenderError, Source};
use crate::{Inner, secrets};

/// Says that the API server has not tried the objects.
pub const NOT_VERIFIED: &str = "not_verified";

/// What can be said of the manifests at `commit` from their files alone.
pub(crate) async fn check(inner: &Inner, user: &User, source: &Source, commit: Option<&str>) -> Result<Report, RolloutError> {
    let snapshot = inner.surroundings.snapshot(user, source, commit).await.map_err(RolloutError::Source)?;
    Ok(maru_manifest::check(&snapshot.files, &folder(source, &snapshot.files), &context(inner, user).await))
}

/// Reads the target state at `commit` (the newest of its branch without one).
pub(crate) async fn read(inner: &Inner, user: &User, source: &Source, commit: Option<&str>) -> Result<Target, RolloutError> {
    let snapshot = inner.surroundings.snapshot(user, source, commit).await.map_err(RolloutError::Source)?;
    let Rendered { objects, rendered, mut diagnostics } = all_of(inner, user, source, &snapshot.files).await;
    if !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(tried(inner, user, &rendered, &snapshot.files).await);
    }
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let objects: Vec<ObjectRef> = if rendered.is_empty() { objects } else { rendered.iter().map(reference).collect() };
    Ok(Target {
        id: RolloutId::generate(),
        commit: snapshot.commit,
        read_at: now_ms(),
        state: if failed { TargetState::Failed } else { TargetState::Ready },
        diagnostics,
        objects,
        rendered,
        places: places(&snapshot.files),
    })
}

pub(crate) fn places(files: &Files) -> Vec<Place> {
    maru_manifest::places(files).into_iter().map(|(kind, name, file, mark)| Place { kind, name, file, line: mark.line }).collect()
}

/// What files say, before the API server is asked.
struct Rendered {
    /// As the sources name them.
    objects: Vec<ObjectRef>,
    rendered: Vec<Value>,
    diagnostics: Vec<Diagnostic>,
}

async fn all_of(inner: &Inner, user: &User, source: &Source, files: &Files) -> Rendered {
    let folder = folder(source, files);
    let context = context(inner, user).await;
    let Report { ok, mut diagnostics, objects } = maru_manifest::check(files, &folder, &context);
    let mut rendered = Vec::new();
    if ok {
        match render(inner, files, &folder).await {
            Ok(objects) => rendered = objects,
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        adapt(&mut rendered, user, &inner.settings.apps_domain, &source.name());
        diagnostics.extend(refused(&rendered, files, &context));
    }
    Rendered { objects, rendered, diagnostics }
}

/// The objects that files ask for, and what is to be said of them.
pub(crate) async fn rendered(inner: &Inner, user: &User, source: &Source, files: &Files) -> (Vec<Value>, Vec<Diagnostic>) {
    let Rendered { rendered, diagnostics, .. } = all_of(inner, user, source, files).await;
    (rendered, diagnostics)
}

pub(crate) fn folder(source: &Source, files: &Files) -> String {
    if source.path.is_empty() { maru_manifest::locate(files).to_owned() } else { source.path.trim_matches('/').to_owned() }
}

/// What the checker may know of this user. Where the cluster is not there yet it knows nothing of its Secrets.
async fn context(inner: &Inner, user: &User) -> Context {
    let secrets = match inner.surroundings.cluster().await {
        Ok(client) => secrets::keys(&client, &user.login.namespace()).await.ok(),
        Err(_) => None,
    };
    Context {
        login: Some(user.login.clone()),
        apps_domain: inner.settings.apps_domain.clone(),
        secrets: secrets.map(|found| found.into_iter().collect::<BTreeMap<String, BTreeSet<String>>>()),
        repositories: None,
    }
}

async fn render(inner: &Inner, files: &Files, folder: &str) -> Result<Vec<Value>, Diagnostic> {
    let mut whole = files.clone();
    if let Some((path, bytes)) = maru_manifest::implied_kustomization(files, folder) {
        whole.insert(path, bytes);
    }
    let printed = inner.surroundings.render(&whole, folder).await.map_err(|error| match error {
        // Places are those of the files that the student has.
        RenderError::Refused(said) => maru_manifest::kustomize_refused(&said, files, folder),
        RenderError::Unavailable(why) => Diagnostic::error("render_unavailable", why),
    })?;
    maru_manifest::read_rendered(&printed).map_err(|said| {
        Diagnostic::error("kustomize", text!("kustomize printed no YAML: {said}", "kustomize 의 출력이 YAML 이 아닙니다: {said}"))
    })
}

fn adapt(objects: &mut [Value], user: &User, apps_domain: &str, app: &str) {
    let services: Vec<String> = objects.iter().filter(|o| o["kind"] == "Service").map(|o| reference(o).name).collect();
    for object in objects {
        maru_manifest::adapt(object, &user.login, apps_domain, &services);
        apply::prepare(object, app);
    }
}

/// Policy once more, on what kustomize made: patches and remote names can bring in what no source file says by itself.
fn refused(rendered: &[Value], files: &Files, context: &Context) -> Vec<Diagnostic> {
    let found = maru_manifest::check_rendered(rendered, context);
    found
        .into_iter()
        .map(|(object, diagnostic)| match maru_manifest::find_object(files, &object.kind, &object.name, &diagnostic.path.clone()) {
            Some((file, mark)) => diagnostic.at(&file, mark),
            None => diagnostic,
        })
        .collect()
}

/// The API server's dry run. Where there is no cluster yet the target state stands without it.
async fn tried(inner: &Inner, user: &User, rendered: &[Value], files: &Files) -> Vec<Diagnostic> {
    let attempt = async {
        let client = inner.surroundings.cluster().await?;
        inner.surroundings.ensure_namespace(&client, user).await?;
        apply::verify(&client, &user.login.namespace(), rendered, files).await.map_err(|error| RolloutError::from(error).text())
    };
    attempt.await.unwrap_or_else(|why| vec![not_verified(&why)])
}

pub(crate) fn not_verified(why: &Text) -> Diagnostic {
    let Text { en, ko } = why;
    Diagnostic::info(
        NOT_VERIFIED,
        Text::new(format!("The cluster could not be asked yet: {en}"), format!("아직 클러스터에 확인하지 못했습니다: {ko}")),
    )
}
