//! The environment that the pods of a workload get: name by name, with what it comes from. Values of Secrets stay where they are.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client};
use maru_store::users::User;
use serde::Serialize;
use serde_json::Value;

use super::WORKLOADS;
use crate::error::RolloutError;
use crate::kinds::{self, object_name};
use crate::service::Rollouts;

/// What one container is started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContainerEnvironment {
    pub container: String,
    /// It runs before the others, and ends.
    pub init: bool,
    /// By name.
    pub variables: Vec<Variable>,
    /// ConfigMaps and Secrets that are taken whole and are not there.
    pub missing: Vec<Origin>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    pub name: String,
    /// None where it is a Secret's, or is known only once the pod runs, or is missing.
    pub value: Option<String>,
    /// None where the manifest itself says the value.
    pub from: Option<Origin>,
    /// What it comes from is not there: the container does not start without, unless it is `optional`.
    pub missing: bool,
    pub optional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// `ConfigMap`, `Secret`; `Pod` for a field of the pod itself, `Resource` for requests and limits of a container.
    pub kind: &'static str,
    /// Of the ConfigMap or Secret; of the container for a `Resource`, empty for its own.
    pub name: String,
    /// The key, or the field: `status.podIP`, `limits.memory`. Empty where an object is taken whole.
    pub key: String,
}

/// ConfigMaps with their values, Secrets with their keys alone; `None`: there is no such object.
#[derive(Debug, Default)]
struct Sources {
    config_maps: BTreeMap<String, Option<BTreeMap<String, String>>>,
    secrets: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Rollouts {
    /// The environment of the containers of one of the user's workloads, as a pod that starts now gets it.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`]; where the cluster does not answer.
    pub async fn environment(&self, user: &User, kind: &str, name: &str) -> Result<Vec<ContainerEnvironment>, RolloutError> {
        let name = object_name(name)?;
        let version = WORKLOADS.iter().find(|(_, known)| *known == kind).map(|(version, _)| *version).ok_or(RolloutError::NotFound)?;
        let (client, namespace) = (self.cluster().await?, user.login.namespace());
        let found = kinds::api(&client, &namespace, version, kind).get_opt(name).await?.ok_or(RolloutError::NotFound)?;
        let workload = serde_json::to_value(found)?;
        let pod = pod_of(&workload);
        let sources = Sources::read(&client, &namespace, pod).await?;
        Ok(environment(pod, &sources))
    }
}

/// The pods' specification in a workload.
fn pod_of(workload: &Value) -> &Value {
    let of_cron_job = workload.pointer("/spec/jobTemplate/spec/template/spec");
    of_cron_job.or_else(|| workload.pointer("/spec/template/spec")).unwrap_or(&Value::Null)
}

/// The containers with whether they are init containers, in the order in which they start.
fn containers(pod: &Value) -> impl Iterator<Item = (&Value, bool)> {
    [("initContainers", true), ("containers", false)]
        .into_iter()
        .flat_map(|(field, init)| pod[field].as_array().into_iter().flatten().map(move |container| (container, init)))
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value[field].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Sources {
    /// Those that the containers of `pod` name.
    async fn read(client: &Client, namespace: &str, pod: &Value) -> Result<Self, kube::Error> {
        let mut sources = Self::default();
        let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        for name in named(pod, "configMapRef", "configMapKeyRef") {
            let found = config_maps.get_opt(&name).await?.map(|map| map.data.unwrap_or_default());
            sources.config_maps.insert(name, found);
        }
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        for name in named(pod, "secretRef", "secretKeyRef") {
            let found = secrets.get_opt(&name).await?.map(|secret| secret.data.unwrap_or_default().into_keys().collect());
            sources.secrets.insert(name, found);
        }
        Ok(sources)
    }
}

/// Names of objects that environments take whole, or a key of.
fn named(pod: &Value, whole: &str, key: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (container, _) in containers(pod) {
        names.extend(list(container, "envFrom").map(|from| text(&from[whole]["name"])));
        names.extend(list(container, "env").map(|variable| text(&variable["valueFrom"][key]["name"])));
    }
    names.retain(|name| kinds::object_name(name).is_ok());
    names
}

/// Pure: as the kubelet makes it. What is named later takes the place of what was named before, and `env` that of `envFrom`.
fn environment(pod: &Value, sources: &Sources) -> Vec<ContainerEnvironment> {
    containers(pod)
        .map(|(container, init)| {
            let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
            let mut missing = Vec::new();
            for from in list(container, "envFrom") {
                let (taken, absent) = whole(from, sources);
                variables.extend(taken.into_iter().map(|variable| (variable.name.clone(), variable)));
                missing.extend(absent);
            }
            for given in list(container, "env") {
                let variable = one(given, sources, &variables);
                variables.insert(variable.name.clone(), variable);
            }
            ContainerEnvironment { container: text(&container["name"]), init, variables: variables.into_values().collect(), missing }
        })
        .collect()
}

/// The variables that `envFrom` takes of one object; or that object, where it is not there and has to be.
fn whole(from: &Value, sources: &Sources) -> (Vec<Variable>, Option<Origin>) {
    let prefix = from["prefix"].as_str().unwrap_or_default();
    let (kind, reference) =
        if from["secretRef"].is_object() { ("Secret", &from["secretRef"]) } else { ("ConfigMap", &from["configMapRef"]) };
    let (name, optional) = (text(&reference["name"]), reference["optional"] == true);
    let found: Option<Vec<(String, Option<String>)>> = if kind == "Secret" {
        let keys = sources.secrets.get(&name).and_then(Option::as_ref);
        keys.map(|keys| keys.iter().map(|key| (key.clone(), None)).collect())
    } else {
        let values = sources.config_maps.get(&name).and_then(Option::as_ref);
        values.map(|values| values.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect())
    };
    let Some(found) = found else {
        return (Vec::new(), (!optional).then(|| Origin { kind, name, key: String::new() }));
    };
    let variable = |(key, value): (String, Option<String>)| Variable {
        name: format!("{prefix}{key}"),
        value,
        from: Some(Origin { kind, name: name.clone(), key }),
        missing: false,
        optional,
    };
    (found.into_iter().map(variable).collect(), None)
}

/// One of `env`; those `before` it may be named in its value.
fn one(given: &Value, sources: &Sources, before: &BTreeMap<String, Variable>) -> Variable {
    let from = &given["valueFrom"];
    let mut variable = Variable { name: text(&given["name"]), value: None, from: None, missing: false, optional: false };
    if let Some(reference) = from.get("configMapKeyRef") {
        let (name, key) = (text(&reference["name"]), text(&reference["key"]));
        variable.value = sources.config_maps.get(&name).and_then(Option::as_ref).and_then(|values| values.get(&key)).cloned();
        (variable.missing, variable.optional) = (variable.value.is_none(), reference["optional"] == true);
        variable.from = Some(Origin { kind: "ConfigMap", name, key });
    } else if let Some(reference) = from.get("secretKeyRef") {
        let (name, key) = (text(&reference["name"]), text(&reference["key"]));
        let there = sources.secrets.get(&name).and_then(Option::as_ref).is_some_and(|keys| keys.contains(&key));
        (variable.missing, variable.optional) = (!there, reference["optional"] == true);
        variable.from = Some(Origin { kind: "Secret", name, key });
    } else if let Some(field) = from.get("fieldRef") {
        variable.from = Some(Origin { kind: "Pod", name: String::new(), key: text(&field["fieldPath"]) });
    } else if let Some(resource) = from.get("resourceFieldRef") {
        variable.from = Some(Origin { kind: "Resource", name: text(&resource["containerName"]), key: text(&resource["resource"]) });
    } else {
        variable.value = Some(expanded(given["value"].as_str().unwrap_or_default(), before));
    }
    variable
}

/// A value with its `$(NAME)` as Kubernetes fills them in. One whose value is not to be seen stays as it is written, and so does
/// one that nothing has the name of; `$$` stands for `$`.
fn expanded(value: &str, before: &BTreeMap<String, Variable>) -> String {
    let mut made = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        made.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            made.push('$');
            rest = after;
            continue;
        }
        let name = rest.strip_prefix("$(").and_then(|inner| inner.split_once(')')).map(|(name, _)| name);
        let written = name.map_or("$", |name| &rest[..name.len() + 3]);
        let known = name.and_then(|name| before.get(name)).and_then(|variable| variable.value.as_deref());
        made.push_str(known.unwrap_or(written));
        rest = &rest[written.len()..];
    }
    made + rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sources() -> Sources {
        let values = |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
        Sources {
            config_maps: BTreeMap::from([
                ("settings".to_owned(), values(&[("LEVEL", "info"), ("PORT", "8080")])),
                ("gone".to_owned(), None),
            ]),
            secrets: BTreeMap::from([("db".to_owned(), Some(BTreeSet::from(["password".to_owned()])))]),
        }
    }

    /// `NAME=VALUE < KIND NAME.KEY`, each in a line.
    fn told(container: &Value) -> Vec<String> {
        let pod = json!({"containers": [container]});
        let made = environment(&pod, &sources()).remove(0);
        let line = |variable: &Variable| {
            let from = variable.from.as_ref().map(|from| format!(" < {} {}.{}", from.kind, from.name, from.key)).unwrap_or_default();
            let missing = if variable.missing { " missing" } else { "" };
            format!("{}={}{from}{missing}", variable.name, variable.value.as_deref().unwrap_or("?"))
        };
        made.variables.iter().map(line).chain(made.missing.iter().map(|origin| format!("no {} {}", origin.kind, origin.name))).collect()
    }

    #[test]
    fn each_variable_is_told_with_where_it_comes_from() {
        let container = json!({"name": "web",
        "envFrom": [{"configMapRef": {"name": "settings"}}, {"prefix": "DB_", "secretRef": {"name": "db"}}],
        "env": [
            {"name": "LEVEL", "value": "debug"},
            {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "PORT"}}},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "EMPTY"},
        ]});
        assert_eq!(
            told(&container),
            [
                "DB_password=? < Secret db.password",
                "EMPTY=",
                "IP=? < Pod .status.podIP",
                "LEVEL=debug",
                "MODE=8080 < ConfigMap settings.PORT",
                "PASSWORD=? < Secret db.password",
                "PORT=8080 < ConfigMap settings.PORT",
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_told() {
        let key = |name: &str, key: &str| json!({"name": "A", "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}});
        assert_eq!(told(&json!({"env": [key("settings", "WRONG")]})), ["A=? < ConfigMap settings.WRONG missing"]);
        assert_eq!(told(&json!({"env": [key("gone", "X")]})), ["A=? < ConfigMap gone.X missing"]);
        assert_eq!(told(&json!({"envFrom": [{"configMapRef": {"name": "gone"}}]})), ["no ConfigMap gone"]);
        assert_eq!(told(&json!({"envFrom": [{"secretRef": {"name": "gone", "optional": true}}]})), [""; 0]);
    }

    #[test]
    fn values_that_name_others_are_filled_in_but_for_secrets() {
        let container = json!({"env": [
            {"name": "HOST", "value": "db"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            {"name": "URL", "value": "pg://$(HOST):$(PASSWORD)@$(LATER)/$$(HOST)$"},
            {"name": "LATER", "value": "x"},
        ]});
        assert!(told(&container).contains(&"URL=pg://db:$(PASSWORD)@$(LATER)/$(HOST)$".to_owned()), "{:?}", told(&container));
    }

    #[test]
    fn init_containers_come_first_and_cron_jobs_have_pods_too() {
        let pod = json!({"initContainers": [{"name": "first"}], "containers": [{"name": "web"}]});
        let cron = json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}});
        let made = environment(pod_of(&cron), &Sources::default());
        assert_eq!(made.iter().map(|made| (made.container.as_str(), made.init)).collect::<Vec<_>>(), [("first", true), ("web", false)]);
        assert_eq!(environment(pod_of(&json!({"spec": {"workloadRef": {}}})), &Sources::default()), []);
    }
}
