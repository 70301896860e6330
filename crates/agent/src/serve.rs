//! The agent's life: take links, serve them, end in order.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use maru_protocol::{Incoming, Side, link};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::children::Children;
use crate::reverse::{Newest, carry};
use crate::{Agent, pressure, router};

/// More often than an idle thread of the runtime's is let go, which is after 10 s.
const THREAD_USED: Duration = Duration::from_secs(4);

#[derive(Clone, Debug)]
pub struct Config {
    /// The Unix socket that `dial` connects to.
    pub socket: PathBuf,
    /// Where programs in the workspace reach the server.
    pub reverse: Option<SocketAddr>,
}

/// Serves until `stop`, then hangs up the terminals.
///
/// # Errors
/// Where the socket cannot be made. A taken reverse port is only reported: terminals matter more.
pub async fn serve(agent: Arc<Agent>, config: Config, stop: CancellationToken) -> std::io::Result<()> {
    let listener = listen(&config.socket)?;
    agent.terminals.files.keep_in(config.socket.with_file_name("shell"));
    let newest = Newest::default();
    let app = router(Arc::clone(&agent));
    // Outlives `stop`: the end of the terminals is waited for, too.
    let reaping = CancellationToken::new();
    agent.tasks.spawn({
        let reaping = reaping.clone();
        async move { reaping.run_until_cancelled(Children::get().run()).await }
    });
    let _reaping = reaping.drop_guard();
    if let Some(address) = config.reverse {
        match TcpListener::bind(address).await {
            Ok(tcp) => {
                let (tasks, newest, stop) = (agent.tasks.clone(), newest.clone(), stop.clone());
                agent.tasks.spawn(async move { stop.run_until_cancelled(carry(tcp, newest, tasks)).await });
            }
            Err(error) => tracing::error!(%address, %error, "programs here cannot reach the server"),
        }
    }
    let _looking = pressure::watch(Arc::clone(&agent.notices), agent.home.path().to_owned())
        .inspect_err(|error| tracing::error!(%error, "nobody is told what runs out"));
    agent.tasks.spawn({
        let stop = stop.clone();
        async move { stop.run_until_cancelled(keep_a_thread()).await }
    });
    tracing::info!(socket = %config.socket.display(), "ready");
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let serving = serve_link(stream, app.clone(), newest.clone(), agent.tasks.clone());
                let stop = stop.clone();
                agent.tasks.spawn(async move { stop.run_until_cancelled(serving).await });
            }
            Err(error) => {
                // Out of descriptors, mostly: others will be closed.
                tracing::warn!(%error, "accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    agent.terminals.end().await;
    let _ = std::fs::remove_file(&config.socket);
    Ok(())
}

/// Where a workspace is full of processes no thread can be started either. One that waits for work all the time takes it
/// then, so that files can still be saved; as long as it is used it stays.
async fn keep_a_thread() {
    let mut ticks = tokio::time::interval(THREAD_USED);
    loop {
        ticks.tick().await;
        let _ = tokio::task::spawn_blocking(|| ()).await;
    }
}

fn listen(path: &std::path::Path) -> std::io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Left by an agent that was killed.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn serve_link(stream: UnixStream, app: Router, newest: Newest, tasks: tokio_util::task::TaskTracker) {
    let (link, incoming, run) = link(stream, Side::Agent);
    let place = newest.enter(link);
    // Requests end with the link that they came by: their streams break.
    let (ended, ()) = tokio::join!(run, answer(incoming, app, tasks));
    newest.leave(place);
    match ended {
        Ok(()) => tracing::info!("the server has closed its link"),
        Err(error) => tracing::info!(%error, "the link to the server ended"),
    }
}

async fn answer(mut incoming: Incoming, app: Router, tasks: tokio_util::task::TaskTracker) {
    while let Some(stream) = incoming.next().await {
        let service = TowerToHyperService::new(app.clone());
        tasks.spawn(async move {
            let mut http = hyper::server::conn::http1::Builder::new();
            // Small buffers: an idle connection should cost little.
            http.max_buf_size(64 * 1024);
            if let Err(error) = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
                tracing::debug!(%error, "connection");
            }
        });
    }
}
