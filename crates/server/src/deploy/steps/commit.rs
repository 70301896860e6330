use maru_build::Source;
use maru_model::Text;
use maru_store::users::User;
use maru_workspace::{ExecRequest, ExecResponse, WorkspaceError};

use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::source;
use crate::state::AppState;

/// Seconds that one git command in the workspace may take.
const GIT_SECONDS: u64 = 120;

/// Commits what the workspace has on `main` and pushes it. Where the workspace does not run, what was pushed last is
/// deployed: its home is not at hand.
pub async fn commit(state: &AppState, user: &User, progress: &mut Progress<'_>) -> Result<Text, StepFailure> {
    let unexpected = |error: &dyn std::fmt::Display| {
        StepFailure::because(Text::new(format!("The project could not be read: {error}"), format!("프로젝트를 읽지 못했습니다: {error}")))
    };
    let project = match source::ensured(state, user).await?.from {
        Source::Project { project } => project,
        Source::Remote { url, branch } => return fetch(state, &url, &branch, progress).await,
    };
    let how = match state.workspaces.agent(&user.id).await {
        Ok(_) => {
            source::in_workspace(state, user, &project).await?;
            Some(commit_in_workspace(state, user, project.as_str(), progress).await?)
        }
        Err(WorkspaceError::NotReady { .. }) => None,
        Err(error) => return Err(StepFailure::because(error.cause())),
    };
    let repository = source::open(state, user, &project).await?;
    let head = repository.head(maru_git::MAIN).await.map_err(|error| unexpected(&error))?;
    let Some(head) = head else {
        return Err(StepFailure::Failed {
            detail: Text::new("The project has no commit on main.", "프로젝트의 main 브랜치에 커밋이 없습니다."),
            fix: Some(Text::new("Commit something and push it to main.", "커밋한 뒤 main으로 push하세요.")),
            diagnostics: Vec::new(),
        });
    };
    progress.row.commit = Some(head.clone());
    let short = &head[..head.len().min(8)];
    Ok(match how {
        Some(true) => Text::new(format!("Committed your changes as {short}."), format!("변경한 내용을 {short}(으)로 커밋했습니다.")),
        Some(false) => Text::new(format!("Nothing had changed since {short}."), format!("{short} 이후 바뀐 것이 없습니다.")),
        None => Text::new(
            format!("The workspace is not running: {short}, pushed last, is deployed."),
            format!("작업 공간이 실행 중이 아니어서 마지막에 push한 {short}을(를) 배포합니다."),
        ),
    })
}

/// Nothing of the workspace is committed for an application from elsewhere: its newest commit is fetched.
async fn fetch(state: &AppState, url: &str, branch: &str, progress: &mut Progress<'_>) -> Result<Text, StepFailure> {
    progress.say(Text::new(format!("Fetching {branch} of {url}"), format!("{url} 의 {branch} 을(를) 가져오는 중")));
    let (_, head) = source::fetched(state, url, branch).await?;
    let short = &head[..head.len().min(8)];
    let said = Text::new(
        format!("Found {short}, the newest commit of {branch} at {url}. Nothing of your workspace is deployed."),
        format!("{url} 의 {branch} 브랜치에서 최신 커밋 {short}을(를) 찾았습니다. 작업 공간의 내용은 배포되지 않습니다."),
    );
    progress.row.commit = Some(head);
    Ok(said)
}

/// True where there was something to commit.
async fn commit_in_workspace(state: &AppState, user: &User, project: &str, progress: &Progress<'_>) -> Result<bool, StepFailure> {
    let git = async |arguments: &[&str]| {
        let request = ExecRequest {
            argv: std::iter::once("git").chain(arguments.iter().copied()).map(str::to_owned).collect(),
            cwd: Some(project.to_owned()),
            timeout: Some(GIT_SECONDS),
            ..ExecRequest::default()
        };
        let answer = state.workspaces.exec(&user.id, &request).await.map_err(|error| StepFailure::because(error.cause()))?;
        Ok::<ExecResponse, StepFailure>(answer)
    };
    progress.say(Text::new("Looking for changes", "바뀐 것을 찾는 중"));
    let branch = succeed("symbolic-ref", git(&["symbolic-ref", "--short", "HEAD"]).await?)?;
    let branch = branch.trim();
    if branch != maru_git::MAIN {
        return Err(StepFailure::Failed {
            detail: Text::new(
                format!("The project is on the branch {branch}; main is what is deployed."),
                format!("프로젝트가 {branch} 브랜치에 있습니다. 배포되는 것은 main입니다."),
            ),
            fix: Some(Text::new(
                "Run `git switch main`, merge what you want deployed, and deploy again.",
                "`git switch main` 후 배포할 내용을 merge하고 다시 배포하세요.",
            )),
            diagnostics: Vec::new(),
        });
    }
    succeed("add", git(&["add", "--all"]).await?)?;
    let changed = git(&["diff", "--cached", "--quiet"]).await?.code != 0;
    if changed {
        let message = if progress.row.message.is_empty() { "Deploy" } else { progress.row.message.as_str() };
        succeed("commit", git(&["commit", "--quiet", "--message", message]).await?)?;
    }
    progress.say(Text::new("Pushing to the project", "프로젝트로 push하는 중"));
    let pushed = git(&["push", "--quiet", "origin", maru_git::MAIN]).await?;
    if pushed.code != 0 && (pushed.stderr.contains("non-fast-forward") || pushed.stderr.contains("fetch first")) {
        return Err(StepFailure::Failed {
            detail: Text::new(
                "The project has commits that your workspace does not have.",
                "프로젝트에 작업 공간에는 없는 커밋이 있습니다.",
            ),
            fix: Some(Text::new(
                "Run `git pull --rebase origin main` in the terminal, and deploy again.",
                "터미널에서 `git pull --rebase origin main`을 실행하고 다시 배포하세요.",
            )),
            diagnostics: Vec::new(),
        });
    }
    succeed("push", pushed)?;
    Ok(changed)
}

/// What the command printed, or its own words as the reason.
fn succeed(command: &str, answer: ExecResponse) -> Result<String, StepFailure> {
    if answer.code == 0 {
        return Ok(answer.stdout);
    }
    let said = if answer.timed_out { "it took too long".to_owned() } else { answer.stderr.trim().to_owned() };
    Err(StepFailure::Failed {
        detail: Text::new(format!("git {command} failed: {said}"), format!("git {command} 실패: {said}")),
        fix: Some(Text::new(
            format!("Run `git {command}` in the terminal, in the project's folder, to see more."),
            format!("터미널의 프로젝트 폴더에서 `git {command}`을(를) 실행해 자세히 확인하세요."),
        )),
        diagnostics: Vec::new(),
    })
}
