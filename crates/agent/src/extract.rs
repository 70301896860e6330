//! Request parts whose refusals are problems like any other.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::AgentError;

/// Bytes of a JSON body.
const LIMIT: usize = 16 * 1024 * 1024;

/// A JSON body, whatever its Content-Type.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = AgentError;

    async fn from_request(request: Request, _: &S) -> Result<Self, AgentError> {
        let bytes = to_bytes(request.into_body(), LIMIT).await.map_err(|e| AgentError::Request(format!("body: {e}")))?;
        let bytes = if bytes.is_empty() { b"{}".as_slice() } else { &bytes };
        serde_json::from_slice(bytes).map(Self).map_err(|e| AgentError::Request(format!("body: {e}")))
    }
}

pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Query<T> {
    type Rejection = AgentError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AgentError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|q| Self(q.0)).map_err(|e| AgentError::Request(format!("query: {e}")))
    }
}
