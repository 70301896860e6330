use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::{Uri, header};
use maru_model::Lang;

use crate::{Agent, AgentError, biggest, exec, files, languages, ports, search, stats, terminal, tunnel, watch};

/// The agent's HTTP API.
pub fn router(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { Json(serde_json::json!({ "version": env!("CARGO_PKG_VERSION") })) }))
        .route("/files/{*path}", get(files::read).put(files::save).delete(files::remove))
        .route("/tree", get(files::tree_root))
        .route("/tree/", get(files::tree_root))
        .route("/tree/{*path}", get(files::tree))
        .route("/move", post(files::move_entry))
        .route("/folders", post(files::make_folder))
        .route("/trash", get(files::trash).delete(files::empty))
        .route("/trash/{id}", delete(files::discard))
        .route("/trash/{id}/restore", post(files::restore))
        .route("/archive.zip", get(files::download))
        .route("/upload", post(files::upload))
        .route("/uploads", get(files::uploads).post(files::create))
        .route("/uploads/{id}", get(files::show).patch(files::append).delete(files::cancel))
        .route("/uploads/{id}/content", get(files::content))
        .route("/uploads/{id}/finish", post(files::finish))
        .route("/snapshot/scan", post(files::snapshot_scan))
        .route("/snapshot/read", post(files::snapshot_read))
        .route("/snapshot/restore", post(files::snapshot_restore))
        .route("/terminals", get(terminal::list).post(terminal::create))
        .route("/terminals/profiles", get(terminal::profiles))
        .route("/terminals/{id}", delete(terminal::close).patch(terminal::rename))
        .route("/terminals/{id}/stream", get(terminal::stream))
        .route("/ports", get(ports::list))
        .route("/ports/events", get(ports::events))
        .route("/preview/{port}", get(tunnel::connect))
        .route("/search", get(search::search))
        .route("/paths", get(search::paths))
        .route("/biggest", get(biggest::list))
        .route("/watch", get(watch::watch))
        .route("/exec", post(exec::run))
        .route("/languages", get(languages::list))
        .route("/languages/{id}", get(languages::connect))
        .route("/stats", get(stats::read))
        .route("/stats/events", get(stats::events))
        .fallback(|uri: Uri| async move { AgentError::NoRoute { path: uri.path().to_owned() } })
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(in_the_readers_language))
        .with_state(agent)
}

/// Errors have no language until they get here.
async fn in_the_readers_language(request: Request, next: Next) -> Response {
    let lang = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).map_or(Lang::En, Lang::from_accept_language);
    let response = next.run(request).await;
    match response.extensions().get::<Arc<AgentError>>() {
        Some(error) => error.render(lang),
        None => response,
    }
}
