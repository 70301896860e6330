//! `GET /search` by ripgrep's own libraries, and `GET /paths`, quick open. Both heed `.gitignore`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use grep_matcher::Matcher as _;
use grep_regex::RegexMatcherBuilder;
use grep_searcher::sinks::UTF8;
use grep_searcher::{BinaryDetection, SearcherBuilder};
use http::header;
use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;
use maru_protocol::{Found, Match};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::extract::Query;
use crate::{Agent, AgentError};

/// Lines found at most.
const MATCHES: usize = 5000;
/// Bytes of a file that is still searched.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;
/// Characters of a line that are told.
const LINE: usize = 400;
const PATHS_SEEN: usize = 200_000;
const PATHS_TOLD: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    q: String,
    #[serde(default)]
    regex: Option<String>,
    #[serde(default)]
    case: Option<String>,
    #[serde(default)]
    glob: Option<String>,
}

fn on(flag: Option<&String>) -> bool {
    flag.is_some_and(|f| matches!(f.as_str(), "1" | "true"))
}

fn walk(agent: &Agent) -> WalkBuilder {
    let mut walk = WalkBuilder::new(agent.home.path());
    walk.hidden(true).require_git(false).parents(false).git_global(false).follow_links(false);
    walk
}

/// `GET /search?q=&regex=&case=&glob=`: one JSON object a line, as they are found.
pub(crate) async fn search(State(agent): State<Arc<Agent>>, Query(wanted): Query<Wanted>) -> Result<Response, AgentError> {
    let matcher = RegexMatcherBuilder::new()
        .case_insensitive(!on(wanted.case.as_ref()))
        .fixed_strings(!on(wanted.regex.as_ref()))
        .size_limit(4 * 1024 * 1024)
        .build(&wanted.q)
        .map_err(|e| AgentError::Request(format!("q: {e}")))?;
    if wanted.q.is_empty() {
        return Err(AgentError::Request("q: nothing to search for".to_owned()));
    }
    let mut walk = walk(&agent);
    walk.max_filesize(Some(FILE_LIMIT));
    if let Some(glob) = wanted.glob.as_ref().filter(|g| !g.is_empty()) {
        let globs = OverrideBuilder::new(agent.home.path())
            .add(glob)
            .and_then(|b| b.build())
            .map_err(|e| AgentError::Request(format!("glob: {e}")))?;
        walk.overrides(globs);
    }
    let (tx, mut rx) = mpsc::channel::<String>(64);
    agent.tasks.spawn_blocking({
        let agent = Arc::clone(&agent);
        move || {
            let mut searcher = SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).line_number(true).build();
            let mut left = MATCHES;
            for entry in walk.build().flatten() {
                if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                    continue;
                }
                let Ok(relative) = entry.path().strip_prefix(agent.home.path()) else { continue };
                let path = relative.to_string_lossy();
                // An unreadable file is no reason to end the search.
                let _ = searcher.search_path(
                    &matcher,
                    entry.path(),
                    UTF8(|line, text| {
                        let at = matcher.find(text.as_bytes()).ok().flatten().map_or(0, |m| m.start());
                        let column = text.get(..at).map_or(1, |before| before.chars().count() as u64 + 1);
                        let text: String = text.trim_end_matches(['\r', '\n']).chars().take(LINE).collect();
                        let found = Match { path: path.clone().into_owned(), line, column, text };
                        left = left.saturating_sub(1);
                        let told = serde_json::to_string(&found).is_ok_and(|json| tx.blocking_send(json + "\n").is_ok());
                        if !told {
                            left = 0;
                        }
                        Ok(left > 0)
                    }),
                );
                if left == 0 || tx.is_closed() {
                    return;
                }
            }
        }
    });
    let lines = futures_util::stream::poll_fn(move |cx| rx.poll_recv(cx).map(|line| line.map(Ok::<_, std::convert::Infallible>)));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], axum::body::Body::from_stream(lines)).into_response())
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    q: String,
}

/// `GET /paths?q=`: best first.
pub(crate) async fn paths(State(agent): State<Arc<Agent>>, Query(sought): Query<Sought>) -> Result<Json<Vec<Found>>, AgentError> {
    crate::blocking(move || {
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let pattern = Pattern::parse(&sought.q, CaseMatching::Smart, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut found: Vec<Found> = walk(&agent)
            .build()
            .flatten()
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .take(PATHS_SEEN)
            .filter_map(|entry| {
                let path = entry.path().strip_prefix(agent.home.path()).ok()?.to_str()?.to_owned();
                let score = pattern.score(Utf32Str::new(&path, &mut buffer), &mut matcher)?;
                Some(Found { path, score })
            })
            .collect();
        found.sort_by(|a, b| b.score.cmp(&a.score).then(a.path.len().cmp(&b.path.len())).then_with(|| a.path.cmp(&b.path)));
        found.truncate(PATHS_TOLD);
        Ok(Json(found))
    })
    .await
}
