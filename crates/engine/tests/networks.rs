//! On a real Engine: it takes two networks of one name without a word, and then refuses to say which one is meant.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use futures_util::future::join_all;
use maru_engine::Engine;

#[tokio::test]
async fn many_at_once_make_one_network() {
    let engine = Engine::connect(format!("test-net-{}", std::process::id())).await.unwrap();
    let made = join_all((0..16).map(|_| engine.ensure_isolated_network("builds"))).await;
    let cluster = join_all((0..16).map(|_| engine.ensure_cluster_network())).await;
    let ids = (engine.network_id(&engine.name("builds")).await, engine.network_id(&engine.name("cluster")).await);
    for name in ["builds", "cluster"] {
        engine.remove_network(&engine.name(name)).await.unwrap();
    }
    for name in made {
        assert_eq!(name.unwrap(), engine.name("builds"));
    }
    let first = cluster[0].as_ref().unwrap();
    assert!(cluster.iter().all(|network| network.as_ref().unwrap() == first));
    // Where there were two, the Engine answers 400 "ambiguous".
    assert!(ids.0.unwrap().is_some() && ids.1.unwrap().is_some());
    for name in ["builds", "cluster"] {
        assert_eq!(engine.network_id(&engine.name(name)).await.unwrap(), None, "one was left over");
    }
}
