//! Operations as the files write them, to OpenAPI's.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::types::schema;

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Access {
    Anyone,
    #[default]
    User,
    /// Instructors and administrators.
    Staff,
    Admin,
}

#[derive(Deserialize)]
struct Operation {
    summary: String,
    #[serde(default)]
    access: Access,
    /// Parameters by name; `name?` may be missing.
    #[serde(default)]
    query: Map<String, Value>,
    /// Headers that are heeded.
    #[serde(default)]
    headers: Vec<String>,
    /// `bytes`, `csv` or a type.
    body: Option<Value>,
    #[serde(rename = "body?")]
    body_if_any: Option<Value>,
    /// By status: `none`, a medium with its type (`sse Workspace`), or a type, as JSON.
    #[serde(flatten)]
    answers: Map<String, Value>,
}

const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

/// All methods of a path.
pub(super) fn of_path(tag: &str, path: &str, written: &Value) -> Result<Value, String> {
    let mut methods = Map::new();
    let parameters: Vec<Value> = path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    if !parameters.is_empty() {
        methods.insert("parameters".to_owned(), json!(parameters));
    }
    for (method, operation) in written.as_object().into_iter().flatten() {
        let each: &[&str] = if method == "any" { &METHODS } else { &[method.as_str()] };
        for method in each {
            let operation: Operation = serde_json::from_value(operation.clone()).map_err(|error| format!("{method} {path}: {error}"))?;
            methods.insert((*method).to_owned(), of_operation(tag, path, method, operation)?);
        }
    }
    Ok(Value::Object(methods))
}

fn of_operation(tag: &str, path: &str, method: &str, operation: Operation) -> Result<Value, String> {
    let mut parameters = Vec::new();
    for (name, kind) in &operation.query {
        let bare = name.strip_suffix('?').unwrap_or(name);
        parameters.push(json!({"name": bare, "in": "query", "required": bare == name, "schema": schema(kind)}));
    }
    for name in &operation.headers {
        parameters.push(json!({"name": name, "in": "header", "schema": {"type": "string"}}));
    }
    let mut responses = Map::new();
    for (status, answer) in &operation.answers {
        let valid = status.parse().ok().and_then(|code: u16| http::StatusCode::from_u16(code).ok());
        let status_line = valid.ok_or_else(|| format!("{method} {path}: {status} is no status"))?;
        let mut response = json!({"description": status_line.canonical_reason().unwrap_or("Answered")});
        if let Some(content) = content(answer) {
            response["content"] = content;
        }
        responses.insert(status.clone(), response);
    }
    responses.insert("default".to_owned(), json!({"$ref": "#/components/responses/Problem"}));
    let mut told = json!({
        "tags": [tag],
        "operationId": operation_id(method, path),
        "summary": operation.summary,
        "responses": responses,
    });
    if !parameters.is_empty() {
        told["parameters"] = json!(parameters);
    }
    let required = operation.body.is_some();
    if let Some(content) = operation.body.or(operation.body_if_any).as_ref().and_then(content) {
        told["requestBody"] = json!({"required": required, "content": content});
    }
    match operation.access {
        Access::Anyone => told["security"] = json!([]),
        Access::User => {}
        Access::Staff => told["description"] = json!("For instructors, of their classes, and administrators."),
        Access::Admin => told["description"] = json!("For administrators."),
    }
    Ok(told)
}

/// A body by its medium; `None` where there is none.
fn content(written: &Value) -> Option<Value> {
    let of = |medium: &str, schema: Value| Some(json!({medium: {"schema": schema}}));
    let text = json!({"type": "string"});
    match written.as_str().map(|word| word.split_once(' ').unwrap_or((word, "any"))) {
        Some(("none", _)) => None,
        Some(("bytes", _)) => of("application/octet-stream", json!({})),
        Some(("zip", _)) => of("application/zip", json!({})),
        Some(("csv", _)) => of("text/csv", json!({})),
        Some(("yaml", _)) => of("application/yaml", json!({"type": "object"})),
        Some(("text", _)) => of("text/plain", text),
        // Of a stream, the type of each of its parts.
        Some(("sse", part)) => of("text/event-stream", schema(&json!(part))),
        Some(("ndjson", part)) => of("application/x-ndjson", schema(&json!(part))),
        _ => of("application/json", schema(written)),
    }
}

fn operation_id(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1").split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut id = words.fold(method.to_owned(), |id, word| format!("{id}_{word}"));
    // One with a slash at its end is a path of its own.
    if path.ends_with('/') {
        id.push('_');
    }
    id
}
