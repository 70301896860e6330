//! Programs in the workspace reach the server here: each connection to the loopback port becomes a stream of the newest
//! link. Whose workspace it is, the server knows by the link: no password is needed inside.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use maru_protocol::Link;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

/// How long a connection waits for a server that restarts.
const PATIENCE: Duration = Duration::from_secs(5);
const BUFFER: usize = 64 * 1024;

const UNREACHABLE: &str = "Maru's server is not connected to this workspace at the moment; try again in a few seconds.\n\
    지금 마루 서버가 이 작업 공간에 연결되어 있지 않습니다. 잠시 후 다시 시도하세요.\n";

/// The links there are, the newest last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Newest {
    links: Arc<Mutex<Vec<(u64, Link)>>>,
    changed: Arc<tokio::sync::Notify>,
}

impl Newest {
    pub(crate) fn enter(&self, link: Link) -> u64 {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let place = links.last().map_or(0, |(n, _)| n + 1);
        links.push((place, link));
        self.changed.notify_waiters();
        place
    }

    pub(crate) fn leave(&self, place: u64) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).retain(|(n, _)| *n != place);
    }

    fn now(&self) -> Option<Link> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().rev().map(|(_, link)| link).find(|link| !link.is_closed()).cloned()
    }

    async fn get(&self) -> Link {
        loop {
            let entered = self.changed.notified();
            if let Some(link) = self.now() {
                return link;
            }
            entered.await;
        }
    }
}

/// Takes connections for ever.
pub(crate) async fn carry(tcp: TcpListener, newest: Newest, tasks: TaskTracker) {
    loop {
        match tcp.accept().await {
            Ok((stream, _)) => {
                let newest = newest.clone();
                tasks.spawn(async move {
                    if let Err(error) = one(stream, &newest).await {
                        tracing::debug!(%error, "reverse connection");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn one(tcp: TcpStream, newest: &Newest) -> std::io::Result<()> {
    let _ = tcp.set_nodelay(true);
    let opened = match tokio::time::timeout(PATIENCE, newest.get()).await {
        Ok(link) => link.open().await.ok(),
        Err(_) => None,
    };
    let Some(stream) = opened else {
        return refuse(tcp).await;
    };
    maru_protocol::splice(tcp, stream, BUFFER).await
}

/// Says why in HTTP, which is what git, kubectl and curl speak here.
async fn refuse(mut tcp: TcpStream) -> std::io::Result<()> {
    // What has been asked is taken first: a close with unread bytes would be a reset, and the answer lost.
    let _ = tokio::time::timeout(Duration::from_millis(200), tcp.read(&mut [0; 8192])).await;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nRetry-After: 2\r\nConnection: close\r\n\r\n{UNREACHABLE}",
        UNREACHABLE.len()
    );
    tcp.write_all(answer.as_bytes()).await?;
    tcp.shutdown().await
}
