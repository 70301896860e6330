//! What every handler can reach: one handle per crate, all cheap to clone.

use std::sync::Arc;

use axum::extract::FromRef;
use maru_engine::Engine;
use maru_store::Store;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

#[derive(Clone)]
pub struct AppState {
    pub config: Arc<Config>,
    pub store: Store,
    pub engine: Engine,
    /// Cancelled when the server is asked to end.
    pub shutdown: CancellationToken,
}

impl AppState {
    /// # Errors
    /// Where the database or the Docker Engine cannot be reached.
    pub async fn open(config: Config, shutdown: CancellationToken) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let store = Store::open(&config.database).await?;
        let engine = Engine::connect(config.instance.clone()).await?;
        Ok(Self { config: Arc::new(config), store, engine, shutdown })
    }
}

impl FromRef<AppState> for Store {
    fn from_ref(state: &AppState) -> Self {
        state.store.clone()
    }
}
