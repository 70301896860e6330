//! Secrets that a Deploy would commit: what is in git once stays in its history.

use std::sync::LazyLock;

use maru_manifest::{Diagnostic, Mark};
use maru_model::Text;
use regex::Regex;

use super::Project;
use super::texts::Source;

/// What a secret looks like, and what it is called.
const LOOKS: [(&str, &str, &str); 7] = [
    (r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", "a private key", "개인 키"),
    (r"\bAKIA[0-9A-Z]{16}\b", "an access key of AWS", "AWS 액세스 키"),
    (r"\b(?:ghp_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})\b", "a token of GitHub", "GitHub 토큰"),
    (r"\bxox[abpr]-[A-Za-z0-9-]{20,}", "a token of Slack", "Slack 토큰"),
    (r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}", "an API key", "API 키"),
    (r"\bAIza[0-9A-Za-z_-]{35}\b", "an API key of Google", "Google API 키"),
    (
        r"\b[a-z]+(?:\+[a-z]+)?://[A-Za-z0-9._-]+:[^@\s/$%{}<>]{6,}@[A-Za-z0-9.-]+\.[a-z]{2,}",
        "an address with a password",
        "비밀번호가 든 주소",
    ),
];

static PATTERNS: LazyLock<Vec<(Regex, &str, &str)>> =
    LazyLock::new(|| LOOKS.iter().filter_map(|(pattern, en, ko)| Some((Regex::new(pattern).ok()?, *en, *ko))).collect());

pub(super) fn check(project: &Project<'_>, found: &mut Vec<Diagnostic>) {
    for path in project.paths.iter().filter(|path| is_environment(path)) {
        found.push(
            secret(Text::new(
                format!("`{path}` would be committed, and such files hold secrets"),
                format!("`{path}` 이(가) 커밋됩니다. 이런 파일에는 비밀이 들어 있습니다"),
            ))
            .at(path, Mark { line: 1, column: 1 })
            .fix(Text::new(
                format!("Run `echo {path} >> .gitignore && git rm --cached --ignore-unmatch {path}`, and put the values into a Secret"),
                format!("`echo {path} >> .gitignore && git rm --cached --ignore-unmatch {path}` 를 실행하고, 값은 Secret 에 넣으세요"),
            )),
        );
    }
    for (path, bytes) in project.files.iter().filter(|(path, _)| !is_sample(path) && !is_environment(path)) {
        let Some(source) = Source::of(path, bytes) else { continue };
        for (pattern, en, ko) in PATTERNS.iter() {
            let Some(at) = pattern.find(&source.text) else { continue };
            found.push(
                secret(Text::new(format!("This looks like {en}, and would be committed"), format!("{ko}처럼 보이며, 커밋됩니다")))
                    .at(path, source.mark(at.start()))
                    .fix(Text::new(
                        "Take it out of the file, put it into a Secret that the program gets as a variable, and replace it where it came from if it \
                         was pushed before",
                        "파일에서 빼고 Secret 에 넣어 환경 변수로 받으세요. 이미 push 했다면 발급받은 곳에서 새로 바꾸세요",
                    )),
            );
        }
    }
}

fn secret(message: Text) -> Diagnostic {
    Diagnostic::warning("secret_in_git", message)
}

fn is_sample(path: &str) -> bool {
    ["example", "sample", "template", "dist"].iter().any(|word| path.rsplit('/').next().unwrap_or(path).contains(word))
}

/// `.env`, `.env.local`, but not `.env.example`.
fn is_environment(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    (name == ".env" || name.starts_with(".env.")) && !is_sample(path)
}
