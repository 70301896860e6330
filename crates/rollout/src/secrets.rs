//! Secrets that are kept outside git: values go in, never out.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Client};
use maru_model::{Text, is_object_name};
use serde_json::json;

use crate::error::RolloutError;
use crate::model::text;

const LABEL: &str = "maru.dev/secret";
/// What Kubernetes itself allows in one object.
const LIMIT: usize = 1_000_000;

/// A Secret without its values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SecretNames {
    pub name: String,
    pub keys: Vec<String>,
    /// Entered here, rather than coming from the manifests.
    pub entered: bool,
}

/// The Secrets of a namespace by name, with their keys.
pub(crate) async fn keys(client: &Client, namespace: &str) -> Result<BTreeMap<String, std::collections::BTreeSet<String>>, kube::Error> {
    let found = list(client, namespace).await?;
    Ok(found.into_iter().map(|secret| (secret.name, secret.keys.into_iter().collect())).collect())
}

pub(crate) async fn list(client: &Client, namespace: &str) -> Result<Vec<SecretNames>, kube::Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secrets = api.list(&ListParams::default()).await?.items.into_iter();
    let own = secrets.filter(|secret| secret.type_.as_deref() != Some("kubernetes.io/dockerconfigjson"));
    Ok(own
        .map(|secret| SecretNames {
            name: secret.metadata.name.unwrap_or_default(),
            keys: secret.data.unwrap_or_default().into_keys().collect(),
            entered: secret.metadata.labels.unwrap_or_default().contains_key(LABEL),
        })
        .collect())
}

pub(crate) async fn put(client: &Client, namespace: &str, name: &str, values: &BTreeMap<String, String>) -> Result<(), RolloutError> {
    if !is_object_name(name) {
        return Err(RolloutError::Invalid(text!(
            "`{name}` cannot be the name of a Secret: use lowercase letters, digits and hyphens",
            "`{name}` 은(는) Secret 이름이 될 수 없습니다. 영문 소문자, 숫자, 하이픈만 쓰세요"
        )));
    }
    let is_key = |key: &String| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if let Some(key) = values.keys().find(|key| !is_key(key)) {
        return Err(RolloutError::Invalid(text!(
            "`{key}` cannot be a key: use letters, digits, `-`, `_` and `.`",
            "`{key}` 은(는) 키가 될 수 없습니다. 영문, 숫자, `-`, `_`, `.` 만 쓰세요"
        )));
    }
    if values.values().map(String::len).sum::<usize>() > LIMIT {
        return Err(RolloutError::Invalid(Text::new("A Secret holds at most 1 MB", "Secret 은 최대 1 MB 입니다")));
    }
    let data: BTreeMap<&String, String> = values.iter().map(|(key, value)| (key, STANDARD.encode(value))).collect();
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": { "name": name, "labels": { LABEL: "entered" } },
        "data": data,
    });
    // Its own field manager: an apply of the manifests does not take these values away.
    api.patch(name, &PatchParams::apply("maru-secrets").force(), &Patch::Apply(secret)).await?;
    Ok(())
}

pub(crate) async fn remove(client: &Client, namespace: &str, name: &str) -> Result<(), RolloutError> {
    let found = list(client, namespace).await?;
    if !found.iter().any(|secret| secret.name == name) {
        return Err(RolloutError::NotFound);
    }
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    match api.delete(name, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Err(RolloutError::NotFound),
        Err(error) => Err(error.into()),
    }
}
