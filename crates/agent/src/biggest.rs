//! `GET /biggest`: the largest files of the home, for whoever has to make room.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use maru_protocol::Large;
use serde::Deserialize;

use crate::extract::Query;
use crate::{Agent, AgentError};

/// Entries looked at: more than any home should have, and done in seconds.
const ENTRIES: usize = 500_000;
const MOST: usize = 200;

#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    limit: Option<usize>,
}

pub(crate) async fn list(State(agent): State<Arc<Agent>>, Query(wanted): Query<Wanted>) -> Result<Json<Vec<Large>>, AgentError> {
    let limit = wanted.limit.unwrap_or(20).min(MOST);
    crate::blocking(move || Ok(Json(find(agent.home.path(), limit, ENTRIES)))).await
}

/// The largest first, by the room they take: a sparse file may be longer. What cannot be read is left out, links are not
/// followed, and other file systems not entered.
fn find(home: &Path, limit: usize, mut entries: usize) -> Vec<Large> {
    let Ok(device) = std::fs::metadata(home).map(|home| home.dev()) else { return Vec::new() };
    let mut largest = BinaryHeap::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            entries = entries.saturating_sub(1);
            if entries == 0 {
                folders.clear();
                break;
            }
            let Ok(meta) = entry.metadata() else { continue };
            if meta.dev() != device {
                continue;
            }
            if meta.is_dir() {
                folders.push(entry.path());
            } else if meta.is_file() {
                largest.push(Reverse((meta.blocks() * 512, entry.path())));
                if largest.len() > limit {
                    largest.pop();
                }
            }
        }
    }
    let largest = largest.into_sorted_vec().into_iter();
    largest
        .map(|Reverse((size, path))| Large { path: path.strip_prefix(home).unwrap_or(&path).to_string_lossy().into_owned(), size })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn largest_first_and_no_more_than_asked() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("a")).unwrap();
        for (name, size) in [("small", 1 << 12), ("a/large", 1 << 20), ("a/middle", 1 << 16)] {
            std::fs::write(home.path().join(name), vec![1; size]).unwrap();
        }
        // Long, and takes no room.
        std::fs::File::create(home.path().join("sparse")).unwrap().set_len(1 << 30).unwrap();
        std::os::unix::fs::symlink("/usr", home.path().join("elsewhere")).unwrap();
        let names = |limit, entries| find(home.path(), limit, entries).into_iter().map(|large| large.path).collect::<Vec<_>>();
        assert_eq!(names(3, 100), ["a/large", "a/middle", "small"]);
        assert_eq!(names(1, 100), ["a/large"]);
        assert!(names(3, 3).len() < 3);
    }
}
