//! Source control of the project in the workspace, by the git program there, as the student: what the terminal can do as
//! well, with answers that a page can draw. Only what is written here is run; paths and names never count as options.

mod blame;
mod log;
mod refusals;
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
use crate::source;
use crate::state::AppState;

use refusals::refused;

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
        .route("/workspace/git/blame", get(show_blame))
        .route("/workspace/git/resolve", post(resolve))
        .route("/workspace/git/merge/abort", post(abort_merge))
}

/// git in one project of one workspace.
struct Git<'a> {
    state: &'a AppState,
    user: &'a User,
    folder: String,
}

impl<'a> Git<'a> {
    async fn new(state: &'a AppState, user: &'a User, folder: Option<String>) -> ApiResult<Self> {
        let folder = match folder {
            Some(folder) => folder,
            None => source::project(state, user).await?.to_string(),
        };
        Ok(Self { state, user, folder })
    }

    async fn run(&self, arguments: &[&str], stdin: Option<String>, seconds: u64) -> ApiResult<ExecResponse> {
        if arguments.iter().any(|part| part.contains('\0')) {
            return Err(ApiError::bad_request(Text::new(
                "No name of a file or a branch has a NUL character in it.",
                "파일이나 브랜치 이름에는 NUL 문자가 들어갈 수 없습니다.",
            )));
        }
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

#[derive(Deserialize)]
struct InFolder {
    folder: Option<String>,
}

async fn show_status(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Query(InFolder { folder }): Query<InFolder>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, folder).await?;
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
    let git = Git::new(&state, &user, wanted.folder).await?;
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
    let git = Git::new(&state, &user, wanted.folder).await?;
    let path = wanted.path.unwrap_or_default();
    let object = match wanted.at.as_deref().unwrap_or("HEAD") {
        "index" => format!(":./{path}"),
        "HEAD" => format!("HEAD:./{path}"),
        "start" => format!("{}:./{path}", first_commit(&git).await?),
        at => format!("{}:./{path}", commit_id(at)?),
    };
    let answer = git.run(&["cat-file", "blob", &object], None, LOCAL_SECONDS).await?;
    if answer.code != 0 {
        return Err(ApiError::not_found());
    }
    Ok(plain(answer.stdout, answer.truncated))
}

/// The oldest commit that the present one comes from: the starter project, in a project that was made of it.
async fn first_commit(git: &Git<'_>) -> ApiResult<String> {
    let answer = git.run(&["rev-list", "--max-parents=0", "HEAD"], None, LOCAL_SECONDS).await?;
    // The newest of several roots comes first.
    answer.stdout.lines().last().map(str::to_owned).filter(|_| answer.code == 0).ok_or_else(ApiError::not_found)
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
    let git = Git::new(&state, &user, chosen.folder).await?;
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
    let git = Git::new(&state, &user, chosen.folder).await?;
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
    let git = Git::new(&state, &user, wanted.folder).await?;
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
    let git = Git::new(&state, &user, wanted.folder).await?;
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
    let git = Git::new(&state, &user, folder).await?;
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
    let git = Git::new(&state, &user, folder).await?;
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
    let git = Git::new(&state, &user, wanted.folder).await?;
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

/// What came with a pull.
async fn pull(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(InFolder { folder }): Json<InFolder>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, folder).await?;
    let head = ["rev-parse", "--quiet", "--verify", "HEAD"];
    let before = git.run(&head, None, LOCAL_SECONDS).await?.stdout;
    git.change(&["pull", "--quiet", "--no-rebase", "--no-edit"], None, REMOTE_SECONDS).await?;
    let after = git.run(&head, None, LOCAL_SECONDS).await?.stdout;
    let (before, after) = (before.trim(), after.trim());
    // The first pull of an empty project has nothing to compare with.
    let (commits, files) = if before == after || before.is_empty() {
        (0, 0)
    } else {
        let range = format!("{before}..{after}");
        let count = git.read(&["rev-list", "--count", &range]).await?;
        let names = git.read(&["diff", "--name-only", "-z", before, after, "--"]).await?;
        (count.stdout.trim().parse().unwrap_or(0), names.stdout.matches('\0').count())
    };
    Ok(Json(json!({"commit": after, "commits": commits, "files": files})))
}

/// How many commits went, where it is known: not with a branch's first push.
async fn push(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(InFolder { folder }): Json<InFolder>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, folder).await?;
    let ahead = git.run(&["rev-list", "--count", "@{upstream}..HEAD"], None, LOCAL_SECONDS).await?;
    git.change(&["push", "--quiet", "--set-upstream", "origin", "HEAD"], None, REMOTE_SECONDS).await?;
    let branch = git.read(&["branch", "--show-current"]).await?;
    let commits: Option<usize> = if ahead.code == 0 { ahead.stdout.trim().parse().ok() } else { None };
    Ok(Json(json!({"branch": branch.stdout.trim(), "commits": commits})))
}

/// Of which commit each line of a file is, as it is on the disk.
async fn show_blame(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Json<Value>> {
    let git = Git::new(&state, &user, wanted.folder).await?;
    let path = wanted.path.unwrap_or_default();
    let answer = git.run(&["blame", "--porcelain", "--", &path], None, LOCAL_SECONDS).await?;
    if answer.code != 0 && answer.stderr.contains("no such path") {
        return Err(ApiError::not_found());
    }
    if answer.code != 0 {
        return Err(refused(&["blame"], &answer));
    }
    let mut body = json!(blame::parse(&answer.stdout));
    body["truncated"] = json!(answer.truncated);
    Ok(Json(body))
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Ours,
    Theirs,
}

/// A file in conflict, whole as one side has it.
#[derive(Deserialize)]
struct Resolution {
    folder: Option<String>,
    path: String,
    side: Side,
}

async fn resolve(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(Resolution { folder, path, side }): Json<Resolution>,
) -> ApiResult<StatusCode> {
    let git = Git::new(&state, &user, folder).await?;
    // The index holds three versions of it: 2 is ours, 3 is theirs.
    let (stage, flag) = match side {
        Side::Ours => (2, "--ours"),
        Side::Theirs => (3, "--theirs"),
    };
    let stages = git.read(&["ls-files", "--unmerged", "-z", "--", &path]).await?.stdout;
    if stages.is_empty() {
        return Err(ApiError::not_found());
    }
    let is_there = stages.split('\0').filter_map(|entry| entry.split_once('\t')).any(|(entry, _)| entry.ends_with(&format!(" {stage}")));
    if is_there {
        git.change(&["checkout", "--quiet", flag, "--", &path], None, LOCAL_SECONDS).await?;
        git.change(&["add", "--", &path], None, LOCAL_SECONDS).await?;
    } else {
        // That side deleted it.
        git.change(&["rm", "--quiet", "--force", "--", &path], None, LOCAL_SECONDS).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Back to before the merge.
async fn abort_merge(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Json(InFolder { folder }): Json<InFolder>,
) -> ApiResult<StatusCode> {
    let git = Git::new(&state, &user, folder).await?;
    git.change(&["merge", "--abort"], None, LOCAL_SECONDS).await?;
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
