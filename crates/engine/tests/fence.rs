//! The host's own iptables, as a real Engine's networks come and go.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use maru_engine::Engine;

/// Rules that name the bridge of a network; needs root, as the rest of ./test does.
fn rules(bridge: &str) -> usize {
    let listed = Command::new("iptables").args(["-w", "5", "-S"]).output().expect("iptables is here");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8_lossy(&listed.stdout).lines().filter(|line| line.contains(bridge) && line.contains("icmp-admin-prohibited")).count()
}

async fn bridge(engine: &Engine, network: &str) -> String {
    format!("br-{}", &engine.network_id(network).await.unwrap().unwrap()[..12])
}

/// The image of ours with iptables in it.
fn image() -> String {
    let listed = Command::new("docker").args(["images", "--format", "{{.Repository}}:{{.Tag}}", "maru/node"]).output().unwrap();
    String::from_utf8_lossy(&listed.stdout).lines().next().expect("run docker/node/build first").to_owned()
}

#[tokio::test]
async fn rules_come_with_a_network_and_go_after_it() {
    let engine = Engine::connect(format!("test-fence-{}", std::process::id())).await.unwrap();
    let one = engine.ensure_isolated_network("one").await.unwrap();
    let first = bridge(&engine, &one).await;
    for _ in 0..2 {
        let many = (0..8).map(|_| engine.fence_network(&one, "no-such-image"));
        futures_util::future::try_join_all(many).await.unwrap();
        assert_eq!(rules(&first), 2, "one against the host's ports, one against link-local addresses");
    }
    assert!(engine.unfenced().is_empty());
    // One of before this version: without a comment.
    let old = ["-w", "5", "-I", "INPUT", "-i", &first, "-m", "conntrack", "!", "--ctstate", "ESTABLISHED,RELATED", "-j", "REJECT"];
    assert!(Command::new("iptables").args(old).args(["--reject-with", "icmp-admin-prohibited"]).status().unwrap().success());
    assert_eq!(rules(&first), 3);

    engine.remove_network(&one).await.unwrap();
    assert_eq!(rules(&first), 3, "nobody removes them by himself");
    let two = engine.ensure_isolated_network("two").await.unwrap();
    let second = bridge(&engine, &two).await;
    engine.fence_network(&two, "no-such-image").await.unwrap();
    assert_eq!((rules(&first), rules(&second)), (0, 2));
    engine.remove_network(&two).await.unwrap();

    let gone = engine.fence_network(&two, "no-such-image").await;
    assert!(gone.is_err());
    assert!(engine.unfenced().contains_key(&two), "{:?}", engine.unfenced());
    // What scripts/sweep does.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fence.sh");
    assert!(Command::new("sh").arg(script).status().unwrap().success());
    assert_eq!(rules(&second), 0);
}

/// A server in the group docker that isn't root: the same process without the right to use iptables.
#[test]
fn without_root_a_helper_does_it() {
    const MARK: &str = "MARU_TEST_FENCE";
    if std::env::var_os(MARK).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let engine = Engine::connect(format!("test-helper-{}", std::process::id())).await.unwrap();
            let network = engine.ensure_isolated_network("one").await.unwrap();
            let fenced = engine.fence_network(&network, &image()).await;
            println!("BRIDGE {}", bridge(&engine, &network).await);
            fenced.unwrap();
        });
        return;
    }
    // setpriv drops every capability, iptables' one among them; the Engine's socket is opened as root still.
    let done = Command::new("setpriv")
        .args(["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "without_root_a_helper_does_it", "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let bridge = said.lines().find_map(|line| line.split_once("BRIDGE ").map(|(_, bridge)| bridge.trim().to_owned())).expect(&said);
    let made = rules(&bridge);
    let list = "docker network ls -q --filter name=maru-test-helper- | xargs -r docker network rm";
    let _ = Command::new("sh").args(["-c", list]).output();
    let _ = Command::new("sh").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/fence.sh")).status();
    assert!(done.status.success(), "{said}");
    assert_eq!(made, 2, "{said}");
}
