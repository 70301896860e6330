//! The logs of several pods as one stream.

use futures_util::io::AsyncBufReadExt;
use futures_util::stream::{self, SelectAll};
use futures_util::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, LogParams};
use maru_store::users::User;
use serde::Serialize;

use crate::error::RolloutError;
use crate::service::Rollouts;

/// Containers that are read at once, and how far back each is read.
const MOST: usize = 30;
const TAIL: i64 = 200;

/// One line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    pub pod: String,
    pub container: String,
    pub line: String,
}

impl Rollouts {
    /// What all containers of the user's pods write, line by line; with `follow` it goes on. A container that has not started
    /// has no line yet.
    ///
    /// # Errors
    /// Where the cluster does not answer.
    pub async fn logs(&self, user: &User, follow: bool) -> Result<impl Stream<Item = LogLine> + Send + use<>, RolloutError> {
        let api: Api<Pod> = Api::namespaced(self.cluster().await?, &user.login.namespace());
        let pods = api.list(&ListParams::default()).await?.items;
        let containers = pods.iter().flat_map(|pod| {
            let name = pod.metadata.name.clone().unwrap_or_default();
            let specs = pod.spec.iter().flat_map(|spec| &spec.containers);
            specs.map(move |container| (name.clone(), container.name.clone())).collect::<Vec<_>>()
        });
        let mut all = SelectAll::new();
        for (pod, container) in containers.take(MOST) {
            let params = LogParams { container: Some(container.clone()), follow, tail_lines: Some(TAIL), ..LogParams::default() };
            let Ok(reader) = api.log_stream(&pod, &params).await else { continue };
            // A container whose log breaks off is done; the others go on.
            let lines = Box::pin(reader).lines().filter_map(|line| std::future::ready(line.ok()));
            all.push(lines.map(move |line| LogLine { pod: pod.clone(), container: container.clone(), line }).boxed());
        }
        // The stream holds its own readers; an empty one ends at once.
        Ok(if all.is_empty() { stream::empty().boxed() } else { all.boxed() })
    }
}
