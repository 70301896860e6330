//! What is understood although it is not what today's cluster takes: rewritten on the rendered objects, before they
//! are applied, and said as a warning by the check.

use maru_model::Login;
use serde_json::{Map, Value, json};

/// Rewrites one rendered object for `login`: old Ingresses become v1, a missing or `default` namespace the own one,
/// rules without a host get the own host, and `NAME.default.svc` in configuration means the own namespace.
pub fn adapt(object: &mut Value, login: &Login, apps_domain: &str, services: &[String]) {
    if object["kind"] == "Ingress" {
        ingress_to_v1(object);
        own_host(object, &format!("{login}.{apps_domain}"));
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), Value::from(login.namespace()));
    }
    let namespace = login.namespace();
    let holds_configuration = ["ConfigMap", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet", "Rollout"];
    if holds_configuration.iter().any(|kind| object["kind"] == *kind) {
        own_names(object, &namespace, services);
    }
}

/// `NAME.default.svc` where NAME is a Service of this deployment.
fn own_names(value: &mut Value, namespace: &str, services: &[String]) {
    match value {
        Value::String(text) if text.contains(".default.svc") => {
            for service in services {
                *text = text.replace(&format!("{service}.default.svc"), &format!("{service}.{namespace}.svc"));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| own_names(item, namespace, services)),
        Value::Object(fields) => fields.values_mut().for_each(|field| own_names(field, namespace, services)),
        _ => {}
    }
}

fn own_host(ingress: &mut Value, host: &str) {
    for rule in ingress.pointer_mut("/spec/rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(rule) = rule.as_object_mut()
            && rule.get("host").and_then(Value::as_str).is_none_or(str::is_empty)
        {
            rule.insert("host".to_owned(), Value::from(host));
        }
    }
}

/// `extensions/v1beta1` and `networking.k8s.io/v1beta1`, and their notation within v1, to `networking.k8s.io/v1`.
pub(crate) fn ingress_to_v1(ingress: &mut Value) {
    ingress["apiVersion"] = Value::from("networking.k8s.io/v1");
    if let Some(class) = ingress.pointer("/metadata/annotations/kubernetes.io~1ingress.class").cloned()
        && let Some(spec) = ingress.get_mut("spec").and_then(Value::as_object_mut)
        && !spec.contains_key("ingressClassName")
    {
        spec.insert("ingressClassName".to_owned(), class);
    }
    if let Some(annotations) = ingress.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubernetes.io/ingress.class");
    }
    let Some(spec) = ingress.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if let Some(mut backend) = spec.remove("backend") {
        backend_to_v1(&mut backend);
        spec.entry("defaultBackend").or_insert(backend);
    }
    for rule in spec.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        for path in rule.pointer_mut("/http/paths").and_then(Value::as_array_mut).into_iter().flatten() {
            path_to_v1(path);
        }
    }
}

fn path_to_v1(path: &mut Value) {
    let Some(path) = path.as_object_mut() else { return };
    if let Some(backend) = path.get_mut("backend") {
        let nested: Map<String, Value> = backend
            .as_object_mut()
            .map(|b| ["path", "pathType"].iter().filter_map(|key| Some(((*key).to_owned(), b.shift_remove(*key)?))).collect())
            .unwrap_or_default();
        backend_to_v1(backend);
        for (key, value) in nested {
            path.entry(key).or_insert(value);
        }
    }
    path.entry("path").or_insert_with(|| Value::from("/"));
    path.entry("pathType").or_insert_with(|| Value::from("Prefix"));
}

fn backend_to_v1(backend: &mut Value) {
    let Some(fields) = backend.as_object_mut() else { return };
    let Some(name) = fields.shift_remove("serviceName") else { return };
    let port = match fields.shift_remove("servicePort") {
        Some(Value::String(text)) => text.parse::<u16>().map_or_else(|_| json!({ "name": text }), |number| json!({ "number": number })),
        Some(number) => json!({ "number": number }),
        None => json!({ "number": 80 }),
    };
    fields.insert("service".to_owned(), json!({ "name": name, "port": port }));
}

/// Writes plain block YAML, for fixes to paste.
pub(crate) fn write_yaml(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                match inner {
                    Value::Object(f) if !f.is_empty() => {
                        out.push_str(&format!("{pad}{key}:\n"));
                        write_yaml(inner, indent + 2, out);
                    }
                    Value::Array(items) if !items.is_empty() => {
                        out.push_str(&format!("{pad}{key}:\n"));
                        write_yaml(inner, indent, out);
                    }
                    scalar => out.push_str(&format!("{pad}{key}: {}\n", plain(scalar))),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = String::new();
                write_yaml(item, indent + 2, &mut inner);
                let body = inner.trim_start();
                out.push_str(&format!("{pad}- {body}"));
            }
        }
        scalar => out.push_str(&format!("{pad}{}\n", plain(scalar))),
    }
}

/// A scalar as YAML has it, in quotes only where it would be read as something else.
pub(crate) fn plain(scalar: &Value) -> String {
    match scalar {
        Value::String(text) if text.chars().all(|c| c.is_ascii_alphanumeric() || "-./_".contains(c)) && crate::yaml::is_text(text) => {
            text.clone()
        }
        other => other.to_string(),
    }
}
