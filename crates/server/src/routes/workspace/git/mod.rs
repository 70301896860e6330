//! Source control of the project in the workspace, by the git program there, as the student: what the terminal can do as
//! well, with answers that a page can draw. Only what is written here is run; paths and names never count as options.

mod log;
mod status;

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{StatusCode, header};
use maru_model::Text;
use maru_store::users::User;
use maru_workspace::{ExecRequest, ExecResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::starter;
use crate::state::AppState;

/// Seconds for what stays in the workspace, and for what asks another machine.
const LOCAL_SECONDS: u64 = 30;
const REMOTE_SECONDS: u64 = 120;
/// Commits in one answer.
const COMMITS: usize = 200;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace/git/status", get(show_status))
        .route("/workspace/git/diff", get(diff))
        .route("/workspace/git/file", get(file))
        .route("/workspace/git/stage", post(stage))
        .route("/workspace/git/unstage", post(unstage))
        .route("/workspace/git/commit", post(commit))
        .route("/workspace/git/log", get(show_log))
        .route("/workspace/git/commits/{id}", get(show_commit))
        .route("/workspace/git/branches", get(branches))
        .route("/workspace/git/switch", post(switch))
        .route("/workspace/git/pull", post(pull))
        .route("/workspace/git/push", post(push))
}

/// git in one project of one workspace.
struct Git<'a> {
    state: &'a AppState,
    user: &'a User,
    folder: String,
}

impl<'a> Git<'a> {
    fn new(state: &'a AppState, user: &'a User, folder: Option<String>) -> ApiResult<Self> {
        let folder = match folder {
            Some(folder) => folder,
            None => starter::project()?.to_string(),
        };
        Ok(Self { state, user, folder })
    }

    async fn run(&self, arguments: &[&str], stdin: Option<String>, seconds: u64) -> ApiResult<ExecResponse> {
        // Names are names: no patterns in paths, no editor, no password prompt that nobody would see.
        let argv = ["git", "--literal-pathspecs", "-c", "core.quotePath=false"].iter().chain(arguments);
        let env = [("GIT_TERMINAL_PROMPT", "0"), ("GIT_EDITOR", "true"), ("LC_ALL", "C.UTF-8"), ("GIT_OPTIONAL_LOCKS", "0")];
        let request = ExecRequest {
            argv: argv.map(|part| (*part).to_owned()).collect(),
            cwd: Some(self.folder.clone()),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>(),
            stdin,
            timeout: Some(seconds),
        };
        Ok(self.state.workspaces.exec(&self.user.id, &request).await?)
    }

    /// What it printed; where it fails, its own words are the error.
    async fn read(&self, arguments: &[&str]) -> ApiResult<ExecResponse> {
        self.checked(arguments, None, LOCAL_SECONDS).await
    }

    /// The same for what changes something: somebody is there.
    async fn change(&self, arguments: &[&str], stdin: Option<String>, seconds: u64) -> ApiResult<ExecResponse> {
        self.state.workspaces.touch(&self.user.id);
        self.checked(arguments, stdin, seconds).await
    }

    async fn checked(&self, arguments: &[&str], stdin: Option<String>, seconds: u64) -> ApiResult<ExecResponse> {
        let answer = self.run(arguments, stdin, seconds).await?;
        if answer.code == 0 { Ok(answer) } else { Err(refused(arguments, &answer)) }
    }
}

/// What git would not do, with the way out of what students meet.
fn refused(arguments: &[&str], answer: &ExecResponse) -> ApiError {
    let command = arguments.first().copied().unwrap_or_default();
    let said = if answer.stderr.trim().is_empty() { answer.stdout.trim() } else { answer.stderr.trim() };
    let (code, detail, fix) = if answer.timed_out {
        (
            "git_timeout",
            Text::new(format!("git {command} took too long and was ended."), format!("git {command}이(가) 너무 오래 걸려 멈췄습니다.")),
            Some(Text::new("Try it in the terminal.", "터미널에서 시도해 보세요.")),
        )
    } else if said.contains("not a git repository") {
        (
            "no_project",
            Text::new("This folder is not under git.", "git으로 관리하는 폴더가 아닙니다."),
            Some(Text::new("Run `git init` in it, or open the project's folder.", "`git init`을 실행하거나 프로젝트 폴더를 여세요.")),
        )
    } else if said.contains("non-fast-forward") || said.contains("fetch first") {
        (
            "git_behind",
            Text::new("The project has commits that your workspace does not have.", "프로젝트에 작업 공간에는 없는 커밋이 있습니다."),
            Some(Text::new("Pull first, then push again.", "먼저 pull 한 뒤 다시 push 하세요.")),
        )
    } else if said.contains("CONFLICT") || said.contains("unmerged") {
        (
            "git_conflict",
            Text::new("The same lines were changed on both sides.", "양쪽에서 같은 줄을 바꿨습니다."),
            Some(Text::new(
                "Open each conflicting file, keep what is right, stage it, and commit.",
                "충돌한 파일을 열어 맞는 내용을 남기고, 스테이지에 올린 뒤 커밋하세요.",
            )),
        )
    } else if said.contains("nothing to commit") || said.contains("no changes added") {
        ("git_nothing", Text::new("There is nothing staged to commit.", "스테이지에 올린 것이 없어 커밋할 수 없습니다."), None)
    } else if said.contains("would be overwritten") {
        (
            "git_dirty",
            Text::new(
                format!("Changes of yours that are not committed are in the way: {said}"),
                format!("커밋하지 않은 변경 사항이 걸립니다: {said}"),
            ),
            Some(Text::new("Commit them first.", "먼저 커밋하세요.")),
        )
    } else {
        ("git_failed", Text::new(format!("git {command}: {said}"), format!("git {command}: {said}")), None)
    };
    let error = ApiError::new(StatusCode::CONFLICT, code, detail).with("output", said);
    match fix {
        Some(fix) => error.fix(fix),
        None => error,
    }
}

#[derive(Deserialize)]
struct InFolder {
    folder: Option<String>,
}

async fn show_status(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Query(InFolder { folder }): Query<InFolder>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, folder)?;
    let arguments = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"];
    let merging = git.run(&["rev-parse", "--quiet", "--verify", "MERGE_HEAD"], None, LOCAL_SECONDS);
    let (answer, merging) = tokio::try_join!(git.read(&arguments), merging)?;
    let found = status::parse(&answer.stdout, answer.truncated);
    let mut body = json!(found);
    body["merging"] = json!(merging.code == 0);
    Ok(Json(body))
}

#[derive(Deserialize)]
struct Wanted {
    folder: Option<String>,
    path: Option<String>,
    #[serde(default)]
    staged: u8,
    /// `HEAD` (where missing), `index`, or a commit's id.
    at: Option<String>,
    limit: Option<usize>,
    skip: Option<usize>,
}

fn plain(text: String, truncated: bool) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (headers, text).into_response();
    if truncated {
        response.headers_mut().insert("maru-truncated", http::HeaderValue::from_static("1"));
    }
    response
}

/// The patch of the working tree against the index, or with `staged=1` of the index against HEAD.
async fn diff(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Query(wanted): Query<Wanted>) -> ApiResult<Response> {
    let git = Git::new(&state, &user, wanted.folder)?;
    let mut arguments = vec!["diff", "--no-color", "--no-ext-diff", "--no-textconv"];
    if wanted.staged == 1 {
        arguments.push("--cached");
    }
    arguments.push("--");
    arguments.extend(wanted.path.as_deref());
    let answer = git.read(&arguments).await?;
    Ok(plain(answer.stdout, answer.truncated))
}

/// A file as it is in a commit or in the index; 404 where it is not there.
async fn file(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Query(wanted): Query<Wanted>) -> ApiResult<Response> {
    let git = Git::new(&state, &user, wanted.folder)?;
    let path = wanted.path.unwrap_or_default();
    let object = match wanted.at.as_deref().unwrap_or("HEAD") {
        "index" => format!(":./{path}"),
        "HEAD" => format!("HEAD:./{path}"),
        at => format!("{}:./{path}", commit_id(at)?),
    };
    let answer = git.run(&["cat-file", "blob", &object], None, LOCAL_SECONDS).await?;
    if answer.code != 0 {
        return Err(ApiError::not_found());
    }
    Ok(plain(answer.stdout, answer.truncated))
}

fn commit_id(text: &str) -> ApiResult<&str> {
    let is_id = (4..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(text) } else { Err(ApiError::not_found()) }
}

/// What to stage or unstage: whole files, or a patch of some of their lines.
#[derive(Deserialize)]
struct Chosen {
    folder: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
    patch: Option<String>,
}

async fn stage(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Json(chosen): Json<Chosen>) -> ApiResult<StatusCode> {
    let git = Git::new(&state, &user, chosen.folder)?;
    if let Some(patch) = chosen.patch {
        git.change(&["apply", "--cached", "--recount", "-"], Some(patch), LOCAL_SECONDS).await?;
    }
    if !chosen.paths.is_empty() {
        git.change(&with_paths(&["add", "--all", "--"], &chosen.paths), None, LOCAL_SECONDS).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn unstage(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(chosen): Json<Chosen>,
) -> ApiResult<StatusCode> {
    let git = Git::new(&state, &user, chosen.folder)?;
    if let Some(patch) = chosen.patch {
        git.change(&["apply", "--cached", "--reverse", "--recount", "-"], Some(patch), LOCAL_SECONDS).await?;
    }
    if !chosen.paths.is_empty() {
        let born = git.run(&["rev-parse", "--quiet", "--verify", "HEAD"], None, LOCAL_SECONDS).await?.code == 0;
        // Before the first commit there is nothing to go back to.
        let command: &[&str] = if born { &["reset", "--quiet", "--"] } else { &["rm", "--cached", "--quiet", "-r", "--"] };
        git.change(&with_paths(command, &chosen.paths), None, LOCAL_SECONDS).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn with_paths<'a>(command: &[&'a str], paths: &'a [String]) -> Vec<&'a str> {
    command.iter().copied().chain(paths.iter().map(String::as_str)).collect()
}

#[derive(Deserialize)]
struct Message {
    folder: Option<String>,
    message: String,
    #[serde(default)]
    amend: bool,
}

async fn commit(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(wanted): Json<Message>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, wanted.folder)?;
    if wanted.message.trim().is_empty() {
        return Err(ApiError::bad_request(Text::new("A commit needs a message.", "커밋 메시지를 입력하세요.")));
    }
    let mut arguments = vec!["commit", "--quiet", "--cleanup=strip", "--file=-"];
    if wanted.amend {
        arguments.push("--amend");
    }
    git.change(&arguments, Some(wanted.message), LOCAL_SECONDS).await?;
    let id = git.read(&["rev-parse", "HEAD"]).await?;
    Ok(Json(json!({ "commit": id.stdout.trim() })))
}

async fn show_log(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, wanted.folder)?;
    let count = format!("--max-count={}", wanted.limit.unwrap_or(50).min(COMMITS));
    let skip = format!("--skip={}", wanted.skip.unwrap_or(0));
    let mut arguments =
        vec!["log", "--topo-order", "--decorate=short", log::FORMAT, &count, &skip, "HEAD", "--remotes", "--branches", "--"];
    arguments.extend(wanted.path.as_deref());
    let answer = git.run(&arguments, None, LOCAL_SECONDS).await?;
    // Before the first commit there is no HEAD.
    let unborn = answer.code != 0 && (answer.stderr.contains("bad revision") || answer.stderr.contains("does not have any commits"));
    if answer.code != 0 && !unborn {
        return Err(refused(&arguments, &answer));
    }
    Ok(Json(json!({ "commits": log::parse(&answer.stdout) })))
}

/// A commit's message and patch.
async fn show_commit(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(id): Path<String>,
    Query(InFolder { folder }): Query<InFolder>,
) -> ApiResult<Response> {
    let git = Git::new(&state, &user, folder)?;
    let arguments = ["show", "--no-color", "--no-ext-diff", "--no-textconv", "--format=%B", "--stat", "--patch", commit_id(&id)?, "--"];
    let answer = git.run(&arguments, None, LOCAL_SECONDS).await?;
    if answer.code != 0 {
        return Err(ApiError::not_found());
    }
    Ok(plain(answer.stdout, answer.truncated))
}

async fn branches(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Query(InFolder { folder }): Query<InFolder>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, folder)?;
    let answer = git.read(&["for-each-ref", "--format=%(HEAD)%00%(refname:short)", "--sort=-committerdate", "refs/heads"]).await?;
    let all: Vec<Value> = (answer.stdout.lines().filter_map(|line| line.split_once('\0')))
        .map(|(head, name)| json!({ "name": name, "current": head == "*" }))
        .collect();
    Ok(Json(json!({ "branches": all })))
}

#[derive(Deserialize)]
struct Switch {
    folder: Option<String>,
    branch: String,
    #[serde(default)]
    create: bool,
}

async fn switch(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Json(wanted): Json<Switch>) -> ApiResult<StatusCode> {
    let git = Git::new(&state, &user, wanted.folder)?;
    let branch = wanted.branch.as_str();
    let good = !branch.starts_with('-') && git.run(&["check-ref-format", "--branch", branch], None, LOCAL_SECONDS).await?.code == 0;
    if !good {
        return Err(ApiError::bad_request(Text::new(
            format!("“{branch}” cannot be the name of a branch."),
            format!("‘{branch}’은(는) 브랜치 이름으로 쓸 수 없습니다."),
        )));
    }
    let command: &[&str] = if wanted.create { &["switch", "--quiet", "--create", branch] } else { &["switch", "--quiet", branch] };
    git.change(command, None, LOCAL_SECONDS).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn pull(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(InFolder { folder }): Json<InFolder>,
) -> ApiResult<StatusCode> {
    let git = Git::new(&state, &user, folder)?;
    git.change(&["pull", "--quiet", "--no-rebase", "--no-edit"], None, REMOTE_SECONDS).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn push(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(InFolder { folder }): Json<InFolder>,
) -> ApiResult<StatusCode> {
    let git = Git::new(&state, &user, folder)?;
    git.change(&["push", "--quiet", "--set-upstream", "origin", "HEAD"], None, REMOTE_SECONDS).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_hexadecimal_and_nothing_else() {
        assert!(commit_id("d99e8bc").is_ok());
        for wrong in ["", "abc", "HEAD", "--output=x", "d99e8bc:x", "d99e8bc^"] {
            assert!(commit_id(wrong).is_err(), "{wrong}");
        }
    }
}
