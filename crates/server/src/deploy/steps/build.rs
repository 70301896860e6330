use futures_util::future::try_join_all;
use maru_build::{BuildError, BuildState, Ensured, Repository, Source};
use maru_model::Text;
use maru_store::users::User;
use tokio_util::sync::CancellationToken;

use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::deploy::view::StepBuild;
use crate::starter;
use crate::state::AppState;

fn failed(error: &BuildError) -> StepFailure {
    match error {
        BuildError::Refused { detail, fix, .. } => {
            StepFailure::Failed { detail: detail.clone(), fix: Some(fix.clone()), diagnostics: Vec::new() }
        }
        other => StepFailure::because(Text::new(
            format!("The build could not be started: {other}"),
            format!("빌드를 시작하지 못했습니다: {other}"),
        )),
    }
}

/// Builds every image repository of the project whose files have changed.
pub async fn build(state: &AppState, user: &User, progress: &mut Progress<'_>, cancel: &CancellationToken) -> Result<Text, StepFailure> {
    let project = starter::project().map_err(|error| StepFailure::because(error.detail().clone()))?;
    let commit = progress.row.commit.clone().unwrap_or_default();
    let repositories = state.builds.repositories(&user.id).await.map_err(|error| failed(&error))?;
    let repositories: Vec<Repository> =
        repositories.into_iter().filter(|repository| repository.source == Source::Project { project: project.clone() }).collect();
    if repositories.is_empty() {
        return Ok(Text::new("No image repository builds from this project.", "이 프로젝트에서 빌드하는 이미지 저장소가 없습니다."));
    }
    let mut unchanged = 0;
    let mut builds = Vec::new();
    for repository in &repositories {
        match state.builds.ensure_built(&user.login, repository, &commit).await.map_err(|error| failed(&error))? {
            Ensured::Version(_) => unchanged += 1,
            Ensured::Build(build) => builds.push((repository.name.to_string(), build)),
        }
    }
    let show = |builds: &[(String, maru_build::Build)]| {
        progress.builds(
            builds
                .iter()
                .map(|(repository, build)| StepBuild {
                    id: build.id.to_string(),
                    repository: repository.clone(),
                    number: build.number,
                    state: build.state.as_str().to_owned(),
                })
                .collect(),
        );
    };
    show(&builds);
    let total = builds.len();
    progress.say(Text::new(
        format!("Building {total} image(s); {unchanged} unchanged"),
        format!("이미지 {total}개를 빌드하는 중 (바뀌지 않은 것 {unchanged}개)"),
    ));
    let waits = builds.iter().map(|(name, build)| async {
        let done = tokio::select! {
            () = cancel.cancelled() => None,
            done = state.builds.wait(&build.id) => Some(done.map_err(|error| failed(&error))?),
        };
        if done.is_none() {
            // A build that has just ended cannot be cancelled any more, which is as good.
            let _ended = state.builds.cancel(&user.id, &build.id).await;
        }
        Ok::<_, StepFailure>(done.map(|done| (name.clone(), done)))
    });
    let done = try_join_all(waits).await?;
    let done: Vec<(String, maru_build::Build)> = done.into_iter().flatten().collect();
    show(&done);
    if done.len() < total {
        return Err(StepFailure::Cancelled);
    }
    if let Some((name, build)) = done.iter().find(|(_, build)| build.state != BuildState::Succeeded) {
        let reason = build.reason.clone().unwrap_or_else(|| Text::new("it was cancelled", "취소되었습니다"));
        return Err(StepFailure::Failed {
            detail: Text::new(format!("{name} #{}: {}", build.number, reason.en), format!("{name} #{}: {}", build.number, reason.ko)),
            fix: Some(Text::new(
                "The log of the build shows the line; mend it and deploy again.",
                "빌드 기록에서 문제의 줄을 확인해 고친 뒤 다시 배포하세요.",
            )),
            diagnostics: Vec::new(),
        });
    }
    Ok(Text::new(
        format!("{total} image(s) built, {unchanged} unchanged."),
        format!("이미지 {total}개를 빌드했고 {unchanged}개는 바뀌지 않았습니다."),
    ))
}
