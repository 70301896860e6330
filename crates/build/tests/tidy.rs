//! What nobody needs goes, and nothing else: on the real Engine, from the real registry's disk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use maru_build::{BuildState, Repository, Retention, Tidied};
use support::{PASSWORD, World, basic, get};

const BASE: &str = "debian:trixie";

fn docker(arguments: &[&str]) -> Result<String, String> {
    let done = Command::new("docker").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stderr)) }
}

/// The layers of [`large`] texts in the registry's volume: told by their size from those of the base images.
fn large_layers(world: &World) -> usize {
    let registry = world.engine.name("registry");
    let find = "find /var/lib/registry/docker/registry/v2/blobs -name data -size +1000k -size -3000k";
    docker(&["exec", &registry, "sh", "-c", find]).unwrap().lines().count()
}

/// A text that does not compress to nothing, and is the same for the same mark.
fn large(mark: &str) -> String {
    let mut state = mark.bytes().fold(1_u64, |state, byte| state.wrapping_mul(31).wrapping_add(u64::from(byte)));
    // SplitMix64.
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x}", mixed ^ (mixed >> 31))
    };
    (0..184 * 1024).map(|_| next()).collect()
}

async fn build(world: &World, repository: &Repository) {
    let build = world.builds.start(&world.mina.login, repository, None).await.unwrap();
    let ended = world.end_of(&build).await;
    assert_eq!(ended.state, BuildState::Succeeded, "{}", world.log(&build.id).await);
}

/// Builds and the publishing of base images come first: a moment, and it is the time.
async fn tidied(world: &World, retention: &Retention, in_use: Option<&BTreeSet<String>>) -> Tidied {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(tidied) = world.builds.tidy(retention, in_use).await.unwrap() {
            return tidied;
        }
        assert!(tokio::time::Instant::now() < deadline, "it is never the time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn numbers(world: &World, repository: &Repository) -> Vec<i64> {
    world.builds.versions(repository).await.unwrap().iter().map(|version| version.number).collect()
}

/// Whether every version's manifest can be pulled.
async fn all_there(world: &World, repository: &Repository) -> bool {
    let (registry, tokens) = (world.registry.address().await.unwrap(), world.registry.token_address().await.unwrap());
    let scope = format!("/token?service=registry.localhost&scope=repository:mina/{}:pull", repository.name);
    let (_, body) = get(tokens, &scope, &basic("mina", PASSWORD)).await;
    let token: serde_json::Value = serde_json::from_str(&body).unwrap();
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    for version in world.builds.versions(repository).await.unwrap() {
        let manifest = format!("/v2/mina/{}/manifests/{}", repository.name, version.digest);
        let (status, body) = get(registry, &manifest, &bearer).await;
        let Some(manifest) = (status == 200).then(|| serde_json::from_str::<serde_json::Value>(&body).unwrap()) else { return false };
        for layer in manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]) {
            let blob = format!("/v2/mina/{}/blobs/{}", repository.name, layer["digest"].as_str().unwrap());
            if get(registry, &blob, &bearer).await.0 != 200 {
                return false;
            }
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_leave_the_registrys_disk() {
    let mut world = World::new().await;
    let mina = world.mina.clone();
    let (a, b, c) = (large("a"), large("b"), large("c"));
    let (web, _) = world.repository(&mina, "aging", &[("Dockerfile", "FROM scratch\nCOPY . /\n"), ("data", &a)]).await;
    world.start();
    world.serve_tokens().await;
    build(&world, &web).await;
    for text in [&b, &c, &a] {
        world.commit(&mina, "aging", "data", text);
        build(&world, &web).await;
    }
    assert_eq!((numbers(&world, &web).await, large_layers(&world)), (vec![4, 3, 2, 1], 3));

    // Nobody knows what is in use: all stays.
    let keep_one = Retention { versions: 1, ..Retention::default() };
    let done = tidied(&world, &keep_one, None).await;
    assert_eq!((done.versions, done.collected, numbers(&world, &web).await.len()), (0, false, 4));
    let in_use = BTreeSet::from(["registry.localhost/mina/aging:2".to_owned()]);
    let done = tidied(&world, &keep_one, Some(&in_use)).await;
    assert_eq!((done.versions, done.collected), (2, true));
    assert_eq!(numbers(&world, &web).await, [4, 2], "the newest, and the one that runs");
    assert_eq!(large_layers(&world), 2, "version 1 was the same image as version 4");
    assert!(all_there(&world, &web).await);
    // Once is enough.
    assert!(!tidied(&world, &keep_one, Some(&in_use)).await.collected);

    // What went can come again: nothing remembers that it was there.
    world.commit(&mina, "aging", "data", &c);
    build(&world, &web).await;
    assert_eq!((numbers(&world, &web).await, large_layers(&world)), (vec![5, 4, 2], 3));
    assert!(all_there(&world, &web).await);

    world.builds.delete_repository(&mina.id, &mina.login, "aging").await.unwrap();
    assert!(tidied(&world, &keep_one, Some(&in_use)).await.collected);
    assert_eq!(large_layers(&world), 0, "a deleted repository leaves nothing");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tidying_waits_for_builds_and_builds_for_tidying() {
    let mut world = World::new().await;
    let mina = world.mina.clone();
    let (web, _) = world.repository(&mina, "busy", &[("Dockerfile", "FROM scratch\nCOPY . /\n"), ("data", &large("0"))]).await;
    world.start();
    world.serve_tokens().await;
    let keep_two = Retention { versions: 2, layers: Duration::ZERO };
    let (builds, none) = (world.builds.clone(), BTreeSet::new());
    let tidying = tokio::spawn(async move {
        let (mut done, mut busy) = (0, 0);
        while done + busy < 400 {
            match builds.tidy(&keep_two, Some(&none)).await.unwrap() {
                Some(tidied) => done += usize::from(tidied.collected),
                None => busy += 1,
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        (done, busy)
    });
    for round in 1..=6 {
        world.commit(&mina, "busy", "data", &large(&round.to_string()));
        build(&world, &web).await;
    }
    tidying.abort();
    let _ = tidying.await;
    // What the aborted one left half done is done now.
    tidied(&world, &Retention { versions: 2, layers: Duration::ZERO }, Some(&BTreeSet::new())).await;
    assert_eq!(numbers(&world, &web).await, [6, 5]);
    assert!(all_there(&world, &web).await, "a layer that was needed is gone");
    assert_eq!(large_layers(&world), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_build_left_goes_in_time() {
    let mut world = World::new().await;
    let mina = world.mina.clone();
    let mark = uuid::Uuid::now_v7().simple().to_string();
    let dockerfile = format!("FROM {BASE}\nRUN echo {mark} >/mark\nRUN echo more >/more\nRUN exit 3\n");
    let (broken, _) = world.repository(&mina, "broken", &[("Dockerfile", &dockerfile)]).await;
    let good = format!("FROM {BASE} AS made\nRUN echo {mark} >/mark\nFROM scratch\nCOPY --from=made /mark /\n");
    let (good, _) = world.repository(&mina, "good", &[("Dockerfile", &good)]).await;
    world.start();
    let failed = world.builds.start(&mina.login, &broken, None).await.unwrap();
    assert_eq!(world.end_of(&failed).await.state, BuildState::Failed);
    build(&world, &good).await;
    let log = world.log(&failed.id).await;
    let images: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix(" ---> ")).filter(|id| id.len() == 12).collect();
    let [base, first, second] = images[..] else { panic!("{log}") };
    assert!([base, first, second].iter().all(|id| docker(&["inspect", id]).is_ok()));

    let done = tidied(&world, &Retention::default(), None).await;
    assert_eq!(done.layers, 0, "they are the next build's cache");
    tokio::time::sleep(Duration::from_millis(10)).await;
    let at_once = Retention { layers: Duration::ZERO, ..Retention::default() };
    let done = tidied(&world, &at_once, None).await;
    // With the last of them goes what it was made of.
    assert!(done.layers >= 1, "{done:?}");
    assert!(docker(&["inspect", second]).is_err() && docker(&["inspect", first]).is_err(), "the layers are still there");
    assert!(docker(&["inspect", BASE]).is_ok(), "the base image is not ours");
    assert!(docker(&["inspect", "registry.localhost/mina/good:1"]).is_ok(), "a version's image stays");
    // And without its cache it is built again.
    build(&world, &good).await;
    world.end().await;
}
