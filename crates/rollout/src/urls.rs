//! Where the application answers, read off its Ingresses.

use serde_json::Value;

/// `http://mina.apps.localhost:8080/`, for each host and its shortest path. `authority` is what follows the host: `:8080` or nothing.
pub(crate) fn of(objects: &[Value], scheme: &str, authority: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for ingress in objects.iter().filter(|object| object["kind"] == "Ingress") {
        for rule in ingress.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten() {
            let Some(host) = rule["host"].as_str() else { continue };
            let paths = rule.pointer("/http/paths").and_then(Value::as_array);
            let path = paths
                .into_iter()
                .flatten()
                .map(|path| path["path"].as_str().unwrap_or("/"))
                // A regular expression of another controller is no address.
                .filter(|path| path.starts_with('/') && !path.contains(['(', '*', '$', '[']))
                .min_by_key(|path| path.len())
                .unwrap_or("/");
            let url = format!("{scheme}://{host}{authority}{path}");
            if !found.contains(&url) {
                found.push(url);
            }
        }
    }
    found
}
