//! One Kubernetes object in a source file.

use std::sync::Arc;

use crate::edit::{Lines, Pen};
use crate::schema::SCHEMA;
use crate::yaml::Node;
use crate::{Diagnostic, Mark, ObjectRef};

#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub file: String,
    pub node: Node,
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub namespace: String,
    /// The text of its file; empty where it is in none.
    pub lines: Arc<Lines>,
}

/// Where an object keeps the description of its pods.
pub(crate) struct PodTemplate<'a> {
    pub labels: Option<&'a Node>,
    pub spec: &'a Node,
    /// Path of `spec`, such as `spec.template.spec`.
    pub path: &'static str,
}

/// A container and its path.
pub(crate) struct Container<'a> {
    pub node: &'a Node,
    pub path: String,
}

impl Object {
    pub(crate) fn new(file: &str, node: Node) -> Self {
        let text = |path: &str| node.at(path).and_then(Node::text).map(|t| t.into_owned()).unwrap_or_default();
        Self {
            file: file.to_owned(),
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: text("metadata.name"),
            namespace: text("metadata.namespace"),
            node,
            lines: Arc::default(),
        }
    }

    pub(crate) fn in_text(mut self, lines: &Arc<Lines>) -> Self {
        self.lines = Arc::clone(lines);
        self
    }

    /// Makes edits of its file.
    pub(crate) fn pen(&self) -> Pen<'_> {
        Pen { file: &self.file, lines: &self.lines }
    }

    pub(crate) fn reference(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
        }
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// `Deployment web`
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// `k8s/web.yaml:3`
    pub(crate) fn place(&self, mark: Mark) -> String {
        format!("{}:{}", self.file, mark.line)
    }

    /// The mark of the deepest node of a dotted path that exists.
    pub(crate) fn mark(&self, path: &str) -> Mark {
        let mut node = &self.node;
        let mut mark = node.mark;
        for key in path.split('.') {
            let Some(entry) = node.entry(key) else { break };
            mark = entry.mark;
            node = &entry.value;
        }
        mark
    }

    pub(crate) fn on(&self, diagnostic: Diagnostic, mark: Mark, path: impl Into<String>) -> Diagnostic {
        diagnostic.at(&self.file, mark).path(path)
    }

    pub(crate) fn pods(&self) -> Option<PodTemplate<'_>> {
        let (metadata, path) = match self.kind.as_str() {
            "Pod" => ("metadata", "spec"),
            "CronJob" => ("spec.jobTemplate.spec.template.metadata", "spec.jobTemplate.spec.template.spec"),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "Rollout" | "ReplicationController" => {
                ("spec.template.metadata", "spec.template.spec")
            }
            _ => return None,
        };
        Some(PodTemplate { labels: self.node.at(metadata).and_then(|m| m.get("labels")), spec: self.node.at(path)?, path })
    }

    /// All containers of the object's pods, init containers included.
    pub(crate) fn containers(&self) -> Vec<Container<'_>> {
        let Some(pods) = self.pods() else { return Vec::new() };
        ["initContainers", "containers"]
            .into_iter()
            .flat_map(|list| pods.spec.get(list).map(Node::items).unwrap_or_default().iter().enumerate().map(move |(i, c)| (list, i, c)))
            .map(|(list, i, node)| Container { node, path: format!("{}.{list}[{i}]", pods.path) })
            .collect()
    }

    pub(crate) fn is_cluster_wide(&self) -> bool {
        SCHEMA.kind(&self.api_version, &self.kind).is_some_and(|kind| !kind.namespaced)
    }
}

impl Container<'_> {
    pub(crate) fn name(&self) -> &str {
        self.node.get("name").and_then(Node::str).unwrap_or("?")
    }

    /// (name, number, mark) of each declared port.
    pub(crate) fn ports(&self) -> impl Iterator<Item = (Option<&str>, Option<i64>, Mark)> {
        self.node
            .get("ports")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .map(|port| (port.get("name").and_then(Node::str), port.get("containerPort").and_then(Node::int), port.mark))
    }
}

/// True where every pair of `selector` is among `labels`.
pub(crate) fn selects(selector: &Node, labels: Option<&Node>) -> bool {
    selector.entries().iter().all(|want| labels.and_then(|l| l.get(&want.key)).is_some_and(|have| have.text() == want.value.text()))
}

/// `app: web, tier: front`
pub(crate) fn pairs(node: Option<&Node>) -> String {
    let pairs: Vec<String> = node
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|entry| format!("{}: {}", entry.key, entry.value.text().unwrap_or_default()))
        .collect();
    if pairs.is_empty() { "{}".to_owned() } else { pairs.join(", ") }
}
