//! At most one deployment of a user runs at a time, and a repeated request is the same deployment.
#![allow(clippy::unwrap_used)]

use maru_model::{Login, Role};
use maru_store::deployments::Started;
use maru_store::{Store, now_ms};

#[tokio::test]
async fn one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite://{}/maru.db?mode=rwc", folder.path().display())).await.unwrap();
    let user = store.add_user(&Login::parse("mina").unwrap(), "", Role::Student, "").await.unwrap().id;

    let Started::New(mut first) = store.start_deployment(&user, Some("k1"), "one", "[]").await.unwrap() else { panic!("not started") };
    assert_eq!(store.start_deployment(&user, Some("k1"), "again", "[]").await.unwrap(), Started::Before(first.clone()));
    assert_eq!(store.start_deployment(&user, None, "two", "[]").await.unwrap(), Started::Busy(first.id.clone()));
    assert_eq!(store.running_deployments().await.unwrap(), vec![first.clone()]);

    first.state = "succeeded".to_owned();
    first.url = Some("http://mina.apps.localhost:8080/".to_owned());
    first.finished_at = Some(now_ms());
    store.save_deployment(&first).await.unwrap();
    assert_eq!(store.deployment(&user, &first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.running_deployments().await.unwrap(), vec![]);
    let Started::New(second) = store.start_deployment(&user, None, "two", "[]").await.unwrap() else { panic!("not started") };
    assert_eq!(store.latest_deployment(&user).await.unwrap(), Some(second));
}
