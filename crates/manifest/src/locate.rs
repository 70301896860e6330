//! From an object that the cluster refuses back to the line that says it.

use crate::Mark;
use crate::source::{Files, Sources};
use crate::yaml::{Node, Value};

/// The file and place of a field of the object `kind name`, where a source file has it under that name: the field itself, or
/// the deepest part of the path that is written. `path` is like `spec.ports[0].port`.
#[must_use]
pub fn find_object(files: &Files, kind: &str, name: &str, path: &str) -> Option<(String, Mark)> {
    let mut sources = Sources::new(files);
    let mut ignored = Vec::new();
    let paths: Vec<String> = sources.paths().filter(|path| crate::source::is_manifest(path)).map(str::to_owned).collect();
    for file in paths {
        for object in sources.objects(&file, &mut ignored) {
            // A generator's name gets a suffix.
            if object.kind == kind && (object.name == name || name.strip_prefix(&object.name).is_some_and(|rest| rest.starts_with('-'))) {
                return Some((file, deepest(&object.node, path)));
            }
        }
    }
    None
}

/// Where every object of the sources begins: kind, name, file, place.
#[must_use]
pub fn places(files: &Files) -> Vec<(String, String, String, Mark)> {
    let mut sources = Sources::new(files);
    let mut ignored = Vec::new();
    let mut found = Vec::new();
    for file in files.keys().filter(|path| crate::source::is_manifest(path)) {
        let objects = sources.objects(file, &mut ignored);
        found.extend(objects.into_iter().filter(|o| !o.kind.is_empty()).map(|o| (o.kind, o.name, file.clone(), o.node.mark)));
    }
    found
}

fn deepest(root: &Node, path: &str) -> Mark {
    let mut node = root;
    let mut mark = root.mark;
    for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
        if let Some(index) = part.strip_suffix(']') {
            let Value::List(items) = &node.value else { break };
            let found = match index.parse::<usize>() {
                Ok(index) => items.get(index),
                // Kubernetes also writes `containers[web]`.
                Err(_) => items.iter().find(|item| item.get("name").and_then(Node::str) == Some(index.trim_matches('"'))),
            };
            let Some(item) = found else { break };
            (node, mark) = (item, item.mark);
        } else {
            let Some(entry) = node.entry(part) else { break };
            (node, mark) = (&entry.value, entry.mark);
        }
    }
    mark
}
