//! Manifests as students write them: read, checked, and explained.
//!
//! Pure functions over file contents; no cluster, no clock, no files. [`check`] goes through
//! syntax (`yaml`, `syntax`), kustomization, each object's fields (`fields`, with the schema of Kubernetes 1.37), the
//! objects among one another (`references`, `services`, `ingress`, `strategies`), what is allowed (`policy`) and what is understood
//! differently here (`habits`). Every finding has a stable
//! code, a place, its reason in both languages and, where one is known, what to write instead. [`adapt`] rewrites what is
//! understood although the cluster would not take it.

#![forbid(unsafe_code)]

mod adapt;
mod check;
mod containers;
mod diagnostic;
mod edit;
mod fields;
mod habits;
mod ingress;
mod kustomization;
mod locate;
mod nearest;
mod object;
mod policy;
mod references;
mod refusal;
mod rendered;
mod schema;
mod services;
mod source;
mod strategies;
mod strategy_change;
mod syntax;
mod values;
mod yaml;

pub use adapt::adapt;
pub use check::{Context, check, check_rendered, implied_kustomization, locate};
pub use containers::{ContainerFacts, containers};
pub use diagnostic::{Diagnostic, DiagnosticView, Mark, ObjectRef, Report, Severity};
pub use edit::{Edit, apply_edits};
pub use locate::{find_object, places};
pub use nearest::nearest;
pub use refusal::kustomize_refused;
pub use rendered::read_rendered;
pub use source::Files;
pub use strategy_change::{StrategyChoice, change_strategy};
