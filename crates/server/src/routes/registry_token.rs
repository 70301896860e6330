//! The class registry's token server: it listens on the host's address of the cluster network, where nodes reach it.

use std::sync::Arc;

use axum::Router;
use maru_build::{Registry, VerifyPassword, token_router};
use maru_model::Login;
use maru_store::Store;
use maru_store::users::CredentialKind;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::session;
use crate::auth::secret;

/// Serves until `shutdown`, trying again where the address cannot be had yet.
pub async fn serve(registry: Registry, store: Store, shutdown: CancellationToken) {
    let app = router(registry.clone(), store);
    while !shutdown.is_cancelled() {
        let bound = async {
            let address = registry.token_address().await.map_err(|error| error.to_string())?;
            TcpListener::bind(address).await.map_err(|error| format!("listening on {address}: {error}"))
        };
        let ended = match bound.await {
            Ok(listener) => {
                let waiting = shutdown.clone();
                let served = axum::serve(listener, app.clone()).with_graceful_shutdown(async move { waiting.cancelled().await });
                served.await.err().map(|error| error.to_string())
            }
            Err(error) => Some(error),
        };
        if let Some(error) = ended {
            tracing::warn!(%error, "the registry's token server");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(std::time::Duration::from_secs(3)) => {}
        }
    }
}

fn router(registry: Registry, store: Store) -> Router {
    let verify: VerifyPassword = Arc::new(move |login, given| {
        let store = store.clone();
        Box::pin(async move { is_right(&store, &login, given).await })
    });
    token_router(registry, verify)
}

/// True for a bearer token of this user, or the user's password.
async fn is_right(store: &Store, login: &Login, given: String) -> bool {
    match store.user_by_credential(&secret::hash(&given), CredentialKind::Token).await {
        Ok(Some(user)) => return user.login == *login,
        Ok(None) => {}
        Err(error) => {
            tracing::error!(%error, "a login at the registry cannot be checked");
            return false;
        }
    }
    session::check(store, login.as_str(), given).await.is_ok_and(|user| user.is_some())
}
