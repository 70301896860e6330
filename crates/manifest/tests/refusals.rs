//! What `kubectl kustomize` says when it refuses, and the line that it is told at. The words are kustomize's own, as
//! `kubectl` of the node prints them.
#![allow(clippy::unwrap_used)]

use maru_manifest::{Files, kustomize_refused};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1
";

struct Case {
    kustomization: &'static str,
    patch: &'static str,
    said: &'static str,
    /// File, line and column.
    place: (&'static str, u32, u32),
    /// A piece of the message, and of the fix.
    says: (&'static str, &'static str),
}

const CASES: &[Case] = &[
    Case {
        kustomization: "resources: [web.yaml]\npatches:\n- path: patch.yaml\n",
        patch: "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: wbe\nspec:\n  replicas: 2\n",
        said: "error: no resource matches strategic merge patch \"Deployment.v1.apps/wbe.[noNs]\": no matches for Id \
               Deployment.v1.apps/wbe.[noNs]; failed to find unique target for patch Deployment.v1.apps/wbe.[noNs]",
        place: ("k8s/patch.yaml", 4, 3),
        says: ("named `wbe`", "`name: web`"),
    },
    Case {
        kustomization: "resources: [web.yaml]\npatches:\n- target: {kind: Deployment, name: web}\n  path: patch.yaml\n",
        patch: "- op: replace\n  path: /spec/template/spec/containers/1/image\n  value: a\n",
        said: "error: replace operation does not apply: doc is missing path: /spec/template/spec/containers/1/image: missing value",
        place: ("k8s/patch.yaml", 2, 9),
        says: ("would replace `/spec/template/spec/containers/1/image`", "count from 0"),
    },
    Case {
        kustomization: "resources:\n- web.yaml\npatches:\n- target: {kind: Deployment, name: web}\n  patch: |-\n    - op: change\n      path: \
                        /spec/replicas\n      value: 2\n",
        patch: "",
        said: "error: Unexpected kind: change",
        place: ("k8s/kustomization.yaml", 6, 11),
        says: ("`change`", "`op: add`"),
    },
    Case {
        kustomization: "resources: [web.yaml]\npatches:\n- path: patch.yaml\n",
        patch: "kind: Deployment\nspec:\n  replicas: 2\n",
        said: "error: trouble configuring builtin PatchTransformer with config: `\npath: patch.yaml\n`: unable to parse SM or JSON patch \
               from [path: \"patch.yaml\"]",
        place: ("k8s/patch.yaml", 1, 1),
        says: ("no patch", "`apiVersion:`"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: x, fieldPath: data.y}\n  targets:\n  - \
                        select: {kind: Deployment, name: web}\n    fieldPaths: [spec.replicas]\n",
        patch: "",
        said: "error: nothing selected by ConfigMap.[noVer].[noGrp]/x.[noNs]:data.y",
        place: ("k8s/kustomization.yaml", 3, 3),
        says: ("ConfigMap named `x`", "`resources`"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nreplacements:\n- source: {kind: Deployment, name: web}\n  targets:\n  - select: {kind: \
                        Deployment, name: web}\n    fieldPaths: [spec.nothing.here]\n",
        patch: "",
        said: "error: unable to find field \"spec.nothing.here\" in replacement target",
        place: ("k8s/kustomization.yaml", 6, 18),
        says: ("no field `spec.nothing.here`", "create: true"),
    },
    Case {
        kustomization: "kind: Kustomization\nresources: web.yaml\n",
        patch: "",
        said: "error: invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.resources of type []string",
        place: ("k8s/kustomization.yaml", 2, 1),
        says: ("`resources` has to be a list", "`- `"),
    },
    Case {
        kustomization: "resources: [web.yaml]\ncommonLabels: {a: 1}\n",
        patch: "",
        said: "error: invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.commonLabels of type string",
        place: ("k8s/kustomization.yaml", 2, 1),
        says: ("has to be text", "quotes"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nlabels:\n- pairs: {a: b}\n  includeSelector: true\n",
        patch: "",
        said: "error: invalid Kustomization: json: unknown field \"includeSelector\"",
        place: ("k8s/kustomization.yaml", 4, 3),
        says: ("`includeSelector`", "Correct"),
    },
    Case {
        kustomization: "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\nresources: [web.yaml]\n",
        patch: "",
        said: "error: Failed to read kustomization file under k8s:\napiVersion for Kustomization should be \
               kustomize.config.k8s.io/v1beta1",
        place: ("k8s/kustomization.yaml", 1, 1),
        says: ("kustomize.config.k8s.io/v1beta1", "`apiVersion: kustomize.config.k8s.io/v1beta1`"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nconfigMapGenerator:\n- name: x\n  literals: [ab]\n",
        patch: "",
        said: "error: loading KV pairs: literal sources [ab]: invalid literal source ab, expected key=value",
        place: ("k8s/kustomization.yaml", 4, 14),
        says: ("no pair", "`ab=...`"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nconfigMapGenerator:\n- name: x\n  literals: [a=b]\n- name: x\n  literals: [a=b]\n",
        patch: "",
        said: "error: merging from generator &{0xc000ad2d00 <nil>}: id resid.ResId{Gvk:resid.Gvk{Group:\"\", Version:\"v1\", \
               Kind:\"ConfigMap\", isClusterScoped:false}, Name:\"x\", Namespace:\"\"} exists; behavior must be merge or replace",
        place: ("k8s/kustomization.yaml", 5, 3),
        says: ("there already", "behavior: merge"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nconfigMapGenerator:\n- name: x\n  behavior: merge\n  literals: [a=b]\n",
        patch: "",
        said: "error: merging from generator &{0xc000a3c410 <nil>}: id resid.ResId{Gvk:resid.Gvk{Group:\"\", Version:\"v1\", \
               Kind:\"ConfigMap\", isClusterScoped:false}, Name:\"x\", Namespace:\"\"} does not exist; cannot merge or replace",
        place: ("k8s/kustomization.yaml", 3, 3),
        says: ("no `x` yet", "`behavior:`"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nconfigMapGenerator:\n- name: x\n  files: [a=web.yaml, a=kustomization.yaml]\n",
        patch: "",
        said: "error: configmap x illegally repeats the key `a`",
        place: ("k8s/kustomization.yaml", 3, 3),
        says: ("`a` twice", "Remove"),
    },
    Case {
        kustomization: "resources: [web.yaml]\nreplicas:\n- name: wbe\n  count: 3\n",
        patch: "",
        said: "error: resource with name wbe does not match a config with the following GVK [Deployment.[noVer].[noGrp] \
               StatefulSet.[noVer].[noGrp]]",
        place: ("k8s/kustomization.yaml", 3, 3),
        says: ("`wbe`", "`name: web`"),
    },
    Case {
        kustomization: "resources:\n- web.yaml\n- ../k8s\n",
        patch: "",
        said: "error: accumulating resources: accumulation err='accumulating resources from '../k8s': 'k8s' must resolve to a file': \
               cycle detected: candidate root 'k8s' contains visited root 'k8s'",
        place: ("k8s/kustomization.yaml", 3, 3),
        says: ("leads back", "Remove"),
    },
    Case {
        kustomization: "resources: [web.yaml]\ntransformers: [patch.yaml]\n",
        patch: "apiVersion: builtin\nkind: PrefixTransformr\nmetadata:\n  name: web\nprefix: a\n",
        said: "error: unable to load builtin PrefixTransformr.builtin.[noGrp]",
        place: ("k8s/patch.yaml", 2, 7),
        says: ("`PrefixTransformr`", "kind"),
    },
];

fn files(case: &Case) -> Files {
    let mut files = Files::from([
        ("k8s/web.yaml".to_owned(), WEB.as_bytes().to_vec()),
        ("k8s/kustomization.yaml".to_owned(), case.kustomization.as_bytes().to_vec()),
    ]);
    if !case.patch.is_empty() {
        files.insert("k8s/patch.yaml".to_owned(), case.patch.as_bytes().to_vec());
    }
    files
}

#[test]
fn each_refusal_is_told_at_its_line() {
    for case in CASES {
        let found = kustomize_refused(case.said, &files(case), "k8s");
        assert_eq!((found.file.as_str(), found.line, found.column), case.place, "{found:#?}");
        let fix = found.fix.clone().unwrap_or_else(|| panic!("no fix: {found:#?}"));
        assert!(found.message.en.contains(case.says.0) && fix.en.contains(case.says.1), "{found:#?}");
        // Whoever looks its words up finds them.
        assert!(found.message.en.contains("(kustomize: ") && found.message.ko.contains("(kustomize: "), "{found:#?}");
        assert_ne!(fix.en, fix.ko);
    }
}

#[test]
fn words_that_nobody_knows_stand_as_they_are() {
    let files = files(&CASES[0]);
    let found = kustomize_refused("error: a new complaint", &files, "k8s");
    assert_eq!((found.file.as_str(), found.line), ("k8s/kustomization.yaml", 1));
    assert!(found.message.en.ends_with("a new complaint") && found.fix.is_none(), "{found:?}");
    let found = kustomize_refused("error: something about 'patch.yaml': it is odd", &files, "k8s");
    assert_eq!((found.file.as_str(), found.line), ("k8s/patch.yaml", 1));
    // Nothing was written that could be pointed at.
    let plain = Files::from([("k8s/web.yaml".to_owned(), WEB.as_bytes().to_vec())]);
    assert_eq!(kustomize_refused("error: a new complaint", &plain, "k8s").file, "");
}
