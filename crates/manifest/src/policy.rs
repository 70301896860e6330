//! What a student's application may not ask of the cluster, and what to use instead.

use maru_model::Text;

use crate::check::{Context, Deployment};
use crate::diagnostic::text;
use crate::object::Object;
use crate::yaml::Node;
use crate::{Diagnostic, Edit};

pub(crate) fn check(object: &Object, context: &Context, out: &mut Vec<Diagnostic>) {
    if !object.namespace.is_empty() {
        let mark = object.node.at("metadata.namespace").map_or(object.node.mark, |node| node.mark);
        let edit = object.node.get("metadata").and_then(|metadata| object.pen().remove(metadata, metadata.entry("namespace")?));
        namespace(&object.namespace, context, edit, |found| object.on(found, mark, "metadata.namespace"), out);
    }
    if object.is_cluster_wide() {
        cluster_wide(object, out);
    }
    let Some(pods) = object.pods() else { return };
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some(entry) = pods.spec.entry(key).filter(|entry| entry.value.bool() == Some(true)) {
            out.push(
                object.on(
                    refused(text!("`{key}` would give the pod the machine itself", "`{key}` 은(는) 파드에 머신 자체를 내주게 됩니다"))
                        .fix(Text::new(
                            "Remove the line; reach other pods through a Service",
                            "이 줄을 지우고, 다른 파드에는 Service 로 접근하세요",
                        ))
                        .edits(object.pen().remove(pods.spec, entry)),
                    entry.mark,
                    format!("{}.{key}", pods.path),
                ),
            );
        }
    }
    for (i, volume) in pods.spec.get("volumes").map(Node::items).unwrap_or_default().iter().enumerate() {
        if let Some(entry) = volume.entry("hostPath") {
            out.push(object.on(
                refused(Text::new("`hostPath` would mount the machine's own files", "`hostPath` 은(는) 머신의 파일을 마운트합니다")).fix(
                    Text::new(
                        "Use a PersistentVolumeClaim for data to keep, `emptyDir: {}` for data to lose",
                        "보존할 데이터는 PersistentVolumeClaim, 버려도 되는 데이터는 `emptyDir: {}` 를 쓰세요",
                    ),
                ),
                entry.mark,
                format!("{}.volumes[{i}].hostPath", pods.path),
            ));
        }
    }
    for container in object.containers() {
        if let Some(context) = container.node.get("securityContext")
            && let Some(entry) = context.entry("privileged").filter(|entry| entry.value.bool() == Some(true))
        {
            out.push(
                object.on(
                    refused(Text::new(
                        "A privileged container would be root on the machine",
                        "privileged 컨테이너는 머신의 root 가 됩니다",
                    ))
                    .fix(Text::new("Remove `privileged: true`", "`privileged: true` 를 지우세요"))
                    .edits(object.pen().remove(context, entry)),
                    entry.mark,
                    format!("{}.securityContext.privileged", container.path),
                ),
            );
        }
        for (i, port) in container.node.get("ports").map(Node::items).unwrap_or_default().iter().enumerate() {
            if let Some(entry) = port.entry("hostPort") {
                out.push(
                    object.on(
                        refused(Text::new(
                            "`hostPort` would take a port of the machine, which all share",
                            "`hostPort` 은(는) 모두가 함께 쓰는 머신의 포트를 차지합니다",
                        ))
                        .fix(Text::new(
                            "Remove the line; make the application reachable with a Service and an Ingress",
                            "이 줄을 지우고 Service 와 Ingress 로 공개하세요",
                        ))
                        .edits(object.pen().remove(port, entry)),
                        entry.mark,
                        format!("{}.ports[{i}].hostPort", container.path),
                    ),
                );
            }
        }
    }
}

fn refused(message: Text) -> Diagnostic {
    Diagnostic::error("not_allowed", message)
}

fn cluster_wide(object: &Object, out: &mut Vec<Diagnostic>) {
    let kind = &object.kind;
    let fix = match kind.as_str() {
        "ClusterRole" => Text::new("Use `kind: Role`", "`kind: Role` 을 쓰세요"),
        "ClusterRoleBinding" => Text::new("Use `kind: RoleBinding`", "`kind: RoleBinding` 을 쓰세요"),
        "PersistentVolume" => Text::new(
            "Remove it: a PersistentVolumeClaim gets its volume by itself",
            "지우세요. PersistentVolumeClaim 이 볼륨을 알아서 얻습니다",
        ),
        "Namespace" => Text::new(
            "Remove it: you have your own namespace, and everything goes there",
            "지우세요. 이미 본인의 네임스페이스가 있고 모든 것이 그곳에 배포됩니다",
        ),
        "StorageClass" => Text::new(
            "Remove it, and `storageClassName` too: the default class serves",
            "`storageClassName` 과 함께 지우세요. 기본 클래스가 제공됩니다",
        ),
        _ => Text::new("Remove it: it would concern the whole cluster", "지우세요. 클러스터 전체에 영향을 줍니다"),
    };
    out.push(
        object.on(
            refused(text!(
                "A {kind} belongs to the whole cluster, not to one application",
                "{kind} 은(는) 한 앱이 아니라 클러스터 전체에 속합니다"
            ))
            .fix(fix),
            object.mark("kind"),
            "kind",
        ),
    );
}

/// A namespace that a manifest names: the own one is fine; `default` is understood as the own one.
fn namespace(name: &str, context: &Context, edit: Option<Edit>, at: impl Fn(Diagnostic) -> Diagnostic, out: &mut Vec<Diagnostic>) {
    let own = context.login.as_ref().map(maru_model::Login::namespace);
    if own.as_deref() == Some(name) {
        return;
    }
    let found = if name == "default" || (own.is_none() && name.starts_with("u-")) {
        if name != "default" {
            return;
        }
        Diagnostic::warning(
            "namespace_default",
            Text::new(
                "`namespace: default` is taken as your own namespace",
                "`namespace: default` 은(는) 본인의 네임스페이스로 바꾸어 배포합니다",
            ),
        )
    } else {
        refused(text!("The namespace `{name}` is not yours", "네임스페이스 `{name}` 은(는) 본인의 것이 아닙니다"))
    };
    let found = found.fix(Text::new(
        "Remove the line: everything is put into your own namespace",
        "이 줄을 지우세요. 모든 것은 본인의 네임스페이스에 배포됩니다",
    ));
    out.push(at(found.edits(edit)));
}

/// The `namespace:` of kustomizations.
pub(crate) fn namespaces(deployment: &Deployment<'_>, out: &mut Vec<Diagnostic>) {
    for said in &deployment.kustomization.namespaces {
        let at = |found: Diagnostic| found.at(&said.file, said.mark).path("namespace");
        namespace(&said.name, deployment.context, said.removal.clone(), at, out);
    }
}
