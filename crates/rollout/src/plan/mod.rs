//! What a rollout of these files would do, without doing it: they are checked, rendered, tried on the API server, and what that
//! makes of them is laid beside what runs.

mod compare;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use kube::Client;
use maru_manifest::{Diagnostic, Files, ObjectRef};
use maru_store::users::User;
use serde::Serialize;
use serde_json::Value;

use crate::apply::{self, Tried};
use crate::error::RolloutError;
use crate::live::Live;
use crate::model::{Place, Target, TargetState, reference};
use crate::service::Rollouts;
use crate::surroundings::Source;
use crate::{asleep, images, kinds, strategy, target};

pub use compare::FieldChange;

pub(crate) use compare::shown;

/// Objects that are asked about at once.
const AT_A_TIME: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Add,
    Change,
    Remove,
    Same,
    /// The cluster could not be asked.
    Unknown,
}

/// What would become of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedObject {
    pub object: ObjectRef,
    pub change: Change,
    /// Where the sources say it.
    pub place: Option<Place>,
    pub fields: Vec<FieldChange>,
    /// Its pods are replaced by new ones.
    pub replaces_pods: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub diagnostics: Vec<Diagnostic>,
    pub objects: Vec<PlannedObject>,
    /// The cluster was asked.
    pub compared: bool,
}

impl Rollouts {
    /// What a rollout of `files` would do. `fresh` are the image repositories that are built before it.
    ///
    /// # Errors
    /// Where the database does not answer. Manifests that are wrong and a cluster that is away are no errors.
    pub async fn plan(&self, user: &User, source: &Source, files: &Files, fresh: &BTreeSet<String>) -> Result<Plan, RolloutError> {
        let inner = &self.inner;
        let (mut objects, mut diagnostics) = target::rendered(inner, user, source, files).await;
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Ok(Plan { diagnostics, ..Plan::default() });
        }
        let places = target::places(files);
        let (objects, said, compared) = self.beside(user, &mut objects, files, fresh, &places).await?;
        diagnostics.extend(said);
        Ok(Plan { diagnostics, objects, compared })
    }

    /// What a rollout of a target state would do now; `None` where it could not be rolled out. Images are the newest that there are.
    ///
    /// # Errors
    /// Where the database does not answer. A cluster that is away is no error.
    pub async fn difference(&self, user: &User, target: &Target) -> Result<Option<Plan>, RolloutError> {
        if target.state == TargetState::Failed {
            return Ok(None);
        }
        let mut objects = target.rendered.clone();
        let (objects, diagnostics, compared) = self.beside(user, &mut objects, &Files::new(), &BTreeSet::new(), &target.places).await?;
        Ok(Some(Plan { diagnostics, objects, compared }))
    }

    /// Objects beside what runs; what there is to be said of them, and whether the cluster was asked.
    async fn beside(
        &self,
        user: &User,
        objects: &mut [Value],
        files: &Files,
        fresh: &BTreeSet<String>,
        places: &[Place],
    ) -> Result<(Vec<PlannedObject>, Vec<Diagnostic>, bool), RolloutError> {
        let inner = &self.inner;
        self.pin(user, objects, fresh).await;
        let compared = match inner.surroundings.cluster().await {
            Ok(client) => {
                if let Err(why) = inner.surroundings.ensure_namespace(&client, user).await {
                    tracing::debug!(user = %user.login, why = %why.en, "a plan without a namespace");
                }
                compare_all(&client, &user.login.namespace(), objects, files).await.map_err(RolloutError::from)
            }
            Err(why) => Err(RolloutError::Cluster(why)),
        };
        match compared {
            Ok(compared) => {
                let (mut planned, mut diagnostics) = (Vec::with_capacity(compared.len()), Vec::new());
                for compared in compared {
                    planned.push(compared.planned);
                    diagnostics.extend(compared.said);
                }
                Ok((placed(self.with_removed(user, planned).await?, places), diagnostics, true))
            }
            Err(error) => {
                tracing::debug!(user = %user.login, %error, "a plan without the cluster");
                let objects = objects.iter().map(|object| planned(object, Change::Unknown, Vec::new())).collect();
                Ok((placed(objects, places), vec![target::not_verified(&error.text())], false))
            }
        }
    }

    /// Images that are not built anew become what the rollout would make of them, so that they do not seem to change.
    async fn pin(&self, user: &User, objects: &mut [Value], fresh: &BTreeSet<String>) {
        let mut digests = BTreeMap::new();
        for repository in images::unversioned(objects, user.login.as_str()) {
            if !fresh.contains(&repository)
                && let Ok(Some(digest)) = self.inner.surroundings.newest_digest(user, &repository).await
            {
                digests.insert(repository, digest);
            }
        }
        images::pin(objects, user.login.as_str(), &digests);
    }

    async fn with_removed(&self, user: &User, mut objects: Vec<PlannedObject>) -> Result<Vec<PlannedObject>, RolloutError> {
        let Some(app) = self.inner.store.app(&user.id).await? else { return Ok(objects) };
        let before: Vec<ObjectRef> = serde_json::from_str(&app.applied)?;
        let wanted: Vec<ObjectRef> = objects.iter().map(|planned| planned.object.clone()).collect();
        let live = Live::look(&self.cluster().await?, &user.login.namespace(), false).await?;
        objects.extend(apply::superfluous(&before, &wanted, &live).into_iter().map(|object| PlannedObject {
            object,
            change: Change::Remove,
            place: None,
            fields: Vec::new(),
            replaces_pods: false,
        }));
        Ok(objects)
    }
}

/// An object beside what runs of it.
pub(crate) struct Compared {
    pub planned: PlannedObject,
    pub said: Vec<Diagnostic>,
    pub live: Option<Value>,
}

/// What an apply of `objects` would change, by the API server's dry run; in their order.
///
/// # Errors
/// Where the API server does not answer.
pub(crate) async fn compare_all(
    client: &Client,
    namespace: &str,
    objects: &mut [Value],
    files: &Files,
) -> Result<Vec<Compared>, kube::Error> {
    strategy::keep_selectors(client, namespace, objects).await?;
    let mut attempts = Vec::with_capacity(objects.len());
    for object in objects.iter() {
        attempts.push(compare_one(client, namespace, object, files));
    }
    stream::iter(attempts).buffered(AT_A_TIME).try_collect().await
}

async fn compare_one(client: &Client, namespace: &str, object: &Value, files: &Files) -> Result<Compared, kube::Error> {
    let what = reference(object);
    let live = match kinds::api_of(client, namespace, &what).get_opt(&what.name).await {
        Ok(live) => live,
        // A kind that the cluster does not have: the attempt says so.
        Err(kube::Error::Api(status)) if status.code < 500 => None,
        Err(error) => return Err(error),
    };
    let live = live.map(|live| serde_json::to_value(live).unwrap_or_default());
    let found = |change, fields, said| Compared { planned: planned(object, change, fields), said, live: live.clone() };
    let made = match apply::try_one(client, namespace, object, files).await? {
        Tried::Taken(made) => made,
        // A Job that changed is made anew.
        Tried::Anew => object.clone(),
        Tried::Refused(said) => {
            return Ok(found(if live.is_some() { Change::Change } else { Change::Add }, Vec::new(), said));
        }
    };
    let Some(before) = live.clone() else { return Ok(found(Change::Add, Vec::new(), Vec::new())) };
    let fields = compare::fields(&asleep::as_awake(before), &asleep::as_awake(made));
    let change = if fields.is_empty() { Change::Same } else { Change::Change };
    Ok(found(change, fields, Vec::new()))
}

fn planned(object: &Value, change: Change, fields: Vec<FieldChange>) -> PlannedObject {
    let object = reference(object);
    let has_pods = matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout");
    PlannedObject {
        replaces_pods: has_pods && fields.iter().any(|field| field.path.starts_with("spec.template.")),
        place: None,
        object,
        change,
        fields,
    }
}

/// Pure: what one list of objects changes against another, as both were asked for.
pub(crate) fn between(before: &[Value], after: &[Value]) -> Vec<PlannedObject> {
    let same = |one: &Value, other: &Value| {
        let (one, other) = (reference(one), reference(other));
        // A newer version of an API is no other object.
        let group = |object: &ObjectRef| object.api_version.rsplit_once('/').map(|(group, _)| group.to_owned());
        (group(&one), one.kind, one.name) == (group(&other), other.kind, other.name)
    };
    let mut found: Vec<PlannedObject> = Vec::with_capacity(after.len());
    for object in after {
        found.push(match before.iter().find(|was| same(was, object)) {
            None => planned(object, Change::Add, Vec::new()),
            Some(was) => {
                let fields = compare::fields(was, object);
                planned(object, if fields.is_empty() { Change::Same } else { Change::Change }, fields)
            }
        });
    }
    let gone = before.iter().filter(|was| !after.iter().any(|object| same(was, object)));
    found.extend(gone.map(|was| planned(was, Change::Remove, Vec::new())));
    found
}

/// With where the sources say them. A generator's name has a suffix.
fn placed(mut objects: Vec<PlannedObject>, places: &[Place]) -> Vec<PlannedObject> {
    for planned in objects.iter_mut().filter(|planned| planned.change != Change::Remove) {
        let ObjectRef { kind, name, .. } = &planned.object;
        let is = |place: &&Place| {
            &place.kind == kind && (&place.name == name || name.strip_prefix(&place.name).is_some_and(|rest| rest.starts_with('-')))
        };
        planned.place = places.iter().find(is).cloned();
    }
    objects
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_one_rollout_changes_against_another() {
        let object = |api: &str, kind: &str, name: &str, spec: Value| json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec});
        let pods = |image: &str| json!({"template": {"spec": {"containers": [{"name": "web", "image": image}]}}});
        let before = [
            object("apps/v1", "Deployment", "web", pods("web:1")),
            object("v1", "Service", "web", json!({})),
            object("v1", "Service", "old", json!({})),
            object("extensions/v1beta1", "Ingress", "web", json!({})),
        ];
        let after = [
            object("apps/v1", "Deployment", "web", pods("web:2")),
            object("v1", "Service", "web", json!({})),
            object("networking.k8s.io/v1", "Ingress", "web", json!({})),
        ];
        let told: Vec<String> = between(&before, &after)
            .iter()
            .map(|found| format!("{:?} {} {}", found.change, found.object.kind, found.fields.len()))
            .collect();
        assert_eq!(told, ["Change Deployment 1", "Same Service 0", "Add Ingress 0", "Remove Service 0", "Remove Ingress 0"]);
        assert!(between(&before, &after)[0].replaces_pods);
        assert!(between(&[], &before).iter().all(|found| found.change == Change::Add));
    }
}
