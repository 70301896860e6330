//! Queries about workspaces.
