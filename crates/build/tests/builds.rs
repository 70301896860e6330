//! Builds with the real Docker Engine and the real registry.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use maru_build::{BuildError, BuildState, Ensured, Limits};
use support::{World, spec};

const BASE: &str = "debian:trixie";

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_becomes_a_version() {
    let mut world = World::new().await;
    let files = [("Dockerfile", "FROM scratch\nCOPY hello.txt /\n"), ("hello.txt", "안녕\n")];
    let (repository, head) = world.repository(&world.mina.clone(), "web", &files).await;
    world.start();
    let login = world.mina.login.clone();
    let Ensured::Build(build) = world.builds.ensure_built(&login, &repository, Some(&head)).await.unwrap() else { panic!("built before") };
    // The same again joins the build that is on its way.
    let Ensured::Build(again) = world.builds.ensure_built(&login, &repository, Some(&head)).await.unwrap() else { panic!("built before") };
    assert_eq!(again.id, build.id);

    let log = world.log(&build.id).await;
    let ended = world.end_of(&build).await;
    assert_eq!(ended.state, BuildState::Succeeded, "{log}");
    assert!(log.contains("Step 2/2 : COPY hello.txt /") || log.contains("COPY hello.txt"), "{log}");
    let versions = world.builds.versions(&repository).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!((versions[0].number, versions[0].commit.as_str(), &versions[0].build_id), (1, head.as_str(), &build.id));
    assert!(versions[0].digest.starts_with("sha256:") && log.contains(&versions[0].digest), "{log}");

    // Nothing changed: nothing is built.
    let Ensured::Version(version) = world.builds.ensure_built(&login, &repository, Some(&head)).await.unwrap() else {
        panic!("built again")
    };
    assert_eq!(version, versions[0]);
    // Asked for expressly it is.
    let second = world.builds.start(&login, &repository, Some(&head[..10])).await.unwrap();
    assert_eq!((second.number, world.end_of(&second).await.state), (2, BuildState::Succeeded));
    // Somebody else's is not there.
    assert!(matches!(world.builds.build(&world.juno.id, &build.id).await, Err(BuildError::NotFound)));
    assert!(matches!(world.builds.cancel(&world.juno.id, &build.id).await, Err(BuildError::NotFound)));
    assert!(matches!(world.builds.repository(&world.juno.id, "web").await, Err(BuildError::NotFound)));

    world.builds.delete_repository(&world.mina.id, &login, "web").await.unwrap();
    assert!(matches!(world.builds.build(&world.mina.id, &build.id).await, Err(BuildError::NotFound)));
    assert!(std::fs::read_dir(world.folder.path().join("builds")).unwrap().next().is_none(), "logs go with it");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_a_reason() {
    let mut world = World::new().await;
    let mina = world.mina.clone();
    // One stream: between standard output and standard error the Engine keeps no order.
    let dockerfile = format!("FROM {BASE}\n\nRUN echo before >&2; echo 'it broke' >&2; exit 3\n");
    let (broken, _) = world.repository(&mina, "broken", &[("Dockerfile", &dockerfile)]).await;
    let (missing, _) = world.repository(&mina, "missing", &[("web/Dockerfile", "FROM scratch\n"), ("a.txt", "")]).await;
    let others = "FROM registry.localhost/juno/web:1\nRUN cat /secret\n";
    let (others, _) = world.repository(&mina, "others", &[("Dockerfile", others)]).await;
    world.start();
    let mut reasons = Vec::new();
    for repository in [&broken, &missing, &others] {
        let build = world.builds.start(&mina.login, repository, None).await.unwrap();
        let ended = world.end_of(&build).await;
        assert_eq!(ended.state, BuildState::Failed);
        let reason = ended.reason.unwrap();
        assert!(world.log(&build.id).await.contains(&reason.en));
        reasons.push(reason);
    }
    let expected = "Dockerfile, line 3 failed with exit code 3: `RUN echo before >&2; echo 'it broke' >&2; exit 3`. Its last words:\n    before\n    it broke";
    assert_eq!(reasons[0].en, expected);
    assert!(
        reasons[1].en.contains("no Dockerfile at `Dockerfile`") && reasons[1].en.contains("There is `web/Dockerfile`"),
        "{}",
        reasons[1].en
    );
    assert!(reasons[2].en.contains("Line 1") && reasons[2].ko.contains("1번째 줄"), "{}", reasons[2].en);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_repositories_and_no_more() {
    let world = World::new().await;
    let results = futures_util::future::join_all((0..12).map(|i| {
        let (builds, owner) = (world.builds.clone(), world.mina.id.clone());
        async move { builds.add_repository(&owner, spec(&format!("web{i}"))).await }
    }))
    .await;
    assert_eq!(results.iter().filter(|made| made.is_ok()).count(), 3);
    for refused in results.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, BuildError::Refused { code: "repository_limit", .. }), "{refused}");
    }
    let present = world.builds.repositories(&world.mina.id).await.unwrap();
    world.builds.delete_repository(&world.mina.id, &world.mina.login, present[1].name.as_str()).await.unwrap();
    world.builds.add_repository(&world.mina.id, spec("again")).await.unwrap();
    let taken = world.builds.add_repository(&world.juno.id, spec("again")).await;
    assert!(taken.is_ok(), "another user has names and slots of their own");
    let twice = world.builds.add_repository(&world.juno.id, spec("again")).await;
    assert!(matches!(twice, Err(BuildError::Refused { code: "name_taken", .. })));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_survives_its_server() {
    let mut world = World::new().await;
    let dockerfile = format!("FROM {BASE}\nRUN echo begun && sleep 4\nRUN echo done\n");
    let (repository, _) = world.repository(&world.mina.clone(), "slow", &[("Dockerfile", &dockerfile)]).await;
    world.start();
    let build = world.builds.start(&world.mina.login, &repository, None).await.unwrap();
    world.says(&build.id, "begun").await;
    world.kill().await;
    assert_eq!(world.builds.build(&world.mina.id, &build.id).await.unwrap().state, BuildState::Running);

    world.start();
    let ended = world.end_of(&build).await;
    let log = world.log(&build.id).await;
    assert_eq!((ended.state, ended.attempts), (BuildState::Succeeded, 2), "{log}");
    assert!(log.contains("It starts again (attempt 2)"), "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_builds_log_is_followed_over_a_restart() {
    let mut world = World::new().await;
    let dockerfile = format!("FROM {BASE}\nRUN echo begun && sleep 3\n");
    let (slow, _) = world.repository(&world.mina.clone(), "ahead", &[("Dockerfile", &dockerfile)]).await;
    let (next, _) = world.repository(&world.juno.clone(), "behind", &[("Dockerfile", "FROM scratch\nCOPY . /\n")]).await;
    world.start();
    let running = world.builds.start(&world.mina.login, &slow, None).await.unwrap();
    world.says(&running.id, "begun").await;
    let queued = world.builds.start(&world.juno.login, &next, None).await.unwrap();
    let forgotten = world.builds.start(&world.juno.login, &next, None).await.unwrap();
    world.kill().await;

    world.start();
    // One worker: the slow build is taken up first, and these two wait behind it.
    let (log, cancelled) = tokio::join!(world.log(&queued.id), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let follower = world.log(&forgotten.id);
        let cancel = world.builds.cancel(&world.juno.id, &forgotten.id);
        tokio::join!(follower, cancel).0
    });
    assert!(log.contains("COPY . /") && log.contains("sha256:"), "the follower left before the end: {log:?}");
    assert_eq!(world.end_of(&queued).await.state, BuildState::Succeeded);
    assert_eq!(cancelled, "", "a build that never ran has no log, and its followers end with it");
    // Of a build that has ended, and of one that never was, nobody waits for more.
    assert_eq!(world.log(&queued.id).await, log);
    assert_eq!(world.log(&maru_model::BuildId::generate()).await, "");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_can_be_cancelled_and_end_in_time() {
    let mut world = World::new().await;
    let mark = uuid::Uuid::now_v7().simple().to_string();
    let dockerfile = format!("FROM {BASE}\nRUN echo {mark} && sleep 600\n");
    let (repository, _) = world.repository(&world.mina.clone(), "slow", &[("Dockerfile", &dockerfile)]).await;
    world.start();
    let running = world.builds.start(&world.mina.login, &repository, None).await.unwrap();
    world.says(&running.id, &format!("{mark}\n")).await;
    let queued = world.builds.start(&world.mina.login, &repository, None).await.unwrap();
    assert_eq!(world.builds.cancel(&world.mina.id, &queued.id).await.unwrap().state, BuildState::Cancelled);
    world.builds.cancel(&world.mina.id, &running.id).await.unwrap();
    assert_eq!(world.end_of(&running).await.state, BuildState::Cancelled);
    assert_eq!(world.end_of(&queued).await.state, BuildState::Cancelled);
    // The Engine does not go on in secret.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while sleeping(&mark) {
        assert!(tokio::time::Instant::now() < deadline, "the RUN instruction goes on after the cancel");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    world.kill().await;
    world.start_with(Limits { seconds: 5, at_once: 1, ..Limits::default() });
    let long = world.builds.start(&world.mina.login, &repository, None).await.unwrap();
    let ended = world.end_of(&long).await;
    assert_eq!(ended.state, BuildState::Failed);
    assert!(ended.reason.unwrap().en.contains("longer than 1 min"));
    world.end().await;
}

/// Whether a container runs the command with this mark.
fn sleeping(mark: &str) -> bool {
    let listed = std::process::Command::new("docker").args(["ps", "--no-trunc", "--format", "{{.Command}}"]).output().unwrap();
    String::from_utf8_lossy(&listed.stdout).contains(mark)
}
