//! Names that one object says of another: ConfigMaps, Secrets, claims, selectors, scale targets.

use std::collections::{BTreeMap, BTreeSet};

use maru_model::Text;

use crate::Diagnostic;
use crate::check::Deployment;
use crate::diagnostic::text;
use crate::nearest::nearest;
use crate::object::{Object, pairs, selects};
use crate::yaml::Node;

/// Keys by name; `None` where the keys cannot be known.
type Known = BTreeMap<String, Option<BTreeSet<String>>>;

struct Names {
    config_maps: Known,
    secrets: Known,
    claims: BTreeSet<String>,
    service_accounts: BTreeSet<String>,
}

pub(crate) fn check(deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let names = collect(deployment);
    for object in &deployment.objects {
        selector(object, deployment, out);
        references(object, &names, out);
        scale_target(object, deployment, out);
    }
}

fn collect(deployment: &Deployment<'_>) -> Names {
    let keys = |object: &Object| -> Option<BTreeSet<String>> {
        let of = |field: &str| object.node.get(field).map(Node::entries).unwrap_or_default().iter().map(|e| e.key.clone());
        Some(of("data").chain(of("stringData")).chain(of("binaryData")).collect())
    };
    let of_kind = |kind: &str| -> Known { deployment.objects.iter().filter(|o| o.is(kind)).map(|o| (o.name.clone(), keys(o))).collect() };
    let mut names = Names {
        config_maps: of_kind("ConfigMap"),
        secrets: of_kind("Secret"),
        claims: deployment.objects.iter().filter(|o| o.is("PersistentVolumeClaim")).map(|o| o.name.clone()).collect(),
        service_accounts: deployment.objects.iter().filter(|o| o.is("ServiceAccount")).map(|o| o.name.clone()).collect(),
    };
    for made in &deployment.kustomization.generated {
        let known = if made.secret { &mut names.secrets } else { &mut names.config_maps };
        known.insert(made.name.clone(), (!made.open).then(|| made.keys.clone()));
    }
    // Every namespace has it.
    names.config_maps.insert("kube-root-ca.crt".to_owned(), None);
    for (name, keys) in deployment.context.secrets.iter().flatten() {
        names.secrets.entry(name.clone()).or_insert_with(|| Some(keys.clone()));
    }
    names
}

/// The selector of a workload must match the labels of its own pods.
fn selector(object: &Object, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    if !["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"].contains(&object.kind.as_str()) {
        return;
    }
    let (Some(wanted), Some(pods)) = (object.node.at("spec.selector.matchLabels"), object.pods()) else { return };
    if selects(wanted, pods.labels) {
        return;
    }
    let (want, have) = (pairs(Some(wanted)), pairs(pods.labels));
    // What the Services look for says which of the two is the mistake.
    let services =
        || deployment.of_kind("Service").filter_map(|service| service.node.at("spec.selector")).filter(|s| !s.entries().is_empty());
    let by_template = services().any(|s| selects(s, pods.labels));
    let by_selector = services().any(|s| selects(s, Some(wanted)));
    let edit = pods.labels.filter(|_| by_template != by_selector).and_then(|labels| {
        let (from, to) = if by_template { (labels, wanted) } else { (wanted, labels) };
        let mut unlike = from.entries().iter().filter(|have| to.get(&have.key).is_none_or(|other| other.text() != have.value.text()));
        let entry = unlike.next().filter(|_| unlike.next().is_none())?;
        object.pen().replace(to.get(&entry.key)?, object.pen().raw(&entry.value)?)
    });
    let place = object.place(pods.labels.map_or_else(|| object.mark("spec.template"), |labels| labels.mark));
    out.push(
        object.on(
            Diagnostic::error(
                "selector_mismatch",
                text!(
                    "The selector asks for pods with `{want}`, but the template at {place} gives them `{have}`",
                    "셀렉터는 `{want}` 라벨의 파드를 찾지만 {place} 의 템플릿은 `{have}` 를 줍니다"
                ),
            )
            .fix(if edit.is_some() && by_template {
                text!(
                    "Write `{have}` in the selector: a Service finds the pods by that",
                    "셀렉터에 `{have}` 를 쓰세요. Service 가 그 라벨로 파드를 찾습니다"
                )
            } else {
                text!(
                    "Write the same labels in `spec.template.metadata.labels`: `{want}`",
                    "`spec.template.metadata.labels` 에도 같은 라벨 `{want}` 를 쓰세요"
                )
            })
            .edits(edit),
            object.mark("spec.selector.matchLabels"),
            "spec.selector.matchLabels",
        ),
    );
}

fn references(object: &Object, names: &Names, out: &mut Vec<Diagnostic>) {
    let Some(pods) = object.pods() else { return };
    for container in object.containers() {
        let list = |field: &str| container.node.get(field).map(Node::items).unwrap_or_default();
        for (i, env) in list("env").iter().enumerate() {
            for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
                if let Some(source) = env.get("valueFrom").and_then(|from| from.get(field)) {
                    source_of(object, source, "name", kind, names, &format!("{}.env[{i}].valueFrom.{field}", container.path), out);
                }
            }
        }
        for (i, from) in list("envFrom").iter().enumerate() {
            for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                if let Some(source) = from.get(field) {
                    source_of(object, source, "name", kind, names, &format!("{}.envFrom[{i}].{field}", container.path), out);
                }
            }
        }
        mounts(object, container.node, &container.path, pods.spec, out);
    }
    for (i, volume) in pods.spec.get("volumes").map(Node::items).unwrap_or_default().iter().enumerate() {
        let path = format!("{}.volumes[{i}]", pods.path);
        if let Some(source) = volume.get("configMap") {
            source_of(object, source, "name", "ConfigMap", names, &format!("{path}.configMap"), out);
        }
        if let Some(source) = volume.get("secret") {
            source_of(object, source, "secretName", "Secret", names, &format!("{path}.secret"), out);
        }
        if let Some(claim) = volume.at("persistentVolumeClaim.claimName")
            && let Some(name) = claim.str()
            && !names.claims.contains(name)
        {
            missing(
                object,
                "PersistentVolumeClaim",
                name,
                names.claims.iter().map(String::as_str),
                claim,
                &format!("{path}.persistentVolumeClaim.claimName"),
                out,
            );
        }
    }
    if let Some(account) = pods.spec.get("serviceAccountName")
        && let Some(name) = account.str()
        && name != "default"
        && !names.service_accounts.contains(name)
    {
        missing(
            object,
            "ServiceAccount",
            name,
            names.service_accounts.iter().map(String::as_str),
            account,
            &format!("{}.serviceAccountName", pods.path),
            out,
        );
    }
}

/// Every `volumeMounts` name must be one of the pod's volumes (or a StatefulSet's claim templates).
fn mounts(object: &Object, container: &Node, path: &str, spec: &Node, out: &mut Vec<Diagnostic>) {
    let volumes = spec.get("volumes").map(Node::items).unwrap_or_default().iter().filter_map(|v| v.get("name")?.str());
    let templates = object
        .node
        .at("spec.volumeClaimTemplates")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|t| t.at("metadata.name")?.str());
    let known: Vec<&str> = volumes.chain(templates).collect();
    for (i, mount) in container.get("volumeMounts").map(Node::items).unwrap_or_default().iter().enumerate() {
        let Some(node) = mount.get("name") else { continue };
        let Some(name) = node.str().filter(|name| !known.contains(name)) else { continue };
        let list = known.join(", ");
        let found = Diagnostic::error(
            "missing_volume",
            if known.is_empty() {
                text!("This pod has no volume `{name}`, nor any other", "이 파드에는 `{name}` 볼륨이 없고 다른 볼륨도 없습니다")
            } else {
                text!(
                    "No volume of this pod is called `{name}`; there is: {list}",
                    "이 파드에는 `{name}` 볼륨이 없습니다. 있는 볼륨: {list}"
                )
            },
        )
        .fix(match nearest(name, known.iter().copied()) {
            Some(near) => text!("Write `name: {near}`", "`name: {near}` 라고 쓰세요"),
            None => text!(
                "Add `- name: {name}` under `volumes:`, which stands beside `containers:`",
                "`containers:` 와 나란히 있는 `volumes:` 아래에 `- name: {name}` 을(를) 추가하세요"
            ),
        })
        .edits(nearest(name, known.iter().copied()).and_then(|near| object.pen().replace(node, near)));
        out.push(object.on(found, node.mark, format!("{path}.volumeMounts[{i}].name")));
    }
}

/// A reference to a ConfigMap or Secret, and to a key of it.
fn source_of(object: &Object, source: &Node, name_field: &str, kind: &str, names: &Names, path: &str, out: &mut Vec<Diagnostic>) {
    if source.get("optional").and_then(Node::bool) == Some(true) {
        return;
    }
    let known = if kind == "Secret" { &names.secrets } else { &names.config_maps };
    let Some(node) = source.get(name_field) else { return };
    let Some(name) = node.str() else { return };
    let Some(keys) = known.get(name) else {
        if kind == "Secret"
            && let Some(key) = source.get("key").and_then(Node::text)
        {
            out.push(object.on(missing_secret(object, name, &key, known, node), node.mark, format!("{path}.{name_field}")));
            return;
        }
        missing(object, kind, name, known.keys().map(String::as_str), node, &format!("{path}.{name_field}"), out);
        return;
    };
    let (Some(keys), Some(key)) = (keys, source.get("key")) else { return };
    if let Some(wanted) = key.text().filter(|wanted| !keys.contains(wanted.as_ref())) {
        let list = keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let mut found = Diagnostic::error(
            "missing_key",
            text!(
                "{kind} {name} has no key `{wanted}`; it has: {list}",
                "{kind} {name} 에는 키 `{wanted}` 이(가) 없습니다. 있는 키: {list}"
            ),
        );
        if kind == "Secret" && nearest(&wanted, keys.iter().map(String::as_str)).is_none() {
            found = found.fix(text!(
                "Enter the key `{wanted}` of the Secret `{name}` on the app page, or write a key that it has",
                "앱 페이지에서 Secret `{name}` 의 키 `{wanted}` 을(를) 입력하거나, 있는 키를 쓰세요"
            ));
        }
        if let Some(near) = nearest(&wanted, keys.iter().map(String::as_str)) {
            found = found.fix(text!("Write `key: {near}`", "`key: {near}` 라고 쓰세요")).edits(object.pen().replace(key, near));
        }
        out.push(object.on(found, key.mark, format!("{path}.key")));
    }
}

/// A Secret that is not there, with the key that is wanted of it: what the form on the app page asks for.
fn missing_secret(object: &Object, name: &str, key: &str, known: &Known, node: &Node) -> Diagnostic {
    let found = Diagnostic::warning(
        "missing_secret",
        text!("There is no Secret `{name}` (key `{key}`) in this deployment", "이 배포에는 Secret `{name}` (키 `{key}`) 이(가) 없습니다"),
    );
    match nearest(name, known.keys().map(String::as_str)) {
        Some(near) => found.fix(text!("Write `{near}`", "`{near}` 라고 쓰세요")).edits(object.pen().replace(node, near)),
        None => found.fix(text!(
            "Enter the key `{key}` of the Secret `{name}` on the app page; it stays out of git",
            "앱 페이지에서 Secret `{name}` 의 키 `{key}` 을(를) 입력하세요. git 에는 저장되지 않습니다"
        )),
    }
}

fn missing<'a>(
    object: &Object,
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    node: &Node,
    path: &str,
    out: &mut Vec<Diagnostic>,
) {
    let message = text!("There is no {kind} `{name}` in this deployment", "이 배포에는 {kind} `{name}` 이(가) 없습니다");
    let near = nearest(name, known);
    let mut found = match kind {
        // It may be in the cluster already: kept outside git on purpose.
        "Secret" => Diagnostic::warning("missing_secret", message),
        _ => Diagnostic::error("missing_object", message),
    };
    found = match (kind, near) {
        (_, Some(near)) => found.fix(text!("Write `{near}`", "`{near}` 라고 쓰세요")).edits(object.pen().replace(node, near)),
        ("Secret", None) => found.fix(text!(
            "Enter the Secret `{name}` on the app page; it stays out of git",
            "앱 페이지에서 Secret `{name}` 을(를) 입력하세요. git 에는 저장되지 않습니다"
        )),
        (_, None) => found.fix(text!("Add a {kind} called `{name}`", "`{name}` 이라는 {kind} 을(를) 추가하세요")),
    };
    out.push(object.on(found, node.mark, path));
}

/// What an autoscaler scales must be there.
fn scale_target(object: &Object, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    if !object.is("HorizontalPodAutoscaler") {
        return;
    }
    let Some(target) = object.node.at("spec.scaleTargetRef") else { return };
    let (Some(kind), Some(node)) = (target.get("kind").and_then(Node::str), target.get("name")) else { return };
    let Some(name) = node.str() else { return };
    match deployment.named(kind, name) {
        None => missing(object, kind, name, deployment.of_kind(kind).map(|o| o.name.as_str()), node, "spec.scaleTargetRef.name", out),
        Some(workload) => {
            let bare = workload
                .containers()
                .iter()
                .find(|c| c.node.at("resources.requests.cpu").or_else(|| c.node.at("resources.limits.cpu")).is_none())
                .map(|c| c.name().to_owned());
            if let Some(container) = bare {
                out.push(object.on(
                    Diagnostic::info("autoscaler_without_request", text!("The container `{container}` names no CPU request; the class default is what the autoscaler measures against", "컨테이너 `{container}` 에 CPU 요청량이 없어 수업 기본값을 기준으로 자동 확장합니다"))
                        .fix(Text::new("Write `resources: {requests: {cpu: 100m}}` in the container", "컨테이너에 `resources: {requests: {cpu: 100m}}` 를 쓰세요")),
                    node.mark,
                    "spec.scaleTargetRef",
                ));
            }
        }
    }
}
