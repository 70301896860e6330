//! The contract's paths, one file per domain.

mod health;
mod me;
pub mod session;

use axum::Router;

use crate::state::AppState;

/// Everything under the IDE's own host name.
pub fn router(state: AppState) -> Router {
    let api = Router::new().merge(session::routes()).merge(me::routes());
    Router::new()
        .nest("/api/v1", api)
        .merge(health::routes())
        .merge(crate::pages::routes(&state.config))
        .layer(axum::middleware::from_fn(crate::error::localize))
        .with_state(state)
}
