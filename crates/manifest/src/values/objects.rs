//! What objects say of themselves: names, labels, and what is particular to a kind.

use std::collections::BTreeMap;

use maru_model::Text;

use super::{Said, list, port};
use crate::diagnostic::text;
use crate::fields::join;
use crate::object::Object;
use crate::yaml::Node;
use crate::{Diagnostic, Edit};

/// Containers of one pod, each with its own name.
pub(super) fn names(object: &Object, said: &mut Said<'_>) {
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

pub(super) fn labels(object: &Object, said: &mut Said<'_>) {
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

pub(super) fn service(object: &Object, said: &mut Said<'_>) {
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
pub(super) fn secret(object: &Object, said: &mut Said<'_>) {
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

pub(super) fn schedule(object: &Object, said: &mut Said<'_>) {
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

pub(super) fn paths(object: &Object, said: &mut Said<'_>) {
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
pub(super) fn restarts(object: &Object, said: &mut Said<'_>) {
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
