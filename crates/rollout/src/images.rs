//! Images without a version become the digest of their repository's newest one, so that a rollout says exactly what runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The one host name of the class registry, in manifests and Dockerfiles alike.
pub(crate) const REGISTRY: &str = "registry.localhost";

const POD_SPECS: [&str; 3] = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"];

/// The user's repositories that `objects` take the newest image of.
pub(crate) fn unversioned(objects: &mut [Value], login: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_image(objects, |image| {
        found.extend(repository(image, login).map(str::to_owned));
    });
    found
}

/// Puts the digests in.
pub(crate) fn pin(objects: &mut [Value], login: &str, digests: &BTreeMap<String, String>) {
    each_image(objects, |image| {
        if let Some(name) = repository(image, login)
            && let Some(digest) = digests.get(name)
        {
            *image = format!("{REGISTRY}/{login}/{name}@{digest}");
        }
    });
}

/// `web` of `registry.localhost/mina/web` and `registry.localhost/mina/web:latest`.
fn repository<'a>(image: &'a str, login: &str) -> Option<&'a str> {
    let name = image.strip_prefix(REGISTRY)?.strip_prefix('/')?.strip_prefix(login)?.strip_prefix('/')?;
    let name = name.strip_suffix(":latest").unwrap_or(name);
    (!name.contains([':', '@', '/']) && !name.is_empty()).then_some(name)
}

fn each_image(objects: &mut [Value], mut with: impl FnMut(&mut String)) {
    for object in objects {
        let is_pod = object["kind"] == "Pod";
        for pointer in POD_SPECS {
            if pointer == "/spec" && !is_pod {
                continue;
            }
            let Some(spec) = object.pointer_mut(pointer) else { continue };
            for list in ["initContainers", "containers"] {
                for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    if let Some(Value::String(image)) = container.get_mut("image") {
                        with(image);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pins_only_own_images_without_a_version() {
        let mut objects = vec![json!({"kind": "Deployment", "spec": {"template": {"spec": {
            "initContainers": [{"image": "registry.localhost/base/python:3"}],
            "containers": [{"image": "registry.localhost/mina/web"}, {"image": "registry.localhost/mina/api:latest"},
                           {"image": "registry.localhost/mina/api:7"}, {"image": "registry.localhost/minami/web"}]}}}})];
        assert_eq!(unversioned(&mut objects, "mina"), BTreeSet::from(["api".to_owned(), "web".to_owned()]));
        pin(&mut objects, "mina", &BTreeMap::from([("web".into(), "sha256:aa".into()), ("api".into(), "sha256:bb".into())]));
        let spec = &objects[0]["spec"]["template"]["spec"];
        assert_eq!(spec["containers"][0]["image"], "registry.localhost/mina/web@sha256:aa");
        assert_eq!(spec["containers"][1]["image"], "registry.localhost/mina/api@sha256:bb");
        assert_eq!(spec["containers"][2]["image"], "registry.localhost/mina/api:7");
        assert_eq!(spec["containers"][3]["image"], "registry.localhost/minami/web");
        assert_eq!(spec["initContainers"][0]["image"], "registry.localhost/base/python:3");
    }
}
