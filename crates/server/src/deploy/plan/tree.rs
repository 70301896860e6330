//! The project as a Deploy would commit it, read without committing it: git itself makes the tree, in an index of its own, so
//! that what is ignored, renamed or unchanged is what it will be. Where the workspace does not run, what was pushed last.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use base64::Engine as _;
use maru_build::Source as Origin;
use maru_git::{EntryKind, Project};
use maru_manifest::Files;
use maru_model::{ProjectName, Text};
use maru_rollout::Source;
use maru_store::users::User;
use maru_workspace::{ExecRequest, ExecResponse, WorkspaceError};
use serde::Serialize;

use crate::error::{ApiError, ApiResult};
use crate::source;
use crate::state::AppState;

/// The longest text that is looked into, in bytes, and how many and how much of them altogether.
const FILE_MAX: u64 = 128 * 1024;
const FILES_MAX: usize = 500;
const BYTES_MAX: u64 = 2 << 20;
/// Where each file has to be read by a program of its own.
const FILES_MAX_PUSHED: usize = 80;
/// Changed files that are named.
const CHANGED_MAX: usize = 500;
const SECONDS: u64 = 30;
/// Between the parts of what the script prints; in no path that git prints here.
const PART: char = '\u{1e}';

const SCRIPT: &str = r#"
set -e
index=$(mktemp)
trap 'rm -f "$index"' EXIT
# A copy of the index, so that unchanged files are not read again; as old as it is, for git reads what changed in that second.
cp -p "$(git rev-parse --git-path index)" "$index" 2>/dev/null || rm -f "$index"
export GIT_INDEX_FILE="$index"
git add --all
tree=$(git write-tree)
git symbolic-ref --short -q HEAD || true
printf '\036'
git rev-parse --verify -q HEAD || true
printf '\036%s\036' "$tree"
git diff-index --cached --name-status --no-renames -z "$(git rev-parse --verify -q HEAD || git hash-object -t tree --stdin </dev/null)"
printf '\036'
git ls-tree -r -z --long "$tree"
for context in "$@"; do
  printf '\036'
  git rev-parse --verify -q "$tree:$context" || true
done
"#;

/// A file that differs from the last commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub path: String,
    /// added, changed, removed
    pub change: &'static str,
}

#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// False: the workspace does not run, and what was pushed last is deployed.
    pub from_workspace: bool,
    pub branch: String,
    /// The commit that it is laid beside; empty before the first.
    pub head: String,
    pub changed: Vec<Changed>,
    /// All files.
    pub paths: BTreeSet<String>,
    /// Of each context the id of its tree; `None` where there is no such folder.
    pub contexts: BTreeMap<String, Option<String>>,
    /// The texts among the files, as far as they were read.
    pub files: Files,
}

impl Tree {
    /// # Errors
    /// Where the project cannot be read.
    pub async fn read(state: &AppState, user: &User, source: &Source, contexts: &BTreeSet<&str>) -> ApiResult<Self> {
        let manifests = source.path.as_str();
        let project = match &source.from {
            Origin::Project { project } => project,
            Origin::Remote { url, branch } => {
                let (project, head) = source::fetched(state, url, branch).await?;
                return at(&project, head, branch, contexts, manifests).await;
            }
        };
        match state.workspaces.agent(&user.id).await {
            Ok(_) => {
                source::in_workspace(state, user, project).await?;
                of_workspace(state, user, project, contexts, manifests).await
            }
            Err(WorkspaceError::NotReady { .. }) => of_pushed(state, user, project, contexts, manifests).await,
            Err(error) => Err(error.into()),
        }
    }
}

async fn of_workspace(state: &AppState, user: &User, project: &ProjectName, contexts: &BTreeSet<&str>, manifests: &str) -> ApiResult<Tree> {
    let run = async |argv: Vec<String>| {
        let request = ExecRequest {
            argv,
            cwd: Some(project.to_string()),
            env: BTreeMap::from([("LC_ALL".to_owned(), "C.UTF-8".to_owned())]),
            timeout: Some(SECONDS),
            ..ExecRequest::default()
        };
        printed(state.workspaces.exec(&user.id, &request).await?)
    };
    let mut argv: Vec<String> = ["sh", "-c", SCRIPT, "plan"].map(str::to_owned).to_vec();
    // The tree itself is the context at the top.
    argv.extend(contexts.iter().map(|context| (*context).to_owned()));
    let said = run(argv).await?;
    let (mut tree, id, sizes) = understood(&said, contexts).ok_or_else(|| ApiError::internal("git printed something else"))?;
    let wanted = chosen(&sizes, manifests, FILES_MAX);
    if !wanted.is_empty() {
        let pack = r#"tree=$1; shift; git --literal-pathspecs archive --format=tar.gz "$tree" -- "$@" | base64 -w0"#;
        let argv = ["sh", "-c", pack, "pack", &id].into_iter().map(str::to_owned).chain(wanted);
        tree.files = unpacked(&run(argv.collect()).await?).map_err(ApiError::internal)?;
    }
    Ok(tree)
}

fn printed(answer: ExecResponse) -> ApiResult<String> {
    if answer.code == 0 && !answer.truncated {
        return Ok(answer.stdout);
    }
    let said = match (answer.timed_out, answer.truncated) {
        (true, _) => "it took too long",
        (_, true) => "there are too many files",
        _ => answer.stderr.trim(),
    };
    Err(ApiError::new(
        http::StatusCode::CONFLICT,
        "project_unreadable",
        Text::new(format!("The project could not be read: {said}"), format!("프로젝트를 읽지 못했습니다: {said}")),
    )
    .fix(Text::new(
        "Run `git status` in the project's folder, in the terminal, to see more.",
        "터미널의 프로젝트 폴더에서 `git status` 를 실행해 자세히 확인하세요.",
    )))
}

/// The tree, its id, and the sizes of its files.
fn understood(said: &str, contexts: &BTreeSet<&str>) -> Option<(Tree, String, BTreeMap<String, u64>)> {
    let mut parts = said.split(PART);
    let mut next = || parts.next().map(str::trim);
    let (branch, head, id) = (next()?.to_owned(), next()?.to_owned(), next()?.to_owned());
    let changed = changes(parts.next()?);
    let sizes: BTreeMap<String, u64> = parts.next()?.split('\0').filter_map(file).collect();
    let ids = parts.map(|id| Some(id.trim().to_owned()).filter(|id| !id.is_empty()));
    let contexts = contexts.iter().map(|context| (*context).to_owned()).zip(ids).collect();
    let paths = sizes.keys().cloned().collect();
    Some((Tree { from_workspace: true, branch, head, changed, paths, contexts, files: Files::new() }, id, sizes))
}

/// `M\0path\0A\0other\0`
fn changes(said: &str) -> Vec<Changed> {
    let mut words = said.trim_matches('\n').split('\0');
    let mut found = Vec::new();
    while let (Some(letter), Some(path)) = (words.next(), words.next()) {
        let change = match letter.trim() {
            "A" => "added",
            "D" => "removed",
            _ => "changed",
        };
        found.push(Changed { path: path.to_owned(), change });
    }
    found.truncate(CHANGED_MAX);
    found
}

/// `100644 blob ID    1234\tpath`; no links, no modules.
fn file(line: &str) -> Option<(String, u64)> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split_whitespace();
    let (mode, kind) = (words.next()?, words.next()?);
    let size = words.nth(1)?.parse().ok()?;
    (kind == "blob" && mode != "120000").then(|| (path.to_owned(), size))
}

/// The texts that are worth reading: manifests and Dockerfiles first, then programs, small ones first.
fn chosen(sizes: &BTreeMap<String, u64>, manifests: &str, most: usize) -> Vec<String> {
    let folder = if manifests.is_empty() { "k8s" } else { manifests };
    let mut found: Vec<(u8, u64, &String)> =
        sizes.iter().filter(|(_, size)| **size <= FILE_MAX).filter_map(|(path, size)| Some((rank(path, folder)?, *size, path))).collect();
    found.sort();
    let mut left = BYTES_MAX;
    let fits = |&(_, size, path): &(u8, u64, &String)| {
        left = left.checked_sub(size)?;
        Some(path.clone())
    };
    found.iter().map_while(fits).take(most).collect()
}

fn rank(path: &str, manifests: &str) -> Option<u8> {
    const TEXTS: [&str; 30] = [
        "py",
        "js",
        "mjs",
        "cjs",
        "ts",
        "tsx",
        "jsx",
        "go",
        "rs",
        "java",
        "kt",
        "rb",
        "php",
        "properties",
        "toml",
        "txt",
        "json",
        "yaml",
        "yml",
        "env",
        "cfg",
        "ini",
        "conf",
        "sh",
        "md",
        "html",
        "xml",
        "gradle",
        "pem",
        "key",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let aside = path.split('/').any(|part| part == "node_modules" || part == "vendor" || part == ".git");
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    if path.starts_with(&format!("{manifests}/")) || (!path.contains('/') && matches!(end, "yaml" | "yml")) {
        return Some(0);
    }
    if name.to_ascii_lowercase().contains("dockerfile") {
        return Some(1);
    }
    match (aside, end) {
        (true, _) => None,
        // Long, and nothing in it was written by hand.
        _ if name == "package-lock.json" => None,
        (_, "") => Some(4),
        (_, "md" | "txt" | "html" | "json") if name != "package.json" && !name.starts_with("requirements") => Some(3),
        (_, end) if TEXTS.contains(&end) => Some(2),
        _ => None,
    }
}

fn unpacked(encoded: &str) -> Result<Files, std::io::Error> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).map_err(std::io::Error::other)?;
    // What a student's git prints is bounded twice: what it packed was chosen by size, and no more is read than that.
    let plain = flate2::read::GzDecoder::new(bytes.as_slice()).take(4 * BYTES_MAX);
    let mut files = Files::new();
    for entry in tar::Archive::new(plain).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            files.insert(path, content);
        }
    }
    Ok(files)
}

async fn of_pushed(state: &AppState, user: &User, project: &ProjectName, contexts: &BTreeSet<&str>, manifests: &str) -> ApiResult<Tree> {
    let project = source::open(state, user, project).await?;
    let Some(head) = project.head(maru_git::MAIN).await.map_err(ApiError::internal)? else {
        return Err(ApiError::new(
            http::StatusCode::CONFLICT,
            "no_commit",
            Text::new("The project has no commit on main.", "프로젝트의 main 브랜치에 커밋이 없습니다."),
        )
        .fix(Text::new("Start the workspace: Deploy commits what is in it.", "작업 공간을 시작하세요. 배포가 그 내용을 커밋합니다.")));
    };
    at(&project, head, maru_git::MAIN, contexts, manifests).await
}

/// What a commit of a branch has.
async fn at(project: &Project, head: String, branch: &str, contexts: &BTreeSet<&str>, manifests: &str) -> ApiResult<Tree> {
    let entries = project.list(&head, "", true).await.map_err(ApiError::internal)?;
    let sizes: BTreeMap<String, u64> =
        entries.into_iter().filter(|entry| entry.kind == EntryKind::File).filter_map(|entry| Some((entry.path, entry.size?))).collect();
    let mut tree = Tree { branch: branch.to_owned(), paths: sizes.keys().cloned().collect(), ..Tree::default() };
    for context in contexts {
        let id = project.tree_id(&head, context).await.map_err(ApiError::internal)?;
        tree.contexts.insert((*context).to_owned(), id);
    }
    for path in chosen(&sizes, manifests, FILES_MAX_PUSHED) {
        if let Some(bytes) = project.read(&head, &path, FILE_MAX).await.map_err(ApiError::internal)? {
            tree.files.insert(path, bytes);
        }
    }
    tree.head = head;
    Ok(tree)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The script itself, with the real git.
    #[test]
    fn the_tree_is_what_a_commit_would_have_and_nothing_is_staged() {
        let folder = tempfile::tempdir().unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let mut command = std::process::Command::new(program);
            command.args(["-c", "user.name=a", "-c", "user.email=a@b"].iter().filter(|_| program == "git")).args(arguments);
            let done = command.current_dir(folder.path()).output().unwrap();
            assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8(done.stdout).unwrap()
        };
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        run("git", &["init", "-q", "-b", "main"]);
        let contexts = BTreeSet::from(["none", "web"]);
        let read = || understood(&run("sh", &["-c", SCRIPT, "plan", "none", "web"]), &contexts).unwrap();
        write("web/app.py", "1");
        write("web/공지 사항.txt", "2");
        let (before, ..) = read();
        assert_eq!((before.branch.as_str(), before.head.as_str()), ("main", ""));
        assert_eq!(before.changed.iter().map(|file| file.change).collect::<Vec<_>>(), ["added", "added"]);

        write("gone", "");
        write(".gitignore", "*.log\n");
        run("git", &["add", "--all"]);
        run("git", &["commit", "-q", "-m", "first"]);
        write("web/app.py", "3");
        write("a.log", "not committed");
        std::fs::remove_file(folder.path().join("gone")).unwrap();
        let (tree, id, sizes) = read();
        let changed: Vec<_> = tree.changed.iter().map(|file| (file.change, file.path.as_str())).collect();
        assert_eq!(changed, [("removed", "gone"), ("changed", "web/app.py")]);
        assert_eq!(tree.paths.iter().map(String::as_str).collect::<Vec<_>>(), [".gitignore", "web/app.py", "web/공지 사항.txt"]);
        assert_eq!(sizes["web/app.py"], 1);
        assert_eq!(tree.contexts["none"], None);
        assert_eq!(run("git", &["status", "--porcelain"]).lines().count(), 2, "the student's own index is as it was");
        // The same content has the same id once it is committed.
        run("git", &["commit", "-q", "--all", "-m", "second"]);
        assert_eq!(tree.contexts["web"].as_deref(), Some(run("git", &["rev-parse", "HEAD:web"]).trim()));
        assert_eq!(id, run("git", &["rev-parse", "HEAD^{tree}"]).trim());
    }

    /// git tells changes by size and time, in seconds, but for files as new as its index, which it reads. A copy that is newer
    /// than the index would hide what was saved in the second of the last commit.
    #[test]
    fn what_was_changed_in_the_second_of_the_last_commit_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let run = |script: &str| {
            let done = std::process::Command::new("sh").args(["-ec", script, "plan"]).current_dir(folder.path()).output().unwrap();
            assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8(done.stdout).unwrap()
        };
        run("git init -q -b main; git config core.trustctime false
            printf 1 >a; touch -d @1000000000 a; git add a
            git -c user.name=a -c user.email=a@b commit -q -m first; git update-index --refresh
            printf 2 >a; touch -d @1000000000 a .git/index");
        let (tree, ..) = understood(&run(SCRIPT), &BTreeSet::new()).unwrap();
        assert_eq!(tree.changed.iter().map(|file| (file.change, file.path.as_str())).collect::<Vec<_>>(), [("changed", "a")]);
    }

    #[test]
    fn manifests_come_before_programs_and_long_files_not_at_all() {
        let sizes = [
            ("web/app.py", 9),
            ("k8s/web.yaml", 99),
            ("web/Dockerfile", 50),
            ("web/a.png", 1),
            ("web/data.json", 5),
            ("web/big.py", FILE_MAX + 1),
        ];
        let sizes = sizes.map(|(path, size)| (path.to_owned(), size)).into();
        assert_eq!(chosen(&sizes, "", 9), ["k8s/web.yaml", "web/Dockerfile", "web/app.py", "web/data.json"]);
        assert_eq!(chosen(&sizes, "", 2).len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_printed_is_taken(said in "([\u{1e}\0\t AMD0-9a-f]|\n|한|blob ){0,40}") {
            let _ = understood(&said, &BTreeSet::from(["web"]));
            proptest::prop_assert!(unpacked(&said).is_err() || said.trim().is_empty());
        }
    }
}
