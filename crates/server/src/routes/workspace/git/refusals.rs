//! What git would not do, in words, with the way out of what students meet.

use http::StatusCode;
use maru_model::Text;
use maru_workspace::ExecResponse;

use crate::error::ApiError;

struct Known {
    /// Any of these in what git says.
    said: &'static [&'static str],
    code: &'static str,
    detail: (&'static str, &'static str),
    fix: Option<(&'static str, &'static str)>,
}

const KNOWN: [Known; 11] = [
    Known {
        said: &["not a git repository"],
        code: "no_project",
        detail: ("This folder is not under git.", "git으로 관리하는 폴더가 아닙니다."),
        fix: Some(("Run `git init` in it, or open the project's folder.", "`git init`을 실행하거나 프로젝트 폴더를 여세요.")),
    },
    Known {
        said: &["non-fast-forward", "fetch first"],
        code: "git_behind",
        detail: ("The project has commits that your workspace does not have.", "프로젝트에 작업 공간에는 없는 커밋이 있습니다."),
        fix: Some(("Pull first, then push again.", "먼저 pull 한 뒤 다시 push 하세요.")),
    },
    Known {
        said: &["CONFLICT", "unmerged", "unresolved conflict", "You have not concluded your merge"],
        code: "git_conflict",
        detail: ("The same lines were changed on both sides.", "양쪽에서 같은 줄을 바꿨습니다."),
        fix: Some((
            "Open each file under Conflicts, choose what is right, mark it as settled, and commit.",
            "‘충돌’에 있는 파일을 하나씩 열어 맞는 내용을 고르고, 해결됨으로 표시한 뒤 커밋하세요.",
        )),
    },
    Known {
        said: &["nothing to commit", "no changes added"],
        code: "git_nothing",
        detail: ("There is nothing staged to commit.", "스테이지에 올린 것이 없어 커밋할 수 없습니다."),
        fix: None,
    },
    Known {
        said: &["unrelated histories"],
        code: "git_unrelated",
        detail: ("The two sides have no commit in common.", "양쪽에 공통된 커밋이 없습니다."),
        fix: Some((
            "If they belong together all the same: `git pull --allow-unrelated-histories` in the terminal.",
            "그래도 합치려면 터미널에서 `git pull --allow-unrelated-histories`를 실행하세요.",
        )),
    },
    Known {
        said: &["Could not resolve host", "Failed to connect", "Connection refused", "Connection timed out", "Network is unreachable"],
        code: "git_unreachable",
        detail: ("The other machine cannot be reached.", "상대 서버에 연결할 수 없습니다."),
        fix: Some((
            "Look at the address (`git remote -v`). Some classes have no way out to the internet: ask your instructor.",
            "주소를 확인하세요(`git remote -v`). 인터넷을 막아 둔 수업도 있으니 강사에게 물어보세요.",
        )),
    },
    Known {
        said: &[
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "Permission denied",
            "terminal prompts disabled",
        ],
        code: "git_denied",
        detail: ("The other side does not let you in.", "상대 서버가 접근을 허용하지 않습니다."),
        fix: Some((
            "Log in to it in the terminal first, with a token as the password: `git push` asks there.",
            "먼저 터미널에서 로그인하세요. `git push`를 하면 물어보며, 비밀번호에는 토큰을 씁니다.",
        )),
    },
    Known {
        said: &[
            "No configured push destination",
            "does not appear to be a git repository",
            "No remote repository specified",
            "no such remote",
        ],
        code: "git_no_remote",
        detail: ("This project has no address to push to or pull from.", "이 프로젝트에는 push·pull 할 주소가 없습니다."),
        fix: Some(("Give it one: `git remote add origin ADDRESS`.", "`git remote add origin 주소`로 추가하세요.")),
    },
    Known {
        said: &["There is no tracking information", "no tracking information", "couldn't find remote ref"],
        code: "git_no_upstream",
        detail: ("This branch is nowhere but in your workspace.", "이 브랜치는 작업 공간에만 있습니다."),
        fix: Some(("Push it first.", "먼저 push 하세요.")),
    },
    Known {
        said: &["You are not currently on a branch", "HEAD detached", "detached HEAD"],
        code: "git_detached",
        detail: ("You look at an old commit, and are on no branch.", "예전 커밋을 보는 중이라 브랜치에 있지 않습니다."),
        fix: Some((
            "Go back to a branch, or make one for what you did here.",
            "브랜치로 돌아가거나 여기서 한 일을 위한 브랜치를 만드세요.",
        )),
    },
    Known {
        said: &["pre-receive hook declined", "protected branch"],
        code: "git_protected",
        detail: ("The other side does not take pushes to this branch.", "상대 서버가 이 브랜치로의 push를 받지 않습니다."),
        fix: Some(("Push another branch, and ask for it to be merged.", "다른 브랜치로 push 한 뒤 합쳐 달라고 요청하세요.")),
    },
];

/// git's own words are in `output`.
pub fn refused(arguments: &[&str], answer: &ExecResponse) -> ApiError {
    let command = arguments.first().copied().unwrap_or_default();
    let said = if answer.stderr.trim().is_empty() { answer.stdout.trim() } else { answer.stderr.trim() };
    // A merge tells its conflicts on one channel, and warnings on the other.
    let everything = format!("{}\n{}", answer.stdout, answer.stderr);
    let known = KNOWN.iter().find(|known| known.said.iter().any(|words| everything.contains(words)));
    let (code, detail, fix) = if answer.timed_out {
        (
            "git_timeout",
            Text::new(format!("git {command} took too long and was ended."), format!("git {command}이(가) 너무 오래 걸려 멈췄습니다.")),
            Some(Text::new("Try it in the terminal.", "터미널에서 시도해 보세요.")),
        )
    } else if let Some(known) = known {
        (known.code, Text::new(known.detail.0, known.detail.1), known.fix.map(|(en, ko)| Text::new(en, ko)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code(stdout: &str, stderr: &str) -> String {
        let answer = ExecResponse { code: 1, stdout: stdout.to_owned(), stderr: stderr.to_owned(), ..ExecResponse::default() };
        let body = refused(&["pull"], &answer).body(maru_model::Lang::En);
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_students_meet_has_a_name() {
        assert_eq!(code("CONFLICT (content): Merge conflict in x", "warning: something"), "git_conflict");
        assert_eq!(code("", "fatal: could not read Username for 'https://github.com': terminal prompts disabled"), "git_denied");
        assert_eq!(code("", "fatal: unable to access 'https://x/': Could not resolve host: x"), "git_unreachable");
        assert_eq!(code("", " ! [rejected] main -> main (fetch first)"), "git_behind");
        assert_eq!(code("", "fatal: refusing to merge unrelated histories"), "git_unrelated");
        assert_eq!(code("", "fatal: something else"), "git_failed");
    }
}
