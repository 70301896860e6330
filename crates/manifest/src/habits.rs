//! What works here although it would not elsewhere, or not as its author thinks: images without a version, containers
//! without limits, names of the namespace `default`.

use maru_model::Text;

use crate::Diagnostic;
use crate::check::Deployment;
use crate::diagnostic::text;
use crate::nearest::nearest;
use crate::object::{Container, Object};
use crate::yaml::{Node, Value};

/// The class's own registry.
const REGISTRY: &str = "registry.localhost/";

pub(crate) fn check(deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    for object in &deployment.objects {
        for container in object.containers() {
            version(object, &container, out);
            limits(object, &container, out);
        }
        if object.pods().is_some() || object.is("ConfigMap") || object.is("Secret") {
            names(object, &object.node, deployment, out);
        }
    }
}

fn version(object: &Object, container: &Container<'_>, out: &mut Vec<Diagnostic>) {
    let Some(node) = container.node.get("image") else { return };
    let Some(image) = node.str().filter(|image| !image.is_empty() && !image.contains('@')) else { return };
    let (name, tag) = match image.rsplit_once(':') {
        // A colon before the last slash is the registry's port.
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, ""),
    };
    if !matches!(tag, "" | "latest") {
        return;
    }
    let found = if image.starts_with(REGISTRY) {
        Diagnostic::info(
            "image_newest",
            text!(
                "`{image}` names no version: each rollout takes the newest one, and shows which",
                "`{image}` 에 버전이 없어 롤아웃할 때마다 가장 새 버전을 쓰고 무엇인지 보여 줍니다"
            ),
        )
        .fix(text!("To stay at one version write its number: `{name}:1`", "한 버전을 계속 쓰려면 번호를 적으세요: `{name}:1`"))
    } else {
        Diagnostic::warning(
            "image_without_version",
            text!(
                "`{image}` names no version: tomorrow it may be another program",
                "`{image}` 에 버전이 없어 내일은 다른 프로그램일 수 있습니다"
            ),
        )
        .fix(text!("Write the version that you know: `{name}:VERSION`", "알고 있는 버전을 적으세요: `{name}:버전`"))
    };
    out.push(object.on(found, node.mark, format!("{}.image", container.path)));
}

fn limits(object: &Object, container: &Container<'_>, out: &mut Vec<Diagnostic>) {
    let has = |what: &str| container.node.at(&format!("resources.limits.{what}")).is_some();
    if has("memory") || has("cpu") {
        return;
    }
    let name = container.name();
    out.push(
        object.on(
            Diagnostic::info(
                "no_limits",
                text!(
                    "The container `{name}` names no limits; the class's defaults hold for it",
                    "컨테이너 `{name}` 에 자원 한도가 없어 수업의 기본 한도가 적용됩니다"
                ),
            )
            .fix(Text::new(
                "Write `resources: {limits: {memory: 256Mi}}` in the container, with what it needs",
                "컨테이너에 필요한 만큼 `resources: {limits: {memory: 256Mi}}` 를 쓰세요",
            )),
            container.node.mark,
            format!("{}.resources.limits", container.path),
        ),
    );
}

/// `NAME.default.svc` in any text: understood as the own namespace where NAME is a Service of this deployment.
fn names(object: &Object, node: &Node, deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::String(text) => {
            for name in services_of_default(text) {
                out.push(default_name(object, node, name, deployment));
            }
        }
        Value::List(items) => items.iter().for_each(|item| names(object, item, deployment, out)),
        Value::Map(entries) => entries.iter().for_each(|entry| names(object, &entry.value, deployment, out)),
        _ => {}
    }
}

/// The names before each `.default.svc`.
fn services_of_default(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(".default.svc").filter_map(|(at, _)| {
        let before = &text[..at];
        let from = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        Some(&before[from..]).filter(|name| !name.is_empty())
    })
}

fn default_name(object: &Object, node: &Node, name: &str, deployment: &Deployment<'_>) -> Diagnostic {
    let said = if deployment.named("Service", name).is_some() {
        Diagnostic::warning(
            "namespace_in_name",
            text!(
                "`{name}.default.svc` names the namespace `default`, and yours is another; it is deployed as your own Service `{name}`",
                "`{name}.default.svc` 은(는) `default` 네임스페이스의 이름인데 본인의 네임스페이스는 다릅니다. 본인의 Service `{name}` 로 바꾸어 배포합니다"
            ),
        )
        .edits(
            [".default.svc.cluster.local", ".default.svc"]
                .iter()
                .find_map(|zone| object.pen().within(node, &format!("{name}{zone}"), name)),
        )
        .fix(text!("Write just `{name}`: pods of one namespace find it by that", "`{name}` 만 쓰세요. 같은 네임스페이스의 파드는 이름만으로 찾습니다"))
    } else {
        let said = Diagnostic::warning(
            "missing_service",
            text!(
                "`{name}.default.svc` names a Service that is not in this deployment",
                "`{name}.default.svc` 에 나온 Service 가 이 배포에 없습니다"
            ),
        );
        match nearest(name, deployment.of_kind("Service").map(|service| service.name.as_str())) {
            Some(near) => said.fix(text!("Write `{near}`", "`{near}` 라고 쓰세요")).edits(object.pen().within(
                node,
                &format!("{name}.default"),
                &format!("{near}.default"),
            )),
            None => said.fix(text!("Add a Service called `{name}`", "`{name}` 이라는 Service 를 추가하세요")),
        }
    };
    object.on(said, node.mark, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_where_a_service_name_cannot_go_on() {
        let found = |text: &'static str| services_of_default(text).collect::<Vec<_>>();
        assert_eq!(found("jdbc:mysql://db.default.svc.cluster.local:3306,http://web-api.default.svc"), ["db", "web-api"]);
        assert_eq!(found("가db.default.svc"), ["db"]);
        assert_eq!(found(".default.svc"), [""; 0]);
    }
}
