//! Requests that programs in a workspace make to the server (`git push`, `kubectl`): each comes as a stream of the
//! workspace's own link, and that says whose it is. No password is in the workspace. What asks a proxy is led to [`Exits`].

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use maru_workspace::Inbound;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::auth::WorkspaceCaller;
use crate::exits::Exits;
use crate::state::AppState;

/// Serves `app` on every stream that comes, until the server ends.
pub async fn serve(mut streams: mpsc::Receiver<Inbound>, app: Router, state: AppState, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    let exits = Exits::new(state, connections.clone(), shutdown.clone());
    loop {
        let inbound = tokio::select! {
            () = shutdown.cancelled() => break,
            inbound = streams.recv() => inbound,
        };
        let Some(Inbound { login, stream, .. }) = inbound else { break };
        let (app, exits) = (app.clone(), exits.clone());
        let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
            let (app, exits, login) = (app.clone(), exits.clone(), login.clone());
            async move {
                let mut request = request.map(Body::new);
                if Exits::is_meant(&request) {
                    return Ok(exits.serve(&login, request).await);
                }
                request.extensions_mut().insert(WorkspaceCaller(login));
                app.oneshot(request).await
            }
        });
        let shutdown = shutdown.clone();
        connections.spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
            tokio::select! {
                () = shutdown.cancelled() => {}
                result = connection => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a connection from a workspace ended badly");
                    }
                }
            }
        });
    }
    connections.close();
    connections.wait().await;
}
