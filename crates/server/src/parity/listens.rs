//! Programs that listen on 127.0.0.1: in the workspace that is enough for a preview, in a pod nobody else reaches it.

use std::sync::LazyLock;

use maru_manifest::{Diagnostic, Mark};
use maru_model::Text;
use regex::Regex;

use super::texts::Source;

/// Files by their ends, and how their language says where to listen: the first group is the address.
const CALLS: [(&[&str], &str); 6] = [
    (&[".py"], r#"(?:\.run|run_app|run_simple)\([^)\n]*?\bhost\s*=\s*["'](127\.0\.0\.1|localhost)["']"#),
    (
        &[".py"],
        r#"(?:HTTPServer|TCPServer|make_server|start_server|create_server|\.bind|run_simple|WSGIServer)\(\s*\(?\s*["'](127\.0\.0\.1|localhost)["']"#,
    ),
    (
        &[".js", ".mjs", ".cjs", ".ts"],
        r#"(?:\.listen|\bserve)\((?:[^)\n"']*,\s*|\s*\{[^}]*?\bhost(?:name)?\s*:\s*)["'](127\.0\.0\.1|localhost)["']"#,
    ),
    (&[".go"], r#"(?:Listen|ListenAndServe|ListenAndServeTLS|\.Run|\.Start)\(\s*(?:"tcp4?",\s*)?"(127\.0\.0\.1|localhost):"#),
    (&[".rs"], r#"bind\(\s*&?"(127\.0\.0\.1|localhost):"#),
    (&["application.properties"], r"(?m)^\s*server\.address\s*=\s*(127\.0\.0\.1|localhost)\s*$"),
];

static PATTERNS: LazyLock<Vec<(&[&str], Regex)>> =
    // A constant that does not compile is found by the first test that runs.
    LazyLock::new(|| CALLS.iter().filter_map(|(ends, pattern)| Some((*ends, Regex::new(pattern).ok()?))).collect());

/// Flask's own server, which listens on 127.0.0.1 unless it is told otherwise.
static FLASK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(?:app|application)\.run\(([^()]*)\)").ok());

pub(super) fn check(source: &Source<'_>, found: &mut Vec<Diagnostic>) {
    for (ends, pattern) in PATTERNS.iter().filter(|(ends, _)| source.ends_with(ends)) {
        let _: &&[&str] = ends;
        for address in pattern.captures_iter(&source.text).filter_map(|captures| captures.get(1)) {
            if !source.is_comment(address.start()) {
                let edit = source.edit(address.start(), address.end(), "0.0.0.0");
                found.push(loopback(source.path, source.mark(address.start()), address.as_str()).edits([edit]));
            }
        }
    }
    if let Some(pattern) = FLASK.as_ref().filter(|_| source.ends_with(&[".py"]) && source.text.contains("flask")) {
        for arguments in pattern.captures_iter(&source.text).filter_map(|captures| captures.get(1)) {
            if !arguments.as_str().contains("host") && !arguments.as_str().contains("**") {
                let more = if arguments.as_str().trim().is_empty() { "host=\"0.0.0.0\"" } else { "host=\"0.0.0.0\", " };
                let edit = source.edit(arguments.start(), arguments.start(), more);
                found.push(loopback(source.path, source.mark(arguments.start()), "127.0.0.1").edits([edit]));
            }
        }
    }
}

pub(super) fn loopback(file: &str, mark: Mark, address: &str) -> Diagnostic {
    Diagnostic::warning(
        "listens_on_loopback",
        Text::new(
            format!("The program listens on {address}: in its pod nobody but itself can reach it"),
            format!("프로그램이 {address} 에서만 듣습니다. 파드 안에서는 자기 자신 말고는 아무도 접속할 수 없습니다"),
        ),
    )
    .at(file, mark)
    .fix(Text::new("Listen on 0.0.0.0, which is every address of the pod", "파드의 모든 주소인 0.0.0.0 에서 듣게 하세요"))
}
