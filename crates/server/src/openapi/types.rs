//! Types as the files write them, to JSON Schema:
//!
//! | written | meant |
//! |---|---|
//! | `string`, `integer`, `number`, `boolean`, `time`, `any` | that; `time` is RFC 3339 |
//! | `Name` | a schema of that name |
//! | `a\|b\|null` | one of these words |
//! | `T?`, `T[]`, `{T}` | T or null, a list of T, a map to T |
//! | `{key: T, key?: T}` | an object; the second key may be missing |

use serde_json::{Map, Value, json};

pub(super) fn schema(written: &Value) -> Value {
    match written {
        Value::String(notation) => of_notation(notation.trim()),
        Value::Object(fields) => object(fields),
        _ => json!({}),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (key, written) in fields {
        let name = key.strip_suffix('?').unwrap_or(key);
        if name == key {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema(written));
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn of_notation(notation: &str) -> Value {
    if let Some(inner) = notation.strip_suffix('?') {
        return or_null(of_notation(inner));
    }
    if let Some(inner) = notation.strip_suffix("[]") {
        return json!({"type": "array", "items": of_notation(inner)});
    }
    if let Some(inner) = notation.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return json!({"type": "object", "additionalProperties": of_notation(inner)});
    }
    if notation.contains('|') {
        let words: Vec<_> = notation.split('|').map(|word| if word == "null" { Value::Null } else { json!(word) }).collect();
        return json!({"enum": words});
    }
    match notation {
        "any" => json!({}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "string" | "integer" | "number" | "boolean" => json!({"type": notation}),
        name => json!({"$ref": format!("#/components/schemas/{name}")}),
    }
}

fn or_null(mut schema: Value) -> Value {
    match schema.get("type").and_then(Value::as_str).map(str::to_owned) {
        Some(kind) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_is_read() {
        let is = |written: Value, meant: Value| assert_eq!(schema(&written), meant, "{written}");
        let name = json!({"$ref": "#/components/schemas/Port"});
        is(json!("Port"), name.clone());
        is(json!("Port[]"), json!({"type": "array", "items": name}));
        is(json!("Port?"), json!({"anyOf": [name, {"type": "null"}]}));
        is(json!("time?"), json!({"type": ["string", "null"], "format": "date-time"}));
        is(json!("string[]?"), json!({"type": ["array", "null"], "items": {"type": "string"}}));
        is(json!("{string}"), json!({"type": "object", "additionalProperties": {"type": "string"}}));
        is(json!("open|null"), json!({"enum": ["open", null]}));
        is(
            json!({"a": "any", "b?": "integer"}),
            json!({"type": "object", "properties": {"a": {}, "b": {"type": "integer"}}, "required": ["a"]}),
        );
    }
}
