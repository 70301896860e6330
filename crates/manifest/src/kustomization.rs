//! Following kustomization.yaml through the folders: which files are deployed, what is generated, what is missing.

use std::collections::BTreeSet;

use maru_model::Text;

use crate::diagnostic::text;
use crate::edit::{Lines, Pen};
use crate::nearest::nearest;
use crate::source::{Sources, folder_of, is_manifest, normal};
use crate::yaml::Node;
use crate::{Diagnostic, Edit, Mark};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const FIELDS: [&str; 36] = [
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "crds",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "commonLabels",
    "commonAnnotations",
    "labels",
    "images",
    "imageTags",
    "replicas",
    "replacements",
    "vars",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "openapi",
    "buildMetadata",
    "sortOptions",
    "helmCharts",
    "helmGlobals",
    "helmChartInflationGenerator",
    "inventory",
    "secretGeneratorOptions",
];

/// A ConfigMap or Secret that kustomize makes.
#[derive(Debug, Clone)]
pub(crate) struct Generated {
    pub secret: bool,
    pub name: String,
    pub keys: BTreeSet<String>,
    /// Keys may come from files that are not there to be read.
    pub open: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Kustomization {
    /// Files with whole objects, in order.
    pub resources: Vec<String>,
    /// Everything that some kustomization uses.
    pub used: BTreeSet<String>,
    pub generated: Vec<Generated>,
    pub namespaces: Vec<Namespace>,
    /// Where a further resource is named.
    pub list: Option<ResourceList>,
    /// Names are given a prefix or suffix.
    pub renames: bool,
}

/// The `namespace:` of a kustomization.
#[derive(Debug)]
pub(crate) struct Namespace {
    pub name: String,
    pub file: String,
    pub mark: Mark,
    pub removal: Option<Edit>,
}

/// The last of `resources:` in the deployment's own kustomization.
#[derive(Debug)]
pub(crate) struct ResourceList {
    file: String,
    end: Mark,
    /// What its lines begin with: `- `.
    dash: String,
}

impl ResourceList {
    pub(crate) fn add(&self, sources: &Sources<'_>, name: &str) -> Option<Edit> {
        let lines = Lines::new(&sources.text(&self.file));
        Pen { file: &self.file, lines: &lines }.append(self.end, &[format!("{}{name}", self.dash)])
    }
}

/// The kustomization file of a folder.
pub(crate) fn find(sources: &Sources<'_>, folder: &str) -> Option<String> {
    NAMES.iter().filter_map(|name| normal(folder, name)).find(|path| sources.has_file(path))
}

/// Whether a file is a kustomization by its name.
pub(crate) fn is_named(path: &str) -> bool {
    NAMES.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// Follows the kustomization in `folder`.
pub(crate) fn follow(sources: &mut Sources<'_>, file: &str, out: &mut Vec<Diagnostic>) -> Kustomization {
    let mut found = Kustomization::default();
    let mut visited = BTreeSet::new();
    enter(sources, file, &mut found, &mut visited, out);
    found
}

fn enter(sources: &mut Sources<'_>, file: &str, found: &mut Kustomization, visited: &mut BTreeSet<String>, out: &mut Vec<Diagnostic>) {
    if !visited.insert(file.to_owned()) {
        return;
    }
    found.used.insert(file.to_owned());
    let Some(root) = sources.documents(file, out).into_iter().next() else { return };
    let folder = folder_of(file).to_owned();
    let lines = Lines::new(&sources.text(file));
    let pen = Pen { file, lines: &lines };
    if visited.len() == 1
        && let Some(item) = root.get("resources").and_then(|list| list.items().last())
    {
        let dash = lines.between(Mark { column: 1, ..item.mark }, item.mark).unwrap_or_default().to_owned();
        found.list = (dash.trim() == "-").then(|| ResourceList { file: file.to_owned(), end: item.end, dash });
    }
    for entry in root.entries() {
        if !FIELDS.contains(&entry.key.as_str()) {
            let key = &entry.key;
            let mut said = Diagnostic::error(
                "kustomization_unknown_field",
                text!("`{key}` is not a field of a kustomization", "`{key}` 은(는) kustomization 의 필드가 아닙니다"),
            )
            .at(file, entry.mark)
            .path(key.clone());
            if let Some(near) = nearest(key, FIELDS) {
                said = said.fix(text!("Write `{near}:`", "`{near}:` 라고 쓰세요"));
                said = said.edits(pen.rename(entry, near).filter(|_| root.get(near).is_none()));
            }
            out.push(said);
        }
    }
    if let Some(namespace) = root.get("namespace")
        && let Some(name) = namespace.str()
    {
        found.namespaces.push(Namespace {
            name: name.to_owned(),
            file: file.to_owned(),
            mark: namespace.mark,
            removal: root.entry("namespace").and_then(|entry| pen.remove(&root, entry)),
        });
    }
    found.renames |= root.get("namePrefix").or_else(|| root.get("nameSuffix")).is_some();
    for list in ["resources", "bases", "components"] {
        for (i, item) in root.get(list).map(Node::items).unwrap_or_default().iter().enumerate() {
            resource(sources, pen, &folder, item, &format!("{list}[{i}]"), found, visited, out);
        }
    }
    for (list, key) in [
        ("patchesStrategicMerge", None),
        ("patches", Some("path")),
        ("patchesJson6902", Some("path")),
        ("replacements", Some("path")),
        ("configurations", None),
        ("crds", None),
        ("transformers", None),
        ("generators", None),
    ] {
        for (i, item) in root.get(list).map(Node::items).unwrap_or_default().iter().enumerate() {
            let node = key.map_or(Some(item), |key| item.get(key));
            // A patch may also be written in place.
            if node.and_then(Node::str).is_some_and(|text| !text.contains('\n'))
                && let Some(target) = needed(sources, pen, &folder, node.unwrap_or(item), &format!("{list}[{i}]"), out)
            {
                sources.documents(&target, out);
                found.used.insert(target);
            }
        }
    }
    for (list, secret) in [("configMapGenerator", false), ("secretGenerator", true)] {
        for (i, item) in root.get(list).map(Node::items).unwrap_or_default().iter().enumerate() {
            generator(sources, pen, &folder, item, &format!("{list}[{i}]"), secret, found, out);
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn resource(
    sources: &mut Sources<'_>,
    pen: Pen<'_>,
    folder: &str,
    item: &Node,
    path: &str,
    found: &mut Kustomization,
    visited: &mut BTreeSet<String>,
    out: &mut Vec<Diagnostic>,
) {
    let Some(name) = item.str() else { return };
    if name.starts_with("http://") || name.starts_with("https://") || name.starts_with("git@") || name.starts_with("github.com/") {
        out.push(
            Diagnostic::error(
                "kustomization_remote",
                Text::new(
                    "Resources are read from this project only, not from the network",
                    "리소스는 네트워크가 아니라 이 프로젝트에서만 읽습니다",
                ),
            )
            .at(pen.file, item.mark)
            .path(path)
            .fix(Text::new("Put the file into the project and name it here", "파일을 프로젝트에 넣고 여기에 그 이름을 쓰세요")),
        );
        return;
    }
    let target = normal(folder, name);
    if let Some(inner) = target.as_deref().filter(|t| sources.has_folder(t)) {
        match find(sources, inner) {
            Some(next) => enter(sources, &next, found, visited, out),
            None => out.push(
                Diagnostic::error(
                    "kustomization_missing",
                    text!("The folder `{name}` has no kustomization.yaml", "폴더 `{name}` 에 kustomization.yaml 이 없습니다"),
                )
                .at(pen.file, item.mark)
                .path(path)
                .fix(text!(
                    "Name the files of `{name}` one by one, or add a kustomization.yaml there",
                    "`{name}` 의 파일을 하나씩 적거나 그곳에 kustomization.yaml 을 추가하세요"
                )),
            ),
        }
        return;
    }
    if let Some(target) = needed(sources, pen, folder, item, path, out) {
        found.used.insert(target.clone());
        if found.resources.contains(&target) {
            out.push(
                Diagnostic::error("kustomization_twice", text!("`{name}` is listed twice", "`{name}` 이(가) 두 번 나열되었습니다"))
                    .at(pen.file, item.mark)
                    .path(path)
                    .fix(Text::new("Remove one of the two lines", "두 줄 가운데 하나를 지우세요"))
                    .edits(pen.remove_item(item)),
            );
        } else {
            found.resources.push(target);
        }
    }
}

/// The path of a file that must exist; says so, with the nearest name, where it does not.
fn needed_at(
    sources: &Sources<'_>,
    pen: Pen<'_>,
    folder: &str,
    name: &str,
    node: &Node,
    path: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let target = normal(folder, name).filter(|target| sources.has_file(target));
    if target.is_none() {
        let manifest = is_manifest(name);
        let inside = normal(folder, name).is_some();
        let alike = |path: &&str| inside && is_manifest(path) == manifest && !NAMES.contains(path);
        let siblings: Vec<&str> = sources.paths().filter_map(|path| relative(folder, path)).filter(alike).collect();
        let base = |p: &str| p.rsplit('/').next().unwrap_or(p).rsplit_once('.').map_or(p.to_owned(), |(stem, _)| stem.to_owned());
        // By the names without their endings, which are alike for all.
        let stems: Vec<String> = siblings.iter().map(|path| base(path)).collect();
        let near = nearest(&base(name), stems.iter().map(String::as_str))
            .and_then(|stem| siblings.iter().copied().find(|path| base(path) == stem))
            .or_else(|| siblings.iter().copied().find(|p| p.rsplit('/').next() == name.rsplit('/').next() || base(p) == base(name)));
        let mut said = Diagnostic::error("kustomization_missing_file", text!("There is no file `{name}`", "`{name}` 파일이 없습니다"))
            .at(pen.file, node.mark)
            .path(path)
            .edits(near.and_then(|near| pen.within(node, name, near)));
        said = said.fix(match near {
            Some(near) => text!("Write `{near}`, or add the file `{name}`", "`{near}` 라고 쓰거나 `{name}` 파일을 추가하세요"),
            None => text!("Add the file `{name}`, or remove this line", "`{name}` 파일을 추가하거나 이 줄을 지우세요"),
        });
        out.push(said);
    }
    target
}

/// The same, where the value is the path.
fn needed(sources: &Sources<'_>, pen: Pen<'_>, folder: &str, node: &Node, path: &str, out: &mut Vec<Diagnostic>) -> Option<String> {
    needed_at(sources, pen, folder, node.str()?, node, path, out)
}

fn relative<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

#[allow(clippy::too_many_arguments)]
fn generator(
    sources: &Sources<'_>,
    pen: Pen<'_>,
    folder: &str,
    item: &Node,
    path: &str,
    secret: bool,
    found: &mut Kustomization,
    out: &mut Vec<Diagnostic>,
) {
    let Some(name) = item.get("name").and_then(Node::str) else {
        out.push(
            Diagnostic::error("missing_field", Text::new("A generator needs a `name`", "생성기에는 `name` 이 필요합니다"))
                .at(pen.file, item.mark)
                .path(format!("{path}.name")),
        );
        return;
    };
    let mut made = Generated { secret, name: name.to_owned(), keys: BTreeSet::new(), open: false };
    let list = |key: &str| item.get(key).map(Node::items).unwrap_or_default();
    for literal in list("literals").iter().filter_map(Node::text) {
        made.keys.insert(literal.split('=').next().unwrap_or_default().to_owned());
    }
    for node in list("files") {
        let Some(text) = node.str() else { continue };
        let (key, source) = text.split_once('=').unwrap_or((text.rsplit('/').next().unwrap_or(text), text));
        made.keys.insert(key.to_owned());
        if let Some(target) = needed_at(sources, pen, folder, source, node, &format!("{path}.files"), out) {
            found.used.insert(target);
        }
    }
    let single = item.get("env").into_iter();
    for node in list("envs").iter().chain(single) {
        if let Some(target) = needed(sources, pen, folder, node, &format!("{path}.envs"), out) {
            for line in sources.text(&target).lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
                made.keys.insert(line.split('=').next().unwrap_or_default().trim().to_owned());
            }
            found.used.insert(target);
        }
    }
    made.open |= item.get("behavior").and_then(Node::str) == Some("merge");
    found.generated.push(made);
}
