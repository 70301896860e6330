//! `GET /search` by ripgrep's own libraries, and `GET /paths`, quick open. Both heed `.gitignore`, see hidden files of
//! projects, and leave out what is hidden in home itself, `.git`, and the likes of `node_modules`.

mod index;

pub(crate) use index::Index;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
use maru_protocol::{Found, Match, Unsearched};
use rustix::fs::{Mode, OFlags};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::extract::Query;
use crate::files::TEMPORARY;
use crate::watch::is_skipped;
use crate::{Agent, AgentError};

/// Lines found at most.
const MATCHES: usize = 5000;
/// Bytes of a file that is still searched.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;
/// Characters of a line that are told.
const LINE: usize = 400;
/// What a regular expression that never ends may cost.
const PATIENCE: Duration = Duration::from_secs(60);

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
    walk.hidden(false).require_git(false).parents(false).git_global(false).follow_links(false);
    walk.filter_entry(|entry| {
        let name = entry.file_name().as_encoded_bytes();
        let hidden_at_home = entry.depth() == 1 && name.starts_with(b".");
        let left_out = entry.file_type().is_some_and(|kind| kind.is_dir()) && (name == b".git" || is_skipped(name));
        entry.depth() == 0 || !(hidden_at_home || left_out || name.starts_with(TEMPORARY.as_bytes()))
    });
    walk
}

/// Whether a search would look into it but for its size: what has a NUL byte near its beginning is no text.
fn is_text(file: &OwnedFd) -> bool {
    let mut start = [0; 8 * 1024];
    rustix::io::read(file, &mut start).is_ok_and(|n| !start[..n].contains(&0))
}

/// `GET /search?q=&regex=&case=&glob=`: one JSON object a line, as they are found; at the end what was too large, if anything.
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
    if let Some(glob) = wanted.glob.as_ref().filter(|g| !g.is_empty()) {
        let globs = OverrideBuilder::new(agent.home.path())
            .add(glob)
            .and_then(|b| b.build())
            .map_err(|e| AgentError::Request(format!("glob: {e}")))?;
        walk.overrides(globs);
    }
    let permit = Arc::clone(&agent.searching).acquire_owned().await;
    let (tx, mut rx) = mpsc::channel::<String>(64);
    agent.tasks.spawn_blocking({
        let agent = Arc::clone(&agent);
        move || {
            let (_permit, began) = (permit, Instant::now());
            let mut searcher = SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).line_number(true).build();
            let (mut left, mut too_large) = (MATCHES, 0);
            for entry in walk.build().flatten() {
                if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                    continue;
                }
                let Ok(relative) = entry.path().strip_prefix(agent.home.path()) else { continue };
                let path = relative.to_string_lossy();
                // An unreadable file is no reason to end the search.
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
                let Ok(file) = agent.home.beneath(relative, flags, Mode::empty()) else { continue };
                // Not by the walk's own limit: with it, files pass by the filter.
                let Ok(stat) = rustix::fs::fstat(&file) else { continue };
                if stat.st_size.unsigned_abs() > FILE_LIMIT {
                    too_large += u64::from(is_text(&file));
                    continue;
                }
                let _ = searcher.search_file(
                    &matcher,
                    &std::fs::File::from(file),
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
                if left == 0 || tx.is_closed() || began.elapsed() > PATIENCE {
                    break;
                }
            }
            if too_large > 0
                && let Ok(json) = serde_json::to_string(&Unsearched { too_large, limit: FILE_LIMIT })
            {
                // Who asked may have gone.
                let _ = tx.blocking_send(json + "\n");
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
    index::find(&agent, sought.q).await.map(Json)
}
