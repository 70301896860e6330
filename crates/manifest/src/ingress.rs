//! Ingress: the old versions that courses still teach, hosts, and the Services behind.

use std::collections::BTreeMap;

use maru_model::Text;

use crate::check::{Context, Deployment};
use crate::diagnostic::text;
use crate::nearest::nearest;
use crate::object::Object;
use crate::yaml::{Node, Value};
use crate::{Diagnostic, Edit};

/// Ingress before `networking.k8s.io/v1`, which the cluster no longer has and [`crate::adapt`] rewrites.
pub(crate) fn is_old(api_version: &str, kind: &str) -> bool {
    kind == "Ingress" && matches!(api_version, "extensions/v1beta1" | "networking.k8s.io/v1beta1")
}

pub(crate) fn check(deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let mut hosts: BTreeMap<(String, String), String> = BTreeMap::new();
    for ingress in deployment.of_kind("Ingress") {
        let old = is_old(&ingress.api_version, &ingress.kind);
        if old {
            let version = &ingress.api_version;
            let v1 = v1_text(ingress);
            out.push(
                ingress.on(
                    Diagnostic::warning(
                        "ingress_old_version",
                        text!(
                            "`{version}` is gone since Kubernetes 1.22; it is deployed as `networking.k8s.io/v1`",
                            "`{version}` 은(는) Kubernetes 1.22 부터 없습니다. `networking.k8s.io/v1` 로 바꾸어 배포합니다"
                        ),
                    )
                    .fix(text!("Write:\n{v1}", "이렇게 쓰세요:\n{v1}"))
                    .edits(to_v1(ingress).into_iter().flatten()),
                    ingress.mark("apiVersion"),
                    "apiVersion",
                ),
            );
        }
        if let Some(backend) = ingress.node.at("spec.defaultBackend").or_else(|| ingress.node.at("spec.backend")) {
            to_service(ingress, backend, "spec.defaultBackend", deployment, out);
        }
        for (i, rule) in ingress.node.at("spec.rules").map(Node::items).unwrap_or_default().iter().enumerate() {
            let host = rule.get("host").and_then(Node::str).unwrap_or_default().to_owned();
            match rule.get("host").filter(|node| node.str().is_some()) {
                Some(node) => host_allowed(ingress, node, &format!("spec.rules[{i}].host"), deployment.context, out),
                None if deployment.context.login.is_some() => no_host(ingress, rule, i, deployment, out),
                None => {}
            }
            for (j, path) in rule.at("http.paths").map(Node::items).unwrap_or_default().iter().enumerate() {
                let at = format!("spec.rules[{i}].http.paths[{j}]");
                path_check(ingress, path, &at, old, deployment, out);
                let value = path.get("path").and_then(Node::str).unwrap_or("/").to_owned();
                let place = ingress.place(path.mark);
                if let Some(first) = hosts.insert((host.clone(), value.clone()), place) {
                    out.push(
                        ingress.on(
                            Diagnostic::error(
                                "ingress_twice",
                                text!(
                                    "`{host}{value}` is claimed twice; also at {first}",
                                    "`{host}{value}` 을(를) 두 번 사용합니다. {first} 에도 있습니다"
                                ),
                            )
                            .fix(Text::new("Give one of them another path", "둘 중 하나의 경로를 바꾸세요")),
                            path.mark,
                            at,
                        ),
                    );
                }
            }
        }
    }
}

fn path_check(ingress: &Object, path: &Node, at: &str, old: bool, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let Some(backend) = path.get("backend") else {
        if path.entries().iter().any(|entry| nearest(&entry.key, ["backend"]).is_some()) {
            return;
        }
        out.push(ingress.on(
            Diagnostic::error("missing_field", Text::new("This path has no `backend`", "이 경로에 `backend` 가 없습니다")),
            path.mark,
            format!("{at}.backend"),
        ));
        return;
    };
    if let Some(inner) = backend.entry("path").or_else(|| backend.entry("pathType")) {
        let key = &inner.key;
        out.push(
            ingress.on(
                Diagnostic::warning(
                    "ingress_path_in_backend",
                    text!(
                        "`{key}` is inside `backend`, where it means nothing; it is taken as the path of this rule",
                        "`{key}` 이(가) `backend` 안에 있어 의미가 없습니다. 이 규칙의 경로로 이해합니다"
                    ),
                )
                .fix(text!(
                    "Write `{key}:` beside `backend:`, at the same indentation",
                    "`{key}:` 를 `backend:` 와 같은 들여쓰기로 나란히 쓰세요"
                ))
                .edits(beside(ingress, path, backend).into_iter().flatten()),
                inner.mark,
                format!("{at}.backend.{key}"),
            ),
        );
    }
    if !old && let Some(entry) = backend.entry("serviceName").or_else(|| backend.entry("servicePort")) {
        let name = backend.get("serviceName").and_then(Node::text).unwrap_or_default();
        let port = backend.get("servicePort").and_then(Node::text).unwrap_or_default();
        out.push(
            ingress.on(
                Diagnostic::warning(
                    "ingress_old_backend",
                    Text::new(
                        "This is how a backend was written before `networking.k8s.io/v1`; it is understood",
                        "`networking.k8s.io/v1` 이전의 backend 표기입니다. 이해하고 배포합니다",
                    ),
                )
                .fix(text!(
                    "Write `backend: {{service: {{name: {name}, port: {{number: {port}}}}}}}`",
                    "`backend: {{service: {{name: {name}, port: {{number: {port}}}}}}}` 라고 쓰세요"
                ))
                .edits(backend_of_v1(ingress, backend)),
                entry.mark,
                format!("{at}.backend.{}", entry.key),
            ),
        );
    }
    if !old && path.get("pathType").is_none() && backend.get("pathType").is_none() {
        out.push(
            ingress.on(
                Diagnostic::warning(
                    "ingress_path_type",
                    Text::new("`pathType` is missing; `Prefix` is taken", "`pathType` 이 없어 `Prefix` 로 배포합니다"),
                )
                .fix(Text::new("Write `pathType: Prefix` beside `path:`", "`path:` 옆에 `pathType: Prefix` 를 쓰세요"))
                .edits(ingress.pen().add(path, "pathType: Prefix")),
                path.mark,
                format!("{at}.pathType"),
            ),
        );
    }
    to_service(ingress, backend, &format!("{at}.backend"), deployment, out);
}

fn to_service(ingress: &Object, backend: &Node, path: &str, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let Some(node) = backend.at("service.name").or_else(|| backend.get("serviceName")) else { return };
    let Some(name) = node.str() else { return };
    let Some(service) = deployment.named("Service", name) else {
        let mut found = Diagnostic::error(
            "missing_service",
            text!("There is no Service `{name}` to send requests to", "요청을 보낼 Service `{name}` 이(가) 없습니다"),
        );
        found = match nearest(name, deployment.of_kind("Service").map(|o| o.name.as_str())) {
            Some(near) => found.fix(text!("Write `{near}`", "`{near}` 라고 쓰세요")).edits(ingress.pen().replace(node, near)),
            None => found.fix(text!("Add a Service called `{name}`", "`{name}` 이라는 Service 를 추가하세요")),
        };
        out.push(ingress.on(found, node.mark, path));
        return;
    };
    let ports = service.node.at("spec.ports").map(Node::items).unwrap_or_default();
    let Some(port) = backend.at("service.port.number").or_else(|| backend.at("service.port.name")).or_else(|| backend.get("servicePort"))
    else {
        return;
    };
    let known = ports.iter().any(|p| match &port.value {
        Value::Int(number) => p.get("port").and_then(Node::int) == Some(*number),
        Value::String(name) if name.parse::<i64>().is_err() => p.get("name").and_then(Node::str) == Some(name),
        // A number in quotes is another mistake.
        _ => true,
    });
    if !known && !ports.is_empty() {
        let given = port.text().unwrap_or_default();
        let by_name = backend.at("service.port.name").is_some();
        let list = ports.iter().filter_map(|p| p.get("port")?.int()).map(|n| n.to_string()).collect::<Vec<_>>();
        let first = list.first().cloned().unwrap_or_default();
        let (list, place) = (list.join(", "), service.place(service.mark("spec.ports")));
        out.push(
            ingress.on(
                Diagnostic::error(
                    "service_port",
                    text!(
                        "Service {name} has no port {given}; it has {list} ({place})",
                        "Service {name} 에는 {given} 포트가 없습니다. 있는 포트: {list} ({place})"
                    ),
                )
                .fix(if by_name {
                    text!("Write `number: {first}` in place of `name: {given}`", "`name: {given}` 대신 `number: {first}` 라고 쓰세요")
                } else {
                    text!("Write `{first}`", "`{first}` 라고 쓰세요")
                })
                .edits(by_name.then(|| by_number(ingress, backend, &first)).flatten().into_iter().flatten().filter(|_| ports.len() == 1))
                .edits(ingress.pen().replace(port, first).filter(|_| ports.len() == 1 && port.int().is_some())),
                port.mark,
                path,
            ),
        );
    }
}

/// The hosts of one Ingress alone.
pub(crate) fn hosts(object: &Object, context: &Context, out: &mut Vec<Diagnostic>) {
    if !object.is("Ingress") {
        return;
    }
    for (i, rule) in object.node.at("spec.rules").map(Node::items).unwrap_or_default().iter().enumerate() {
        if let Some(node) = rule.get("host") {
            host_allowed(object, node, &format!("spec.rules[{i}].host"), context, out);
        }
    }
}

/// A host must be `LOGIN.apps...` or end with `-LOGIN.apps...`, so that nobody takes another's address.
fn host_allowed(ingress: &Object, node: &Node, path: &str, context: &Context, out: &mut Vec<Diagnostic>) {
    let (Some(login), Some(host)) = (&context.login, node.str()) else { return };
    let domain = &context.apps_domain;
    let own = format!("{login}.{domain}");
    if is_own_host(host, login.as_str(), domain) {
        return;
    }
    out.push(
        ingress.on(
            Diagnostic::error(
                "host_not_yours",
                text!("The host `{host}` is not one of yours", "호스트 `{host}` 은(는) 본인의 것이 아닙니다"),
            )
            .fix(text!(
                "Write `host: {own}` (or `NAME-{own}` with a name of your choice)",
                "`host: {own}` 라고 쓰세요 (또는 원하는 이름을 붙인 `이름-{own}`)"
            ))
            .edits(ingress.pen().replace(node, own.as_str()).filter(|_| {
                let rules = ingress.node.at("spec.rules").map(Node::items).unwrap_or_default();
                // Two rules of one host would be at odds.
                rules.len() == 1
            })),
            node.mark,
            path,
        ),
    );
}

pub(crate) fn is_own_host(host: &str, login: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .and_then(|rest| rest.strip_suffix('.'))
        .and_then(|name| name.strip_suffix(login))
        .is_some_and(|before| before.is_empty() || (before.ends_with('-') && before.len() > 1 && !before.contains('.')))
}

fn no_host(ingress: &Object, rule: &Node, i: usize, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let (Some(login), domain) = (&deployment.context.login, &deployment.context.apps_domain) else { return };
    out.push(
        ingress.on(
            Diagnostic::info(
                "ingress_host_added",
                text!(
                    "The rule names no host; it is deployed for `{login}.{domain}`",
                    "규칙에 호스트가 없어 `{login}.{domain}` 으로 배포합니다"
                ),
            )
            .fix(text!("Write `- host: {login}.{domain}`", "`- host: {login}.{domain}` 이라고 쓰세요"))
            .edits(ingress.pen().add(rule, &format!("host: {login}.{domain}"))),
            rule.mark,
            format!("spec.rules[{i}].host"),
        ),
    );
}

/// The rules of an old Ingress as v1 has them, to paste.
fn v1_text(ingress: &Object) -> String {
    let mut json = ingress.node.to_json();
    crate::adapt::ingress_to_v1(&mut json);
    let mut text = String::from("apiVersion: networking.k8s.io/v1\n");
    if let Some(spec) = json.get("spec") {
        text.push_str("spec:\n");
        crate::adapt::write_yaml(spec, 2, &mut text);
    }
    text
}

/// A port by its number, where a name is that no port has.
fn by_number(ingress: &Object, backend: &Node, number: &str) -> Option<[Edit; 2]> {
    let entry = backend.at("service.port")?.entry("name")?;
    Some([ingress.pen().rename(entry, "number")?, ingress.pen().replace(&entry.value, number)?])
}

/// An old Ingress in its file, as v1 has it: line by line where that goes, so that its author knows it again.
fn to_v1(ingress: &Object) -> Option<Vec<Edit>> {
    let pen = ingress.pen();
    let (version, spec) = (ingress.node.get("apiVersion")?, ingress.node.entry("spec")?);
    let version = pen.replace(version, "networking.k8s.io/v1")?;
    if let Some(edits) = lines_to_v1(ingress, &spec.value) {
        return Some(std::iter::once(version).chain(edits).collect());
    }
    let mut json = ingress.node.to_json();
    crate::adapt::ingress_to_v1(&mut json);
    let indent = spec.mark.column as usize - 1;
    if pen.is_flow(&ingress.node) || spec.value.entries().is_empty() {
        return None;
    }
    let mut text = String::from("spec:\n");
    crate::adapt::write_yaml(json.get("spec")?, indent + 2, &mut text);
    Some(vec![version, pen.rewrite(spec.mark, &spec.value, text.trim_end())?])
}

fn lines_to_v1(ingress: &Object, spec: &Node) -> Option<Vec<Edit>> {
    if spec.get("backend").is_some() {
        return None;
    }
    let mut edits = Vec::new();
    for path in spec.get("rules")?.items().iter().flat_map(|rule| rule.at("http.paths").map(Node::items).unwrap_or_default()) {
        edits.push(backend_of_v1(ingress, path.get("backend")?)?);
        if path.get("pathType").is_none() {
            edits.push(ingress.pen().add(path, "pathType: Prefix")?);
        }
        // Without a path it would be refused.
        path.get("path")?;
    }
    Some(edits)
}

/// `path` and `pathType` out of the backend, to where they belong.
fn beside(ingress: &Object, path: &Node, backend: &Node) -> Option<Vec<Edit>> {
    let pen = ingress.pen();
    let (mut edits, mut lines) = (Vec::new(), Vec::new());
    let indent = " ".repeat(path.entries().first()?.mark.column as usize - 1);
    for key in ["path", "pathType"] {
        if let Some(entry) = backend.entry(key) {
            if path.get(key).is_none() {
                lines.push(format!("{indent}{key}: {}", pen.raw(&entry.value)?));
            }
            edits.push(pen.remove(backend, entry)?);
        }
    }
    // Something must be left of the backend.
    if backend.entries().len() == edits.len() {
        return None;
    }
    if !lines.is_empty() {
        let text: Vec<&str> = lines.iter().map(|line| line.trim_start()).collect();
        edits.push(pen.add(path, &text.join(&format!("\n{indent}")))?);
    }
    Some(edits)
}

/// A backend of before v1, as v1 has it.
fn backend_of_v1(ingress: &Object, backend: &Node) -> Option<Edit> {
    let only = backend.entries().iter().all(|entry| matches!(entry.key.as_str(), "serviceName" | "servicePort"));
    let (name, port) = (backend.get("serviceName")?.str().filter(|_| only)?, backend.get("servicePort")?);
    let port = match &port.value {
        Value::Int(number) => format!("number: {number}"),
        Value::String(name) => format!("name: {name}"),
        _ => return None,
    };
    let pen = ingress.pen();
    if pen.is_flow(backend) {
        return pen.replace(backend, format!("{{service: {{name: {name}, port: {{{port}}}}}}}"));
    }
    let indent = " ".repeat(backend.mark.column as usize - 1);
    pen.rewrite(backend.mark, backend, format!("service:\n{indent}  name: {name}\n{indent}  port:\n{indent}    {port}"))
}
