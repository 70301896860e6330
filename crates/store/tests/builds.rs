//! Image repositories, the queue of builds with its leases, and the versions that came of them.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashSet;

use futures_util::future::join_all;
use maru_model::{ProjectName, RepositoryName, Text, UserId};
use maru_store::builds::{BuildState, NewRepository, NewVersion, Outcome, Repository, RepositoryTaken, Source};
use maru_store::{Store, now_ms};
use support::{on_both_engines, student};

on_both_engines!(repositories, slots, one_build, leases, fairness, workers_at_once, versions, layers);

fn spec(name: &str) -> NewRepository {
    NewRepository {
        name: RepositoryName::parse(name).unwrap(),
        source: Source::Project { project: ProjectName::parse("guestbook").unwrap() },
        context: "web".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
    }
}

async fn repository(store: &Store, owner: &UserId, name: &str) -> Repository {
    store.add_repository(owner, spec(name), 100).await.unwrap()
}

fn soon() -> i64 {
    now_ms() + 60_000
}

fn built(digest: &str) -> Outcome {
    Outcome::Succeeded(NewVersion { digest: digest.to_owned(), size: 5_000_000_000 })
}

async fn repositories(store: &Store) {
    let (mina, juno) = (student(store, "mina").await.id, student(store, "juno").await.id);
    let mut web = repository(store, &mina, "web").await;
    let api = repository(store, &mina, "api").await;
    assert!(matches!(store.add_repository(&mina, spec("web"), 3).await, Err(RepositoryTaken::Name)));
    repository(store, &juno, "web").await;
    assert_eq!(store.repositories(&mina).await.unwrap(), vec![api, web.clone()]);
    assert_eq!(store.repository(&juno, &RepositoryName::parse("api").unwrap()).await.unwrap(), None);
    let all: Vec<_> = store.all_repositories().await.unwrap().iter().map(|(login, r)| format!("{login}/{}", r.name)).collect();
    assert_eq!(all, ["mina/web", "mina/api", "juno/web"]);

    web.source = Source::Remote { url: "https://example.com/a.git".to_owned(), branch: "main".to_owned() };
    web.context = String::new();
    store.update_repository(&web).await.unwrap();
    assert_eq!(store.repository(&mina, &web.name).await.unwrap(), Some(web.clone()));
    let build = store.add_build(&web.id, "c", "t").await.unwrap();
    store.delete_repository(&web.id).await.unwrap();
    assert_eq!(store.repository_by_id(&web.id).await.unwrap(), None);
    assert_eq!(store.build(&build.id).await.unwrap(), None, "builds go with their repository");
    assert!(store.add_build(&web.id, "c", "t").await.is_err());
    assert!(!store.finish_build(&build, &Outcome::Cancelled).await.unwrap());
}

async fn slots(store: &Store) {
    let mina = student(store, "mina").await.id;
    let made = join_all((0..12).map(|i| store.add_repository(&mina, spec(&format!("web{i}")), 3))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 3);
    for refused in made.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, RepositoryTaken::Limit), "{refused}");
    }
    let gone = store.repositories(&mina).await.unwrap().swap_remove(1);
    store.delete_repository(&gone.id).await.unwrap();
    store.add_repository(&mina, spec("again"), 3).await.unwrap();
}

async fn one_build(store: &Store) {
    let (mina, juno) = (student(store, "mina").await.id, student(store, "juno").await.id);
    let web = repository(store, &mina, "web").await;
    let build = store.add_build(&web.id, "c1", "tree1 Dockerfile").await.unwrap();
    assert_eq!((build.number, build.state, build.attempts), (1, BuildState::Queued, 0));
    assert_eq!(store.build_of(&mina, &build.id).await.unwrap(), Some(build.clone()));
    assert_eq!(store.build_of(&juno, &build.id).await.unwrap(), None);
    assert_eq!(store.open_build(&web.id, "tree1 Dockerfile").await.unwrap(), Some(build.clone()));
    assert_eq!(store.open_build(&web.id, "tree2 Dockerfile").await.unwrap(), None);

    let job = store.take_build("me", soon()).await.unwrap().unwrap();
    assert_eq!((job.build.id.clone(), job.user_id, job.login.as_str()), (build.id.clone(), mina, "mina"));
    assert_eq!((job.build.state, job.build.attempts, job.build.started_at.is_some()), (BuildState::Running, 1, true));
    assert!(store.take_build("me", soon()).await.unwrap().is_none());
    assert_eq!(store.cancel_build(&build.id).await.unwrap(), BuildState::Running);
    assert_eq!(store.open_build(&web.id, "tree1 Dockerfile").await.unwrap(), None, "one that is to end serves nobody");

    let reason = Text::new("It broke", "깨졌습니다");
    assert!(store.finish_build(&job.build, &Outcome::Failed(reason.clone())).await.unwrap());
    assert!(!store.finish_build(&job.build, &built("sha256:1")).await.unwrap(), "an end is an end");
    let ended = store.build(&build.id).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.reason, ended.cancel), (BuildState::Failed, Some(reason), true));
    assert!(ended.finished_at >= ended.started_at && ended.started_at.is_some());
    assert_eq!(store.versions(&web.id).await.unwrap(), vec![]);

    let queued = store.add_build(&web.id, "c2", "tree2 Dockerfile").await.unwrap();
    assert_eq!(store.cancel_build(&queued.id).await.unwrap(), BuildState::Cancelled);
    assert!(store.take_build("me", soon()).await.unwrap().is_none());
    let numbers: Vec<i64> = store.builds(&web.id, 10).await.unwrap().iter().map(|build| build.number).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(store.builds(&web.id, 1).await.unwrap().len(), 1);
}

async fn leases(store: &Store) {
    let mina = student(store, "mina").await.id;
    let web = repository(store, &mina, "web").await;
    let build = store.add_build(&web.id, "c", "t").await.unwrap();
    // Taken with a lease that has run out already: the next worker takes it up.
    store.take_build("dead", now_ms() - 1).await.unwrap().unwrap();
    let again = store.take_build("alive", soon()).await.unwrap().unwrap();
    assert_eq!((again.build.id.clone(), again.build.attempts), (build.id.clone(), 2));
    assert!(!store.keep_lease(&build.id, "dead", soon()).await.unwrap(), "the lease is another's");
    assert!(store.keep_lease(&build.id, "alive", soon()).await.unwrap());
    assert!(store.take_build("third", soon()).await.unwrap().is_none());
    // A server that starts knows that whoever had its name is dead.
    assert_eq!(store.end_leases("nobody").await.unwrap(), 0);
    assert_eq!(store.end_leases("alive").await.unwrap(), 1);
    let third = store.take_build("third", soon()).await.unwrap().unwrap();
    assert_eq!(third.build.attempts, 3);
    assert!(store.finish_build(&third.build, &built("sha256:1")).await.unwrap());
    assert!(!store.keep_lease(&build.id, "third", soon()).await.unwrap(), "it has ended");
}

async fn fairness(store: &Store) {
    let (mina, juno) = (student(store, "mina").await.id, student(store, "juno").await.id);
    let (web, other) = (repository(store, &mina, "web").await, repository(store, &juno, "web").await);
    for _ in 0..3 {
        store.add_build(&web.id, "c", "t").await.unwrap();
    }
    store.add_build(&other.id, "c", "t").await.unwrap();
    let mut order = Vec::new();
    while let Some(job) = store.take_build("me", soon()).await.unwrap() {
        order.push(job.login.to_string());
    }
    assert_eq!(order, ["mina", "juno", "mina", "mina"], "who has none running comes before who has");
}

async fn workers_at_once(store: &Store) {
    let mina = student(store, "mina").await.id;
    let web = repository(store, &mina, "web").await;
    let added = join_all((0..20).map(|_| store.add_build(&web.id, "c", "t"))).await;
    let numbers: HashSet<i64> = added.into_iter().map(|build| build.unwrap().number).collect();
    assert_eq!(numbers, (1..=20).collect(), "each has a number of its own");
    let workers = (0..6).map(|worker| async move {
        let mut taken = Vec::new();
        let mut empty = 0;
        // Of two that reach for the same one gets nothing, and looks again.
        while empty < 3 {
            match store.take_build(&format!("w{worker}"), soon()).await.unwrap() {
                Some(job) => taken.push(job.build.id),
                None => empty += 1,
            }
        }
        taken
    });
    let taken: Vec<_> = join_all(workers).await.concat();
    let distinct: HashSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (20, 20), "each build is taken once");
}

async fn versions(store: &Store) {
    let mina = student(store, "mina").await.id;
    let web = repository(store, &mina, "web").await;
    assert_eq!(store.newest_version(&web.id).await.unwrap(), None);
    let mut builds = Vec::new();
    for digest in ["sha256:1", "sha256:2", "sha256:3"] {
        store.add_build(&web.id, "c", digest).await.unwrap();
        let build = store.take_build("me", soon()).await.unwrap().unwrap().build;
        assert!(store.finish_build(&build, &built(digest)).await.unwrap());
        builds.push(build);
    }
    let all = store.versions(&web.id).await.unwrap();
    assert_eq!(all.iter().map(|version| version.digest.as_str()).collect::<Vec<_>>(), ["sha256:3", "sha256:2", "sha256:1"]);
    assert_eq!((all[0].number, all[0].size, all[0].content.as_str()), (3, 5_000_000_000, "sha256:3"));
    assert_eq!(store.newest_version(&web.id).await.unwrap().as_ref(), Some(&all[0]));
    assert_eq!(store.version_of_build(&builds[0].id).await.unwrap().as_ref(), Some(&all[2]));
    store.delete_version(&web.id, 3).await.unwrap();
    assert_eq!(store.newest_version(&web.id).await.unwrap().as_ref(), Some(&all[1]));
    assert_eq!(store.version_of_build(&builds[2].id).await.unwrap(), None);
}

async fn layers(store: &Store) {
    let (old, new) = (["a".to_owned(), "b".to_owned()], ["b".to_owned(), "c".to_owned()]);
    store.use_layers(&old).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let between = now_ms();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    store.use_layers(&new).await.unwrap();
    store.use_layers(&[]).await.unwrap();
    assert_eq!(store.unused_layers(between).await.unwrap(), ["a"], "b was used again");
    assert_eq!(store.unused_layers(soon()).await.unwrap().len(), 3);
    store.forget_layer("a").await.unwrap();
    assert!(store.unused_layers(between).await.unwrap().is_empty());
}
