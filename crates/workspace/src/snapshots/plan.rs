//! What a restore does: pure, so that the rule *nothing is lost* is tested without a home.

use std::collections::{HashMap, HashSet};

use maru_protocol::snapshot::{LeftOut, NodeKind, Put, unescape};

use super::manifest::{Entry, Manifest, Piece};
use super::take::same;

/// What is to be brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Files and folders with all in them, relative to home; everything where nothing is said.
    pub paths: Option<Vec<String>>,
    /// The folder to bring them to; where they were, where nothing is said.
    pub to: Option<String>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// What was not in the snapshot: to the trash, the topmost of each.
    pub(super) discard: Vec<String>,
    pub(super) put: Vec<(Put, Vec<Piece>)>,
    /// Files that are as they were.
    pub(super) unchanged: u64,
    /// Paths that the snapshot does not have.
    pub(super) missing: Vec<String>,
}

/// `present` is a snapshot of what is there now: what it holds may be replaced.
pub(super) fn plan(snapshot: &Manifest, present: &Manifest, wanted: &Wanted) -> Plan {
    let mut plan = Plan::default();
    let there: HashMap<&str, &Entry> = present.entries.iter().map(|entry| (entry.node.path.as_str(), entry)).collect();
    let roots = wanted.paths.as_ref().map(|paths| paths.iter().map(|path| clean(path)).collect::<Vec<_>>());
    let mut met = HashSet::new();
    for entry in &snapshot.entries {
        let target = match &roots {
            None => Some(entry.node.path.clone()),
            Some(roots) => roots.iter().find_map(|root| {
                let rest = below(&entry.node.path, root)?;
                met.insert(root.clone());
                let name = root.rsplit('/').next().unwrap_or_default();
                match &wanted.to {
                    Some(to) => Some([&clean(to), name, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")),
                    None => Some(entry.node.path.clone()),
                }
            }),
        };
        let Some(target) = target else { continue };
        let before = there.get(target.as_str());
        if before.is_some_and(|before| entry.node.kind != NodeKind::Folder && same(before, entry)) {
            plan.unchanged += 1;
            continue;
        }
        let held = before.filter(|before| !before.unsettled).and_then(|before| before.node.version);
        let mut node = entry.node.clone();
        node.path = target;
        node.version = None;
        plan.put.push((Put { node, held }, entry.pieces.clone()));
    }
    match roots {
        Some(roots) => plan.missing = roots.into_iter().filter(|root| !met.contains(root)).collect(),
        None => plan.discard = extra(snapshot, &present.entries, &present.left_out),
    }
    plan
}

/// The topmost of what is there and was not in the snapshot. Never a folder in which something lies that no snapshot
/// holds: a cache, or the trash itself; of that, only what is beside it.
fn extra(snapshot: &Manifest, present: &[Entry], left_out: &[LeftOut]) -> Vec<String> {
    let known: HashSet<&str> = snapshot.entries.iter().map(|entry| entry.node.path.as_str()).collect();
    // What was left out then is no more known to be new.
    let unknown: HashSet<&str> = snapshot.left_out.iter().map(|left| left.path.as_str()).collect();
    let mut guarded = HashSet::new();
    for left in left_out {
        let mut path = left.path.as_str();
        while let Some((parent, _)) = path.rsplit_once('/') {
            guarded.insert(parent);
            path = parent;
        }
    }
    let mut extra: Vec<String> = Vec::new();
    for entry in present {
        let path = entry.node.path.as_str();
        let inside = extra.last().is_some_and(|last| below(path, last).is_some());
        let was_left_out = || unknown.contains(path) || ancestors(path).any(|above| unknown.contains(above));
        if !inside && !known.contains(path) && !guarded.contains(path) && !was_left_out() {
            extra.push(path.to_owned());
        }
    }
    extra
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(parent, _)| parent)).skip(1)
}

/// What comes after `root` in a path; none where it is not in it. Home itself holds all.
fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    if root.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(root)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// A path as a person or a program gives it, as the lists have it.
pub(super) fn clean(given: &str) -> String {
    // One that was read from a list has its escapes already.
    let escaped = |step: &str| {
        if unescape(step).is_some_and(|raw| maru_protocol::snapshot::escape(&raw) == step) {
            step.to_owned()
        } else {
            maru_protocol::snapshot::escape(step.as_bytes())
        }
    };
    given.split('/').filter(|step| !step.is_empty() && *step != ".").map(escaped).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use maru_protocol::snapshot::{Node, Version, Why};
    use proptest::prelude::*;

    use super::super::manifest::Reason;
    use super::super::manifest::tests::snapshot;
    use super::super::pack::Hash;
    use super::*;

    fn thing(path: &str, kind: NodeKind, content: u8) -> Entry {
        let version = Some(Version { inode: u64::from(content), size: 1, modified: 1, changed: 1 });
        let node = Node { path: path.to_owned(), kind, mode: 0o644, size: 1, modified: 1, target: None, version, allocated: 1 };
        Entry { node, pieces: vec![Piece::Block(Hash([content; 32]), 1)], unsettled: false }
    }

    fn manifest(entries: Vec<Entry>, left_out: &[&str]) -> Manifest {
        let left_out = left_out.iter().map(|path| LeftOut { path: (*path).to_owned(), why: Why::Cache }).collect();
        Manifest { snapshot: snapshot(Reason::Manual, 0), entries, left_out }
    }

    fn home(files: &[(&str, u8)], left_out: &[&str]) -> Manifest {
        let mut paths: std::collections::BTreeMap<String, Option<u8>> = files.iter().map(|(p, c)| ((*p).to_owned(), Some(*c))).collect();
        for path in files.iter().map(|(path, _)| *path).chain(left_out.iter().copied()) {
            for above in ancestors(path) {
                paths.entry(above.to_owned()).or_insert(None);
            }
        }
        let entries = paths.iter().map(|(path, content)| match content {
            Some(content) => thing(path, NodeKind::File, *content),
            None => thing(path, NodeKind::Folder, 0),
        });
        manifest(entries.collect(), left_out)
    }

    fn puts(plan: &Plan) -> Vec<(&str, bool)> {
        plan.put
            .iter()
            .filter(|(put, _)| put.node.kind == NodeKind::File)
            .map(|(put, _)| (put.node.path.as_str(), put.held.is_some()))
            .collect()
    }

    #[test]
    fn a_whole_home() {
        let then = home(&[("a/f", 1), ("a/g", 2), ("b", 3)], &["a/node_modules"]);
        let now = home(&[("a/f", 1), ("a/g", 9), ("a/new/x", 4), ("a/new/y", 4), ("c", 5)], &["a/node_modules", ".local/share/Trash"]);
        let plan = plan(&then, &now, &Wanted::default());
        assert_eq!(puts(&plan), [("a/g", true), ("b", false)]);
        assert_eq!(plan.discard, ["a/new", "c"]);
        assert_eq!(plan.unchanged, 1);
    }

    #[test]
    fn some_of_it() {
        let then = home(&[("a/f", 1), ("a/g/h", 2), ("ab", 3)], &[]);
        let now = home(&[("a/f", 9), ("z", 1)], &[]);
        let some = |paths: &[&str], to: Option<&str>| {
            let paths = Some(paths.iter().map(|path| (*path).to_owned()).collect());
            plan(&then, &now, &Wanted { paths, to: to.map(str::to_owned) })
        };
        assert_eq!(puts(&some(&["/a/"], None)), [("a/f", true), ("a/g/h", false)]);
        assert_eq!(puts(&some(&["a/g", "ab"], Some("old"))), [("old/g/h", false), ("old/ab", false)]);
        let none = some(&["a/x", "ab"], None);
        assert_eq!((puts(&none), none.missing.join(" "), none.discard.len()), (vec![("ab", false)], "a/x".to_owned(), 0));
    }

    #[test]
    fn paths_as_they_are_given() {
        assert_eq!(clean("/a//./b%/한글"), "a/b%25/한글");
        assert_eq!(clean("a/b%25"), "a/b%25");
    }

    fn tree() -> impl Strategy<Value = Vec<(String, u8)>> {
        let path = prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4).prop_map(|steps| steps.join("/"));
        prop::collection::vec((path, 0_u8..3), 0..12).prop_map(|files| {
            // No file is in a file.
            let mut kept: Vec<(String, u8)> = Vec::new();
            for (path, content) in files {
                if kept.iter().all(|(other, _)| below(other, &path).is_none() && below(&path, other).is_none()) {
                    kept.push((path, content));
                }
            }
            kept
        })
    }

    proptest! {
        /// Played on a map of paths, a restore gives exactly what the snapshot holds, and all else is still somewhere.
        #[test]
        fn a_restore_gives_what_was_there(then in tree(), now in tree()) {
            let of = |files: &[(String, u8)]| home(&files.iter().map(|(p, c)| (p.as_str(), *c)).collect::<Vec<_>>(), &[]);
            let (then_home, now_home) = (of(&then), of(&now));
            let plan = plan(&then_home, &now_home, &Wanted::default());
            let mut files: HashMap<String, u8> = now.iter().cloned().collect();
            for gone in &plan.discard {
                files.retain(|path, _| below(path, gone).is_none());
            }
            for (put, pieces) in &plan.put {
                let path = &put.node.path;
                // What is of another kind goes to the trash by the agent's hand.
                match put.node.kind {
                    NodeKind::Folder => drop(files.remove(path)),
                    _ => {
                        files.retain(|other, _| other == path || below(other, path).is_none());
                        let Some(Piece::Block(hash, _)) = pieces.first() else { panic!() };
                        files.insert(path.clone(), hash.0[0]);
                    }
                }
            }
            prop_assert_eq!(files, then.into_iter().collect::<HashMap<_, _>>());
        }
    }
}
