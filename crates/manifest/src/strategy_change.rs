//! Another way to bring out new versions, as an edit of the sources: a Deployment becomes an Argo Rollout and back, with the
//! Services that its strategy needs. The student sees the edit and commits it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use maru_model::Text;
use serde_json::{Value, json};

use crate::check::locate;
use crate::diagnostic::text;
use crate::edit::Edit;
use crate::object::{Object, selects};
use crate::source::{Files, Sources, is_manifest};
use crate::{adapt, kustomization, yaml};

/// The ways there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyChoice {
    /// A Deployment: pod by pod.
    Rolling,
    BlueGreen,
    Canary,
}

struct Sighted<'a> {
    objects: Vec<Object>,
    files: &'a Files,
    names: OnceCell<BTreeSet<String>>,
}

impl Sighted<'_> {
    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }

    fn has_service(&self, name: &str) -> bool {
        self.names.get_or_init(|| self.of_kind("Service").map(|service| service.name.clone()).collect()).contains(name)
    }
}

/// The edits after which the Deployment or Rollout `name` brings out new versions in this way; empty where it does already.
///
/// # Errors
/// Why it cannot be written for this one, and what to do.
pub fn change_strategy(files: &Files, name: &str, to: StrategyChoice) -> Result<Vec<Edit>, Text> {
    let folder = locate(files);
    let mut sources = Sources::new(files);
    let mut ignored = Vec::new();
    // What a kustomization does not list is not deployed.
    let paths: Vec<String> = match kustomization::find(&sources, folder) {
        Some(file) => kustomization::follow(&mut sources, &file, &mut ignored).resources,
        None => {
            let inside = |path: &&String| is_manifest(path) && (folder.is_empty() || path.starts_with(&format!("{folder}/")));
            files.keys().filter(inside).cloned().collect()
        }
    };
    let objects = paths.iter().flat_map(|path| sources.objects(path, &mut ignored)).collect();
    let seen = Sighted { objects, files, names: OnceCell::new() };
    let workload = seen.objects.iter().find(|object| object.name == name && matches!(object.kind.as_str(), "Deployment" | "Rollout"));
    let Some(workload) = workload else {
        return Err(text!(
            "No Deployment or Rollout `{name}` is in the manifests",
            "매니페스트에 Deployment 나 Rollout `{name}` 이(가) 없습니다"
        ));
    };
    if to != StrategyChoice::Rolling {
        takes_rollout(&seen, workload)?;
    }
    let (strategy, service) = written(&seen, workload, to)?;
    let by_hand = || {
        let (file, line) = (&workload.file, workload.node.mark.line);
        text!(
            "{file}:{line} is written in a way that cannot be changed safely here; change it by hand",
            "{file}:{line} 은(는) 자동으로 안전하게 바꿀 수 없는 모양입니다. 직접 고치세요"
        )
    };
    let mut edits = of_workload(workload, to, &strategy).ok_or_else(by_hand)?;
    edits.extend(service.map(|service| {
        let mut yaml = String::new();
        adapt::write_yaml(&service, 0, &mut yaml);
        workload.pen().append_document(&yaml)
    }));
    for scaler in seen.of_kind("HorizontalPodAutoscaler") {
        edits.extend(of_scaler(scaler, name, to).ok_or_else(by_hand)?);
    }
    Ok(edits)
}

fn kind_of(to: StrategyChoice) -> (&'static str, &'static str) {
    match to {
        StrategyChoice::Rolling => ("apps/v1", "Deployment"),
        StrategyChoice::BlueGreen | StrategyChoice::Canary => ("argoproj.io/v1alpha1", "Rollout"),
    }
}

/// What kustomize does for a Deployment and not for a Rollout.
fn takes_rollout(seen: &Sighted<'_>, workload: &Object) -> Result<(), Text> {
    let kustomizations =
        seen.files.iter().filter(|(path, _)| path.rsplit('/').next().is_some_and(|name| name.to_lowercase().starts_with("kustomization")));
    for (path, bytes) in kustomizations {
        let text = String::from_utf8_lossy(bytes);
        if text.contains("namePrefix:") || text.contains("nameSuffix:") {
            return Err(text!(
                "{path} changes names, which kustomize does not do inside of a Rollout: write the names out first",
                "{path} 이(가) 이름을 바꾸는데, kustomize 는 Rollout 안의 이름은 바꾸지 않습니다. 먼저 이름을 그대로 쓰세요"
            ));
        }
        let generates = text.contains("Generator:") && !text.contains("disableNameSuffixHash: true");
        let said = workload.node.to_json().to_string();
        if generates
            && ["configMapRef", "configMapKeyRef", "secretRef", "secretKeyRef", "\"configMap\"", "\"secretName\""]
                .iter()
                .any(|key| said.contains(key))
        {
            return Err(text!(
                "{path} generates ConfigMaps or Secrets with a suffix, which kustomize does not write into a Rollout: add `generatorOptions: \
                 {{disableNameSuffixHash: true}}` to it first",
                "{path} 이(가) 이름 뒤에 값을 붙여 ConfigMap 이나 Secret 을 만드는데, kustomize 는 Rollout 안의 이름은 바꾸지 않습니다. 먼저 \
                 `generatorOptions: {{disableNameSuffixHash: true}}` 를 더하세요"
            ));
        }
    }
    Ok(())
}

/// The strategy, and the further Service that it names.
fn written(seen: &Sighted<'_>, workload: &Object, to: StrategyChoice) -> Result<(Value, Option<Value>), Text> {
    if to == StrategyChoice::Rolling {
        return Ok((json!({"type": "RollingUpdate"}), None));
    }
    let labels = workload.pods().and_then(|pods| pods.labels);
    let finds = |service: &&Object| {
        service.node.at("spec.selector").is_some_and(|selector| !selector.entries().is_empty() && selects(selector, labels))
    };
    // The one that an Ingress leads to, where several find the same pods; not one that a strategy has brought already.
    let ours = |service: &&Object| !service.name.ends_with("-preview") && !service.name.ends_with("-canary");
    let candidates: Vec<&Object> = seen.of_kind("Service").filter(finds).filter(ours).collect();
    let entry = |service: &Object| seen.of_kind("Ingress").find(|ingress| leads_to(ingress, &service.name));
    let active = candidates.iter().copied().find(|service| entry(service).is_some()).or_else(|| candidates.first().copied());
    let Some(active) = active else {
        let title = workload.title();
        return match to {
            StrategyChoice::Canary => Ok((json!({"canary": {"steps": steps()}}), None)),
            _ => Err(text!(
                "No Service leads to {title}: blue/green switches one",
                "{title} 을(를) 가리키는 Service 가 없습니다. 블루/그린은 Service 를 전환합니다"
            )),
        };
    };
    let further = |end: &str| {
        let name = format!("{}-{end}", active.name);
        let service = (!seen.has_service(&name)).then(|| {
            let spec = active.node.get("spec").map(yaml::Node::to_json).unwrap_or_default();
            let mut ports = spec["ports"].clone();
            for port in ports.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                port.shift_remove("nodePort");
            }
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": spec["selector"], "ports": ports}})
        });
        (name, service)
    };
    let stable = &active.name;
    Ok(match (to, entry(active)) {
        (StrategyChoice::BlueGreen, _) => {
            let (preview, service) = further("preview");
            (json!({"blueGreen": {"activeService": stable, "previewService": preview, "autoPromotionEnabled": false}}), service)
        }
        (_, Some(ingress)) => {
            let (canary, service) = further("canary");
            let routing = json!({"nginx": {"stableIngress": ingress.name}});
            (json!({"canary": {"stableService": stable, "canaryService": canary, "trafficRouting": routing, "steps": steps()}}), service)
        }
        _ => (json!({"canary": {"steps": steps()}}), None),
    })
}

/// A quarter until a person has looked, half for a moment, then all.
fn steps() -> Value {
    json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "30s"}}])
}

fn leads_to(ingress: &Object, service: &str) -> bool {
    let mut json = ingress.node.to_json();
    adapt::ingress_to_v1(&mut json);
    let rules = json.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten();
    let mut paths = rules.flat_map(|rule| rule.pointer("/http/paths").and_then(Value::as_array).into_iter().flatten());
    paths.any(|path| path.pointer("/backend/service/name").and_then(Value::as_str) == Some(service))
}

/// `None` where it is written in another way than by lines.
fn of_workload(workload: &Object, to: StrategyChoice, strategy: &Value) -> Option<Vec<Edit>> {
    let pen = workload.pen();
    let spec = workload.node.get("spec")?;
    let template = spec.entry("template")?;
    if workload.file.ends_with(".json") || pen.is_flow(&workload.node) || pen.is_flow(spec) {
        return None;
    }
    let present = spec.entry("strategy");
    if present.is_some_and(|present| present.value.to_json() == *strategy) {
        return Some(Vec::new());
    }
    let (api_version, kind) = kind_of(to);
    let mut edits = Vec::new();
    if workload.kind != kind {
        edits.push(pen.replace(workload.node.get("apiVersion")?, api_version)?);
        edits.push(pen.replace(workload.node.get("kind")?, kind)?);
    }
    let indent = template.mark.column.checked_sub(1)? as usize;
    let mut block = String::new();
    adapt::write_yaml(&json!({"strategy": strategy}), indent, &mut block);
    match present {
        Some(present) => {
            let removal = pen.remove(spec, present).filter(|removal| removal.column == 1)?;
            edits.push(Edit { text: block, ..removal });
        }
        // A Deployment goes pod by pod unless it says otherwise.
        None if to == StrategyChoice::Rolling => {}
        None => edits.push(pen.insert_line(template.mark.line, block.trim_end_matches('\n'))),
    }
    Some(edits)
}

fn of_scaler(scaler: &Object, name: &str, to: StrategyChoice) -> Option<Vec<Edit>> {
    let Some(target) = scaler.node.at("spec.scaleTargetRef") else { return Some(Vec::new()) };
    let is = |key: &str, value: &str| target.get(key).and_then(yaml::Node::str) == Some(value);
    let (api_version, kind) = kind_of(to);
    if !is("name", name) || is("kind", kind) || !(is("kind", "Deployment") || is("kind", "Rollout")) {
        return Some(Vec::new());
    }
    let pen = scaler.pen();
    let version = match target.get("apiVersion") {
        Some(version) => pen.replace(version, api_version)?,
        None => pen.add(target, &format!("apiVersion: {api_version}"))?,
    };
    Some(vec![version, pen.replace(target.get("kind")?, kind)?])
}
