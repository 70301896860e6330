//! The whole check, step by step.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use maru_model::{Login, Text, is_object_name};

use crate::diagnostic::text;
use crate::kustomization::{self, Kustomization};
use crate::nearest::nearest;
use crate::object::{Object, selects};
use crate::schema::SCHEMA;
use crate::source::{Files, Sources, folder_of, is_manifest};
use crate::yaml::Node;
use crate::{Diagnostic, Mark, ObjectRef, Report, fields, habits, ingress, policy, references, services, strategies, values};

/// What is known about the one whose deployment this is; nothing, where `maru check` runs without a server.
#[derive(Clone, Debug)]
pub struct Context {
    pub login: Option<Login>,
    /// The domain of applications, such as `apps.localhost`.
    pub apps_domain: String,
    /// Secrets that are in the namespace already, with their keys.
    pub secrets: Option<BTreeMap<String, BTreeSet<String>>>,
    /// The user's image repositories.
    pub repositories: Option<BTreeSet<String>>,
}

impl Default for Context {
    fn default() -> Self {
        Self { login: None, apps_domain: "apps.localhost".to_owned(), secrets: None, repositories: None }
    }
}

/// Everything the later checks look at.
pub(crate) struct Deployment<'a> {
    pub objects: Vec<Object>,
    pub kustomization: Kustomization,
    pub context: &'a Context,
    mentions: OnceCell<HashMap<String, usize>>,
    /// Which objects have a name.
    names: OnceCell<HashMap<String, Vec<usize>>>,
    /// Which objects have pods with a label.
    labels: OnceCell<HashMap<(String, String), Vec<usize>>>,
}

impl Deployment<'_> {
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| object.is(kind))
    }

    /// How often a text is a value of these objects.
    fn mentions(&self, text: &str) -> usize {
        let count = |found: &mut HashMap<String, usize>, node: &Node| {
            let mut rest = vec![node];
            while let Some(node) = rest.pop() {
                rest.extend(node.items());
                rest.extend(node.entries().iter().map(|entry| &entry.value));
                if let Some(text) = node.str() {
                    *found.entry(text.to_owned()).or_default() += 1;
                }
            }
        };
        let mentions = self.mentions.get_or_init(|| {
            let mut found = HashMap::new();
            self.objects.iter().for_each(|object| count(&mut found, &object.node));
            found
        });
        mentions.get(text).copied().unwrap_or(0)
    }

    pub(crate) fn named(&self, kind: &str, name: &str) -> Option<&Object> {
        let names = self.names.get_or_init(|| {
            let mut names: HashMap<String, Vec<usize>> = HashMap::new();
            for (i, object) in self.objects.iter().enumerate() {
                names.entry(object.name.clone()).or_default().push(i);
            }
            names
        });
        names.get(name)?.iter().map(|i| &self.objects[*i]).find(|object| object.is(kind))
    }

    /// The objects whose pods a selector, which is not empty, selects.
    pub(crate) fn selected(&self, selector: &Node) -> Vec<&Object> {
        let labels = self.labels.get_or_init(|| {
            let mut labels: HashMap<(String, String), Vec<usize>> = HashMap::new();
            for (i, object) in self.objects.iter().enumerate() {
                let entries = object.pods().and_then(|pods| pods.labels).map(Node::entries).unwrap_or_default();
                for label in entries {
                    let value = label.value.text().unwrap_or_default().into_owned();
                    labels.entry((label.key.clone(), value)).or_default().push(i);
                }
            }
            labels
        });
        let Some(first) = selector.entries().first() else { return Vec::new() };
        let with = labels.get(&(first.key.clone(), first.value.text().unwrap_or_default().into_owned()));
        let candidates = with.into_iter().flatten().map(|i| &self.objects[*i]);
        candidates.filter(|object| object.pods().is_some_and(|pods| selects(selector, pods.labels))).collect()
    }
}

/// The folder that holds the deployment: `k8s` where it has manifests, else the top.
#[must_use]
pub fn locate(files: &Files) -> &'static str {
    if files.keys().any(|path| path.starts_with("k8s/") && is_manifest(path)) { "k8s" } else { "" }
}

/// The kustomization that a folder without one stands for: all its manifests.
///
/// `None` where there is one already.
#[must_use]
pub fn implied_kustomization(files: &Files, folder: &str) -> Option<(String, Vec<u8>)> {
    let sources = Sources::new(files);
    if kustomization::find(&sources, folder).is_some() {
        return None;
    }
    let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut text = String::from("resources:\n");
    for path in manifests(&sources, folder) {
        text.push_str(&format!("- {}\n", serde_json::Value::from(&path[inside.len()..])));
    }
    Some((format!("{inside}kustomization.yaml"), text.into_bytes()))
}

fn manifests<'a>(sources: &Sources<'a>, folder: &str) -> Vec<&'a str> {
    let inside = |path: &&str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let all: Vec<&str> = sources.paths().filter(inside).filter(|path| is_manifest(path)).collect();
    // At the top of a project there are other YAML files too, in other folders.
    let flat: Vec<&str> = all.iter().copied().filter(|path| folder_of(path) == folder).collect();
    if flat.is_empty() { all } else { flat }
}

/// Checks the deployment in `folder` of `files` (see [`locate`]). Takes no time worth naming and never fails:
/// whatever the bytes are, the answer is a report.
#[must_use]
pub fn check(files: &Files, folder: &str, context: &Context) -> Report {
    let mut out = Vec::new();
    let mut sources = Sources::new(files);
    let mut deployment = Deployment {
        objects: Vec::new(),
        kustomization: Kustomization::default(),
        context,
        mentions: OnceCell::new(),
        names: OnceCell::new(),
        labels: OnceCell::new(),
    };
    let paths: Vec<String> = match kustomization::find(&sources, folder) {
        Some(file) => {
            deployment.kustomization = kustomization::follow(&mut sources, &file, &mut out);
            let unread =
                |said: &Diagnostic| said.file == file && (said.code.starts_with("yaml_") || said.code == "kustomization_unknown_field");
            if !out.iter().any(unread) {
                not_listed(&sources, folder, &deployment.kustomization, &mut out);
            }
            deployment.kustomization.resources.clone()
        }
        None => manifests(&sources, folder).into_iter().map(str::to_owned).collect(),
    };
    for path in &paths {
        deployment.objects.extend(sources.objects(path, &mut out));
    }
    if paths.is_empty() && out.is_empty() {
        let place = if folder.is_empty() { "." } else { folder };
        out.push(
            Diagnostic::error("no_manifests", text!("There are no manifests in `{place}`", "`{place}` 에 매니페스트가 없습니다"))
                .fix(Text::new("Put a Deployment and a Service into k8s/*.yaml", "k8s/*.yaml 에 Deployment 와 Service 를 작성하세요")),
        );
    }
    for object in &deployment.objects {
        basics(object, &deployment, &mut out);
        fields::check(object, &mut out);
        values::check(object, &mut out);
        policy::check(object, context, &mut out);
    }
    policy::namespaces(&deployment, &mut out);
    same_name(&deployment, &mut out);
    references::check(&deployment, &mut out);
    services::check(&deployment, &mut out);
    ingress::check(&deployment, &mut out);
    strategies::check(&deployment, &mut out);
    habits::check(&deployment, &mut out);
    // What is missing may be in what could not be read: that comes first.
    if out.iter().any(hides_objects) {
        out.retain(|found| {
            !matches!(found.code.as_str(), "missing_service" | "missing_object" | "service_selects_nothing") || !found.edits.is_empty()
        });
    }
    Report::new(out, deployment.objects.iter().filter(|o| !o.kind.is_empty()).map(Object::reference).collect())
}

/// True for a finding because of which there may be more objects, names or labels than were read.
fn hides_objects(found: &Diagnostic) -> bool {
    match found.code.as_str() {
        "not_utf8" | "missing_separator" | "kustomization_missing_file" | "kustomization_missing" | "kustomization_unknown_field" => true,
        "unknown_kind" => found.is_error(),
        "missing_field" => matches!(found.path.as_str(), "kind" | "metadata.name"),
        "unknown_field" => {
            found.edits.iter().any(|edit| matches!(edit.text.as_str(), "metadata" | "name" | "labels" | "spec" | "template"))
        }
        code => code.starts_with("yaml_"),
    }
}

/// What is allowed, checked on rendered objects, each with the object it is about; the sources' own check has said the rest.
#[must_use]
pub fn check_rendered(objects: &[serde_json::Value], context: &Context) -> Vec<(ObjectRef, Diagnostic)> {
    let mut found = Vec::new();
    for json in objects {
        let object = Object::new("", Node::from_json(json));
        let mut out = Vec::new();
        policy::check(&object, context, &mut out);
        ingress::hosts(&object, context, &mut out);
        found.extend(out.into_iter().map(|diagnostic| (object.reference(), diagnostic)));
    }
    found
}

fn not_listed(sources: &Sources<'_>, folder: &str, kustomization: &Kustomization, out: &mut Vec<Diagnostic>) {
    for path in sources.paths().filter(|path| folder_of(path) == folder && is_manifest(path) && !kustomization.used.contains(*path)) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let found_by_another_name =
            |said: &Diagnostic| said.code == "kustomization_missing_file" && said.edits.iter().any(|edit| edit.text == name);
        if path.contains("kustomization.") || out.iter().any(found_by_another_name) {
            continue;
        }
        out.push(
            Diagnostic::info(
                "not_listed",
                text!(
                    "kustomization.yaml does not list this file, so it is not deployed",
                    "kustomization.yaml 에 없는 파일이라 배포되지 않습니다"
                ),
            )
            .at(path, Mark { line: 1, column: 1 })
            .fix(text!("Add `- {name}` under `resources:`", "`resources:` 아래에 `- {name}` 을(를) 추가하세요"))
            .edits(kustomization.list.as_ref().and_then(|list| list.add(sources, name))),
        );
    }
}

fn basics(object: &Object, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    if object.api_version.is_empty()
        && object.kind.is_empty()
        && !object.node.entries().is_empty()
        && nearest("kind", keys(object)).is_none()
    {
        out.push(not_an_object(object));
        return;
    }
    let start = object.node.entries().first().map_or(object.node.mark, |entry| entry.mark);
    for (key, value) in [("apiVersion", &object.api_version), ("kind", &object.kind)] {
        if !value.is_empty() {
            continue;
        }
        let mut found =
            Diagnostic::error("missing_field", text!("`{key}` is missing in this object", "이 오브젝트에 `{key}` 이(가) 없습니다"));
        found = match nearest(key, keys(object).filter(|k| *k != "apiVersion" && *k != "kind")) {
            Some(typo) => found
                .fix(text!("Write `{key}:` where it says `{typo}:`", "`{typo}:` 를 `{key}:` 로 고치세요"))
                .edits(object.node.entry(typo).and_then(|entry| object.pen().rename(entry, key))),
            None => match only_version(object).filter(|_| key == "apiVersion") {
                Some(version) => found
                    .fix(text!("Begin the object with `apiVersion: {version}`", "오브젝트를 `apiVersion: {version}` 으로 시작하세요"))
                    .edits(object.pen().add(&object.node, &format!("apiVersion: {version}"))),
                None => found.fix(text!("Begin the object with `{key}:`", "오브젝트를 `{key}:` 로 시작하세요")),
            },
        };
        out.push(object.on(found, start, key));
    }
    if !object.api_version.is_empty() && !object.kind.is_empty() {
        version_and_kind(object, out);
    }
    name(object, start, deployment, out);
}

fn not_an_object(object: &Object) -> Diagnostic {
    let found = if object.node.get("services").is_some() {
        Diagnostic::error(
            "not_an_object",
            Text::new(
                "This is a file of Docker Compose, which Kubernetes does not read",
                "Docker Compose 파일이며 Kubernetes 는 읽지 않습니다",
            ),
        )
        .fix(Text::new(
            "Move it out of this folder; each of its services becomes a Deployment and a Service",
            "이 폴더 밖으로 옮기고, 각 서비스를 Deployment 와 Service 로 작성하세요",
        ))
    } else {
        crate::source::not_an_object()
    };
    object.on(found, object.node.mark, "")
}

/// The one version that a kind is in.
fn only_version(object: &Object) -> Option<&'static str> {
    let mut versions = SCHEMA.kinds().filter(|(_, kind)| *kind == object.kind).map(|(version, _)| version);
    versions.next().filter(|_| versions.next().is_none())
}

fn version_and_kind(object: &Object, out: &mut Vec<Diagnostic>) {
    let (version, kind) = (object.api_version.as_str(), object.kind.as_str());
    if SCHEMA.kind(version, kind).is_some() || ingress::is_old(version, kind) {
        return;
    }
    let of_kind: Vec<&str> = SCHEMA.kinds().filter(|(_, k)| *k == kind).map(|(v, _)| v).collect();
    if let Some(right) = of_kind.last() {
        out.push(
            object.on(
                Diagnostic::error(
                    "wrong_api_version",
                    text!("There is no {kind} in `{version}`", "`{version}` 에는 {kind} 이(가) 없습니다"),
                )
                .fix(text!("Write `apiVersion: {right}`", "`apiVersion: {right}` 라고 쓰세요"))
                .edits(object.node.get("apiVersion").and_then(|node| object.pen().replace(node, *right))),
                object.mark("apiVersion"),
                "apiVersion",
            ),
        );
    } else if let Some(near) = nearest(kind, SCHEMA.kinds().map(|(_, k)| k)) {
        out.push(
            object.on(
                Diagnostic::error("unknown_kind", text!("There is no kind `{kind}`", "`{kind}` 라는 종류(kind)는 없습니다"))
                    .fix(text!("Write `kind: {near}`", "`kind: {near}` 라고 쓰세요"))
                    .edits(object.node.get("kind").and_then(|node| object.pen().replace(node, near))),
                object.mark("kind"),
                "kind",
            ),
        );
    } else {
        out.push(object.on(
            Diagnostic::warning(
                "unknown_kind",
                text!(
                    "`{kind}` of `{version}` is not a kind that is known here; the cluster decides",
                    "`{version}` 의 `{kind}` 은(는) 알려진 종류가 아닙니다. 클러스터가 판단합니다"
                ),
            ),
            object.mark("kind"),
            "kind",
        ));
    }
}

fn keys(object: &Object) -> impl Iterator<Item = &str> {
    object.node.entries().iter().map(|entry| entry.key.as_str())
}

fn name(object: &Object, start: Mark, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let name = &object.name;
    if name.is_empty() {
        // `name:web` is no name, and said already.
        let glued = object.node.get("metadata").and_then(Node::str).is_some_and(|text| crate::syntax::glued(text).is_some());
        let misspelt = object.node.get("metadata").is_none() && nearest("metadata", keys(object)).is_some();
        if object.node.at("metadata.generateName").is_none() && !glued && !misspelt {
            let mark = object.node.entry("metadata").map_or(start, |entry| entry.mark);
            out.push(object.on(
                Diagnostic::error("missing_field", Text::new("The object has no name", "오브젝트에 이름이 없습니다")).fix(Text::new(
                    "Write `metadata:` and, two spaces in, `name: ...`",
                    "`metadata:` 아래에 두 칸 들여써서 `name: ...` 을 쓰세요",
                )),
                mark,
                "metadata.name",
            ));
        }
        return;
    }
    let good = if object.is("Service") {
        name.len() <= 63 && !name.contains('.') && name.starts_with(|c: char| c.is_ascii_lowercase()) && is_object_name(name)
    } else if object.api_version.starts_with("rbac.") {
        // Roles may be called `system:something`.
        name.split(':').all(|part| is_object_name(&part.to_ascii_lowercase()))
    } else {
        is_object_name(name)
    };
    if !good {
        let mended: String = name.to_lowercase().replace(['_', ' ', '.'], "-").trim_matches('-').to_owned();
        let mark = object.node.at("metadata.name").map_or(start, |node| node.mark);
        // Who speaks of it by that name would miss it.
        let rename = !mended.is_empty() && deployment.mentions(name) == 1;
        out.push(
            object.on(
                Diagnostic::error(
                    "invalid_name",
                    text!(
                        "`{name}` cannot be a name: use lowercase letters, digits and hyphens",
                        "`{name}` 은(는) 이름이 될 수 없습니다. 영문 소문자, 숫자, 하이픈만 쓰세요"
                    ),
                )
                .fix(text!("Write `name: {mended}`", "`name: {mended}` 라고 쓰세요"))
                .edits(object.node.at("metadata.name").filter(|_| rename).and_then(|node| object.pen().replace(node, mended.as_str()))),
                mark,
                "metadata.name",
            ),
        );
    }
}

/// Two objects of one id: the later would overwrite the earlier, and kustomize refuses them.
fn same_name(deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<(&str, &str, &str), &Object> = BTreeMap::new();
    for object in deployment.objects.iter().filter(|o| !o.name.is_empty()) {
        let group = object.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let key = (group, object.kind.as_str(), object.name.as_str());
        if let Some(first) = seen.get(&key) {
            let (title, place) = (object.title(), first.place(first.mark("metadata.name")));
            let mark = object.node.at("metadata.name").map_or(object.node.mark, |n: &Node| n.mark);
            out.push(
                object.on(
                    Diagnostic::error(
                        "duplicate_object",
                        text!(
                            "{title} is here a second time; the first is at {place}",
                            "{title} 이(가) 두 번 나옵니다. 첫 번째는 {place} 에 있습니다"
                        ),
                    )
                    .fix(Text::new("Give one of them another name, or remove it", "하나의 이름을 바꾸거나 지우세요")),
                    mark,
                    "metadata.name",
                ),
            );
        } else {
            seen.insert(key, object);
        }
    }
}
