//! What a container says of its image, resources, ports, environment and probes.

use maru_model::Text;

use super::{Said, list, port};
use crate::Diagnostic;
use crate::diagnostic::text;
use crate::object::Container;
use crate::yaml::{Node, Value};

pub(super) fn image(container: &Container<'_>, said: &mut Said<'_>) {
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

pub(super) fn resources(container: &Container<'_>, said: &mut Said<'_>) {
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
            Some((node, amount(&text)?))
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

pub(super) fn ports(container: &Container<'_>, said: &mut Said<'_>) {
    for (i, declared) in list(container.node, "ports").iter().enumerate() {
        if let Some(node) = declared.get("containerPort") {
            port(node, 1..=65535, &format!("{}.ports[{i}].containerPort", container.path), said);
        }
    }
}

pub(super) fn environment(container: &Container<'_>, said: &mut Said<'_>) {
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

pub(super) fn probes(container: &Container<'_>, said: &mut Said<'_>) {
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
