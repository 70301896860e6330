//! The way out for workspaces whose network leads nowhere: package registries, by name, through this server. Programs
//! ask at the agent's loopback port as they would ask any HTTP proxy, and the stream says whose workspace it is.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use maru_gateway::forward::{Tunnels, begin, finish};
use maru_model::{Egress, Login};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::ApiError;
use crate::state::AppState;

const PATIENCE: Duration = Duration::from_secs(10);
const BUFFER: usize = 32 * 1024;

/// Where the tools of a class get their packages. A dot in front stands for all names below.
const REGISTRIES: [&str; 21] = [
    "pypi.org",
    "files.pythonhosted.org",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "repo.maven.apache.org",
    "repo1.maven.org",
    "plugins.gradle.org",
    "plugins-artifacts.gradle.org",
    "services.gradle.org",
    "downloads.gradle.org",
    "crates.io",
    "index.crates.io",
    "static.crates.io",
    "proxy.golang.org",
    "sum.golang.org",
    "rubygems.org",
    "index.rubygems.org",
    "deb.debian.org",
    "security.debian.org",
    "archive.ubuntu.com",
    "security.ubuntu.com",
];

/// What leads out, and who may use it.
#[derive(Clone)]
pub struct Exits {
    state: AppState,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Exits {
    /// `tasks` owns the connections that go on, until `shutdown`.
    pub fn new(state: AppState, tasks: TaskTracker, shutdown: CancellationToken) -> Self {
        Self { state, tasks, shutdown }
    }

    /// Whether this is a request to a proxy, and none to this server.
    pub fn is_meant(request: &Request) -> bool {
        request.method() == Method::CONNECT || request.uri().scheme().is_some()
    }

    pub async fn serve(&self, login: &Login, request: Request) -> Response {
        match self.pass(login, request).await {
            Ok(response) => response,
            Err((status, why)) => {
                tracing::debug!(%login, %why, "no way out");
                let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
                (status, kind, format!("{why}\n")).into_response()
            }
        }
    }

    async fn pass(&self, login: &Login, mut request: Request) -> Result<Response, (StatusCode, String)> {
        let connect = request.method() == Method::CONNECT;
        let (host, port) = target(request.uri(), if connect { 443 } else { 80 })
            .ok_or_else(|| (StatusCode::BAD_REQUEST, "Maru: no host. 호스트가 없습니다.".to_owned()))?;
        let failed = |error: ApiError| (StatusCode::INTERNAL_SERVER_ERROR, error.detail().to_string());
        let user = self.state.store.user_by_login(login).await.map_err(|error| failed(error.into()))?;
        let egress = match user {
            Some(user) => self.state.workspaces.egress(&user.id).await.map_err(|error| failed(error.into()))?,
            None => Egress::None,
        };
        if egress != Egress::Registries {
            let why = "Maru: this workspace has no way out through the server. 이 작업 공간에서는 서버를 거쳐 밖으로 나갈 수 없습니다.";
            return Err((StatusCode::FORBIDDEN, why.to_owned()));
        }
        let port_fits = if connect { port == 443 } else { port == 80 };
        if !port_fits || !is_registry(&host, &self.state.config.registries) {
            let why = format!(
                "Maru: your class reaches package registries only, and {host}:{port} is none. \
                 이 수업에서는 패키지 저장소에만 접속할 수 있습니다: {host}:{port}"
            );
            return Err((StatusCode::FORBIDDEN, why));
        }
        let stream = dial(&host, port).await.map_err(|error| {
            (StatusCode::BAD_GATEWAY, format!("Maru: {host} does not answer ({error}). {host}이(가) 응답하지 않습니다."))
        })?;
        if connect {
            self.join(hyper::upgrade::on(&mut request), stream);
            return Ok(StatusCode::OK.into_response());
        }
        let broken = |error: &dyn std::fmt::Display| (StatusCode::BAD_GATEWAY, format!("Maru: {host}: {error}"));
        if begin(&mut request).is_some() {
            return Err((StatusCode::NOT_IMPLEMENTED, "Maru: no upgrades. 업그레이드는 지원하지 않습니다.".to_owned()));
        }
        *request.uri_mut() = request.uri().path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move { shutdown.run_until_cancelled(connection).await });
        let mut response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        finish(&mut response, None, &Tunnels::new(self.shutdown.clone())).map_err(|error| broken(&error))?;
        Ok(response.map(Body::new))
    }

    fn join(&self, program: hyper::upgrade::OnUpgrade, registry: TcpStream) {
        let shutdown = self.shutdown.clone();
        let both = async move {
            match program.await {
                Ok(program) => {
                    // How it ended is told to both of its ends.
                    let _ = maru_protocol::splice(TokioIo::new(program), registry, BUFFER).await;
                }
                Err(error) => tracing::debug!(%error, "a way out was not taken"),
            }
        };
        self.tasks.spawn(async move { shutdown.run_until_cancelled(both).await });
    }
}

fn target(uri: &Uri, port: u16) -> Option<(String, u16)> {
    let authority = uri.authority()?;
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty() && !authority.as_str().contains('@')).then(|| (host, authority.port_u16().unwrap_or(port)))
}

fn is_registry(host: &str, more: &[String]) -> bool {
    let fits = |name: &str| match name.strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => host == name,
    };
    REGISTRIES.iter().copied().chain(more.iter().map(String::as_str)).any(fits)
}

/// A name server that is not the operator's could answer with an address of this machine.
async fn dial(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> =
        timeout(PATIENCE, tokio::net::lookup_host((host, port))).await??.filter(|address| !is_inside(address.ip())).collect();
    timeout(PATIENCE, TcpStream::connect(&addresses[..])).await?
}

fn is_inside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local() || address.is_unspecified() || address.is_multicast(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unicast_link_local() || address.is_unspecified() || address.is_multicast()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_known_by_their_whole_name() {
        let more = ["mirror.school.example".to_owned(), ".packages.example".to_owned()];
        for registry in ["pypi.org", "registry.npmjs.org", "mirror.school.example", "eu.packages.example"] {
            assert!(is_registry(registry, &more), "{registry}");
        }
        for other in ["evil.example", "pypi.org.evil.example", "xpypi.org", "www.pypi.org", "packages.example", "xpackages.example", ""] {
            assert!(!is_registry(other, &more), "{other}");
        }
    }

    #[test]
    fn what_is_asked_for() {
        let asked = |uri: &str| target(&uri.parse().unwrap(), 443);
        assert_eq!(asked("PyPI.org:443"), Some(("pypi.org".to_owned(), 443)));
        assert_eq!(asked("http://deb.debian.org./debian"), Some(("deb.debian.org".to_owned(), 443)));
        assert_eq!(asked("http://pypi.org@evil.example/"), None);
        assert_eq!(asked("/relative"), None);
    }

    #[test]
    fn this_machine_is_no_registry() {
        for inside in ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"] {
            assert!(is_inside(inside.parse().unwrap()), "{inside}");
        }
        assert!(!is_inside("192.0.2.1".parse().unwrap()));
    }
}
