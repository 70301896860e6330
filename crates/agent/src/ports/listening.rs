//! Which TCP sockets of this network namespace listen.
//!
//! The kernel is asked for just these by sock_diag(7). Where it has no such module they are picked from /proc/net/tcp,
//! for which it walks the table of all the host's connections: a hundred times as long where that table is large
//! (0.6 ms a read with its 262,144 buckets, and many reads to a table).

use std::io;
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

/// State 0A of /proc/net/tcp.
const LISTEN: &str = "0A";
/// The kernel's own buffer for answers is no larger.
const ANSWER: usize = 32 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) inode: u64,
}

pub(super) fn listening() -> Vec<Socket> {
    asked().unwrap_or_else(|_| read())
}

/// Of the kernel.
fn asked() -> io::Result<Vec<Socket>> {
    let kernel = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
    let mut sockets = Vec::new();
    let mut answer = vec![0; ANSWER];
    for (family, socket_id) in [(AF_INET, SocketId::new_v4()), (AF_INET6, SocketId::new_v6())] {
        send(&kernel, &question(family, socket_id), SendFlags::empty())?;
        loop {
            let (length, _) = recv(&kernel, answer.as_mut_slice(), RecvFlags::empty())?;
            if understand(answer.get(..length).unwrap_or_default(), &mut sockets)? {
                break;
            }
        }
    }
    Ok(sockets)
}

fn question(family: u8, socket_id: SocketId) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let request = InetRequest { family, protocol: IPPROTO_TCP, extensions: ExtensionFlags::empty(), states: StateFlags::LISTEN, socket_id };
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(SockDiagMessage::InetRequest(request)));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Whether that was the last of it.
fn understand(mut answer: &[u8], sockets: &mut Vec<Socket>) -> io::Result<bool> {
    while !answer.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(answer).map_err(io::Error::other)?;
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                let response = response.header;
                sockets.push(Socket {
                    address: response.socket_id.source_address,
                    port: response.socket_id.source_port,
                    inode: response.inode.into(),
                });
            }
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        // Messages begin at multiples of four.
        let length = (message.header.length as usize).next_multiple_of(4);
        answer = answer.get(length..).unwrap_or_default();
    }
    Ok(false)
}

/// From the tables of all connections.
fn read() -> Vec<Socket> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    tables.iter().flat_map(|text| text.lines().skip(1).filter_map(parse)).collect()
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
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

    use proptest::prelude::*;

    use super::*;

    const LINE: &str =
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 123456 1 0000000000000000 100 0 0 10 0";

    #[test]
    fn lines() {
        let socket = parse(LINE).unwrap();
        assert_eq!((socket.address, socket.port, socket.inode), (Ipv4Addr::LOCALHOST.into(), 8080, 123_456));
        assert!(parse(&LINE.replace(" 0A ", " 01 ")).is_none());
        let six = LINE.replace("0100007F:", "00000000000000000000000001000000:");
        assert_eq!(parse(&six).unwrap().address, IpAddr::V6(Ipv6Addr::LOCALHOST));
        assert!(parse("garbage").is_none());
    }

    #[test]
    fn both_ways_find_what_listens_and_nothing_else() {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let six = TcpListener::bind("[::1]:0").unwrap();
        let connected = TcpStream::connect(four.local_addr().unwrap()).unwrap();
        let of = |sockets: Vec<Socket>| {
            let ours = [&four, &six].map(|listener| listener.local_addr().unwrap());
            assert!(!sockets.iter().any(|socket| socket.port == connected.local_addr().unwrap().port()));
            ours.map(|ours| sockets.iter().find(|socket| (socket.address, socket.port) == (ours.ip(), ours.port())).unwrap().clone())
        };
        assert_eq!(of(asked().unwrap()), of(read()));
    }

    proptest! {
        #[test]
        fn whatever_is_answered(answer in prop::collection::vec(any::<u8>(), 0..200), line in ".*") {
            let _ = understand(&answer, &mut Vec::new());
            let _ = parse(&line);
        }
    }
}
