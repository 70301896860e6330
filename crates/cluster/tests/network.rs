//! Who reaches whom in the cluster, with real pods: they are Python programs in the image `base/python` of ./test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::api::PostParams;
use maru_cluster::{NamespaceSpec, namespace};
use maru_model::{Login, Quota};
use serde_json::{Value, json};

use support::{ANSWERS, Node, PYTHON as IMAGE, eventually, load_image, ready};

/// Answers on TCP 8000 and 8001 and on UDP 9000.
const SERVER: &str = "
threading.Thread(target=udp, args=(9000,)).start()
threading.Thread(target=tcp, args=(8001,)).start()
tcp(8000)
";

/// Says for each `tcp:HOST:PORT` and `udp:HOST:PORT` whether it answers, for each `name:HOST:0` whether it has an address; all at once, since what is dropped takes its time.
const CLIENT: &str = r#"
def look(place):
    kind, host, port = place.split(":")
    return ask(kind, host, int(port))
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    for place, reached in zip(sys.argv[1:], pool.map(look, sys.argv[1:])): print(place, "reached" if reached else "closed")
"#;

struct Class<'a> {
    node: &'a Node,
    client: kube::Client,
}

impl Class<'_> {
    async fn student(&self, login: &str) {
        let spec = NamespaceSpec {
            login: Login::parse(login).unwrap(),
            dockerconfigjson: r#"{"auths":{}}"#.to_owned(),
            quota: Quota::default(),
            viewers: Vec::new(),
        };
        namespace::ensure(&self.client, &spec).await.unwrap();
    }

    /// A pod with a Service of its name; returns the pod's address.
    async fn pod(&self, login: &str, name: &str) -> String {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &format!("u-{login}"));
        let program = [ANSWERS, SERVER].concat();
        let pod = json!({ "metadata": { "name": name, "labels": { "app": name } }, "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{ "name": "main", "image": IMAGE, "imagePullPolicy": "Never", "command": ["python3", "-c", program],
                "ports": [{ "name": "web", "containerPort": 8000 }],
                "readinessProbe": { "tcpSocket": { "port": 8000 }, "periodSeconds": 1 } }],
        } });
        pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
        let services: Api<Service> = Api::namespaced(self.client.clone(), &format!("u-{login}"));
        let service = json!({ "metadata": { "name": name }, "spec": { "selector": { "app": name }, "ports": [
            { "name": "tcp", "port": 80, "targetPort": 8000 }, { "name": "udp", "port": 9000, "protocol": "UDP" },
        ] } });
        services.create(&PostParams::default(), &serde_json::from_value(service).unwrap()).await.unwrap();
        let place = format!("{login}'s pod {name} is ready");
        eventually(&place, || async {
            let status = pods.get(name).await.ok()?.status?;
            let ready = status.conditions?.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
            if ready { status.pod_ip } else { None }
        })
        .await
    }

    async fn policy(&self, login: &str, name: &str, spec: Value) {
        let api: Api<NetworkPolicy> = Api::namespaced(self.client.clone(), &format!("u-{login}"));
        let policy = json!({ "metadata": { "name": name }, "spec": spec });
        api.create(&PostParams::default(), &serde_json::from_value(policy).unwrap()).await.unwrap();
    }

    /// Which of the places a pod reaches.
    async fn reaches(&self, login: &str, pod: &str, places: &[String]) -> BTreeMap<String, bool> {
        let namespace = format!("u-{login}");
        let mut argv = vec!["kubectl", "-n", &namespace, "exec", "-i", pod, "--", "python3", "-"];
        argv.extend(places.iter().map(String::as_str));
        let script = futures_util::stream::iter([Ok(bytes::Bytes::from([ANSWERS, CLIENT].concat()))]);
        let output = self.node.engine.exec(&self.node.container(), &argv, None, Some(script)).await.unwrap();
        assert_eq!(output.code, 0, "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.split_once(' ').unwrap()).map(|(place, answer)| (place.to_owned(), answer == "reached")).collect()
    }
}

fn places(kinds: &[(&str, u16)], host: &str) -> Vec<String> {
    kinds.iter().map(|(kind, port)| format!("{kind}:{host}:{port}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn students_are_kept_apart_in_every_direction() {
    let node = Node::new("network").await;
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    let class = Class { node: &node, client: cluster.client().await.unwrap() };
    load_image(&cluster, IMAGE).await;
    let mut addresses = BTreeMap::new();
    for login in ["mina", "jun"] {
        class.student(login).await;
        for pod in ["a", "b"] {
            addresses.insert((login, pod), class.pod(login, pod).await);
        }
    }

    // Every pod to every pod, itself among them: by address and by the Service's name, over TCP and UDP.
    let mut wrong = Vec::new();
    for (from_login, from_pod) in addresses.keys() {
        let mut expected = BTreeMap::new();
        for ((login, pod), address) in &addresses {
            let direct = places(&[("tcp", 8000), ("tcp", 8001), ("udp", 9000)], address);
            let named = places(&[("tcp", 80), ("udp", 9000)], &format!("{pod}.u-{login}.svc.cluster.local"));
            expected.extend(direct.into_iter().chain(named).map(|place| (place, login == from_login)));
        }
        let asked: Vec<String> = expected.keys().cloned().collect();
        let found = class.reaches(from_login, from_pod, &asked).await;
        wrong.extend(expected.iter().filter(|(place, expected)| found[*place] != **expected).map(|(place, expected)| {
            format!("from {from_login}'s {from_pod}: {place} should be {}", if *expected { "reached" } else { "closed" })
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Inside ports: of the node, of the network that it shares with the registry and this host, of this host elsewhere.
    let network = &node.config.network;
    let listener = std::net::TcpListener::bind((network.host(), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let everywhere = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let everywhere_port = everywhere.local_addr().unwrap().port();
    let own = network.node().to_string();
    let mut closed = places(&[("tcp", 10250), ("tcp", 2379), ("tcp", 4443), ("tcp", 10256), ("tcp", 10261), ("udp", 123)], &own);
    closed.extend(places(&[("tcp", 10250), ("tcp", 4443)], "10.244.0.1"));
    closed.extend(places(&[("tcp", port), ("udp", 53)], &network.host().to_string()));
    closed.extend(places(&[("tcp", 5000), ("udp", 53)], &network.registry().to_string()));
    closed.extend(places(&[("tcp", 80)], "169.254.169.254"));
    // Other tests make networks meanwhile, and this host gets addresses by them: the node is told at its driver's next look.
    let here: Vec<String> = maru_cluster::host_addresses().iter().map(ToString::to_string).collect();
    eventually("the node knows this host's addresses", || async {
        let told = ["nft", "list", "set", "ip", "maru-host", "addresses"];
        let told = node.engine.exec(&node.container(), &told, None, None::<Nothing>).await.unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let words: Vec<&str> = told.split(|c: char| !c.is_ascii_digit() && c != '.').collect();
        here.iter().all(|address| words.contains(&address.as_str())).then_some(())
    })
    .await;
    for address in &here {
        closed.extend(places(&[("tcp", everywhere_port)], address));
    }
    // The API asks who one is.
    let open = [places(&[("tcp", 6443)], &own), places(&[("tcp", 443)], "kubernetes.default.svc.cluster.local")].concat();
    let asked = [closed.clone(), open.clone()].concat();
    let found = class.reaches("mina", "a", &asked).await;
    for place in closed {
        assert!(!found[&place], "a pod reaches {place}");
    }
    for place in open {
        assert!(found[&place], "a pod does not reach {place}");
    }

    // Policies of the other kinds, in a namespace that has its own already: they add up.
    let jun_a = &addresses[&("jun", "a")];
    let from_mina =
        json!([{ "namespaceSelector": { "matchLabels": { "maru.dev/user": "mina" } }, "podSelector": { "matchLabels": { "app": "a" } } }]);
    class
        .policy(
            "jun",
            "guests",
            json!({ "podSelector": { "matchLabels": { "app": "a" } }, "policyTypes": ["Ingress"],
        "ingress": [{ "from": from_mina, "ports": [{ "port": "web" }, { "protocol": "UDP", "port": 8999, "endPort": 9001 }] }] }),
        )
        .await;
    let asked = places(&[("tcp", 8000), ("tcp", 8001), ("udp", 9000)], jun_a);
    eventually("the guest is let in", || async { class.reaches("mina", "a", &asked).await[&asked[0]].then_some(()) }).await;
    let found = class.reaches("mina", "a", &asked).await;
    assert_eq!([true, false, true], [found[&asked[0]], found[&asked[1]], found[&asked[2]]], "a named port and a range of ports");
    assert!(class.reaches("mina", "b", &asked).await.values().all(|&reached| !reached), "only the pod that was named is a guest");

    // Nothing may be sent, but DNS answers.
    class
        .policy(
            "mina",
            "silent",
            json!({ "podSelector": { "matchLabels": { "app": "b" } }, "policyTypes": ["Egress"],
        "egress": [{ "to": [{ "ipBlock": { "cidr": "10.244.0.0/20", "except": [format!("{}/32", addresses[&("mina", "b")])] } }],
            "ports": [{ "port": 8001 }] }] }),
        )
        .await;
    let mina_a = &addresses[&("mina", "a")];
    let asked = [places(&[("tcp", 8000), ("tcp", 8001)], mina_a), places(&[("tcp", 6443)], &own)].concat();
    eventually("the pod is silent", || async { (!class.reaches("mina", "b", &asked).await[&asked[0]]).then_some(()) }).await;
    let found = class.reaches("mina", "b", &asked).await;
    assert_eq!([false, true, false], [found[&asked[0]], found[&asked[1]], found[&asked[2]]], "what an egress policy leaves open");
    let name = places(&[("name", 0)], "a.u-mina.svc.cluster.local");
    assert!(class.reaches("mina", "b", &name).await[&name[0]], "a silent pod may ask for names");

    // The controller dies: what it wrote stays, and a pod that comes meanwhile is closed, then opened to its own.
    let killed = node.engine.exec(&node.container(), &["pkill", "-9", "controllers"], None, None::<Nothing>).await.unwrap();
    assert_eq!(killed.code, 0);
    let asked = places(&[("tcp", 8000)], &addresses[&("jun", "b")]);
    assert!(!class.reaches("mina", "a", &asked).await[&asked[0]], "open while the controller was away");
    let late = class.pod("jun", "late").await;
    let asked = places(&[("tcp", 8000)], &late);
    assert!(!class.reaches("mina", "a", &asked).await[&asked[0]]);
    eventually("its own reach it", || async { class.reaches("jun", "b", &asked).await[&asked[0]].then_some(()) }).await;

    stop.cancel();
    driver.await.unwrap();
    node.remove().await;
}

type Nothing = futures_util::stream::Empty<std::io::Result<bytes::Bytes>>;
