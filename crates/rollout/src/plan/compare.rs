//! Two versions of an object, field by field.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// A longer value is cut: what has changed is seen at its beginning, or in the file.
const LONGEST: usize = 300;
/// More fields than anybody reads.
const MOST: usize = 100;

/// A field that would change; without `before` it is new, without `after` it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Such as `spec.template.spec.containers[web].image`.
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// What the API server keeps to itself, and what controllers write.
const NOT_ASKED_FOR: [&str; 4] = [
    "status",
    "metadata.annotations.deployment.kubernetes.io/revision",
    "metadata.annotations.rollout.argoproj.io/revision",
    "metadata.namespace",
];
const OWN: [&str; 6] = ["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"];

/// What differs between what runs and what would run.
pub(super) fn fields(live: &Value, made: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    walk("", Some(live), Some(made), &mut found);
    found.truncate(MOST);
    if made["kind"] == "Secret" {
        found.iter_mut().filter(|field| field.path.starts_with("data.") || field.path.starts_with("stringData.")).for_each(hide);
    }
    found
}

fn hide(field: &mut FieldChange) {
    for value in [&mut field.before, &mut field.after].into_iter().flatten() {
        "•••".clone_into(value);
    }
}

fn walk(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    if before == after || NOT_ASKED_FOR.contains(&path) {
        return;
    }
    let empty = |value: Option<&Value>| value.is_none_or(|value| value.is_null());
    match (before, after) {
        _ if empty(before) && empty(after) => {}
        (Some(Value::Object(_)), _) | (_, Some(Value::Object(_))) => {
            let keys = |value: Option<&Value>| {
                value.and_then(Value::as_object).into_iter().flat_map(|fields| fields.keys().cloned()).collect::<Vec<_>>()
            };
            let all: BTreeSet<String> = keys(before).into_iter().chain(keys(after)).collect();
            for key in all.iter().filter(|key| path != "metadata" || !OWN.contains(&key.as_str())) {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |value: Option<&Value>| value.and_then(|value| value.get(key)).cloned();
                walk(&inner, of(before).as_ref(), of(after).as_ref(), found);
            }
        }
        (Some(Value::Array(_)), _) | (_, Some(Value::Array(_))) => list(path, before, after, found),
        _ => found.push(FieldChange { path: path.to_owned(), before: shown(before), after: shown(after) }),
    }
}

/// Items are matched by their names where all have one, as Kubernetes does, else by their places.
fn list(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    let items = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (items(before), items(after));
    let scalar = |items: &[Value]| items.iter().all(|item| !item.is_object() && !item.is_array());
    if scalar(&before) && scalar(&after) {
        let whole = |items: Vec<Value>| shown(Some(&Value::Array(items))).filter(|text| text != "[]");
        return found.push(FieldChange { path: path.to_owned(), before: whole(before), after: whole(after) });
    }
    let name = |item: &Value| item["name"].as_str().map(str::to_owned);
    let names: Option<BTreeSet<String>> = before.iter().chain(&after).map(name).collect();
    match names {
        Some(names) => {
            for key in &names {
                let of = |items: &[Value]| items.iter().find(|item| item["name"] == key.as_str()).cloned();
                walk(&format!("{path}[{key}]"), of(&before).as_ref(), of(&after).as_ref(), found);
            }
        }
        None => {
            for index in 0..before.len().max(after.len()) {
                walk(&format!("{path}[{index}]"), before.get(index), after.get(index), found);
            }
        }
    }
}

/// A value in a line.
pub(crate) fn shown(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(before: &Value, after: &Value) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        fields(before, after).iter().map(|field| format!("{}: {} -> {}", field.path, text(&field.before), text(&field.after))).collect()
    }

    #[test]
    fn fields_are_told_by_their_paths() {
        let container = |image: &str, env: Value| json!({"name": "web", "image": image, "env": env});
        let deployment = |replicas: i64, container: Value| {
            json!({"kind": "Deployment", "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
                   "metadata": {"resourceVersion": replicas.to_string(), "generation": replicas}, "status": {"replicas": replicas}})
        };
        let before = deployment(1, container("web:1", json!([{"name": "A", "value": "x"}])));
        let after = deployment(2, container("web:2", json!([{"name": "A", "value": "x"}, {"name": "B", "value": "y"}])));
        assert_eq!(
            said(&before, &after),
            [
                "spec.replicas: 1 -> 2",
                "spec.template.spec.containers[web].env[B].name: - -> B",
                "spec.template.spec.containers[web].env[B].value: - -> y",
                "spec.template.spec.containers[web].image: web:1 -> web:2",
            ]
        );
        assert_eq!(said(&before, &before), [""; 0]);
    }

    #[test]
    fn values_of_secrets_are_never_told() {
        let secret = |value: &str| json!({"kind": "Secret", "data": {"password": value}, "metadata": {"labels": {"a": value}}});
        assert_eq!(said(&secret("b2xk"), &secret("bmV3")), ["data.password: ••• -> •••", "metadata.labels.a: b2xk -> bmV3"]);
    }

    #[test]
    fn lists_of_words_are_told_whole_and_long_texts_cut() {
        assert_eq!(said(&json!({"args": ["a", "b"]}), &json!({"args": ["a"]})), ["args: [\"a\",\"b\"] -> [\"a\"]"]);
        assert_eq!(said(&json!({"rules": [{"host": "a"}]}), &json!({"rules": []})), ["rules[0].host: a -> -"]);
        let long = "가".repeat(1000);
        assert_eq!(fields(&json!({}), &json!({"x": long}))[0].after.as_ref().map(|text| text.chars().count()), Some(LONGEST + 1));
        assert_eq!(said(&json!({"x": null}), &json!({})), [""; 0]);
    }
}
