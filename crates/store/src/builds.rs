//! Queries about builds.
