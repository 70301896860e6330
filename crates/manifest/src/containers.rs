//! What the manifests say of the programs in their containers, for those who look into the programs themselves.

use crate::source::{Sources, folder_of, is_manifest};
use crate::yaml::Node;
use crate::{Files, Mark};

/// A container as a manifest has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerFacts {
    pub file: String,
    /// `Deployment web`
    pub title: String,
    pub image: String,
    pub ports: Vec<(i64, Mark)>,
    /// Variables whose value is written in the manifest.
    pub env: Vec<(String, String, Mark)>,
    /// It says itself what is run, instead of the image.
    pub has_command: bool,
}

/// The containers of all manifests in `folder` or, where that is empty, at the top.
#[must_use]
pub fn containers(files: &Files, folder: &str) -> Vec<ContainerFacts> {
    let mut sources = Sources::new(files);
    let mut ignored = Vec::new();
    let inside = |path: &str| folder_of(path) == folder || (!folder.is_empty() && path.starts_with(&format!("{folder}/")));
    let paths: Vec<&str> = sources.paths().filter(|path| is_manifest(path) && inside(path)).collect();
    let mut found = Vec::new();
    for file in paths {
        for object in sources.objects(file, &mut ignored) {
            found.extend(object.containers().iter().map(|container| ContainerFacts {
                file: file.to_owned(),
                title: object.title(),
                image: container.node.get("image").and_then(Node::str).unwrap_or_default().to_owned(),
                ports: container.ports().filter_map(|(_, number, mark)| Some((number?, mark))).collect(),
                env: container.node.get("env").map(Node::items).unwrap_or_default().iter().filter_map(variable).collect(),
                has_command: container.node.get("command").is_some() || container.node.get("args").is_some(),
            }));
        }
    }
    found
}

fn variable(node: &Node) -> Option<(String, String, Mark)> {
    let name = node.get("name")?.str()?.to_owned();
    Some((name, node.get("value")?.text()?.into_owned(), node.mark))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_found_with_their_places() {
        let text = "kind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        \
                    image: registry.localhost/mina/web\n        ports:\n        - containerPort: 8080\n        env:\n        - name: PORT\n          \
                    value: \"9000\"\n        - name: KEY\n          valueFrom: {}\n        args: [serve]\n";
        let files =
            Files::from([("k8s/web.yaml".to_owned(), text.as_bytes().to_vec()), ("other/web.yaml".to_owned(), text.as_bytes().to_vec())]);
        let found = containers(&files, "k8s");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].file.as_str(), found[0].title.as_str(), found[0].has_command), ("k8s/web.yaml", "Deployment web", true));
        assert_eq!(found[0].ports.iter().map(|(port, mark)| (*port, mark.line)).collect::<Vec<_>>(), [(8080, 10)]);
        assert_eq!(
            found[0].env.iter().map(|(name, value, mark)| (name.as_str(), value.as_str(), mark.line)).collect::<Vec<_>>(),
            [("PORT", "9000", 12)]
        );
    }
}
