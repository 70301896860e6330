//! The cluster that applications run on: the embedded node, a real Kubernetes in one container, or any other cluster by
//! its kubeconfig. This crate makes the node's container, its certificates and what belongs into every cluster of ours
//! (the system namespace, the students' role, the gateway), watches over it, and hands out a [`kube::Client`].
//!
//! ```text
//!            ensure image, network,        API ready, node Ready,
//!            container, certificates       base objects applied
//!  WaitingForImage ──────────▶ Starting ───────────────────────▶ Ready
//!        ▲                        ▲                                │
//!        │       retried          │   container ended, or the API  │
//!      Failed ◀───────────────────┴────────── does not answer ─────┘
//! ```
//!
//! One task ([`driver`]) is the only thing that acts; everybody else reads the state from a watch channel. The container
//! is kept when the server ends, and found again by its name when it starts.

#![forbid(unsafe_code)]

mod access;
mod base;
mod cluster;
mod connection;
mod container;
mod driver;
mod error;
mod external;
pub mod gateway;
mod health;
mod host;
pub mod namespace;
mod pki;
mod quantity;
mod state;

pub use cluster::{Cluster, ClusterConfig};
pub use connection::Duplex;
pub use error::ClusterError;
pub use external::{ExternalConfig, PulledGateway};
pub use gateway::GatewaySpec;
pub use health::{ClusterHealth, Line, NodeHealth, Tone};
pub use host::addresses as host_addresses;
pub use namespace::NamespaceSpec;
pub use pki::Validity;
pub use state::{ClusterState, Phase};
