//! `maru serve`: opens everything, listens, and ends in order.

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::state::AppState;

/// # Errors
/// Where the server cannot start; once it runs it ends only when told to.
pub async fn run(config: Config) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let listen = config.listen;
    let shutdown = CancellationToken::new();
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("listening on {listen}: {error}"))?;
    let state = AppState::open(config, shutdown.clone()).await?;
    let app: Router = crate::routes::router(state.clone());
    tracing::info!(%listen, url = %state.config.url, instance = %state.config.instance, "listening");
    let ending = shutdown.clone();
    tokio::spawn(async move {
        asked_to_end().await;
        ending.cancel();
    });
    let waiting = shutdown.clone();
    axum::serve(listener, app).with_graceful_shutdown(async move { waiting.cancelled().await }).await?;
    Ok(())
}

/// Ctrl-C, or SIGTERM.
async fn asked_to_end() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
