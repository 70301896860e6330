//! Many streams over one: yamux, driven so that both sides can open streams while others are coming in.

use std::future::{Future, poll_fn};
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};

/// One stream of a link: an HTTP/1.1 connection.
pub type LinkStream = Compat<yamux::Stream>;

/// Streams open at once, both directions together.
const MAX_STREAMS: usize = 512;

/// Bytes the peer may have on their way to us, all streams together.
const RECEIVE_WINDOW: usize = 128 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("the link to the other side is closed")]
    Closed,
    #[error("the link to the other side broke: {0}")]
    Broken(#[from] yamux::ConnectionError),
}

/// Which end this is. They differ in nothing but the ids of the streams they open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Server,
    Agent,
}

/// Opens streams towards the other side. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Link {
    opener: mpsc::Sender<oneshot::Sender<LinkStream>>,
    alive: watch::Receiver<()>,
}

impl Link {
    /// # Errors
    /// [`LinkError::Closed`] where the link's future has ended.
    pub async fn open(&self) -> Result<LinkStream, LinkError> {
        let (tx, rx) = oneshot::channel();
        self.opener.send(tx).await.map_err(|_| LinkError::Closed)?;
        rx.await.map_err(|_| LinkError::Closed)
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.opener.is_closed()
    }

    /// Waits until the link has ended.
    pub async fn closed(&self) {
        let mut alive = self.alive.clone();
        while alive.changed().await.is_ok() {}
    }
}

/// The streams that the other side opens.
#[derive(Debug)]
pub struct Incoming(mpsc::UnboundedReceiver<LinkStream>);

impl Incoming {
    /// None once the link has ended.
    pub async fn next(&mut self) -> Option<LinkStream> {
        self.0.recv().await
    }
}

fn config() -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(MAX_STREAMS);
    config.set_max_connection_receive_window(Some(RECEIVE_WINDOW));
    // A keystroke's echo may have to wait for one whole frame; larger ones gain little.
    config.set_split_send_size(16 * 1024);
    config
}

/// Makes a link of a duplex stream. The returned future is the link: it must be polled for anything to move, ends
/// when the stream does, and closes every stream when dropped.
pub fn link<T>(io: T, side: Side) -> (Link, Incoming, impl Future<Output = Result<(), LinkError>> + Send)
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mode = match side {
        Side::Server => yamux::Mode::Client,
        Side::Agent => yamux::Mode::Server,
    };
    let (opener, mut requests) = mpsc::channel::<oneshot::Sender<LinkStream>>(16);
    // Bounded by MAX_STREAMS, which yamux enforces.
    let (incoming_tx, incoming) = mpsc::unbounded_channel();
    let (alive_tx, alive) = watch::channel(());
    let mut connection = yamux::Connection::new(io.compat(), config(), mode);
    let driver = async move {
        let _alive = alive_tx;
        let mut waiting: Option<oneshot::Sender<LinkStream>> = None;
        poll_fn(move |cx| {
            loop {
                if waiting.is_none()
                    && let Poll::Ready(Some(request)) = requests.poll_recv(cx)
                {
                    waiting = Some(request);
                }
                if waiting.is_some()
                    && let Poll::Ready(stream) = connection.poll_new_outbound(cx)
                {
                    let stream = stream?.compat();
                    if let Some(request) = waiting.take() {
                        // Whoever asked may have gone; then the stream is dropped, which resets it.
                        let _ = request.send(stream);
                    }
                    continue;
                }
                return match connection.poll_next_inbound(cx) {
                    Poll::Ready(Some(stream)) => {
                        let _ = incoming_tx.send(stream?.compat());
                        continue;
                    }
                    Poll::Ready(None) => Poll::Ready(Ok(())),
                    Poll::Pending => Poll::Pending,
                };
            }
        })
        .await
    };
    (Link { opener, alive }, Incoming(incoming), driver)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn both_sides_open_streams() {
        let (a, b) = tokio::io::duplex(64 * 1024);
        let (server, mut to_server, server_run) = link(a, Side::Server);
        let (agent, mut to_agent, agent_run) = link(b, Side::Agent);
        let run = tokio::spawn(async move { tokio::join!(server_run, agent_run) });
        for (from, to) in [(&server, &mut to_agent), (&agent, &mut to_server)] {
            let mut out = from.open().await.unwrap();
            out.write_all(b"hello").await.unwrap();
            out.shutdown().await.unwrap();
            let mut got = String::new();
            to.next().await.unwrap().read_to_string(&mut got).await.unwrap();
            assert_eq!(got, "hello");
        }
        run.abort();
        agent.closed().await;
        assert!(matches!(server.open().await, Err(LinkError::Closed)));
    }
}
