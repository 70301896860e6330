//! Keeping pods away from this machine: what it listens on is not for applications. Where a packet goes to is known to the
//! node only as an address, so it is told which ones are this machine's, whenever they change.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use bytes::Bytes;
use maru_engine::Engine;

use crate::{ClusterError, container};

/// The addresses of this machine's interfaces, its loopback left out; empty where they can't be read.
#[must_use]
pub fn addresses() -> BTreeSet<Ipv4Addr> {
    std::fs::read_to_string("/proc/net/fib_trie").map(|trie| local(&trie)).unwrap_or_default()
}

/// In the kernel's routing table an address is followed by what it is for.
fn local(fib_trie: &str) -> BTreeSet<Ipv4Addr> {
    let mut found = BTreeSet::new();
    let mut address = None;
    for line in fib_trie.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("|-- ") {
            address = text.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(address.filter(|address| !address.is_loopback()));
        }
    }
    found
}

/// Tells the node; a node that started anew has to be told again.
pub(crate) async fn keep_pods_away(engine: &Engine, node: &str, from: &BTreeSet<Ipv4Addr>) -> Result<(), ClusterError> {
    let mut rules = "flush set ip maru-host addresses\n".to_owned();
    for address in from {
        rules.push_str(&format!("add element ip maru-host addresses {{ {address} }}\n"));
    }
    let rules = futures_util::stream::iter([Ok(Bytes::from(rules))]);
    container::run(engine, node, "nft", &["nft", "-f", "-"], Some(rules)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_among_routes() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     +-- 172.17.0.0/16 2 0 2\n        \
                    |-- 172.17.0.0\n           /16 link UNICAST\nLocal:\n     |-- 127.0.0.1\n        /32 host LOCAL\n     \
                    |-- 172.17.0.1\n        /32 host LOCAL\n     |-- 172.17.255.255\n        /32 link BROADCAST\n";
        assert_eq!(local(trie), BTreeSet::from([Ipv4Addr::new(172, 17, 0, 1)]));
        assert!(!addresses().is_empty(), "this machine has an address");
    }
}
