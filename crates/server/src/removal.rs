//! Removing a user with everything that is theirs. Each step may be done twice: where one fails the user is still there,
//! without a way in, and an administrator asks once more.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::DeleteParams;
use maru_model::Text;
use maru_store::users::User;
use maru_workspace::Owner;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// How long a namespace is waited for: its pods have 30 s to end.
const PATIENCE: Duration = Duration::from_secs(45);

/// What would go, for whoever is to confirm it.
pub async fn what_goes(state: &AppState, user: &User) -> ApiResult<Value> {
    let projects = state.git.list(&user.login).await.map_err(ApiError::internal)?;
    let repositories: Vec<_> = state.builds.repositories(&user.id).await?.into_iter().map(|repository| repository.name).collect();
    let workspace = state.workspaces.list().iter().any(|(owner, _)| owner.id == user.id);
    let app = state.store.app(&user.id).await?.is_some();
    Ok(json!({"workspace": workspace, "projects": projects, "repositories": repositories, "app": app, "namespace": user.login.namespace()}))
}

pub async fn remove(state: &AppState, user: &User) -> ApiResult<()> {
    // First no way in: a request on its way would make things anew.
    if !state.store.change_user(&user.id, &user.name, user.role, true).await? {
        return Err(ApiError::not_found());
    }
    state.store.end_credentials(&user.id, true, "").await?;
    if let Some(deployment) = state.deployments.latest(state, &user.id).await? {
        state.deployments.cancel(&deployment.id);
    }
    remove_namespace(state, user).await?;
    state.workspaces.forget(&Owner { id: user.id.clone(), login: user.login.clone(), name: user.name.clone() }).await?;
    for repository in state.builds.repositories(&user.id).await? {
        state.builds.delete_repository(&user.id, &user.login, repository.name.as_str()).await?;
    }
    for project in state.git.list(&user.login).await.map_err(ApiError::internal)? {
        state.git.delete(&user.login, &project).await.map_err(ApiError::internal)?;
    }
    state.store.delete_user(&user.id).await?;
    Ok(())
}

/// The application with its volumes, and whatever else is in the namespace.
async fn remove_namespace(state: &AppState, user: &User) -> ApiResult<()> {
    let Ok(client) = state.cluster.client().await else {
        if state.store.app(&user.id).await?.is_none() {
            return Ok(());
        }
        return Err(ApiError::cluster_not_ready(state.cluster.state().text())
            .fix(Text::new("Wait until the cluster is ready, and ask once more.", "클러스터가 준비되면 다시 요청하세요.")));
    };
    let namespaces: Api<Namespace> = Api::all(client);
    let name = user.login.namespace();
    match namespaces.delete(&name, &DeleteParams::default()).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        Err(error) => return Err(ApiError::internal(error)),
    }
    // A new user of this login would find one that is about to go.
    let gone = async {
        while namespaces.get_opt(&name).await.is_ok_and(|found| found.is_some()) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, gone).await.is_err() {
        tracing::warn!(namespace = %name, "is still ending");
    }
    Ok(())
}
