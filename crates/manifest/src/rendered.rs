//! What `kubectl kustomize` printed, read back.

use serde_json::Value;

use crate::yaml;

/// The objects of a rendered deployment, as JSON.
///
/// # Errors
/// What is wrong, in English, where the text is not YAML.
pub fn read_rendered(text: &str) -> Result<Vec<Value>, String> {
    let parsed = yaml::parse(text);
    if let Some(error) = parsed.error {
        return Err(match error {
            yaml::ParseError::Scan(error) => error.to_string(),
            yaml::ParseError::TooBig(_) => "too many values".to_owned(),
            yaml::ParseError::TooDeep(_) => "nested too deeply".to_owned(),
        });
    }
    let mut objects = Vec::new();
    for document in parsed.documents.iter().map(yaml::Node::to_json).filter(|document| !document.is_null()) {
        match document.get("items").and_then(Value::as_array) {
            Some(items) if document["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) => objects.extend(items.iter().cloned()),
            _ => objects.push(document),
        }
    }
    Ok(objects)
}
