//! Argo Rollouts: what their strategies name, and what their controller would refuse only once they run.

use maru_model::Text;

use crate::Diagnostic;
use crate::check::Deployment;
use crate::diagnostic::text;
use crate::nearest::nearest;
use crate::object::{Object, pairs, selects};
use crate::yaml::Node;

pub(crate) fn check(deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    for rollout in deployment.of_kind("Rollout") {
        pods(rollout, deployment, out);
        strategy(rollout, deployment, out);
    }
}

fn is_there(node: Option<&Node>) -> bool {
    node.is_some_and(|node| !node.is_null())
}

/// A Rollout has a template of its own, or takes that of another workload.
fn pods(rollout: &Object, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let Some(spec) = rollout.node.get("spec") else { return };
    let own = is_there(spec.get("template"));
    let Some(reference) = spec.get("workloadRef").filter(|node| !node.is_null()) else {
        for field in ["template", "selector"] {
            if is_there(spec.get(field)) {
                continue;
            }
            out.push(rollout.on(
                Diagnostic::error("missing_field", text!("`{field}` is missing in spec", "spec 에 `{field}` 이(가) 없습니다")).fix(text!(
                    "Write `{field}:` as in a Deployment, or name one with `workloadRef:`",
                    "Deployment 처럼 `{field}:` 을(를) 쓰거나 `workloadRef:` 로 Deployment 를 지정하세요"
                )),
                rollout.mark("spec"),
                format!("spec.{field}"),
            ));
        }
        return;
    };
    if own {
        out.push(
            rollout.on(
                Diagnostic::error(
                    "rollout_two_templates",
                    Text::new(
                        "A Rollout has `template` or `workloadRef`, not both",
                        "Rollout 에는 `template` 과 `workloadRef` 중 하나만 쓸 수 있습니다",
                    ),
                )
                .fix(Text::new("Remove one of the two", "둘 중 하나를 지우세요")),
                rollout.mark("spec.workloadRef"),
                "spec.workloadRef",
            ),
        );
    }
    let kind = reference.get("kind").and_then(Node::str).unwrap_or("Deployment");
    if let Some(node) = reference.get("name")
        && let Some(name) = node.str()
        && deployment.named(kind, name).is_none()
    {
        let names = deployment.of_kind(kind).map(|object| object.name.as_str());
        out.push(missing(rollout, kind, name, names, node, "spec.workloadRef.name"));
    }
}

fn missing<'n>(rollout: &Object, kind: &str, name: &str, names: impl Iterator<Item = &'n str>, node: &Node, path: &str) -> Diagnostic {
    let code = match kind {
        "Service" => "missing_service",
        "Ingress" => "missing_ingress",
        _ => "missing_workload",
    };
    let said = Diagnostic::error(
        code,
        text!("There is no {kind} `{name}`, which this Rollout names", "이 Rollout 이 지정한 {kind} `{name}` 이(가) 없습니다"),
    );
    let key = path.rsplit('.').next().unwrap_or(path);
    let said = match nearest(name, names) {
        Some(near) => said.fix(text!("Write `{key}: {near}`", "`{key}: {near}` 라고 쓰세요")),
        None => said.fix(text!("Add a {kind} called `{name}`", "{kind} `{name}` 을(를) 추가하세요")),
    };
    rollout.on(said, node.mark, path)
}

fn strategy(rollout: &Object, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    let node = rollout.node.at("spec.strategy");
    let of = |key: &str| node.and_then(|strategy| strategy.get(key)).filter(|found| !found.is_null());
    let say = |message: Text, out: &mut Vec<Diagnostic>| {
        let fix = Text::new(
            "Write `strategy: {canary: {steps: [...]}}` or `strategy: {blueGreen: {activeService: NAME}}`",
            "`strategy: {canary: {steps: [...]}}` 또는 `strategy: {blueGreen: {activeService: 이름}}` 를 쓰세요",
        );
        out.push(rollout.on(Diagnostic::error("rollout_strategy", message).fix(fix), rollout.mark("spec.strategy"), "spec.strategy"));
    };
    match (of("canary"), of("blueGreen")) {
        (None, None) => {
            let is_empty = node.is_some_and(|strategy| strategy.entry("canary").or_else(|| strategy.entry("blueGreen")).is_some());
            // A misspelt key has been said by the fields' own check.
            if is_empty || node.is_none_or(|strategy| strategy.entries().is_empty()) {
                say(
                    Text::new(
                        "This Rollout has no strategy: neither `canary` nor `blueGreen` says anything",
                        "이 Rollout 에는 전략이 없습니다. `canary` 도 `blueGreen` 도 내용이 없습니다",
                    ),
                    out,
                );
            }
        }
        (Some(_), Some(_)) => say(
            Text::new(
                "A Rollout has one strategy, `canary` or `blueGreen`, not both",
                "Rollout 의 전략은 `canary` 와 `blueGreen` 중 하나만 쓸 수 있습니다",
            ),
            out,
        ),
        (Some(canary), None) => self::canary(rollout, canary, deployment, out),
        (None, Some(blue_green)) => {
            services(rollout, blue_green, "blueGreen", ["activeService", "previewService"], deployment, out);
        }
    }
}

/// The two Services that a strategy steers: they exist, are two, and are for this Rollout's pods.
fn services(
    rollout: &Object,
    strategy: &Node,
    kind: &str,
    fields: [&'static str; 2],
    deployment: &Deployment<'_>,
    out: &mut Vec<Diagnostic>,
) {
    let mut first: Option<&str> = None;
    for field in fields {
        let Some(node) = strategy.get(field) else { continue };
        let Some(name) = node.str() else { continue };
        let path = format!("spec.strategy.{kind}.{field}");
        let Some(service) = deployment.named("Service", name) else {
            out.push(missing(rollout, "Service", name, deployment.of_kind("Service").map(|o| o.name.as_str()), node, &path));
            continue;
        };
        if first == Some(name) {
            let (one, two) = (fields[0], fields[1]);
            out.push(
                rollout.on(
                    Diagnostic::error(
                        "rollout_one_service",
                        text!(
                            "`{one}` and `{two}` are both `{name}`: each version needs a Service of its own",
                            "`{one}` 와 `{two}` 가 모두 `{name}` 입니다. 버전마다 Service 가 하나씩 필요합니다"
                        ),
                    )
                    .fix(text!(
                        "Add a second Service with the same selector, and name it as `{two}`",
                        "같은 셀렉터의 Service 를 하나 더 만들어 `{two}` 에 쓰세요"
                    )),
                    node.mark,
                    path,
                ),
            );
            continue;
        }
        first = first.or(Some(name));
        if let Some(selector) = service.node.at("spec.selector")
            && let Some(pods) = rollout.pods()
            && !selects(selector, pods.labels)
        {
            let (want, have, place) = (pairs(Some(selector)), pairs(pods.labels), service.place(selector.mark));
            out.push(
                rollout.on(
                    Diagnostic::error(
                        "rollout_service_selector",
                        text!(
                            "The Service `{name}` at {place} looks for `{want}`, but the pods of this Rollout have `{have}`",
                            "{place} 의 Service `{name}` 은(는) `{want}` 을(를) 찾지만 이 Rollout 의 파드에는 `{have}` 이(가) 있습니다"
                        ),
                    )
                    .fix(text!("Write `{have}` as its selector", "셀렉터를 `{have}` 로 쓰세요")),
                    node.mark,
                    path,
                ),
            );
        }
    }
}

fn canary(rollout: &Object, canary: &Node, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    services(rollout, canary, "canary", ["stableService", "canaryService"], deployment, out);
    for (i, step) in canary.get("steps").map(Node::items).unwrap_or_default().iter().enumerate() {
        self::step(rollout, step, &format!("spec.strategy.canary.steps[{i}]"), canary.at("trafficRouting.maxTrafficWeight"), out);
    }
    let Some(nginx) = canary.at("trafficRouting.nginx") else { return };
    for field in ["stableService", "canaryService"] {
        if !is_there(canary.get(field)) {
            out.push(
                rollout.on(
                    Diagnostic::error(
                        "missing_field",
                        text!(
                            "`{field}` is missing in canary: traffic is shared out between two Services",
                            "canary 에 `{field}` 이(가) 없습니다. 트래픽은 두 Service 사이에서 나뉩니다"
                        ),
                    )
                    .fix(text!("Write `{field}: NAME` beside `trafficRouting`", "`trafficRouting` 옆에 `{field}: 이름` 을 쓰세요")),
                    rollout.mark("spec.strategy.canary.trafficRouting"),
                    format!("spec.strategy.canary.{field}"),
                ),
            );
        }
    }
    let path = "spec.strategy.canary.trafficRouting.nginx.stableIngress";
    let ingresses = nginx.get("stableIngress").into_iter().chain(nginx.get("stableIngresses").map(Node::items).unwrap_or_default());
    for node in ingresses {
        let Some(name) = node.str() else { continue };
        match deployment.named("Ingress", name) {
            None => out.push(missing(rollout, "Ingress", name, deployment.of_kind("Ingress").map(|o| o.name.as_str()), node, path)),
            Some(ingress) => leads_to_stable(rollout, ingress, canary, node, path, out),
        }
    }
}

/// Argo copies those rules of the Ingress that lead to the stable Service, and stops where there are none.
fn leads_to_stable(rollout: &Object, ingress: &Object, canary: &Node, node: &Node, path: &str, out: &mut Vec<Diagnostic>) {
    let Some(stable) = canary.get("stableService").and_then(Node::str) else { return };
    let rules = ingress.node.at("spec.rules").map(Node::items).unwrap_or_default();
    let mut paths = rules.iter().flat_map(|rule| rule.at("http.paths").map(Node::items).unwrap_or_default());
    let leads = paths.any(|path| {
        let name = path.at("backend.service.name").or_else(|| path.at("backend.serviceName"));
        name.and_then(Node::str) == Some(stable)
    });
    if !leads {
        let place = ingress.place(ingress.mark("spec.rules"));
        out.push(
            rollout.on(
                Diagnostic::error(
                    "rollout_ingress_backend",
                    text!(
                        "No path of the Ingress at {place} leads to the stable Service `{stable}`",
                        "{place} 의 Ingress 에는 안정 Service `{stable}` 로 가는 경로가 없습니다"
                    ),
                )
                .fix(text!("Write `name: {stable}` in its backend", "백엔드에 `name: {stable}` 을 쓰세요")),
                node.mark,
                path,
            ),
        );
    }
}

fn step(rollout: &Object, step: &Node, path: &str, most: Option<&Node>, out: &mut Vec<Diagnostic>) {
    if step.entries().len() > 1 {
        let keys: Vec<&str> = step.entries().iter().map(|entry| entry.key.as_str()).collect();
        let list = keys.join("`, `");
        out.push(
            rollout.on(
                Diagnostic::error(
                    "rollout_step",
                    text!(
                        "A step does one thing, but this one has `{list}`",
                        "한 단계는 한 가지만 합니다. 여기에는 `{list}` 이(가) 함께 있습니다"
                    ),
                )
                .fix(Text::new("Begin each with `- ` on a line of its own", "각각을 새 줄에서 `- ` 로 시작하세요")),
                step.mark,
                path,
            ),
        );
    }
    let most = most.and_then(Node::int).unwrap_or(100);
    if let Some(node) = step.get("setWeight")
        && let Some(weight) = node.int()
        && !(0..=most).contains(&weight)
    {
        out.push(
            rollout.on(
                Diagnostic::error(
                    "rollout_weight",
                    text!(
                        "A weight is between 0 and {most}, not {weight}",
                        "가중치는 0 에서 {most} 사이입니다. {weight} 은(는) 쓸 수 없습니다"
                    ),
                )
                .fix(text!("Write a number between 0 and {most}", "0 에서 {most} 사이의 수를 쓰세요")),
                node.mark,
                format!("{path}.setWeight"),
            ),
        );
    }
    if let Some(node) = step.at("pause.duration")
        && let Some(given) = node.text()
        && !is_duration(&given)
    {
        out.push(
            rollout.on(
                Diagnostic::error("rollout_duration", text!("`{given}` is no duration", "`{given}` 은(는) 시간 길이가 아닙니다"))
                    .fix(Text::new("Write seconds, or `30s`, `5m`, `1h`", "초 또는 `30s`, `5m`, `1h` 처럼 쓰세요")),
                node.mark,
                format!("{path}.pause.duration"),
            ),
        );
    }
}

fn is_duration(text: &str) -> bool {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let whole = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match &text[digits.len()..] {
        "" => whole(text),
        "s" | "m" | "h" => {
            let mut parts = digits.split(['h', 'm', 's']);
            parts.all(whole)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Context, Files, check};

    const GOOD: &str = r"apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy:
    canary:
      stableService: web
      canaryService: web-canary
      trafficRouting: {nginx: {stableIngress: web}}
      steps:
        - setWeight: 50
        - pause: {}
        - pause: {duration: 1m30s}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'registry.localhost/base/python:3', ports: [{containerPort: 8000}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8000}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-canary}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8000}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules: [{host: mina.apps.localhost, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
";

    /// Code and line of what is said about the good one with `from` replaced.
    fn said(from: &str, to: &str) -> Vec<String> {
        assert!(from.is_empty() || GOOD.contains(from), "{from}");
        let text = if from.is_empty() { GOOD.to_owned() } else { GOOD.replacen(from, to, 1) };
        let files = Files::from([("k8s/web.yaml".to_owned(), text.into_bytes())]);
        let found = check(&files, "k8s", &Context::default()).diagnostics.into_iter().filter(|found| found.is_error());
        found.map(|found| format!("{} {} {}", found.code, found.line, found.fix.map_or_else(String::new, |fix| fix.en))).collect()
    }

    #[test]
    fn a_good_rollout_is_accepted() {
        assert_eq!(said("", ""), [""; 0]);
        assert_eq!(said("canary:\n", "canary:\n      maxSurge: 25%\n"), [""; 0]);
    }

    #[test]
    fn blue_and_green() {
        let from = &GOOD[GOOD.find("    canary:").unwrap_or_default()..GOOD.find("  template:").unwrap_or_default()];
        let with = |services: &str| said(from, &format!("    blueGreen: {{{services}}}\n"));
        assert_eq!(with("activeService: web, previewService: web-canary, autoPromotionEnabled: false"), [""; 0]);
        assert_eq!(with("activeService: web, previewService: web")[0].split(' ').next(), Some("rollout_one_service"));
        assert_eq!(with("activeService: webb"), ["missing_service 8 Write `activeService: web`"]);
        assert_eq!(with("previewService: web-canary")[0].split(' ').next(), Some("missing_field"));
        assert_eq!(with("activeService: web, autoPromote: false")[0].split(' ').next(), Some("unknown_field"));
    }

    #[test]
    fn mistakes_are_said_where_they_are() {
        for (from, to, expected) in [
            ("canaryService: web-canary", "canaryService: web-canry", "missing_service 10 Write `canaryService: web-canary`"),
            ("stableIngress: web", "stableIngress: wbe", "missing_ingress 11 Write `stableIngress: web`"),
            ("- setWeight: 50", "- setWeight: 150", "rollout_weight 13 Write a number between 0 and 100"),
            ("duration: 1m30s", "duration: soon", "rollout_duration 15 Write seconds, or `30s`, `5m`, `1h`"),
            ("- pause: {}", "  pause: {}", "rollout_step 13 Begin each with `- ` on a line of its own"),
            ("stableService: web\n", "stabelService: web\n", "unknown_field 9 Write `stableService:`"),
            ("setWeight: 50", "setWieght: 50", "unknown_field 13 Write `setWeight:`"),
            ("labels: {app: web}", "labels: {app: wep}", "selector_mismatch 6 "),
        ] {
            let found = said(from, to);
            assert!(found.iter().any(|said| said.starts_with(expected)), "{to}: {found:?}");
        }
    }

    #[test]
    fn the_template_of_another_workload_will_do() {
        let from = &GOOD[GOOD.find("  template:").unwrap_or_default()..GOOD.find("---").unwrap_or_default()];
        let deployment = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: web}}\n";
        let to = format!("  workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}\n{deployment}{from}");
        assert_eq!(said(from, &to), [""; 0]);
        let missing = to.replacen("Deployment, name: web", "Deployment, name: wbe", 1);
        assert_eq!(said(from, &missing), ["missing_workload 16 Write `name: web`"]);
        assert_eq!(said(from, "")[0].split(' ').next(), Some("missing_field"));
    }

    #[test]
    fn a_strategy_is_one() {
        assert_eq!(
            said("strategy:\n    canary:\n", "strategy:\n    blueGreen: {activeService: web}\n    canary:\n")[0].split(' ').next(),
            Some("rollout_strategy")
        );
    }
}
