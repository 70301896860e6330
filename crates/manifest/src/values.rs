//! Values that the cluster refuses although the schema takes them: quantities, ports, schedules, encodings, names of images.

use std::collections::BTreeMap;

use maru_model::Text;

use crate::diagnostic::text;
use crate::fields::join;
use crate::object::{Container, Object};
use crate::yaml::{Node, Value};
use crate::{Diagnostic, Edit};

pub(crate) fn check(object: &Object, out: &mut Vec<Diagnostic>) {
    let mut said = Said { object, out };
    for container in object.containers() {
        image(&container, &mut said);
        resources(&container, &mut said);
        ports(&container, &mut said);
        environment(&container, &mut said);
        probes(&container, &mut said);
    }
    names(object, &mut said);
    labels(object, &mut said);
    match object.kind.as_str() {
        "Service" => service(object, &mut said),
        "Secret" => secret(object, &mut said),
        "CronJob" => schedule(object, &mut said),
        "Ingress" => paths(object, &mut said),
        _ => {}
    }
    restarts(object, &mut said);
}

struct Said<'a> {
    object: &'a Object,
    out: &'a mut Vec<Diagnostic>,
}

impl Said<'_> {
    fn say(&mut self, found: Diagnostic, node: &Node, path: impl Into<String>) {
        self.out.push(self.object.on(found, node.mark, path));
    }
}

fn image(container: &Container<'_>, said: &mut Said<'_>) {
    let path = format!("{}.image", container.path);
    let Some(node) = container.node.get("image").filter(|node| !node.is_null()) else {
        // A misspelt key has been said.
        if !container.node.entries().is_empty()
            && crate::nearest::nearest("image", container.node.entries().iter().map(|e| e.key.as_str())).is_none()
        {
            said.say(
                Diagnostic::error("missing_field", Text::new("This container has no `image`", "이 컨테이너에 `image` 가 없습니다"))
                    .fix(Text::new("Write `image: NAME:VERSION` beside its name", "이름 옆에 `image: 이름:버전` 을 쓰세요")),
                container.node,
                path,
            );
        }
        return;
    };
    let Some(image) = node.str() else { return };
    let mended = mended_image(image);
    if mended == image {
        return;
    }
    if image.contains(['{', '$', '<']) {
        said.say(
            Diagnostic::error(
                "invalid_image",
                text!("`{image}` has a placeholder that nothing here fills in", "`{image}` 에 아무것도 채우지 않는 자리표시자가 있습니다"),
            )
            .fix(Text::new("Write the image and its version as they are, such as `NAME:1`", "`이름:1` 처럼 이미지와 버전을 그대로 쓰세요")),
            node,
            path,
        );
        return;
    }
    said.say(
        Diagnostic::error(
            "invalid_image",
            text!("`{image}` cannot be the name of an image", "`{image}` 은(는) 이미지 이름이 될 수 없습니다"),
        )
        .fix(text!(
            "Write `{mended}`: lowercase letters, digits and `-._/`, then `:VERSION`; no address scheme, no spaces",
            "`{mended}` 라고 쓰세요. 영문 소문자, 숫자, `-._/` 와 `:버전` 만 쓰고, 주소 스킴과 공백은 쓰지 않습니다"
        ))
        .edits(said.object.pen().replace(node, mended.as_str())),
        node,
        path,
    );
}

fn mended_image(image: &str) -> String {
    let bare = image.trim_start_matches("https://").trim_start_matches("http://").trim_matches(['“', '”', '‘', '’', ' ']);
    let (name, version) = match bare.find('@').or_else(|| bare.rfind(':').filter(|at| !bare[*at..].contains('/'))) {
        Some(at) => bare.split_at(at),
        None => (bare, ""),
    };
    let plain = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric() || "-._/:@".contains(*c)).collect::<String>();
    format!("{}{}", plain(&name.to_lowercase().replace(' ', "-")), plain(version))
}

fn resources(container: &Container<'_>, said: &mut Said<'_>) {
    for (part, what) in [("requests", "memory"), ("requests", "cpu"), ("limits", "memory"), ("limits", "cpu")] {
        if let Some(node) = container.node.at(&format!("resources.{part}.{what}")) {
            quantity(node, what, &format!("{}.resources.{part}.{what}", container.path), said);
        }
    }
    for what in ["memory", "cpu"] {
        let amount = |part: &str| {
            let node = container.node.at(&format!("resources.{part}.{what}"))?;
            // Thousandths of a byte are another mistake.
            let text = node.text().filter(|text| what == "cpu" || !text.ends_with('m'))?;
            Some((node, crate::values::amount(&text)?))
        };
        let (Some((node, request)), Some((other, limit))) = (amount("requests"), amount("limits")) else { continue };
        if request > limit {
            let (want, have) = (node.text().unwrap_or_default(), other.text().unwrap_or_default());
            let place = said.object.place(other.mark);
            said.say(
                Diagnostic::error(
                    "request_above_limit",
                    text!(
                        "The request for {what}, {want}, is more than the limit, {have} ({place})",
                        "{what} 요청량 {want} 이(가) 한도 {have} 보다 큽니다 ({place})"
                    ),
                )
                .fix(text!("Write `{have}` or less, or raise the limit", "`{have}` 이하로 쓰거나 한도를 올리세요"))
                .edits(said.object.pen().replace(node, have.as_ref())),
                node,
                format!("{}.resources.requests.{what}", container.path),
            );
        }
    }
}

/// What a quantity is in its unit; `None` where it is none.
fn amount(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let factor = match &text[digits..] {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0_f64.powi(4),
        "Pi" => 1024.0_f64.powi(5),
        "Ei" => 1024.0_f64.powi(6),
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number * factor)
}

fn quantity(node: &Node, what: &str, path: &str, said: &mut Said<'_>) {
    let Some(given) = node.text() else { return };
    let right = amount(&given);
    if right.is_some() && !(what != "cpu" && given.ends_with('m')) {
        return;
    }
    let mended = mended_quantity(&given, what);
    let found = if right.is_some() {
        let name = if what == "memory" { "memory" } else { "storage" };
        Diagnostic::error(
            "invalid_quantity",
            text!(
                "`{given}` of {name} is less than one byte: `m` means a thousandth",
                "`{given}` 은(는) 1바이트보다 작습니다. `m` 은 천분의 일입니다"
            ),
        )
    } else {
        Diagnostic::error(
            "invalid_quantity",
            text!("`{given}` is not an amount that Kubernetes knows", "`{given}` 은(는) Kubernetes 가 아는 양이 아닙니다"),
        )
    };
    let found = match mended {
        Some(mended) => {
            found.fix(text!("Write `{mended}`", "`{mended}` 라고 쓰세요")).edits(said.object.pen().replace(node, mended.as_str()))
        }
        None => found.fix(Text::new(
            "Write a number and its unit, such as `256Mi`, `1Gi`; of CPU `500m` or `1`",
            "`256Mi`, `1Gi` 처럼 숫자와 단위를 쓰세요. CPU 는 `500m` 또는 `1`",
        )),
    };
    said.say(found, node, path);
}

fn mended_quantity(given: &str, what: &str) -> Option<String> {
    let given = given.replace(' ', "");
    let digits = given.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = given.split_at(digits);
    number.parse::<f64>().ok()?;
    let unit = match (unit.to_lowercase().as_str(), what) {
        ("m", "cpu") => "m",
        ("k" | "kb" | "ki" | "kib", _) => "Ki",
        ("m" | "mb" | "mi" | "mib", _) => "Mi",
        ("g" | "gb" | "gi" | "gib", _) => "Gi",
        ("t" | "tb" | "ti" | "tib", _) => "Ti",
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

fn port(node: &Node, range: std::ops::RangeInclusive<i64>, path: &str, said: &mut Said<'_>) {
    let Some(number) = node.int().filter(|number| !range.contains(number)) else { return };
    let (low, high) = (range.start(), range.end());
    said.say(
        Diagnostic::error(
            "invalid_port",
            text!(
                "{number} cannot be a port here: {low} to {high} can",
                "{number} 은(는) 여기의 포트가 될 수 없습니다. {low} 부터 {high} 까지 가능합니다"
            ),
        )
        .fix(if *low == 1 {
            Text::new("Write the port that the program listens on", "프로그램이 듣는 포트를 쓰세요")
        } else {
            Text::new(
                "Remove the line: an Ingress makes the application reachable",
                "이 줄을 지우세요. Ingress 가 애플리케이션을 공개합니다",
            )
        }),
        node,
        path,
    );
}

fn ports(container: &Container<'_>, said: &mut Said<'_>) {
    for (i, declared) in list(container.node, "ports").iter().enumerate() {
        if let Some(node) = declared.get("containerPort") {
            port(node, 1..=65535, &format!("{}.ports[{i}].containerPort", container.path), said);
        }
    }
}

fn environment(container: &Container<'_>, said: &mut Said<'_>) {
    for (i, variable) in list(container.node, "env").iter().enumerate() {
        let (Some(value), Some(_)) = (variable.entry("value"), variable.entry("valueFrom")) else { continue };
        said.out.push(
            said.object.on(
                Diagnostic::error(
                    "env_twice",
                    Text::new(
                        "A variable takes `value` or `valueFrom`, not both",
                        "변수에는 `value` 와 `valueFrom` 가운데 하나만 쓸 수 있습니다",
                    ),
                )
                .fix(Text::new("Remove one of the two", "둘 가운데 하나를 지우세요")),
                value.mark,
                format!("{}.env[{i}]", container.path),
            ),
        );
    }
}

fn probes(container: &Container<'_>, said: &mut Said<'_>) {
    for name in ["readinessProbe", "livenessProbe", "startupProbe"] {
        let Some(entry) = container.node.entry(name) else { continue };
        let known = ["httpGet", "tcpSocket", "exec", "grpc"];
        let has = entry.value.entries().iter().any(|e| crate::nearest::nearest(&e.key, known).is_some());
        if has || !matches!(entry.value.value, Value::Map(_)) {
            continue;
        }
        said.out.push(said.object.on(
            Diagnostic::error("missing_field", text!("The `{name}` does not say what to ask", "`{name}` 에 무엇을 확인할지 없습니다")).fix(
                Text::new(
                    "Add `httpGet: {path: /, port: 8080}` with your path and port, or `tcpSocket: {port: 8080}`",
                    "`httpGet: {path: /, port: 8080}` (경로와 포트는 본인 것) 또는 `tcpSocket: {port: 8080}` 을 추가하세요",
                ),
            ),
            entry.mark,
            format!("{}.{name}", container.path),
        ));
    }
}

/// Containers of one pod, each with its own name.
fn names(object: &Object, said: &mut Said<'_>) {
    let mut seen = BTreeMap::new();
    for container in object.containers() {
        let Some(node) = container.node.get("name") else { continue };
        let Some(name) = node.str() else { continue };
        if let Some(first) = seen.insert(name.to_owned(), object.place(node.mark)) {
            said.out.push(
                object.on(
                    Diagnostic::error(
                        "duplicate_container",
                        text!(
                            "Two containers are called `{name}`; the other is at {first}",
                            "이름이 `{name}` 인 컨테이너가 둘입니다. 다른 하나는 {first} 에 있습니다"
                        ),
                    )
                    .fix(Text::new("Give one of them another name", "하나의 이름을 바꾸세요")),
                    node.mark,
                    format!("{}.name", container.path),
                ),
            );
        }
    }
}

fn labels(object: &Object, said: &mut Said<'_>) {
    for path in ["metadata.labels", "spec.template.metadata.labels", "spec.selector.matchLabels"] {
        for entry in object.node.at(path).map(Node::entries).unwrap_or_default() {
            let Some(value) = entry.value.str() else { continue };
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            let good = value.len() <= 63
                && value.chars().all(plain)
                && !value.starts_with(|c: char| !c.is_ascii_alphanumeric())
                && !value.ends_with(|c: char| !c.is_ascii_alphanumeric());
            if good {
                continue;
            }
            let mended: String = value.replace(' ', "-").chars().filter(|c| plain(*c)).take(63).collect();
            let mended = mended.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
            let found = Diagnostic::error(
                "invalid_label",
                text!(
                    "`{value}` cannot be a label's value: letters, digits and `-._`, at most 63",
                    "`{value}` 은(는) 라벨 값이 될 수 없습니다. 영문자, 숫자, `-._` 로 63자까지 쓸 수 있습니다"
                ),
            );
            let found = if mended.is_empty() {
                found.fix(Text::new(
                    "Write a word of these characters; longer texts go under `annotations:`",
                    "이 문자들로 쓰고, 긴 글은 `annotations:` 에 쓰세요",
                ))
            } else {
                let alone = path == "metadata.labels";
                found
                    .fix(text!(
                        "Write `{mended}`; longer texts go under `annotations:`",
                        "`{mended}` 라고 쓰세요. 긴 글은 `annotations:` 에 쓰세요"
                    ))
                    .edits(object.pen().replace(&entry.value, mended.as_str()).filter(|_| alone))
            };
            said.say(found, &entry.value, join(path, &entry.key));
        }
    }
}

fn service(object: &Object, said: &mut Said<'_>) {
    let Some(spec) = object.node.entry("spec") else { return };
    let is = |key: &str, value: &str| spec.value.get(key).and_then(Node::str) == Some(value);
    let ports = list(&spec.value, "ports");
    let misplaced = object.node.get("ports").is_some()
        || crate::nearest::nearest("ports", spec.value.entries().iter().map(|e| e.key.as_str())).is_some();
    if ports.is_empty() && !is("type", "ExternalName") && !is("clusterIP", "None") && !misplaced {
        said.out.push(object.on(
            Diagnostic::error("missing_field", Text::new("This Service has no `ports`", "이 Service 에 `ports` 가 없습니다")).fix(
                Text::new(
                    "Add `ports:` and below it `- port: 80`, with `targetPort:` of the container",
                    "`ports:` 아래에 `- port: 80` 과 컨테이너의 `targetPort:` 를 추가하세요",
                ),
            ),
            spec.mark,
            "spec.ports",
        ));
    }
    for (i, declared) in ports.iter().enumerate() {
        let path = format!("spec.ports[{i}]");
        for (key, range) in [("port", 1..=65535), ("targetPort", 1..=65535), ("nodePort", 30000..=32767)] {
            if let Some(node) = declared.get(key) {
                port(node, range, &join(&path, key), said);
            }
        }
        if ports.len() > 1 && declared.get("name").is_none() {
            let number = declared.get("port").and_then(Node::text).unwrap_or_default();
            said.say(
                Diagnostic::error(
                    "missing_field",
                    Text::new("Of several ports, each needs a `name`", "포트가 여럿이면 각각 `name` 이 필요합니다"),
                )
                .fix(text!("Add `name: p{number}`, or a better one", "`name: p{number}` 또는 더 좋은 이름을 추가하세요"))
                .edits(object.pen().add(declared, &format!("name: p{number}"))),
                declared,
                join(&path, "name"),
            );
        }
    }
}

/// `data:` is base64, which people write by hand as plain text.
fn secret(object: &Object, said: &mut Said<'_>) {
    let Some(data) = object.node.entry("data") else { return };
    let plain: Vec<&str> = data
        .value
        .entries()
        .iter()
        .filter(|entry| entry.value.str().is_some_and(|text| !is_base64(text)))
        .map(|entry| entry.key.as_str())
        .collect();
    if plain.is_empty() {
        return;
    }
    let list = plain.join(", ");
    let all = plain.len() == data.value.entries().len() && object.node.get("stringData").is_none();
    said.out.push(
        object.on(
            Diagnostic::error(
                "secret_not_base64",
                text!(
                    "Under `data:` values are base64, and these are not: {list}",
                    "`data:` 의 값은 base64 여야 하는데 다음은 아닙니다: {list}"
                ),
            )
            .fix(Text::new("Write `stringData:` for plain text", "일반 글자로 쓰려면 `stringData:` 를 쓰세요"))
            .edits(object.pen().rename(data, "stringData").filter(|_| all)),
            data.mark,
            "data",
        ),
    );
}

fn is_base64(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let body = bare.trim_end_matches('=');
    bare.len().is_multiple_of(4)
        && bare.len() - body.len() <= 2
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

fn schedule(object: &Object, said: &mut Said<'_>) {
    let Some(node) = object.node.at("spec.schedule") else { return };
    let Some(text) = node.str() else { return };
    let field = |field: &str| field.chars().all(|c| c.is_ascii_alphanumeric() || "*/,-?".contains(c));
    let fields: Vec<&str> = text.split_whitespace().collect();
    if text.starts_with('@')
        || (fields.len() == 5
            && fields.iter().all(|f| {
                field(f)
                    && f.starts_with(|c: char| {
                        c.is_ascii_digit() || "*?".contains(c) || f.len() == 3 || f.len() > 3 && "-,".contains(&f[3..4])
                    })
            }))
    {
        return;
    }
    said.say(
        Diagnostic::error(
            "invalid_schedule",
            text!("`{text}` is not a schedule: it needs five fields", "`{text}` 은(는) 일정이 아닙니다. 다섯 개의 칸이 필요합니다"),
        )
        .fix(Text::new(
            "Write minute, hour, day, month, weekday: `*/5 * * * *` is every five minutes, `0 3 * * *` three in the night",
            "분, 시, 일, 월, 요일을 쓰세요. `*/5 * * * *` 은 5분마다, `0 3 * * *` 은 새벽 세 시입니다",
        )),
        node,
        "spec.schedule",
    );
}

fn paths(object: &Object, said: &mut Said<'_>) {
    for (i, rule) in object.node.at("spec.rules").map(Node::items).unwrap_or_default().iter().enumerate() {
        for (j, path) in rule.at("http.paths").map(Node::items).unwrap_or_default().iter().enumerate() {
            let Some(node) = path.get("path") else { continue };
            let Some(text) = node.str().filter(|text| !text.starts_with('/')) else { continue };
            said.say(
                Diagnostic::error(
                    "invalid_path",
                    text!("The path `{text}` does not begin with `/`", "경로 `{text}` 이(가) `/` 로 시작하지 않습니다"),
                )
                .fix(text!("Write `path: /{text}`", "`path: /{text}` 라고 쓰세요"))
                .edits(
                    object
                        .pen()
                        .replace(node, format!("/{text}"))
                        .filter(|_| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))),
                ),
                node,
                format!("spec.rules[{i}].http.paths[{j}].path"),
            );
        }
    }
}

/// Whether pods are started again: work that ends, and programs that do not.
fn restarts(object: &Object, said: &mut Said<'_>) {
    let Some(pods) = object.pods() else { return };
    let path = format!("{}.restartPolicy", pods.path);
    let policy = pods.spec.entry("restartPolicy");
    let given = policy.and_then(|entry| entry.value.str()).unwrap_or("Always");
    let (mark, kind) = (policy.map_or_else(|| object.mark(pods.path), |entry| entry.mark), &object.kind);
    let pen = object.pen();
    match kind.as_str() {
        "Job" | "CronJob" if given == "Always" => {
            let edit: Option<Edit> = match policy {
                Some(entry) => pen.replace(&entry.value, "OnFailure"),
                None => pen.add(pods.spec, "restartPolicy: OnFailure"),
            };
            said.out.push(
                object.on(
                    Diagnostic::error(
                        "restart_policy",
                        text!(
                            "A {kind} ends: its pods may not restart `Always`, which is the default",
                            "{kind} 은(는) 끝나는 작업이라 파드를 `Always` 로 다시 시작할 수 없습니다. 기본값은 `Always` 입니다"
                        ),
                    )
                    .fix(Text::new(
                        "Write `restartPolicy: OnFailure` beside `containers:`",
                        "`containers:` 옆에 `restartPolicy: OnFailure` 를 쓰세요",
                    ))
                    .edits(edit),
                    mark,
                    path,
                ),
            );
        }
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Rollout" if matches!(given, "Never" | "OnFailure") => {
            said.out.push(
                object.on(
                    Diagnostic::error(
                        "restart_policy",
                        text!(
                            "The pods of a {kind} always restart; `{given}` is refused",
                            "{kind} 의 파드는 항상 다시 시작합니다. `{given}` 은(는) 거부됩니다"
                        ),
                    )
                    .fix(Text::new("Remove the line, or make it a Job", "이 줄을 지우거나 Job 으로 만드세요"))
                    .edits(policy.and_then(|entry| pen.remove(pods.spec, entry))),
                    mark,
                    path,
                ),
            );
        }
        _ => {}
    }
}

fn list<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(amount("128Mi"), Some(134_217_728.0));
        assert_eq!(amount("500m"), Some(0.5));
        assert_eq!(amount("1e3"), Some(1000.0));
        assert_eq!((amount("128MB"), amount("Mi"), amount("")), (None, None, None));
        assert_eq!(mended_quantity("128 mb", "memory").as_deref(), Some("128Mi"));
        assert_eq!(mended_quantity("a lot", "memory"), None);
    }

    #[test]
    fn images() {
        assert_eq!(mended_image("registry.localhost:5000/mina/web:3"), "registry.localhost:5000/mina/web:3");
        assert_eq!(mended_image("https://registry.localhost/mina/My Web:v1"), "registry.localhost/mina/my-web:v1");
        assert_eq!(mended_image("web@sha256:ab"), "web@sha256:ab");
    }
}
