//! Queries about deployments.
