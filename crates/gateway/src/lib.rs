//! The gateway: Maru's Ingress controller, an ordinary workload in the cluster (`maru gateway`).
//!
//! It watches Ingresses, Services and EndpointSlices, and passes what comes in on its port to the pods that are
//! ready. Where none is, it answers with a page that says which Service, why, and the pod's last words.
//!
//! ```text
//! watch ── Objects ──> route::build ── Table ──┐       (and tls: certificates of Ingresses)
//! listener ── request ──> Proxy ── Table::find ┴─> Backend ──> pod
//!                            └── words (page), diagnose (pods, logs)
//! ```
//!
//! [`forward`] (headers and upgrades of a proxied message) and [`Page`] serve the other proxies of Maru as well.

#![forbid(unsafe_code)]

mod access_log;
mod activity;
mod body;
mod diagnose;
mod error;
mod exchange;
pub mod forward;
mod metrics;
mod options;
mod page;
mod proxy;
pub mod route;
mod serve;
mod sleep;
mod tls;
mod watch;
mod words;

pub use access_log::Entry;
pub use body::Body;
pub use error::Error;
pub use options::{BadOption, Options};
pub use page::{Fact, Links, Log, Page, Tone};
pub use proxy::{EXPLAIN, NAMESPACE, Proxy, REQUESTS};
pub use serve::{run, serve, serve_tls};
pub use tls::{Certificates, Trouble};
