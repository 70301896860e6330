//! Services against the pods they are for: labels, ports, probes.

use maru_model::Text;

use crate::check::Deployment;
use crate::diagnostic::text;
use crate::nearest::nearest;
use crate::object::{Container, Object, pairs, selects};
use crate::yaml::{Node, Value};
use crate::{Diagnostic, Edit, Mark};

pub(crate) fn check(deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    for service in deployment.of_kind("Service") {
        service_check(service, deployment, out);
    }
    for set in deployment.of_kind("StatefulSet") {
        governing(set, deployment, out);
    }
    for object in &deployment.objects {
        probes(object, out);
    }
}

fn service_check(service: &Object, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let Some(spec) = service.node.get("spec") else { return };
    let Some(selector) = spec.get("selector").filter(|s| !s.entries().is_empty()) else { return };
    let workloads = deployment.selected(selector);
    // A workload whose selector and labels are at odds has been told so.
    let at_odds = |object: &&Object| object.node.at("spec.selector.matchLabels").is_some_and(|labels| selects(selector, Some(labels)));
    if workloads.is_empty() && deployment.objects.iter().any(|object| object.pods().is_some() && at_odds(&object)) {
        return;
    }
    if workloads.is_empty() {
        let want = pairs(Some(selector));
        let near = deployment.objects.iter().filter(|o| o.pods().is_some()).find(|o| o.name == service.name).or_else(|| {
            let names = deployment.objects.iter().filter(|o| o.pods().is_some()).map(|o| o.name.as_str());
            nearest(&service.name, names).and_then(|name| deployment.objects.iter().find(|o| o.pods().is_some() && o.name == name))
        });
        let mut found = Diagnostic::error(
            "service_selects_nothing",
            text!(
                "No pod has the labels `{want}` that this Service looks for",
                "이 Service 가 찾는 라벨 `{want}` 을(를) 가진 파드가 없습니다"
            ),
        );
        if let Some(object) = near {
            let labels = object.pods().and_then(|pods| pods.labels);
            let (title, have, place) = (object.title(), pairs(labels), object.place(labels.map_or(object.node.mark, |l| l.mark)));
            found = found.fix(text!(
                "{title} at {place} has `{have}`: write that as the selector",
                "{place} 의 {title} 에는 `{have}` 이(가) 있습니다. 셀렉터를 그렇게 쓰세요"
            ));
            found = found.edits(labels.and_then(|labels| as_selector(service, selector, labels)));
        }
        out.push(service.on(found, service.mark("spec.selector"), "spec.selector"));
        return;
    }
    for (i, port) in spec.get("ports").map(Node::items).unwrap_or_default().iter().enumerate() {
        target_port(service, port, i, &workloads, out);
    }
}

/// The selector that asks for `labels`; of the labels that everything has, one says the most.
fn as_selector(service: &Object, selector: &Node, labels: &Node) -> Option<Edit> {
    let alike = selector.entries().iter().all(|entry| labels.get(&entry.key).is_some());
    let entry = |key: &str, value: &Node| Some(format!("{key}: {}", crate::adapt::plain(&serde_json::Value::from(value.text()?.as_ref()))));
    let wanted: Option<Vec<String>> = if alike {
        selector.entries().iter().map(|want| entry(&want.key, labels.get(&want.key)?)).collect()
    } else {
        labels.entries().iter().map(|have| entry(&have.key, &have.value)).collect()
    };
    let (wanted, pen) = (wanted.filter(|wanted| !wanted.is_empty())?, service.pen());
    let text = if pen.is_flow(selector) {
        format!("{{{}}}", wanted.join(", "))
    } else {
        wanted.join(&format!("\n{}", " ".repeat(selector.mark.column as usize - 1)))
    };
    pen.rewrite(selector.mark, selector, text)
}

/// The port of the pods that a Service's port leads to must be one that they open.
fn target_port(service: &Object, port: &Node, i: usize, workloads: &[&Object], out: &mut Vec<Diagnostic>) {
    let (node, field) = match port.get("targetPort").filter(|n| !n.is_null()) {
        Some(node) => (node, "targetPort"),
        // Its name is misspelt, and that has been said.
        None if port.entries().iter().any(|entry| nearest(&entry.key, ["targetPort"]).is_some()) => return,
        None => match port.get("port") {
            Some(node) => (node, "port"),
            None => return,
        },
    };
    let path = format!("spec.ports[{i}].{field}");
    for workload in workloads {
        let containers = workload.containers();
        let ports: Vec<(Option<&str>, Option<i64>, Mark)> = containers.iter().flat_map(Container::ports).collect();
        // containerPort is only a note; where nothing is noted, nothing can be compared.
        if ports.is_empty() || ports.iter().any(|(_, number, _)| number.is_none()) {
            continue;
        }
        let (matches, given) = match &node.value {
            Value::Int(number) => (ports.iter().any(|(_, n, _)| *n == Some(*number)), number.to_string()),
            Value::String(name) => (ports.iter().any(|(n, ..)| *n == Some(name.as_str())), name.clone()),
            _ => return,
        };
        if matches {
            continue;
        }
        let title = workload.title();
        let place = workload.place(ports[0].2);
        let list: Vec<String> = ports
            .iter()
            .map(|(name, number, _)| match (name, number) {
                (Some(name), Some(number)) => format!("{number} ({name})"),
                (_, Some(number)) => number.to_string(),
                _ => "?".to_owned(),
            })
            .collect();
        let list = list.join(", ");
        let severity_error = matches!(node.value, Value::String(_));
        let message = text!(
            "This Service sends to port {given} of {title}, whose containers declare {list} ({place})",
            "이 Service 는 {title} 의 {given} 포트로 보내지만 컨테이너는 {list} 을(를) 선언합니다 ({place})"
        );
        let found = if severity_error { Diagnostic::error("target_port", message) } else { Diagnostic::warning("target_port", message) };
        let right = ports[0].1.map_or_else(String::new, |n| n.to_string());
        // Of several it selects one too many, and no number is right for all.
        let (fix, sure) = if workloads.len() > 1 {
            let others =
                workloads.iter().filter(|other| other.name != workload.name).map(|other| other.title()).collect::<Vec<_>>().join(", ");
            (
                text!(
                    "This Service selects the pods of {others} too: give its selector a label that only one of them has",
                    "이 Service 는 {others} 의 파드도 선택합니다. 하나에만 있는 라벨을 셀렉터에 쓰세요"
                ),
                false,
            )
        } else {
            (text!("Write `targetPort: {right}`", "`targetPort: {right}` 라고 쓰세요"), ports.len() == 1)
        };
        let edit = match field {
            "targetPort" => service.pen().replace(node, right.as_str()),
            _ => service.pen().add(port, &format!("targetPort: {right}")),
        };
        out.push(service.on(found.fix(fix).edits(edit.filter(|_| sure)), node.mark, path.clone()));
    }
}

/// A StatefulSet names its pods through a Service, which has to exist.
fn governing(set: &Object, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let Some(node) = set.node.at("spec.serviceName") else { return };
    let Some(name) = node.str().filter(|name| deployment.named("Service", name).is_none()) else { return };
    let mut found = Diagnostic::error(
        "missing_service",
        text!(
            "There is no Service `{name}`, which this StatefulSet names its pods by",
            "이 StatefulSet 이 사용하는 Service `{name}` 이(가) 없습니다"
        ),
    );
    found = match nearest(name, deployment.of_kind("Service").map(|o| o.name.as_str())) {
        Some(near) => {
            found.fix(text!("Write `serviceName: {near}`", "`serviceName: {near}` 라고 쓰세요")).edits(set.pen().replace(node, near))
        }
        None => found
            .fix(text!("Add a Service called `{name}` with `clusterIP: None`", "`clusterIP: None` 인 Service `{name}` 을(를) 추가하세요")),
    };
    out.push(set.on(found, node.mark, "spec.serviceName"));
}

fn probes(object: &Object, out: &mut Vec<Diagnostic>) {
    for container in object.containers() {
        let ports: Vec<_> = container.ports().collect();
        if ports.is_empty() || ports.iter().any(|(_, number, _)| number.is_none()) {
            continue;
        }
        for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
            for way in ["httpGet", "tcpSocket"] {
                let Some(port) = container.node.get(probe).and_then(|p| p.get(way)).and_then(|w| w.get("port")) else { continue };
                let path = format!("{}.{probe}.{way}.port", container.path);
                let list = ports.iter().filter_map(|(_, n, _)| *n).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
                // A probe of another number stays a number, so that nothing else changes.
                let the_port = (ports.len() == 1).then(|| ports[0].1).flatten().map(|number| number.to_string());
                match &port.value {
                    Value::Int(number) if !ports.iter().any(|(_, n, _)| *n == Some(*number)) => out.push(
                        object.on(
                            Diagnostic::warning(
                                "probe_port",
                                text!(
                                    "The probe asks port {number}, but the container declares {list}",
                                    "프로브는 {number} 포트를 확인하지만 컨테이너는 {list} 을(를) 선언합니다"
                                ),
                            )
                            .fix(Text::new("Ask the port that the program listens on", "프로그램이 듣는 포트를 쓰세요"))
                            .edits(the_port.and_then(|right| object.pen().replace(port, right))),
                            port.mark,
                            path,
                        ),
                    ),
                    Value::String(name) if !ports.iter().any(|(n, ..)| *n == Some(name.as_str())) => out.push(
                        object.on(
                            Diagnostic::error(
                                "probe_port",
                                text!("No port of this container is called `{name}`", "이 컨테이너에는 `{name}` 이라는 포트가 없습니다"),
                            )
                            .fix(text!(
                                "Write its number ({list}), or name the port with `name: {name}` under `ports:`",
                                "포트 번호({list})를 쓰거나 `ports:` 아래에 `name: {name}` 으로 이름을 붙이세요"
                            ))
                            .edits(the_port.and_then(|right| object.pen().replace(port, right))),
                            port.mark,
                            path,
                        ),
                    ),
                    _ => {}
                }
            }
        }
    }
}
