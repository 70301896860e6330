use futures_util::future::try_join_all;
use maru_build::{BuildError, BuildState, Ensured, Source};
use maru_manifest::Files;
use maru_model::Text;
use maru_store::users::User;
use tokio_util::sync::CancellationToken;

use super::refresh::failed as unread;
use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::deploy::view::StepBuild;
use crate::source;
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
    let source = source::of(state, user).await?;
    let commit = progress.row.commit.clone().unwrap_or_default();
    let manifests = match source.from {
        Source::Remote { .. } => state.rollouts.files(user, Some(&commit)).await.map_err(unread)?,
        Source::Project { .. } => Files::new(),
    };
    let all = state.builds.repositories(&user.id).await.map_err(|error| failed(&error))?;
    let repositories = source::repositories(all, user, &source, &manifests);
    if repositories.is_empty() {
        return Ok(match source.from {
            Source::Project { .. } => {
                Text::new("No image repository builds from this project.", "이 프로젝트에서 빌드하는 이미지 저장소가 없습니다.")
            }
            Source::Remote { .. } => Text::new(
                "No image repository of yours builds from this address or is named by its manifests: nothing had to be built.",
                "이 주소에서 빌드하거나 매니페스트에 나오는 내 이미지 저장소가 없어 빌드하지 않았습니다.",
            ),
        });
    }
    let mut unchanged = 0;
    let mut builds = Vec::new();
    for (repository, same) in &repositories {
        match state.builds.ensure_built(&user.login, repository, same.then_some(commit.as_str())).await.map_err(|error| failed(&error))? {
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
    if total > 0 {
        progress.say(building(&names(&builds), unchanged));
    }
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
    Ok(built(&names(&done), unchanged))
}

fn names<T>(builds: &[(String, T)]) -> Vec<&str> {
    builds.iter().map(|(name, _)| name.as_str()).collect()
}

fn building(names: &[&str], unchanged: usize) -> Text {
    let list = names.join(", ");
    match unchanged {
        0 => Text::new(format!("Building {list}"), format!("빌드하는 중: {list}")),
        1 => {
            Text::new(format!("Building {list}; one image is unchanged"), format!("빌드하는 중: {list} (바뀌지 않은 이미지 1개는 그대로)"))
        }
        _ => Text::new(
            format!("Building {list}; {unchanged} images are unchanged"),
            format!("빌드하는 중: {list} (바뀌지 않은 이미지 {unchanged}개는 그대로)"),
        ),
    }
}

/// What was built, and what did not need to be.
fn built(names: &[&str], unchanged: usize) -> Text {
    let list = names.join(", ");
    match (names.len(), unchanged) {
        (0, 1) => Text::new("The image is unchanged: nothing had to be built.", "이미지가 바뀌지 않아 빌드하지 않았습니다."),
        (0, _) => Text::new(
            format!("All {unchanged} images are unchanged: nothing had to be built."),
            format!("이미지 {unchanged}개 모두 바뀌지 않아 빌드하지 않았습니다."),
        ),
        (_, 0) => Text::new(format!("Built: {list}."), format!("빌드했습니다: {list}")),
        (_, 1) => Text::new(
            format!("Built: {list}. One image was unchanged and stays as it is."),
            format!("빌드했습니다: {list}. 바뀌지 않은 이미지 1개는 그대로 씁니다."),
        ),
        _ => Text::new(
            format!("Built: {list}. {unchanged} images were unchanged and stay as they are."),
            format!("빌드했습니다: {list}. 바뀌지 않은 이미지 {unchanged}개는 그대로 씁니다."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_is_said_by_name() {
        let english = |names: &[&str], unchanged| built(names, unchanged).en;
        assert_eq!(english(&["web", "api"], 0), "Built: web, api.");
        assert_eq!(english(&["web"], 1), "Built: web. One image was unchanged and stays as it is.");
        assert_eq!(english(&["web"], 2), "Built: web. 2 images were unchanged and stay as they are.");
        assert_eq!(english(&[], 1), "The image is unchanged: nothing had to be built.");
        assert_eq!(built(&[], 3).ko, "이미지 3개 모두 바뀌지 않아 빌드하지 않았습니다.");
        assert_eq!(building(&["web"], 2).ko, "빌드하는 중: web (바뀌지 않은 이미지 2개는 그대로)");
    }
}
