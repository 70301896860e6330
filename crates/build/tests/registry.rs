//! What the registry lets whom do, asked as its clients ask: over HTTP, with tokens of the token server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{PASSWORD, World, basic, get};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_their_own() {
    let mut world = World::new().await;
    let (repository, _) = world.repository(&world.mina.clone(), "web", &[("Dockerfile", "FROM scratch\nCOPY . /\n")]).await;
    world.start();
    let build = world.builds.start(&world.mina.login, &repository, None).await.unwrap();
    world.end_of(&build).await;
    world.serve_tokens().await;
    let (registry, tokens) = (world.registry.address().await.unwrap(), world.registry.token_address().await.unwrap());
    let manifest = "/v2/mina/web/manifests/latest";

    assert_eq!(get(registry, "/v2/", "").await.0, 401);
    assert_eq!(get(registry, manifest, "").await.0, 401);
    assert_eq!(get(registry, manifest, "Bearer nonsense").await.0, 401);
    let scope = "/token?service=registry.localhost&scope=repository:mina/web:pull,push";
    assert_eq!(get(tokens, scope, "").await.0, 401);
    assert_eq!(get(tokens, scope, &basic("mina", "wrong")).await.0, 401);
    assert_eq!(get(tokens, scope, &basic("nobody", PASSWORD)).await.0, 401);

    let secret: serde_json::Value = serde_json::from_str(&world.registry.pull_secret(&world.mina.login)).unwrap();
    let entry = &secret["auths"]["registry.localhost"];
    let pull = basic(entry["username"].as_str().unwrap(), entry["password"].as_str().unwrap());
    assert_eq!(format!("Basic {}", entry["auth"].as_str().unwrap()), pull);
    for (authorization, status) in [(basic("mina", PASSWORD), 200), (pull.clone(), 200), (basic("juno", PASSWORD), 401)] {
        let (answered, body) = get(tokens, scope, &authorization).await;
        assert_eq!(answered, 200);
        let token: serde_json::Value = serde_json::from_str(&body).unwrap();
        let (answered, body) = get(registry, manifest, &format!("Bearer {}", token["token"].as_str().unwrap())).await;
        assert_eq!(answered, status, "{body}");
    }
    // The secret of one user's pods says nothing at another's name.
    let stolen = basic("juno", entry["password"].as_str().unwrap());
    assert_eq!(get(tokens, scope, &stolen).await.0, 401);

    // What is in order is left alone; what was removed comes back, with what it kept.
    let before = container(&world).await;
    world.registry.ensure().await.unwrap();
    assert_eq!(container(&world).await, before);
    world.engine.remove_container(&world.engine.name("registry")).await.unwrap();
    world.registry.ensure().await.unwrap();
    let again = world.builds.start(&world.mina.login, &repository, None).await.unwrap();
    world.end_of(&again).await;
    let versions = world.builds.versions(&repository).await.unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0].digest, versions[1].digest, "the same files give the same image");
    world.end().await;
}

async fn container(world: &World) -> Option<String> {
    world.engine.inspect_container(&world.engine.name("registry")).await.unwrap().and_then(|container| container.id)
}
