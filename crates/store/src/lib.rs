//! The database. One SQL text serves SQLite and PostgreSQL through sqlx's `Any` driver: placeholders are `$1`, times
//! are Unix milliseconds in BIGINT, JSON and ids are TEXT. One module per domain, each a table of contents of its queries.

#![forbid(unsafe_code)]

pub mod audit;
pub mod builds;
pub mod classes;
pub mod counts;
mod db;
pub mod deployments;
pub mod dump;
mod egress;
mod limits;
mod migrations;
pub mod people;
pub mod ports;
mod preferences;
mod quota;
pub mod rollouts;
mod settings;
mod sleep;
pub mod users;
pub mod workspaces;

pub use db::{Store, StoreError, now_ms};
