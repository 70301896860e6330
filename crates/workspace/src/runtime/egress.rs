//! The way out of a workspace: which network its container is on, and how its programs find the rest.
//!
//! | way out | network | what leads out |
//! |---|---|---|
//! | open | `workspaces` | the network itself, past this host |
//! | registries | `workspaces-shut`, which leads nowhere | the server, which passes on to package registries, by the agent's loopback port |
//! | none | `workspaces-shut` | nothing |

use maru_engine::{Engine, EngineError, models};
use maru_model::Egress;
use maru_protocol::REVERSE_PORT;

/// An address that no machine has (RFC 5737). The Engine's own name server in the container would ask on behalf of it,
/// from outside of the container, and names can carry anything out.
const NO_NAME_SERVER: &str = "192.0.2.1";

/// The network's name; it is made where it is missing.
pub(super) async fn network(engine: &Engine, egress: Egress) -> Result<String, EngineError> {
    match egress {
        Egress::Open => engine.ensure_isolated_network("workspaces").await,
        Egress::Registries | Egress::None => engine.ensure_shut_network("workspaces-shut").await,
    }
}

/// What the container gets besides its network.
pub(super) fn prepare(egress: Egress, container: &mut models::ContainerCreateBody) {
    if egress == Egress::Open {
        return;
    }
    if let Some(host) = &mut container.host_config {
        host.dns = Some(vec![NO_NAME_SERVER.to_owned()]);
    }
    if egress == Egress::Registries {
        container.env.get_or_insert_default().extend(environment());
    }
}

/// What pip, npm, cargo, go, git, curl, Maven and Gradle ask where the proxy is.
fn environment() -> Vec<String> {
    let proxy = format!("http://127.0.0.1:{REVERSE_PORT}");
    let java =
        format!("-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={REVERSE_PORT} -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={REVERSE_PORT}");
    let mut all: Vec<String> =
        ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"].iter().map(|name| format!("{name}={proxy}")).collect();
    all.extend(["no_proxy", "NO_PROXY"].iter().map(|name| format!("{name}=localhost,127.0.0.1,::1")));
    all.extend(["MAVEN_OPTS", "GRADLE_OPTS"].iter().map(|name| format!("{name}={java}")));
    all.push("NODE_USE_ENV_PROXY=1".to_owned());
    all
}
