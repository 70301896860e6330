//! NetworkPolicies by the cases of upstream's own conformance tests (`test/e2e/network/netpol`): three namespaces of three
//! pods, each of which asks every other on every port, and a table of what each policy leaves open.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use support::{ANSWERS, Node, PYTHON, eventually, load_image, ready};

const NAMESPACES: [&str; 3] = ["x", "y", "z"];
const PODS: [&str; 3] = ["a", "b", "c"];
/// What every pod listens on; below 1024 nobody but root may.
const PORTS: [(&str, u16); 4] = [("tcp", 8080), ("tcp", 8081), ("udp", 8080), ("udp", 8081)];
/// How long a change of policies may take to be enforced on a machine that also compiles; it takes 20 ms by itself.
const ENFORCED: Duration = Duration::from_secs(30);

/// Answers on the ports, and on 7000 to a list of places with which of them it reaches.
const POD: &str = r#"
class Order(socketserver.StreamRequestHandler):
    def handle(self):
        places = json.loads(self.rfile.readline())
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            self.wfile.write(json.dumps(list(pool.map(lambda place: ask(*place), places))).encode() + b"\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
for port in 8080, 8081:
    for serve in tcp, udp: threading.Thread(target=serve, args=(port,)).start()
Server(("", 7000), Order).serve_forever()
"#;

/// In the node's own network, which no policy restricts: has every pod ask, and prints what each of them said.
const COMMANDER: &str = r#"
import concurrent.futures, json, socket, sys
pods, places = json.loads(sys.argv[1]), json.loads(sys.argv[2])
def order(address):
    with socket.create_connection((address, 7000), 10) as s:
        s.sendall(json.dumps(places).encode() + b"\n")
        return json.loads(s.makefile().readline())
with concurrent.futures.ThreadPoolExecutor(16) as pool: print(json.dumps(list(pool.map(order, pods))))
"#;

/// Namespace and name.
type Which = (&'static str, &'static str);

/// One question: from which pod, to which pod, on which port.
struct Ask {
    from: Which,
    to: Which,
    kind: &'static str,
    port: u16,
}

struct World<'a> {
    node: &'a Node,
    client: kube::Client,
    addresses: BTreeMap<Which, String>,
}

impl World<'_> {
    async fn pod(&self, which: Which) -> String {
        let (namespace, name) = which;
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let ports = PORTS
            .map(|(kind, port)| json!({ "name": format!("serve-{port}-{kind}"), "containerPort": port, "protocol": kind.to_uppercase() }));
        let program = [ANSWERS, POD].concat();
        let pod = json!({ "metadata": { "name": name, "labels": { "pod": name } }, "spec": {
            "terminationGracePeriodSeconds": 0, "hostNetwork": namespace == "default",
            "containers": [{ "name": "main", "image": PYTHON, "imagePullPolicy": "Never",
                "command": if namespace == "default" { vec!["sleep", "infinity"] } else { vec!["python3", "-c", &program] },
                "ports": if namespace == "default" { json!([]) } else { json!(ports) } }],
        } });
        pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
        eventually(&format!("pod {name} in {namespace} runs"), || async {
            let status = pods.get(name).await.ok()?.status?;
            status.pod_ip.filter(|_| status.phase.as_deref() == Some("Running"))
        })
        .await
    }

    async fn policy(&self, namespace: &str, name: &str, spec: Value) {
        let api: Api<NetworkPolicy> = Api::namespaced(self.client.clone(), namespace);
        let policy = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": name }, "spec": spec });
        api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&policy)).await.unwrap();
    }

    async fn without_policies(&self) {
        for namespace in NAMESPACES {
            let api: Api<NetworkPolicy> = Api::namespaced(self.client.clone(), namespace);
            api.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
        }
    }

    async fn label_pod(&self, (namespace, name): Which, label: &str, value: Option<&str>) {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        pods.patch(name, &PatchParams::default(), &Patch::Merge(json!({ "metadata": { "labels": { label: value } } }))).await.unwrap();
    }

    async fn label_namespace(&self, name: &str, label: &str, value: Option<&str>) {
        let api: Api<Namespace> = Api::all(self.client.clone());
        api.patch(name, &PatchParams::default(), &Patch::Merge(json!({ "metadata": { "labels": { label: value } } }))).await.unwrap();
    }

    /// Every pod asks every other. `None` where a pod could not be ordered to, which no policy is to blame for.
    async fn look(&self) -> Option<Vec<(Ask, bool)>> {
        let pods = json!(self.addresses.values().collect::<Vec<_>>()).to_string();
        let asked: Vec<(Which, &'static str, u16)> =
            self.addresses.keys().flat_map(|to| PORTS.iter().map(|(kind, port)| (*to, *kind, *port))).collect();
        let places = json!(asked.iter().map(|(to, kind, port)| json!([kind, self.addresses[to], port])).collect::<Vec<_>>()).to_string();
        let argv = ["kubectl", "-n", "default", "exec", "commander", "--", "python3", "-c", COMMANDER, &pods, &places];
        let answers: Vec<Vec<bool>> = serde_json::from_str(&self.node.run(&argv).await?).ok()?;
        let mut found = Vec::new();
        for (from, answers) in self.addresses.keys().zip(answers) {
            found.extend(asked.iter().zip(answers).map(|(&(to, kind, port), reached)| (Ask { from: *from, to, kind, port }, reached)));
        }
        Some(found)
    }

    /// Waits until what is reached is what `open` says; a pod always reaches itself.
    async fn holds(&self, case: &str, open: impl Fn(&Ask) -> bool) {
        let (began, mut wrong) = (Instant::now(), "nothing could be asked".to_owned());
        while began.elapsed() < ENFORCED {
            if let Some(found) = self.look().await {
                wrong.clear();
                for (ask, reached) in &found {
                    if *reached != (ask.from == ask.to || open(ask)) {
                        let Ask { from, to, kind, port } = ask;
                        let is = if *reached { "open" } else { "closed" };
                        writeln!(wrong, "{}/{} to {}/{} {kind} {port} is {is}", from.0, from.1, to.0, to.1).unwrap();
                    }
                }
                if wrong.is_empty() {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{case}\n{wrong}");
    }
}

fn pods(labels: Value) -> Value {
    json!({ "podSelector": { "matchLabels": labels } })
}

fn all_of(namespace: &str) -> Value {
    json!({ "namespaceSelector": { "matchLabels": { "ns": namespace } } })
}

fn in_list(key: &str, values: &[&str]) -> Value {
    json!({ "matchExpressions": [{ "key": key, "operator": "In", "values": values }] })
}

/// Who may ask the pods of `to`, all others being open.
fn ingress(to: &Value, rules: Value) -> Value {
    json!({ "podSelector": to, "policyTypes": ["Ingress"], "ingress": rules })
}

fn egress(from: &Value, rules: Value) -> Value {
    json!({ "podSelector": from, "policyTypes": ["Egress"], "egress": rules })
}

const X_A: Which = ("x", "a");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::too_many_lines, reason = "a list of cases, each of some lines")]
async fn upstreams_cases_hold() {
    let node = Node::new("policies").await;
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    load_image(&cluster, PYTHON).await;
    let mut world = World { node: &node, client: cluster.client().await.unwrap(), addresses: BTreeMap::new() };
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    for name in NAMESPACES {
        let namespace = json!({ "metadata": { "name": name, "labels": { "ns": name } } });
        namespaces.create(&PostParams::default(), &serde_json::from_value(namespace).unwrap()).await.unwrap();
        eventually("the namespace has its account", || async {
            let api: Api<k8s_openapi::api::core::v1::ServiceAccount> = Api::namespaced(world.client.clone(), name);
            api.get("default").await.ok()
        })
        .await;
    }
    // The kernel says "closed" to each address once a second, and whoever hears nothing waits: here all is asked at once.
    node.run(&["sysctl", "-w", "net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_msgs_per_sec=100000"]).await;
    world.pod(("default", "commander")).await;
    for namespace in NAMESPACES {
        for name in PODS {
            let address = world.pod((namespace, name)).await;
            world.addresses.insert((namespace, name), address);
        }
    }
    let every = json!({});
    let a = json!({ "matchLabels": { "pod": "a" } });

    world.holds("without policies everything is open", |_| true).await;

    world.policy("x", "deny", ingress(&every, json!([]))).await;
    world.holds("default-deny-ingress", |ask| ask.to.0 != "x").await;

    world.policy("x", "deny", json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] })).await;
    world.holds("default-deny-all; an update is enforced", |ask| ask.to.0 != "x" && ask.from.0 != "x").await;

    world.policy("x", "deny", egress(&every, json!([]))).await;
    world.holds("egress of all pods of a namespace is denied", |ask| ask.from.0 != "x").await;

    world.without_policies().await;
    world.holds("policies that are deleted are not enforced any more", |_| true).await;

    world.policy("x", "p", ingress(&a, json!([{ "from": [pods(json!({ "pod": "b" }))] }]))).await;
    world.holds("from a pod of the same namespace, by podSelector", |ask| ask.to != X_A || ask.from == ("x", "b")).await;

    world.policy("x", "p", ingress(&a, json!([{ "from": [pods(json!({}))] }]))).await;
    world.holds("from any pod of the same namespace", |ask| ask.to != X_A || ask.from.0 == "x").await;

    world.policy("x", "p", ingress(&a, json!([{ "from": [{ "namespaceSelector": {} }] }]))).await;
    world.policy("x", "deny", ingress(&every, json!([]))).await;
    world.holds("from all namespaces, by an empty selector, beside a denial", |ask| ask.to.0 != "x" || ask.to == X_A).await;

    world.policy("x", "p", ingress(&a, json!([{ "from": [all_of("y")] }]))).await;
    world.policy("x", "deny", ingress(&a, json!([]))).await;
    world.holds("from another namespace only, by namespaceSelector", |ask| ask.to != X_A || ask.from.0 == "y").await;
    world.without_policies().await;

    let peer = json!({ "podSelector": in_list("pod", &["b", "d"]) });
    world.policy("x", "p", ingress(&a, json!([{ "from": [peer] }]))).await;
    world.holds("podSelector by matchExpressions", |ask| ask.to != X_A || ask.from == ("x", "b")).await;

    let peer = json!({ "namespaceSelector": in_list("ns", &["y", "w"]) });
    world.policy("x", "p", ingress(&a, json!([{ "from": [peer] }]))).await;
    world.holds("namespaceSelector by matchExpressions", |ask| ask.to != X_A || ask.from.0 == "y").await;

    let others = json!({ "matchExpressions": [{ "key": "ns", "operator": "NotIn", "values": ["x"] }] });
    world.policy("x", "p", ingress(&a, json!([{ "from": [{ "namespaceSelector": others }, pods(json!({ "pod": "b" }))] }]))).await;
    world.holds("either a podSelector or a namespaceSelector", |ask| ask.to != X_A || ask.from.0 != "x" || ask.from.1 == "b").await;

    let both = json!({ "namespaceSelector": others, "podSelector": { "matchLabels": { "pod": "b" } } });
    world.policy("x", "p", ingress(&a, json!([{ "from": [both] }]))).await;
    world.holds("a podSelector and a namespaceSelector at once", |ask| ask.to != X_A || (ask.from.0 != "x" && ask.from.1 == "b")).await;

    let both = json!({ "namespaceSelector": others, "podSelector": in_list("pod", &["b", "c"]) });
    world.policy("x", "p", ingress(&a, json!([{ "from": [both] }]))).await;
    world.holds("several pods of several namespaces", |ask| ask.to != X_A || (ask.from.0 != "x" && ask.from.1 != "a")).await;

    world.policy("x", "p", ingress(&a, json!([{ "from": [pods(json!({ "pod": "b" })), pods(json!({ "pod": "c" }))] }]))).await;
    world.holds("any of several podSelectors", |ask| ask.to != X_A || ask.from.0 == "x").await;

    let one = json!({ "namespaceSelector": { "matchLabels": { "ns": "y" } }, "podSelector": { "matchLabels": { "pod": "a" } } });
    world.policy("x", "p", ingress(&a, json!([{ "from": [one] }]))).await;
    world.holds("one pod of another namespace, over TCP and UDP", |ask| ask.to != X_A || ask.from == ("y", "a")).await;

    let rule = |port: Value| json!([{ "from": [all_of("y")], "ports": [port] }]);
    world.policy("x", "p", ingress(&a, rule(json!({ "port": 8081 })))).await;
    let on_8081 = |ask: &Ask| ask.to != X_A || (ask.from.0 == "y" && ask.kind == "tcp" && ask.port == 8081);
    world.holds("a port; TCP where no protocol is written", on_8081).await;

    world.policy("x", "q", ingress(&a, rule(json!({ "port": 8080 })))).await;
    world.holds("policies for the same pods add up", |ask| ask.to != X_A || (ask.from.0 == "y" && ask.kind == "tcp")).await;
    world.without_policies().await;

    world.policy("x", "p", ingress(&a, json!([]))).await;
    world.policy("x", "q", ingress(&every, json!([{}]))).await;
    world.holds("an allow-all policy takes precedence", |_| true).await;
    world.without_policies().await;

    world.policy("x", "p", ingress(&every, json!([{ "ports": [{ "port": "serve-8081-tcp" }] }]))).await;
    world.holds("a named port", |ask| ask.to.0 != "x" || (ask.kind == "tcp" && ask.port == 8081)).await;

    world.policy("x", "p", ingress(&every, json!([{ "ports": [{ "port": "serve-8080-udp", "protocol": "UDP" }] }]))).await;
    world.holds("a named port of UDP", |ask| ask.to.0 != "x" || (ask.kind == "udp" && ask.port == 8080)).await;

    world.policy("x", "p", ingress(&a, rule(json!({ "port": "serve-8080-tcp" })))).await;
    let named_from_y = |ask: &Ask| ask.to != X_A || (ask.from.0 == "y" && ask.kind == "tcp" && ask.port == 8080);
    world.holds("a named port from one namespace", named_from_y).await;
    world.without_policies().await;

    world.policy("x", "p", egress(&a, json!([{ "ports": [{ "port": "serve-8080-tcp" }] }]))).await;
    world.holds("egress to a named port", |ask| ask.from != X_A || (ask.kind == "tcp" && ask.port == 8080)).await;
    world.without_policies().await;

    let friend = json!({ "matchLabels": { "friend": "yes" } });
    world.policy("x", "p", ingress(&a, json!([{ "from": [{ "namespaceSelector": friend }] }]))).await;
    world.holds("no namespace has the label yet", |ask| ask.to != X_A).await;
    world.label_namespace("y", "friend", Some("yes")).await;
    world.holds("a namespace gets the label", |ask| ask.to != X_A || ask.from.0 == "y").await;
    world.label_namespace("y", "friend", None).await;
    world.holds("a namespace loses the label", |ask| ask.to != X_A).await;

    world.policy("x", "p", ingress(&a, json!([{ "from": [{ "namespaceSelector": {}, "podSelector": friend }] }]))).await;
    world.label_pod(("x", "b"), "friend", Some("yes")).await;
    world.holds("a pod that asks gets the label", |ask| ask.to != X_A || ask.from == ("x", "b")).await;
    world.label_pod(("x", "b"), "friend", None).await;
    world.holds("a pod that asks loses the label", |ask| ask.to != X_A).await;

    world.policy("x", "p", ingress(&json!({ "matchLabels": { "target": "yes" } }), json!([]))).await;
    world.holds("no pod is selected yet", |_| true).await;
    world.label_pod(X_A, "target", Some("yes")).await;
    world.holds("a pod becomes selected", |ask| ask.to != X_A).await;
    world.label_pod(X_A, "target", None).await;
    world.holds("a pod is not selected any more", |_| true).await;
    world.without_policies().await;

    world.policy("x", "p", egress(&a, json!([]))).await;
    world.holds("egress is denied by podSelector", |ask| ask.from != X_A).await;

    let both = json!({ "podSelector": a, "policyTypes": ["Ingress", "Egress"],
        "ingress": [{ "from": [all_of("y")] }], "egress": [{ "ports": [{ "port": 8080 }] }] });
    world.policy("x", "p", both).await;
    world
        .holds("ingress and egress in one policy", |ask| {
            (ask.to != X_A || ask.from.0 == "y") && (ask.from != X_A || (ask.kind == "tcp" && ask.port == 8080))
        })
        .await;
    world.without_policies().await;

    world.policy("x", "p", egress(&a, json!([]))).await;
    world.policy("y", "q", ingress(&every, json!([{ "from": [all_of("x")] }]))).await;
    world
        .holds("what the server allows, the client's own policy still denies", |ask| {
            ask.from != X_A && (ask.to.0 != "y" || ask.from.0 == "x")
        })
        .await;
    world.without_policies().await;

    let there = json!({ "namespaceSelector": { "matchLabels": { "ns": "y" } }, "podSelector": { "matchLabels": { "pod": "a" } } });
    world.policy("x", "p", egress(&a, json!([{ "to": [there] }]))).await;
    world.holds("egress to a pod of another namespace", |ask| ask.from != X_A || ask.to == ("y", "a")).await;

    world.policy("x", "q", egress(&every, json!([{}]))).await;
    world.holds("an allow-all egress policy takes precedence", |_| true).await;
    world.without_policies().await;

    world.policy("x", "p", ingress(&a, json!([{ "ports": [{ "protocol": "UDP" }] }]))).await;
    world.holds("any port of one protocol", |ask| ask.to != X_A || ask.kind == "udp").await;

    world.policy("x", "p", ingress(&a, json!([{ "ports": [{ "port": 8080, "protocol": "UDP" }] }]))).await;
    world.holds("UDP alone is no leave for TCP", |ask| ask.to != X_A || (ask.kind == "udp" && ask.port == 8080)).await;

    world.policy("x", "p", ingress(&a, json!([{ "ports": [{ "port": 8080, "protocol": "SCTP" }] }]))).await;
    world.holds("SCTP is not taken for TCP, and isolates", |ask| ask.to != X_A).await;

    world.policy("x", "p", ingress(&a, json!([{ "ports": [{ "port": 8000, "endPort": 8080 }] }]))).await;
    world.holds("a range of ports", |ask| ask.to != X_A || (ask.kind == "tcp" && ask.port == 8080)).await;
    world.without_policies().await;

    let (b, c) = (&world.addresses[&("y", "b")], &world.addresses[&("y", "c")]);
    world.policy("x", "p", egress(&a, json!([{ "to": [{ "ipBlock": { "cidr": format!("{b}/32") } }] }]))).await;
    world.holds("egress to a block of addresses", |ask| ask.from != X_A || ask.to == ("y", "b")).await;

    let except = json!({ "cidr": "10.244.0.0/16", "except": [format!("{b}/32"), format!("{c}/32")] });
    world.policy("x", "p", egress(&a, json!([{ "to": [{ "ipBlock": except }] }]))).await;
    world.holds("egress to a block but for some", |ask| ask.from != X_A || !(ask.to.0 == "y" && ask.to.1 != "a")).await;

    world.policy("x", "q", egress(&a, json!([{ "to": [{ "ipBlock": { "cidr": format!("{b}/32") } }] }]))).await;
    world.holds("what one policy leaves out another lets in", |ask| ask.from != X_A || ask.to != ("y", "c")).await;
    world.without_policies().await;

    let from_y_b =
        json!([{ "from": [{ "namespaceSelector": { "matchLabels": { "ns": "y" } }, "podSelector": { "matchLabels": { "pod": "b" } } }] }]);
    let to_y_b =
        json!([{ "to": [{ "namespaceSelector": { "matchLabels": { "ns": "y" } }, "podSelector": { "matchLabels": { "pod": "b" } } }] }]);
    let mut spec = ingress(&a, from_y_b);
    spec["policyTypes"] = json!(["Ingress", "Egress"]);
    world.policy("x", "p", spec).await;
    world.holds("ingress from one pod, no egress", |ask| ask.from != X_A && (ask.to != X_A || ask.from == ("y", "b"))).await;
    let mut spec = egress(&a, to_y_b);
    spec["policyTypes"] = json!(["Ingress", "Egress"]);
    world.policy("x", "p", spec).await;
    world.holds("egress to one pod, no ingress", |ask| ask.to != X_A && (ask.from != X_A || ask.to == ("y", "b"))).await;

    stop.cancel();
    driver.await.unwrap();
    node.remove().await;
}
