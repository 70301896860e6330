//! What listens in the workspace, and whose it is: `GET /ports` now, `GET /ports/events` whenever it changes.

mod listening;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use maru_protocol::Port;
use rustix::process::Pid;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::{Agent, AgentError, proc};
use listening::{Socket, listening};

/// Where the Docker Engine's own name server listens in every container, on a port of the day.
const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));
/// The kernel tells nobody that a port was opened: one has to look. Only while somebody wants to know.
const LOOK: Duration = Duration::from_millis(300);
/// An empty line this often, so that a reader who is gone is noticed.
const ALIVE: Duration = Duration::from_secs(15);

pub(crate) async fn list(State(agent): State<Arc<Agent>>) -> Result<Json<Vec<Port>>, AgentError> {
    let own = agent.reverse_port;
    crate::blocking(move || Ok(Json(describe(&sockets(own))))).await
}

/// Lines of JSON, each the whole list: at once, and after every change.
pub(crate) async fn events(State(agent): State<Arc<Agent>>) -> Response {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watched = Watched { own: agent.reverse_port, looks, seen: None, said: Instant::now() };
    let lines = futures_util::stream::unfold(watched, |mut watched| async move {
        let line = watched.next().await?;
        Some((Ok::<_, Infallible>(line), watched))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

struct Watched {
    own: Option<u16>,
    looks: Interval,
    /// Sockets by port: that these have changed is cheap to see, whose they are is not.
    seen: Option<BTreeMap<u16, u64>>,
    said: Instant,
}

impl Watched {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.looks.tick().await;
            let (own, seen) = (self.own, self.seen.take());
            let looked = crate::blocking(move || {
                let now = sockets(own);
                let line = (seen.as_ref() != Some(&now)).then(|| describe(&now));
                Ok((now, line))
            });
            let (now, changed) = looked.await.ok()?;
            self.seen = Some(now);
            if let Some(ports) = changed {
                self.said = Instant::now();
                let mut line = serde_json::to_vec(&ports).ok()?;
                line.push(b'\n');
                return Some(line.into());
            }
            if self.said.elapsed() >= ALIVE {
                self.said = Instant::now();
                return Some(Bytes::from_static(b"\n"));
            }
        }
    }
}

/// The inode of one listening socket of each port; without the agent's own port.
fn sockets(own: Option<u16>) -> BTreeMap<u16, u64> {
    let mut inodes = BTreeMap::new();
    for socket in foreign().filter(|socket| Some(socket.port) != own) {
        inodes.entry(socket.port).or_insert(socket.inode);
    }
    inodes
}

/// Sorted by number.
fn describe(sockets: &BTreeMap<u16, u64>) -> Vec<Port> {
    if sockets.is_empty() {
        return Vec::new();
    }
    let holders = proc::holders(&sockets.values().copied().collect::<Vec<_>>());
    let port = |(&port, inode)| {
        let pid = holders.get(inode).copied();
        Port { port, process: pid.and_then(proc::name), pid, command: pid.and_then(Pid::from_raw).and_then(proc::command_line) }
    };
    sockets.iter().map(port).collect()
}

/// Where to dial a port: the addresses that something listens on, a wildcard as the loopback address of its kind.
pub(crate) fn addresses(port: u16) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for socket in foreign().filter(|socket| socket.port == port) {
        let address = match socket.address {
            IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
            address @ IpAddr::V4(_) => address,
        };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// Without the Engine's own.
fn foreign() -> impl Iterator<Item = Socket> {
    listening().into_iter().filter(|socket| socket.address != RESOLVER)
}
