//! `GET /preview/{port}` with `Upgrade: maru-tcp`: the connection becomes one to that port, inside the workspace.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use hyper_util::rt::TokioIo;
use maru_protocol::{TunnelUpgrade, splice};
use tokio::net::TcpStream;

use crate::{Agent, AgentError, ports};

const BUFFER: usize = 64 * 1024;
/// A program that takes no connections any more has a full queue, and the kernel would go on trying for minutes.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn connect(State(agent): State<Arc<Agent>>, Path(port): Path<u16>, request: Request) -> Result<Response, AgentError> {
    let wanted = request.headers().get(header::UPGRADE).and_then(|v| v.to_str().ok());
    if !wanted.is_some_and(|w| w.eq_ignore_ascii_case(TunnelUpgrade::PROTOCOL)) {
        return Err(AgentError::Request(format!("Upgrade: {} is needed", TunnelUpgrade::PROTOCOL)));
    }
    if Some(port) == agent.reverse_port {
        // It would lead back to the server, with this workspace's rights, whoever asks.
        return Err(AgentError::Port { port, source: std::io::ErrorKind::PermissionDenied.into() });
    }
    let tcp = dial(port).await.map_err(|source| AgentError::Port { port, source })?;
    agent.tasks.spawn(async move {
        let upgraded = match hyper::upgrade::on(request).await {
            Ok(upgraded) => upgraded,
            Err(error) => {
                tracing::debug!(%error, port, "tunnel");
                return;
            }
        };
        if let Err(error) = splice(TokioIo::new(upgraded), tcp, BUFFER).await {
            tracing::debug!(%error, port, "tunnel");
        }
    });
    let headers =
        [(header::UPGRADE, HeaderValue::from_static(TunnelUpgrade::PROTOCOL)), (header::CONNECTION, HeaderValue::from_static("Upgrade"))];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}

/// A program may listen on either loopback address, or on any other of the container.
async fn dial(port: u16) -> std::io::Result<TcpStream> {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let mut first_error = None;
    for address in loopback {
        match reach(address, port).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let listed = tokio::task::spawn_blocking(move || ports::addresses(port)).await.unwrap_or_default();
    for address in listed.into_iter().filter(|address| !loopback.contains(address)) {
        if let Ok(stream) = reach(address, port).await {
            return Ok(stream);
        }
    }
    Err(first_error.unwrap_or_else(|| std::io::ErrorKind::ConnectionRefused.into()))
}

async fn reach(address: IpAddr, port: u16) -> std::io::Result<TcpStream> {
    let stream = tokio::time::timeout(PATIENCE, TcpStream::connect((address, port))).await??;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
