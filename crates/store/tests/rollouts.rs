//! Applications and their rollouts: one at a time per user, numbered, and never ended twice.
#![allow(clippy::unwrap_used)]

mod support;

use futures_util::future::join_all;
use maru_model::ProjectName;
use maru_store::builds::Source;
use maru_store::{Store, StoreError};
use support::{on_both_engines, student};

fn guestbook() -> Source {
    Source::Project { project: ProjectName::parse("guestbook").unwrap() }
}

on_both_engines!(applications, rollouts, many_at_once);

async fn applications(store: &Store) {
    let mina = student(store, "mina").await.id;
    assert_eq!(store.app(&mina).await.unwrap(), None);
    store.put_app(&mina, &guestbook(), "k8s").await.unwrap();
    store.set_app_target(&mina, r#"{"state":"ready"}"#).await.unwrap();
    store.set_app_applied(&mina, r#"["a"]"#).await.unwrap();
    // The same source keeps the target state, another forgets it; what stands in the cluster stands there either way.
    store.put_app(&mina, &guestbook(), "k8s").await.unwrap();
    let app = store.app(&mina).await.unwrap().unwrap();
    assert_eq!((app.target.as_deref(), app.applied.as_str()), (Some(r#"{"state":"ready"}"#), r#"["a"]"#));
    store.put_app(&mina, &guestbook(), "deploy").await.unwrap();
    let app = store.app(&mina).await.unwrap().unwrap();
    assert_eq!((app.path.as_str(), app.target, app.applied.as_str(), app.refresh_on_push), ("deploy", None, r#"["a"]"#, false));
    assert_eq!(store.refreshed_on_push().await.unwrap(), []);
    store.set_app_refresh_on_push(&mina, true).await.unwrap();
    assert_eq!(store.refreshed_on_push().await.unwrap(), std::slice::from_ref(&mina));
    store.put_app(&mina, &guestbook(), "k8s").await.unwrap();
    assert!(store.app(&mina).await.unwrap().unwrap().refresh_on_push, "another source changes nothing about it");
    store.set_app_target(&mina, "{}").await.unwrap();
    let elsewhere = Source::Remote { url: "https://git.example.org/a.git".to_owned(), branch: "main".to_owned() };
    store.put_app(&mina, &elsewhere, "k8s").await.unwrap();
    let app = store.app(&mina).await.unwrap().unwrap();
    assert_eq!((&app.source, app.target), (&elsewhere, None));
    store.set_app_target(&mina, "{}").await.unwrap();
    store.put_app(&mina, &elsewhere, "k8s").await.unwrap();
    assert!(store.app(&mina).await.unwrap().unwrap().target.is_some());
    store.put_app(&mina, &guestbook(), "k8s").await.unwrap();
    let app = store.app(&mina).await.unwrap().unwrap();
    assert_eq!((app.source, app.target), (guestbook(), None));
    store.remove_app(&mina).await.unwrap();
    assert_eq!(store.app(&mina).await.unwrap(), None);
}

async fn rollouts(store: &Store) {
    let (mina, juno) = (student(store, "mina").await.id, student(store, "juno").await.id);
    let first = store.add_rollout(&mina, "c1", None, "mina", "resolve", "[1]").await.unwrap();
    assert_eq!((first.number, first.phase.as_str(), first.origin_id.clone(), first.finished_at), (1, "resolve", None, None));
    assert!(matches!(store.add_rollout(&mina, "c2", None, "mina", "resolve", "[]").await, Err(StoreError::Conflict("rollout"))));
    assert_eq!(store.add_rollout(&juno, "c1", None, "mina", "resolve", "[]").await.unwrap().number, 1);
    assert_eq!(store.unfinished_rollouts().await.unwrap().len(), 2);

    store.set_rollout_phase(&first.id, "prepare").await.unwrap();
    store.set_rollout_objects(&first.id, "verify", "[2]").await.unwrap();
    store.finish_rollout(&first.id, "failed", r#"[{"code":"x"}]"#, "[]").await.unwrap();
    // What has ended stays as it is.
    store.set_rollout_phase(&first.id, "apply").await.unwrap();
    store.set_rollout_objects(&first.id, "apply", "[3]").await.unwrap();
    store.finish_rollout(&first.id, "healthy", "[]", r#"["http://x/"]"#).await.unwrap();
    let ended = store.rollout(&first.id).await.unwrap().unwrap();
    assert_eq!((ended.phase.as_str(), ended.objects.as_str(), ended.urls.as_str()), ("failed", "[2]", "[]"));
    assert!(ended.finished_at.is_some() && ended.diagnostics.contains("code"));

    let back = store.add_rollout(&mina, "c1", Some(&first.id), "juno", "resolve", "[2]").await.unwrap();
    assert_eq!((back.number, back.origin_id, back.started_by.as_deref()), (2, Some(first.id.clone()), Some("juno")));
    assert_eq!(store.rollout_of_number(&mina, 1).await.unwrap().map(|row| row.id), Some(first.id));
    assert_eq!(store.rollout_of_number(&juno, 2).await.unwrap(), None);
    let numbers = |rows: Vec<maru_store::rollouts::RolloutRow>| rows.iter().map(|row| row.number).collect::<Vec<_>>();
    assert_eq!(numbers(store.rollouts_of(&mina, 10).await.unwrap()), [2, 1]);
    assert_eq!(numbers(store.rollouts_of(&mina, 1).await.unwrap()), [2]);

    store.put_app(&mina, &guestbook(), "").await.unwrap();
    store.set_app_target(&mina, "{}").await.unwrap();
    let mut kept = store.kept_objects(1).await.unwrap();
    kept.sort();
    assert_eq!(kept, ["[2]", "[]", "{}"], "mina's newest, juno's, and the target");
    assert_eq!(store.kept_objects(2).await.unwrap().len(), 4);
}

async fn many_at_once(store: &Store) {
    let mina = student(store, "mina").await.id;
    let begun = join_all((0..16).map(|_| store.add_rollout(&mina, "c", None, "mina", "resolve", "[]"))).await;
    assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), 1);
    for refused in begun.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, StoreError::Conflict("rollout")), "{refused}");
    }
}
