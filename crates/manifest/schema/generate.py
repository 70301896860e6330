"""Writes kubernetes.txt: the fields of the kinds that applications are made of, one type per line.

Usage: python3 generate.py path/to/kubernetes/api/openapi-spec/swagger.json > kubernetes.txt

A line is `Type<TAB>field=kind<TAB>...`, `!` after a field's name where it is required. A kind is s (string), i (integer),
n (number), b (boolean), q (integer or string), x (anything), another type's name, `[kind]` (a list), `{kind}` (a map), or
`s(A|B)`: one of these. A line `kind apiVersion Kind<TAB>Type<TAB>n` begins with the kinds; `n` is `n` where the kind is
namespaced, `c` where it is cluster-wide.
"""
import json
import sys

KINDS = """
v1 Pod n, v1 Service n, v1 ConfigMap n, v1 Secret n, v1 PersistentVolumeClaim n, v1 PersistentVolume c, v1 ServiceAccount n,
v1 Namespace c, v1 ResourceQuota n, v1 LimitRange n, v1 Endpoints n, v1 ReplicationController n, v1 Node c,
apps/v1 Deployment n, apps/v1 StatefulSet n, apps/v1 DaemonSet n, apps/v1 ReplicaSet n,
batch/v1 Job n, batch/v1 CronJob n, autoscaling/v1 HorizontalPodAutoscaler n, autoscaling/v2 HorizontalPodAutoscaler n,
networking.k8s.io/v1 Ingress n, networking.k8s.io/v1 NetworkPolicy n, networking.k8s.io/v1 IngressClass c,
policy/v1 PodDisruptionBudget n, rbac.authorization.k8s.io/v1 Role n, rbac.authorization.k8s.io/v1 RoleBinding n,
rbac.authorization.k8s.io/v1 ClusterRole c, rbac.authorization.k8s.io/v1 ClusterRoleBinding c,
storage.k8s.io/v1 StorageClass c, scheduling.k8s.io/v1 PriorityClass c
"""
# The OpenAPI text says which values these take only in prose.
VALUES = {
    "ServiceSpec.type": "ClusterIP|NodePort|LoadBalancer|ExternalName",
    "ServicePort.protocol": "TCP|UDP|SCTP",
    "ContainerPort.protocol": "TCP|UDP|SCTP",
    "Container.imagePullPolicy": "Always|IfNotPresent|Never",
    "PodSpec.restartPolicy": "Always|OnFailure|Never",
    "PodSpec.dnsPolicy": "ClusterFirst|ClusterFirstWithHostNet|Default|None",
    "HTTPIngressPath.pathType": "Prefix|Exact|ImplementationSpecific",
    "HTTPGetAction.scheme": "HTTP|HTTPS",
    "DeploymentStrategy.type": "RollingUpdate|Recreate",
    "StatefulSetUpdateStrategy.type": "RollingUpdate|OnDelete",
    "PersistentVolumeClaimSpec.accessModes": "ReadWriteOnce|ReadOnlyMany|ReadWriteMany|ReadWriteOncePod",
    "CronJobSpec.concurrencyPolicy": "Allow|Forbid|Replace",
}
# Argo Rollouts: a Deployment with another strategy.
ARGO = """kind argoproj.io/v1alpha1 Rollout\tRollout\tn
kind argoproj.io/v1alpha1 AnalysisTemplate\tAnalysisTemplate\tn
Rollout\tapiVersion=s\tkind=s\tmetadata=ObjectMeta\tspec=RolloutSpec\tstatus=x
RolloutSpec\tanalysis=x\tminReadySeconds=i\tpaused=b\tprogressDeadlineAbort=b\tprogressDeadlineSeconds=i\treplicas=i\trestartAt=s\trevisionHistoryLimit=i\trollbackWindow=x\tselector=LabelSelector\tstrategy=RolloutStrategy\ttemplate=PodTemplateSpec\tworkloadRef=RolloutWorkloadRef
RolloutStrategy\tblueGreen=BlueGreenStrategy\tcanary=CanaryStrategy
BlueGreenStrategy\tabortScaleDownDelaySeconds=i\tactiveMetadata=RolloutPodMetadata\tactiveService!=s\tantiAffinity=x\tautoPromotionEnabled=b\tautoPromotionSeconds=i\tmaxUnavailable=q\tpostPromotionAnalysis=x\tprePromotionAnalysis=x\tpreviewMetadata=RolloutPodMetadata\tpreviewReplicaCount=i\tpreviewService=s\tscaleDownDelayRevisionLimit=i\tscaleDownDelaySeconds=i
CanaryStrategy\tabortScaleDownDelaySeconds=i\tanalysis=x\tantiAffinity=x\tcanaryMetadata=RolloutPodMetadata\tcanaryService=s\tdynamicStableScale=b\tmaxSurge=q\tmaxUnavailable=q\tminPodsPerReplicaSet=i\tpingPong=x\treplicaProgressThreshold=x\tscaleDownDelayRevisionLimit=i\tscaleDownDelaySeconds=i\tstableMetadata=RolloutPodMetadata\tstableService=s\tsteps=[RolloutStep]\ttrafficRouting=RolloutTrafficRouting
RolloutStep\tanalysis=x\texperiment=x\tpause=RolloutPause\tplugin=x\tsetCanaryScale=RolloutCanaryScale\tsetHeaderRoute=x\tsetMirrorRoute=x\tsetWeight=i
RolloutPause\tduration=q
RolloutCanaryScale\tmatchTrafficWeight=b\treplicas=i\tweight=i
RolloutTrafficRouting\talb=x\tambassador=x\tapisix=x\tappMesh=x\tistio=x\tmanagedRoutes=x\tmaxTrafficWeight=i\tnginx=RolloutNginxRouting\tplugins=x\tsmi=x\ttraefik=x
RolloutNginxRouting\tadditionalIngressAnnotations={s}\tannotationPrefix=s\tcanaryIngressAnnotations={s}\tstableIngress=s\tstableIngresses=[s]
RolloutPodMetadata\tannotations={s}\tlabels={s}
RolloutWorkloadRef\tapiVersion=s\tkind=s\tname=s\tscaleDown=s(never|onsuccess|progressively)
AnalysisTemplate\tapiVersion=s\tkind=s\tmetadata=ObjectMeta\tspec=x"""


def main() -> None:
    definitions = json.load(open(sys.argv[1]))["definitions"]
    by_kind = {}
    for name, definition in definitions.items():
        for gvk in definition.get("x-kubernetes-group-version-kind", []):
            version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
            by_kind.setdefault((version, gvk["kind"]), name)
    # The short name of a type, longer only where two would share it.
    short, taken = {}, {}

    def shorten(name: str) -> str:
        if name not in short:
            parts = name.split(".")
            candidate = parts[-1]
            if taken.get(candidate, name) != name:
                candidate = parts[-2] + "." + parts[-1]
            taken[candidate] = name
            short[name] = candidate
        return short[name]

    lines, seen = [], set()

    def kind_of(schema: dict, field: str = "") -> str:
        if "$ref" in schema:
            return reference(schema["$ref"].removeprefix("#/definitions/"))
        match schema.get("type"):
            case "string":
                return f"s({VALUES[field]})" if field in VALUES else "s"
            case "integer":
                return "i"
            case "number":
                return "n"
            case "boolean":
                return "b"
            case "array":
                return f"[{kind_of(schema['items'], field)}]"
            case "object" if "additionalProperties" in schema:
                return "{" + kind_of(schema["additionalProperties"]) + "}"
        return "x"

    def reference(name: str) -> str:
        definition = definitions[name]
        if name.endswith("IntOrString") or name.endswith("resource.Quantity"):
            return "q"
        if "properties" not in definition:
            return kind_of(definition)
        if name not in seen:
            seen.add(name)
            required = set(definition.get("required", []))
            at = len(lines)
            lines.append("")
            fields = []
            for field, schema in definition["properties"].items():
                mark = "!" if field in required else ""
                fields.append(f"{field}{mark}={kind_of(schema, f'{shorten(name)}.{field}')}")
            lines[at] = "\t".join([shorten(name), *fields])
        return shorten(name)

    kinds = []
    for entry in KINDS.replace("\n", " ").split(","):
        version, kind, scope = entry.split()
        kinds.append(f"kind {version} {kind}\t{reference(by_kind[version, kind])}\t{scope}")
    print("\n".join([*kinds, *lines, ARGO]))


main()
