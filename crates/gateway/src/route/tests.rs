//! The table against upstream's documented examples and conformance cases, and our own rules.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A path of an Ingress: kind, path, the Service it leads to.
type Rule<'a> = (&'a str, &'a str, &'a str);

fn backend(service: &str) -> Value {
    json!({"service": {"name": service, "port": {"number": 80}}})
}

fn rules(host: Option<&str>, paths: &[Rule<'_>]) -> Value {
    let paths: Vec<Value> =
        paths.iter().map(|(kind, path, service)| json!({"path": path, "pathType": kind, "backend": backend(service)})).collect();
    match host {
        Some(host) => json!({"host": host, "http": {"paths": paths}}),
        None => json!({"http": {"paths": paths}}),
    }
}

fn ingress(namespace: &str, name: &str, age: u32, spec: &Value) -> Value {
    let created = format!("2026-01-01T00:{:02}:00Z", 59 - age);
    json!({"metadata": {"namespace": namespace, "name": name, "creationTimestamp": created}, "spec": spec})
}

/// Objects with, for every Service an Ingress names, that Service and one ready pod.
fn objects(ingresses: &[Value]) -> Objects {
    let mut objects = Objects::default();
    let mut seen = std::collections::BTreeSet::new();
    for ingress in ingresses {
        let namespace = ingress["metadata"]["namespace"].as_str().unwrap().to_owned();
        let paths = ingress["spec"]["rules"].as_array().into_iter().flatten().flat_map(|r| r["http"]["paths"].as_array().unwrap());
        let backends = paths.map(|p| &p["backend"]).chain([&ingress["spec"]["defaultBackend"]]);
        for name in backends.filter_map(|b| b["service"]["name"].as_str()) {
            if seen.insert((namespace.clone(), name.to_owned())) {
                let ip = format!("10.1.0.{}", seen.len());
                objects.services.push(service(&namespace, name, &json!([{"port": 80}])));
                objects.slices.push(slice(&namespace, name, &json!([{"port": 8080}]), &json!([{"addresses": [ip]}])));
            }
        }
        objects.ingresses.push(Arc::new(serde_json::from_value(ingress.clone()).unwrap()));
    }
    objects
}

fn service(namespace: &str, name: &str, ports: &Value) -> Arc<k8s_openapi::api::core::v1::Service> {
    Arc::new(serde_json::from_value(json!({"metadata": {"namespace": namespace, "name": name}, "spec": {"ports": ports}})).unwrap())
}

fn slice(namespace: &str, service: &str, ports: &Value, endpoints: &Value) -> Arc<k8s_openapi::api::discovery::v1::EndpointSlice> {
    let metadata = json!({"namespace": namespace, "name": format!("{service}-x"), "labels": {"kubernetes.io/service-name": service}});
    Arc::new(serde_json::from_value(json!({"metadata": metadata, "addressType": "IPv4", "ports": ports, "endpoints": endpoints})).unwrap())
}

fn any() -> Policy {
    Policy { unclassed: true, ..Policy::default() }
}

fn classroom() -> Policy {
    let hosts = HostPolicy { domain: "apps.localhost".into(), namespace_prefix: "u-".into() };
    Policy { unclassed: true, hosts: Some(hosts), ..Policy::default() }
}

fn table(ingresses: &[Value]) -> Table {
    build(&objects(ingresses), &any(), None)
}

/// The Service that answers, as `namespace/name` without the namespace `n`; `-` for 404.
fn answers(table: &Table, host: &str, path: &str) -> String {
    match table.find(host, path) {
        Lookup::Route(r) if r.backend.namespace == "n" => r.backend.service.clone(),
        Lookup::Route(r) => format!("{}/{}", r.backend.namespace, r.backend.service),
        _ => "-".into(),
    }
}

#[test]
fn the_examples_of_upstreams_documentation() {
    #[rustfmt::skip]
    let cases: &[(&[Rule<'_>], &str, &str)] = &[
        (&[("Prefix", "/", "a")], "/", "a"),
        (&[("Prefix", "/", "a")], "/any/thing?at=all", "a"),
        (&[("Exact", "/foo", "a")], "/foo", "a"),
        (&[("Exact", "/foo", "a")], "/bar", "-"),
        (&[("Exact", "/foo", "a")], "/foo/", "-"),
        (&[("Exact", "/foo/", "a")], "/foo", "-"),
        (&[("Prefix", "/foo", "a")], "/foo", "a"),
        (&[("Prefix", "/foo", "a")], "/foo/", "a"),
        (&[("Prefix", "/foo/", "a")], "/foo", "a"),
        (&[("Prefix", "/foo/", "a")], "/foo/", "a"),
        (&[("Prefix", "/aaa/bb", "a")], "/aaa/bbb", "-"),
        (&[("Prefix", "/aaa/bbb", "a")], "/aaa/bbb", "a"),
        (&[("Prefix", "/aaa/bbb/", "a")], "/aaa/bbb", "a"),
        (&[("Prefix", "/aaa/bbb", "a")], "/aaa/bbb/", "a"),
        (&[("Prefix", "/aaa/bbb", "a")], "/aaa/bbb/ccc", "a"),
        (&[("Prefix", "/aaa/bbb", "a")], "/aaa/bbbxyz", "-"),
        (&[("Prefix", "/", "a"), ("Prefix", "/aaa", "b")], "/aaa/ccc", "b"),
        (&[("Prefix", "/", "a"), ("Prefix", "/aaa", "b")], "/ccc", "a"),
        (&[("Prefix", "/", "a"), ("Prefix", "/aaa", "b"), ("Prefix", "/aaa/bbb", "c")], "/aaa/bbb", "c"),
        (&[("Prefix", "/aaa", "a")], "/ccc", "-"),
        (&[("Prefix", "/foo", "a"), ("Exact", "/foo", "b")], "/foo", "b"),
        (&[("Prefix", "/foo", "a"), ("Exact", "/foo", "b")], "/foo/x", "a"),
        (&[("ImplementationSpecific", "/foo", "a")], "/foo/x", "a"),
        (&[("Prefix", "/foo", "a")], "/FOO", "-"),
        (&[("Exact", "/foo", "a")], "/FOO", "-"),
        (&[("Prefix", "/aaa", "a")], "/aaaccc", "-"),
    ];
    for (paths, request, expected) in cases {
        let table = table(&[ingress("n", "i", 0, &json!({"rules": [rules(Some("h"), paths)]}))]);
        let path = request.split('?').next().unwrap();
        assert_eq!(answers(&table, "h", path), *expected, "{paths:?} {request}");
    }
}

#[test]
fn hosts_as_upstream_has_them() {
    let spec = json!({"rules": [
        rules(Some("*.foo.com"), &[("Prefix", "/", "wild")]),
        rules(Some("foo.bar.com"), &[("Prefix", "/", "named")]),
        rules(Some("one.foo.com"), &[("Prefix", "/api", "api")]),
    ]});
    let table = table(&[ingress("n", "i", 0, &spec)]);
    for (host, expected) in [
        ("foo.bar.com", "named"),
        ("FOO.bar.com:8080", "named"),
        ("foo.bar.com.", "named"),
        ("subdomain.bar.com", "-"),
        ("bar.foo.com", "wild"),
        ("baz.bar.foo.com", "-"),
        ("foo.com", "-"),
        ("", "-"),
    ] {
        assert_eq!(answers(&table, host, "/"), expected, "{host}");
    }
    assert_eq!(answers(&table, "one.foo.com", "/api/x"), "api");
    assert_eq!(answers(&table, "one.foo.com", "/"), "wild", "the wildcard's rule matches that host, too");
    assert!(matches!(table.find("nowhere", "/"), Lookup::NoHost(None)));
}

#[test]
fn default_backends() {
    let alone = table(&[ingress("n", "i", 0, &json!({"defaultBackend": backend("d")}))]);
    assert_eq!(answers(&alone, "any.host", "/any"), "d");
    let spec = json!({"defaultBackend": backend("d"), "rules": [rules(Some("h"), &[("Exact", "/a", "a")])]});
    let with_rules = table(&[ingress("n", "i", 0, &spec)]);
    assert_eq!(answers(&with_rules, "h", "/a"), "a");
    assert_eq!(answers(&with_rules, "h", "/b"), "d");
    assert_eq!(answers(&with_rules, "other", "/b"), "-");
    let hostless = table(&[ingress("n", "i", 0, &json!({"rules": [rules(None, &[("Prefix", "/", "all")])]}))]);
    assert_eq!(answers(&hostless, "anything", "/x"), "all");
}

#[test]
fn several_ingresses_are_one_table_and_the_older_wins() {
    let young = ingress("n", "young", 1, &json!({"rules": [rules(Some("h"), &[("Prefix", "/", "young"), ("Prefix", "/more", "more")])]}));
    let old = ingress("n", "old", 9, &json!({"rules": [rules(Some("h"), &[("Prefix", "/", "old")])]}));
    for order in [[young.clone(), old.clone()], [old, young]] {
        let table = table(&order);
        assert_eq!(answers(&table, "h", "/"), "old");
        assert_eq!(answers(&table, "h", "/more/x"), "more");
    }
}

#[test]
fn only_our_classes() {
    let spec = |class: &str| json!({"ingressClassName": class, "rules": [rules(Some(class), &[("Prefix", "/", class)])]});
    let mut old_way = ingress("n", "c", 0, &json!({"rules": [rules(Some("c"), &[("Prefix", "/", "c")])]}));
    old_way["metadata"]["annotations"] = json!({"kubernetes.io/ingress.class": "theirs"});
    let policy = Policy { classes: vec!["a".into()], unclassed: false, ..Policy::default() };
    let unnamed = ingress("n", "d", 0, &json!({"rules": [rules(Some("d"), &[("Prefix", "/", "d")])]}));
    let all = objects(&[ingress("n", "a", 0, &spec("a")), ingress("n", "b", 0, &spec("b")), old_way, unnamed]);
    let table = build(&all, &policy, None);
    assert_eq!(["a", "b", "c", "d"].map(|h| answers(&table, h, "/")), ["a", "-", "-", "-"]);
    let table = build(&all, &Policy { unclassed: true, ..policy }, None);
    assert_eq!(["a", "b", "c", "d"].map(|h| answers(&table, h, "/")), ["a", "-", "-", "d"]);
}

#[test]
fn a_host_belongs_to_the_student_it_is_named_after() {
    let at = |namespace: &str, host: Option<&str>, age| {
        ingress(namespace, "web", age, &json!({"rules": [rules(host, &[("Prefix", "/", "web")])]}))
    };
    let all = objects(&[
        at("u-kim", Some("shop-lee-kim.apps.localhost"), 9),
        at("u-lee-kim", Some("shop-lee-kim.apps.localhost"), 1),
        at("u-kim", Some("kim.apps.localhost"), 1),
        at("u-mallory", Some("kim.apps.localhost"), 9),
        at("u-mallory", Some("*.apps.localhost"), 9),
        at("u-mallory", None, 9),
        at("u-mallory", Some("example.com"), 9),
        at("maru-system", Some("status.apps.localhost"), 1),
    ]);
    let table = build(&all, &classroom(), None);
    assert_eq!(answers(&table, "shop-lee-kim.apps.localhost", "/"), "u-lee-kim/web", "the longer login is meant");
    assert_eq!(answers(&table, "kim.apps.localhost:8080", "/"), "u-kim/web");
    assert_eq!(answers(&table, "mallory.apps.localhost", "/"), "u-mallory/web", "no host means one's own");
    assert_eq!(answers(&table, "other.apps.localhost", "/"), "-");
    assert_eq!(answers(&table, "status.apps.localhost", "/"), "maru-system/web");
    assert!(matches!(table.find("example.com", "/"), Lookup::NoHost(Some(r)) if r.namespace == "u-mallory"));
    let mut refused: Vec<_> = table.refused().iter().map(|r| (r.namespace.as_str(), r.host.as_str())).collect();
    refused.sort_unstable();
    assert_eq!(
        refused,
        [
            ("u-kim", "shop-lee-kim.apps.localhost"),
            ("u-mallory", "*.apps.localhost"),
            ("u-mallory", "example.com"),
            ("u-mallory", "kim.apps.localhost")
        ]
    );
}

#[test]
fn from_a_port_to_the_pods_that_are_ready() {
    let wanted = |port: Value| {
        let backend = json!({"service": {"name": "s", "port": port}});
        let path = json!({"path": "/", "pathType": "Prefix", "backend": backend});
        json!({"metadata": {"namespace": "n", "name": "i"}, "spec": {"rules": [{"host": "h", "http": {"paths": [path]}}]}})
    };
    let endpoints = json!([
        {"addresses": ["10.1.0.1"], "conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": "s-1"}},
        {"addresses": ["10.1.0.2"], "conditions": {"ready": false, "serving": false}},
        {"addresses": ["10.1.0.3"]},
        {"addresses": ["10.1.0.4"], "conditions": {"ready": false, "serving": true, "terminating": true}},
        {"addresses": ["127.0.0.1"]}, {"addresses": ["169.254.169.254"]},
    ]);
    let with = |port: Value, endpoints: &Value| {
        let objects = Objects {
            ingresses: vec![Arc::new(serde_json::from_value(wanted(port)).unwrap())],
            services: vec![service("n", "s", &json!([{"name": "web", "port": 80}, {"name": "admin", "port": 81}]))],
            slices: vec![slice("n", "s", &json!([{"name": "admin", "port": 9001}, {"name": "web", "port": 9000}]), endpoints)],
        };
        let table = build(&objects, &any(), None);
        let Lookup::Route(route) = table.find("h", "/") else { panic!() };
        let addresses: Vec<String> = route.backend.endpoints.iter().map(|e| e.address.to_string()).collect();
        (addresses.join(" "), route.backend.gap.clone())
    };
    assert_eq!(with(json!({"number": 80}), &endpoints), ("10.1.0.1:9000 10.1.0.3:9000".into(), None));
    assert_eq!(with(json!({"name": "admin"}), &endpoints).0, "10.1.0.1:9001 10.1.0.3:9001");
    assert_eq!(with(json!({"number": 8080}), &endpoints).1, Some(Gap::NoPort(vec!["80 (web)".into(), "81 (admin)".into()])));
    let ending = json!([{"addresses": ["10.1.0.4"], "conditions": {"ready": false, "serving": true, "terminating": true}}]);
    assert_eq!(with(json!({"number": 80}), &ending).0, "10.1.0.4:9000", "the last one serves until it ends");
    let waiting = json!([{"addresses": ["10.1.0.2"], "conditions": {"ready": false}}]);
    // Serving is not said, and means yes; but it is not terminating, so it is simply not ready.
    assert_eq!(with(json!({"number": 80}), &waiting).1, Some(Gap::NotReady(1)));
}

#[test]
fn a_service_that_is_not_there() {
    let mut objects = objects(&[ingress("n", "i", 0, &json!({"rules": [rules(Some("h"), &[("Prefix", "/", "gone")])]}))]);
    objects.services.clear();
    let table = build(&objects, &any(), None);
    let Lookup::Route(route) = table.find("h", "/") else { panic!() };
    assert_eq!(route.backend.gap, Some(Gap::NoService));
}

#[test]
fn rounds_go_on_when_the_table_changes() {
    let slices = json!([{"addresses": ["10.1.0.1"]}, {"addresses": ["10.1.0.2"]}, {"addresses": ["10.1.0.3"]}]);
    let mut objects = objects(&[ingress("n", "i", 0, &json!({"rules": [rules(Some("h"), &[("Prefix", "/", "s")])]}))]);
    objects.slices = vec![slice("n", "s", &json!([{"port": 1}]), &slices)];
    let mut table = build(&objects, &any(), None);
    let mut seen = Vec::new();
    for _ in 0..6 {
        let Lookup::Route(route) = table.find("h", "/") else { panic!() };
        seen.push(route.backend.round().next().unwrap().address.ip().to_string().chars().last().unwrap());
        table = build(&objects, &any(), Some(&table));
    }
    assert_eq!(seen, ['1', '2', '3', '1', '2', '3']);
}

fn canary(annotations: &Value) -> Table {
    let spec = |service: &str| json!({"rules": [rules(Some("h"), &[("Prefix", "/", service)])]});
    let mut canary = ingress("n", "canary", 1, &spec("new"));
    canary["metadata"]["annotations"] = annotations.clone();
    table(&[ingress("n", "main", 9, &spec("old")), canary])
}

fn share(table: &Table, n: usize, headers: &HeaderMap) -> usize {
    let Lookup::Route(route) = table.find("h", "/x") else { panic!() };
    (0..n).filter(|_| route.pick(headers).service == "new").count()
}

#[test]
fn canary_weights_are_exact() {
    let none = HeaderMap::new();
    for weight in [0usize, 1, 5, 33, 50, 99, 100] {
        let table =
            canary(&json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": weight.to_string()}));
        assert_eq!(share(&table, 100, &none), weight);
        assert_eq!(share(&table, 1000, &none), weight * 10);
    }
    let table = canary(&json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "1",
        "nginx.ingress.kubernetes.io/canary-weight-total": "3"}));
    assert_eq!(share(&table, 300, &none), 100);
}

#[test]
fn weights_hold_over_ten_thousand_requests_from_many_at_once() {
    let headers = HeaderMap::new();
    for weight in [1usize, 10, 37, 50, 80] {
        let table =
            canary(&json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": weight.to_string()}));
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| share(&table, 1250, &headers))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(taken.abs_diff(weight * 100) <= 200, "{taken} of 10,000 at {weight} %");
    }
}

#[test]
fn a_canary_by_the_value_of_a_header() {
    let table = canary(&json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-by-header": "X-New",
        "nginx.ingress.kubernetes.io/canary-by-header-value": "please", "nginx.ingress.kubernetes.io/canary-weight": "0"}));
    let with = |value: &str| HeaderMap::from_iter([("x-new".parse().unwrap(), value.parse().unwrap())]);
    assert_eq!(share(&table, 9, &with("please")), 9);
    // With a value of its own, nginx' two words mean nothing.
    assert_eq!(share(&table, 9, &with("always")), 0);
}

#[test]
fn a_canary_by_a_pattern_of_a_header() {
    let by = |pattern: &str, more: &Value| {
        let mut annotations = json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-by-header": "X-Class",
            "nginx.ingress.kubernetes.io/canary-by-header-pattern": pattern, "nginx.ingress.kubernetes.io/canary-weight": "0"});
        annotations.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        canary(&annotations)
    };
    let with = |value: &str| HeaderMap::from_iter([("x-class".parse().unwrap(), value.parse().unwrap())]);
    let table = by("^cs-10[1-3]$", &json!({}));
    assert_eq!(share(&table, 9, &with("cs-102")), 9);
    assert_eq!(share(&table, 9, &with("cs-104")), 0);
    assert_eq!(share(&table, 9, &with("always")), 0);
    // A value counts before a pattern; a pattern that is none matches nothing.
    let both = by("^cs", &json!({"nginx.ingress.kubernetes.io/canary-by-header-value": "please"}));
    assert_eq!((share(&both, 9, &with("please")), share(&both, 9, &with("cs-102"))), (9, 0));
    assert_eq!(share(&by("cs-(", &json!({})), 9, &with("cs-(")), 0);
}

#[test]
fn a_canary_without_pods_takes_nothing() {
    let spec = |service: &str| json!({"rules": [rules(Some("h"), &[("Prefix", "/", service)])]});
    let mut canary = ingress("n", "canary", 1, &spec("new"));
    canary["metadata"]["annotations"] =
        json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "100"});
    let mut objects = objects(&[ingress("n", "main", 9, &spec("old")), canary]);
    objects.slices.retain(|slice| slice.metadata.name.as_deref() != Some("new-x"));
    assert_eq!(share(&build(&objects, &any(), None), 100, &HeaderMap::new()), 0);
    objects.services.retain(|service| service.metadata.name.as_deref() != Some("new"));
    assert_eq!(share(&build(&objects, &any(), None), 100, &HeaderMap::new()), 0);
}

#[test]
fn a_canary_by_header_and_cookie() {
    let table = canary(&json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-by-header": "X-New",
        "nginx.ingress.kubernetes.io/canary-by-cookie": "new", "nginx.ingress.kubernetes.io/canary-weight": "0"}));
    let with = |name: &'static str, value: &str| HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
    assert_eq!(share(&table, 9, &with("x-new", "always")), 9);
    assert_eq!(share(&table, 9, &with("x-new", "never")), 0);
    assert_eq!(share(&table, 9, &with("cookie", "a=b; new=always")), 9);
    assert_eq!(share(&table, 9, &with("cookie", "renew=always")), 0);
    assert_eq!(share(&table, 9, &HeaderMap::new()), 0);
}

/// Whatever students write into Ingresses and browsers into requests, somebody's host stays theirs.
fn written() -> impl Strategy<Value = (String, String, String, String)> {
    let host = "(\\*\\.)?[a-zA-Z가.-]{0,3}(-|\\.)?(mina|juno|kim-mina)?(\\.apps\\.localhost|\\.|:80|)";
    ("u-(mina|juno|kim-mina)", host, "[/a가.%*]{0,6}", "(Exact|Prefix|ImplementationSpecific|x)")
}

proptest! {
    #[test]
    fn any_ingress_is_routed(
        rules in proptest::collection::vec(written(), 1..6),
        asked in proptest::collection::vec(("[a-z가.-]{0,4}(mina|juno)?(\\.apps\\.localhost)?\\.?(:[0-9x]{0,3})?", "[/a가.%]{0,8}"), 1..6),
        annotation in "([0-9]{1,22}s?|[a-z, =;]|가){0,3}",
    ) {
        let names = ["canary", "canary-weight", "canary-by-header", "canary-by-header-pattern", "canary-by-cookie", "proxy-read-timeout", "backend-protocol"];
        let ingresses: Vec<Value> = rules.iter().enumerate().map(|(i, (namespace, host, path, kind))| {
            let mut made = ingress(namespace, &format!("i{i}"), 1, &json!({"rules": [self::rules(Some(host), &[(kind, path, "web")])]}));
            let value = if i % 2 == 0 { annotation.clone() } else { "true".to_owned() };
            made["metadata"]["annotations"] = json!({format!("nginx.ingress.kubernetes.io/{}", names[i % names.len()]): value});
            made
        }).collect();
        for policy in [any(), classroom()] {
            let table = build(&objects(&ingresses), &policy, None);
            for (host, path) in &asked {
                let Lookup::Route(route) = table.find(host, path) else { continue };
                let mut headers = HeaderMap::new();
                headers.insert("cookie", "a=always; b".parse().unwrap());
                let backend = route.pick(&headers);
                // Under the class's policy a host leads only to those whose name it ends with.
                let name = normal(host);
                let name = name.strip_suffix(".apps.localhost").unwrap_or(&name);
                let login = route.namespace.trim_start_matches("u-");
                prop_assert!(policy.hosts.is_none() || name == login || name.ends_with(&format!("-{login}")), "{} for {}", host, login);
                prop_assert!(policy.hosts.is_none() || backend.namespace == route.namespace);
            }
        }
    }
}
