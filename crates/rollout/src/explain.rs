//! What the API server says of an object that it does not take, as diagnostics with the line in the source.

use kube::core::Status;
use maru_manifest::{Diagnostic, Files, ObjectRef, find_object};
use maru_model::Text;

use crate::model::text;

/// What is wrong, or `None` where the failure is not about the object.
pub(crate) fn refusal(error: &kube::Error, object: &ObjectRef, files: &Files) -> Option<Vec<Diagnostic>> {
    let kube::Error::Api(status) = error else { return None };
    if !matches!(status.code, 400 | 403 | 404 | 409 | 422) {
        return None;
    }
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    let title = format!("{} {}", object.kind, object.name);
    let mut found: Vec<Diagnostic> = causes
        .iter()
        .map(|cause| {
            let (said, field) = (&cause.message, &cause.field);
            let diagnostic = if said.contains("field is immutable") || said.contains("updates to statefulset spec") {
                immutable(&title, field)
            } else {
                Diagnostic::error(
                    "kubernetes_invalid",
                    text!(
                        "Kubernetes does not take {title}: {field}: {said}",
                        "Kubernetes 가 {title} 을(를) 받지 않습니다: {field}: {said}"
                    ),
                )
            };
            place(diagnostic, object, field, files)
        })
        .collect();
    if found.is_empty() {
        found.extend(fields(&status.message, object, files));
    }
    if found.is_empty() {
        found.push(place(whole(status, &title), object, "", files));
    }
    Some(found)
}

fn immutable(title: &str, field: &str) -> Diagnostic {
    Diagnostic::error(
        "immutable_field",
        text!(
            "{title} exists already, and `{field}` of it cannot be changed",
            "{title} 이(가) 이미 있고 `{field}` 은(는) 바꿀 수 없습니다"
        ),
    )
    .fix(Text::new(
        "Give the object another name, or delete the old one first: `kubectl delete KIND NAME`",
        "오브젝트 이름을 바꾸거나 이전 것을 먼저 지우세요: `kubectl delete 종류 이름`",
    ))
}

/// `strict decoding error: unknown field "spec.foo", unknown field "spec.bar"`
fn fields(message: &str, object: &ObjectRef, files: &Files) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (word, code) in [("unknown field \"", "unknown_field"), ("duplicate field \"", "yaml_duplicate_key")] {
        for part in message.split(word).skip(1) {
            let Some(field) = part.split('"').next() else { continue };
            let key = field.rsplit('.').next().unwrap_or(field);
            let (en, ko) = if code == "unknown_field" {
                ("is not a field here", "여기의 필드가 아닙니다")
            } else {
                ("is here twice", "두 번 나옵니다")
            };
            let message = Text::new(format!("`{key}` {en} ({field})"), format!("`{key}` 은(는) {ko} ({field})"));
            found.push(place(Diagnostic::error(code, message), object, field, files));
        }
    }
    found
}

fn whole(status: &Status, title: &str) -> Diagnostic {
    let said = &status.message;
    if said.contains("exceeded quota") {
        return Diagnostic::error(
            "quota_exceeded",
            text!("{title} exceeds your quota: {said}", "{title} 이(가) 할당량을 넘습니다: {said}"),
        )
        .fix(Text::new("Ask for less, or remove what you no longer need", "요청을 줄이거나 필요 없는 것을 지우세요"));
    }
    if status.code == 404 {
        return Diagnostic::error(
            "unknown_kind",
            text!("This cluster has no such kind as {title}", "이 클러스터에는 {title} 같은 종류가 없습니다"),
        );
    }
    Diagnostic::error(
        "kubernetes_refused",
        text!("Kubernetes does not take {title}: {said}", "Kubernetes 가 {title} 을(를) 받지 않습니다: {said}"),
    )
}

fn place(diagnostic: Diagnostic, object: &ObjectRef, field: &str, files: &Files) -> Diagnostic {
    let diagnostic = diagnostic.path(field);
    match find_object(files, &object.kind, &object.name, field) {
        Some((file, mark)) => diagnostic.at(&file, mark),
        None => diagnostic,
    }
}
