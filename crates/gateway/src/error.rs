use std::net::SocketAddr;

/// Why the gateway could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{address} can't be listened on: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the cluster is watched no longer")]
    Watches,
    #[error("the gateway's own certificate can't be made: {0}")]
    Certificate(String),
    #[error(transparent)]
    Options(#[from] crate::options::BadOption),
}
