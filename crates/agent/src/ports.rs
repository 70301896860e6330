//! What listens in the workspace, and whose it is: `GET /ports` now, `GET /ports/events` whenever it changes.

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

/// State 0A of /proc/net/tcp.
const LISTEN: &str = "0A";
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
    for socket in listening().filter(|socket| Some(socket.port) != own) {
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
    for socket in listening().filter(|socket| socket.port == port) {
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

struct Socket {
    address: IpAddr,
    port: u16,
    inode: u64,
}

fn listening() -> impl Iterator<Item = Socket> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let sockets: Vec<Socket> = tables.iter().flat_map(|text| text.lines().skip(1).filter_map(parse)).collect();
    sockets.into_iter().filter(|socket| socket.address != RESOLVER)
}

/// A line, if it is of a socket that listens.
fn parse(line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    let (address, port) = local.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Socket { address: parse_address(address)?, port, inode: fields.nth(5)?.parse().ok()? })
}

/// Words of 32 bits, each in the byte order of the machine.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(word(0)?.into()),
        32 => {
            let mut bytes = [0; 16];
            for (n, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(n * 8)?);
            }
            Some(bytes.into())
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LINE: &str =
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 123456 1 0000000000000000 100 0 0 10 0";

    #[test]
    fn lines() {
        let socket = parse(LINE).unwrap();
        assert_eq!((socket.address, socket.port, socket.inode), (Ipv4Addr::LOCALHOST.into(), 8080, 123_456));
        assert!(parse(&LINE.replace(" 0A ", " 01 ")).is_none());
        assert_eq!(parse(&LINE.replace("0100007F", "0B00007F")).unwrap().address, RESOLVER);
        let six = LINE.replace("0100007F:", "00000000000000000000000001000000:");
        assert_eq!(parse(&six).unwrap().address, IpAddr::V6(Ipv6Addr::LOCALHOST));
        assert!(parse("garbage").is_none());
    }
}
