use std::collections::HashMap;

use bollard::query_parameters as query;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};

use crate::error::found;
use crate::{Engine, EngineError, LABEL_INSTANCE, LABEL_ROLE, models};

impl Engine {
    /// Creates a container; it does not run yet. The answer is its id.
    ///
    /// # Errors
    /// [`EngineError::Conflict`] where the name is taken; otherwise what the Engine said.
    pub async fn create_container(&self, name: &str, spec: models::ContainerCreateBody) -> Result<String, EngineError> {
        let options = query::CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() };
        self.docker
            .create_container(Some(options), spec)
            .await
            .map(|made| made.id)
            .map_err(EngineError::during(format!("creating container {name}")))
    }

    /// # Errors
    /// What the Engine said.
    pub async fn start_container(&self, name: &str) -> Result<(), EngineError> {
        self.docker
            .start_container(name, None::<query::StartContainerOptions>)
            .await
            .map_err(EngineError::during(format!("starting container {name}")))
    }

    /// SIGTERM, then SIGKILL after `grace_seconds`. Stopping what has stopped is fine.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn stop_container(&self, name: &str, grace_seconds: i32) -> Result<(), EngineError> {
        let options = query::StopContainerOptions { t: Some(grace_seconds), ..Default::default() };
        let stopped = self.docker.stop_container(name, Some(options)).await;
        match stopped {
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 304, .. }) => Ok(()),
            other => other.map_err(EngineError::during(format!("stopping container {name}"))),
        }
    }

    /// # Errors
    /// What the Engine said.
    pub async fn kill_container(&self, name: &str) -> Result<(), EngineError> {
        self.docker
            .kill_container(name, None::<query::KillContainerOptions>)
            .await
            .map_err(EngineError::during(format!("killing container {name}")))
    }

    /// # Errors
    /// What the Engine said.
    pub async fn restart_container(&self, name: &str, grace_seconds: i32) -> Result<(), EngineError> {
        let options = query::RestartContainerOptions { t: Some(grace_seconds), ..Default::default() };
        self.docker.restart_container(name, Some(options)).await.map_err(EngineError::during(format!("restarting container {name}")))
    }

    /// Removes a container with its anonymous volumes, running or not. Removing what is gone is fine.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn remove_container(&self, name: &str) -> Result<(), EngineError> {
        let options = query::RemoveContainerOptions { force: true, v: true, ..Default::default() };
        found(self.docker.remove_container(name, Some(options)).await.map_err(EngineError::during(format!("removing container {name}"))))
            .map(drop)
    }

    /// `None` where there is no such container.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn inspect_container(&self, name: &str) -> Result<Option<models::ContainerInspectResponse>, EngineError> {
        found(
            self.docker
                .inspect_container(name, None::<query::InspectContainerOptions>)
                .await
                .map_err(EngineError::during(format!("inspecting container {name}"))),
        )
    }

    /// All containers of this installation with this role, running or not.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn list_containers(&self, role: &str) -> Result<Vec<models::ContainerSummary>, EngineError> {
        let labels = vec![format!("{LABEL_INSTANCE}={}", self.instance()), format!("{LABEL_ROLE}={role}")];
        let options =
            query::ListContainersOptions { all: true, filters: Some(HashMap::from([("label".to_owned(), labels)])), ..Default::default() };
        self.docker.list_containers(Some(options)).await.map_err(EngineError::during(format!("listing the containers with role {role}")))
    }

    /// Unpacks a tar archive into a container's folder, which exists; works before its first start too.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn upload(&self, name: &str, folder: &str, tar: Bytes) -> Result<(), EngineError> {
        let options = query::UploadToContainerOptions { path: folder.to_owned(), ..Default::default() };
        self.docker
            .upload_to_container(name, Some(options), bollard::body_full(tar))
            .await
            .map_err(EngineError::during(format!("copying files into container {name}:{folder}")))
    }

    /// The same of an archive that comes bit by bit; what its source fails with ends it.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn upload_stream<S>(&self, name: &str, folder: &str, tar: S) -> Result<(), EngineError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let options = query::UploadToContainerOptions { path: folder.to_owned(), ..Default::default() };
        self.docker
            .upload_to_container(name, Some(options), bollard::body_try_stream(tar))
            .await
            .map_err(EngineError::during(format!("copying files into container {name}:{folder}")))
    }

    /// A path of a container (running or not) as a tar archive.
    pub fn download(&self, name: &str, path: &str) -> impl Stream<Item = Result<Bytes, EngineError>> + use<'_> {
        let attempt = format!("copying {path} out of container {name}");
        let options = query::DownloadFromContainerOptions { path: path.to_owned() };
        self.docker.download_from_container(name, Some(options)).map_err(EngineError::during_each(attempt))
    }

    /// Waits until the container ends; the answer is its exit code.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn wait_container(&self, name: &str) -> Result<i64, EngineError> {
        let attempt = format!("waiting for container {name}");
        match self.docker.wait_container(name, None::<query::WaitContainerOptions>).next().await {
            Some(Ok(end)) => Ok(end.status_code),
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(EngineError::during(attempt)(error)),
            None => Err(EngineError::Failed { attempt, message: "the Engine closed the connection".to_owned() }),
        }
    }

    /// What a container wrote so far: standard output and standard error, at most the last `tail` lines of each.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn container_output(&self, name: &str, tail: usize) -> Result<(Vec<u8>, Vec<u8>), EngineError> {
        self.container_output_since(name, 0, tail).await
    }

    /// The same of what it wrote since a time, in Unix seconds.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn container_output_since(&self, name: &str, since: i64, tail: usize) -> Result<(Vec<u8>, Vec<u8>), EngineError> {
        let attempt = format!("reading the log of container {name}");
        // The client knows seconds until 2038 only; later ones are all of the log.
        let since = i32::try_from(since).unwrap_or(0);
        let options = query::LogsOptions { stdout: true, stderr: true, since, tail: tail.to_string(), ..Default::default() };
        let mut logs = self.docker.logs(name, Some(options));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(part) = logs.next().await {
            match part.map_err(EngineError::during(attempt.clone()))? {
                bollard::container::LogOutput::StdErr { message } => err.extend_from_slice(&message),
                other => out.extend_from_slice(&other.into_bytes()),
            }
        }
        Ok((out, err))
    }

    /// The Engine's own events about containers of this installation, from now on.
    pub fn container_events(&self) -> impl Stream<Item = Result<models::EventMessage, EngineError>> + use<'_> {
        let filters = HashMap::from([
            ("type".to_owned(), vec!["container".to_owned()]),
            ("label".to_owned(), vec![format!("{LABEL_INSTANCE}={}", self.instance())]),
        ]);
        let options = query::EventsOptions { filters: Some(filters), ..Default::default() };
        self.docker.events(Some(options)).map_err(EngineError::during_each("listening to the Docker Engine's events"))
    }

    /// One reading of a container's use of CPU, memory and processes.
    ///
    /// # Errors
    /// What the Engine said, or [`EngineError::Failed`] where it said nothing.
    pub async fn container_stats(&self, name: &str) -> Result<models::ContainerStatsResponse, EngineError> {
        let attempt = format!("reading the usage of container {name}");
        let options = query::StatsOptions { stream: false, one_shot: true };
        match self.docker.stats(name, Some(options)).next().await {
            Some(answer) => answer.map_err(EngineError::during(attempt)),
            None => Err(EngineError::Failed { attempt, message: "the Engine gave no reading".to_owned() }),
        }
    }
}
