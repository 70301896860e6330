//! `GET /ports`: what listens in the workspace, and whose it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use maru_protocol::Port;

use crate::{Agent, AgentError, proc};

/// State 0A of /proc/net/tcp.
const LISTEN: &str = "0A";
/// 127.0.0.11, where the Docker Engine's own name server listens in every container, on a port of the day.
const RESOLVER: &str = "0B00007F";

pub(crate) async fn list(State(agent): State<Arc<Agent>>) -> Result<Json<Vec<Port>>, AgentError> {
    let own = agent.reverse_port;
    crate::blocking(move || Ok(Json(listening(own)))).await
}

/// Sorted by number; without the agent's own.
pub(crate) fn listening(own: Option<u16>) -> Vec<Port> {
    let mut inodes = BTreeMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = std::fs::read_to_string(table).unwrap_or_default();
        for (port, inode) in text.lines().skip(1).filter_map(parse) {
            inodes.entry(port).or_insert(inode);
        }
    }
    if let Some(own) = own {
        inodes.remove(&own);
    }
    if inodes.is_empty() {
        return Vec::new();
    }
    let holders = proc::holders(&inodes.values().copied().collect::<Vec<_>>());
    let port = |(port, inode)| {
        let pid = holders.get(&inode).copied();
        Port { port, process: pid.and_then(proc::name), pid }
    };
    inodes.into_iter().map(port).collect()
}

/// Port and inode of a line, if it listens.
fn parse(line: &str) -> Option<(u16, u64)> {
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    let (address, port) = local.rsplit_once(':')?;
    if address == RESOLVER {
        return None;
    }
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((port, fields.nth(5)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines() {
        let listening = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 123456 1 0000000000000000 100 0 0 10 0";
        assert_eq!(parse(listening), Some((8080, 123_456)));
        assert_eq!(parse(&listening.replace(" 0A ", " 01 ")), None);
        assert_eq!(parse(&listening.replace("0100007F", "0B00007F")), None);
        assert_eq!(parse("garbage"), None);
    }
}
