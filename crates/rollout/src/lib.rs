//! Rollouts: the target state (what git asks for), the current state (what runs), and the way from one to the other.
//!
//! ```text
//!  git ──refresh──▶ target state ──rollout──▶ current state
//!          │            ready | failed            none | progressing | healthy | degraded | failed
//!          └ manifest: check ─ kustomize ─ the API server's dry run
//! ```
//!
//! [`Rollouts`] is the whole of it. It speaks the Kubernetes API and keeps what it does in the database, so that a server that was
//! killed goes on; what it needs of git, of builds and of the cluster's life it gets through [`Surroundings`]. What does not
//! become healthy is explained as soon as it is certain (`trouble`), with the line of the manifest and the program's last words.

#![forbid(unsafe_code)]

mod app;
mod apply;
mod asleep;
mod drift;
mod error;
mod explain;
mod health;
mod images;
mod in_use;
mod kinds;
mod live;
mod machine;
mod map;
mod model;
mod plan;
mod pods;
mod secrets;
mod service;
mod strategy;
mod surroundings;
mod target;
mod trouble;
mod urls;
mod wait;

pub use app::{App, CurrentState};
pub use drift::{Drift, DriftedObject, Extra, Hand};
pub use error::RolloutError;
pub use machine::cluster_awaited;
pub use map::{AppMap, Autoscaler, ContainerEnvironment, Edge, EventView, LogLine, MapNode, MapPod, Origin, QuotaUse, Variable};
pub use model::{HealthState, ObjectHealth, Phase, Place, Progress, Rollout, Target, TargetState};
pub use plan::{Change, FieldChange, Plan, PlannedObject};
pub use pods::{ContainerView, PodView};
pub use secrets::SecretNames;
pub(crate) use service::Inner;
pub use service::{Rollouts, Settings};
pub use strategy::{CanaryStep, Order, Paused, Services, Strategy, StrategyKind};
pub use surroundings::{BoxFuture, RenderError, Snapshot, Source, Surroundings};
pub use target::NOT_VERIFIED;
