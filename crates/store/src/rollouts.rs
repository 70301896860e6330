//! Queries about rollouts.
