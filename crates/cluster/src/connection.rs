//! A connection to the gateway: straight to the embedded node, and through the API to any other cluster, of which nothing
//! else need be reachable.

use std::net::SocketAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::ClusterError;
use crate::base::SYSTEM_NAMESPACE;
use crate::gateway::{NAME, POD_PORT};

const CONNECT: Duration = Duration::from_secs(3);
/// Through somebody's API server, kubelet and container runtime.
const FORWARD: Duration = Duration::from_secs(10);

/// What goes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

fn unreachable(message: impl std::fmt::Display) -> ClusterError {
    ClusterError::Gateway { message: message.to_string() }
}

pub(crate) async fn direct(address: SocketAddr) -> Result<Box<dyn Duplex>, ClusterError> {
    let stream = timeout(CONNECT, TcpStream::connect(address)).await.map_err(unreachable)?.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(Box::new(stream))
}

/// As `kubectl port-forward` does.
pub(crate) async fn forwarded(client: &Client) -> Result<Box<dyn Duplex>, ClusterError> {
    let pods = Api::<Pod>::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let connect = async {
        let found = pods.list(&ListParams::default().labels(&format!("app.kubernetes.io/name={NAME}"))).await.map_err(unreachable)?;
        let pod = found.items.into_iter().find(is_ready).and_then(|pod| pod.metadata.name);
        let pod = pod.ok_or_else(|| unreachable(format!("no pod {NAME} in namespace {SYSTEM_NAMESPACE} is ready")))?;
        let mut forward = pods.portforward(&pod, &[POD_PORT]).await.map_err(unreachable)?;
        forward.take_stream(POD_PORT).ok_or_else(|| unreachable("the cluster forwards no port"))
    };
    let stream = timeout(FORWARD, connect).await.map_err(unreachable)??;
    Ok(Box::new(stream))
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.is_some_and(|all| all.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"))
}
