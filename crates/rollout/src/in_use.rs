//! Which images of the class registry are needed: what runs, and what a rollout may bring back.

use std::collections::BTreeSet;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, Resource};
use serde_json::Value;

use crate::error::RolloutError;
use crate::images::REGISTRY;
use crate::service::Rollouts;

/// So many of a user's rollouts can be gone back to with their images still there.
const KEPT_ROLLOUTS: i64 = 20;

impl Rollouts {
    /// Every image of the class registry that runs, is asked for, or belongs to a rollout that one may go back to, as
    /// manifests name it.
    ///
    /// # Errors
    /// Where database or cluster do not answer: then nobody knows, and nothing should be removed.
    pub async fn images_in_use(&self) -> Result<BTreeSet<String>, RolloutError> {
        let mut found = BTreeSet::new();
        for json in self.inner.store.kept_objects(KEPT_ROLLOUTS).await? {
            collect(&serde_json::from_str(&json)?, &mut found);
        }
        let client = self.cluster().await?;
        // Old ReplicaSets too: `kubectl rollout undo` brings them back.
        everywhere::<Pod>(&client, &mut found).await?;
        everywhere::<ReplicaSet>(&client, &mut found).await?;
        everywhere::<Deployment>(&client, &mut found).await?;
        everywhere::<StatefulSet>(&client, &mut found).await?;
        everywhere::<DaemonSet>(&client, &mut found).await?;
        everywhere::<Job>(&client, &mut found).await?;
        everywhere::<CronJob>(&client, &mut found).await?;
        Ok(found)
    }
}

async fn everywhere<K>(client: &Client, found: &mut BTreeSet<String>) -> Result<(), RolloutError>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + serde::Serialize,
{
    for object in Api::<K>::all(client.clone()).list(&ListParams::default()).await?.items {
        collect(&serde_json::to_value(object)?, found);
    }
    Ok(())
}

/// Whatever is called an image, however deep.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(text) if matches!(key.as_str(), "image" | "imageID") => {
                        if let Some(at) = text.find(&format!("{REGISTRY}/")) {
                            found.insert(text[at..].to_owned());
                        }
                    }
                    other => collect(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_found_wherever_they_are() {
        let mut found = BTreeSet::new();
        collect(
            &json!([{
                "spec": {"template": {"spec": {
                    "initContainers": [{"image": "registry.localhost/mina/init:3"}],
                    "containers": [{"image": "registry.localhost/mina/web@sha256:1"}, {"image": "python:3"}],
                    "volumes": [{"image": {"reference": "x"}}],
                }}},
                "status": {"containerStatuses": [{"image": "", "imageID": "docker-pullable://registry.localhost/mina/web@sha256:2"}]},
            }]),
            &mut found,
        );
        let expected = ["registry.localhost/mina/init:3", "registry.localhost/mina/web@sha256:1", "registry.localhost/mina/web@sha256:2"];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }
}
