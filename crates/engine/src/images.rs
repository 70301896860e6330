use std::collections::HashMap;

use bollard::query_parameters as query;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};

use crate::error::found;
use crate::{Engine, EngineError, models};

/// Who pushes: a bearer token of the registry.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub registry_token: String,
}

/// A build by the Engine's classic builder: the one that honours limits of memory and CPU.
#[derive(Debug, Clone, Default)]
pub struct BuildRequest {
    /// The image's name, `repository:tag`.
    pub tag: String,
    /// Path of the Dockerfile inside the context.
    pub dockerfile: String,
    /// Bytes; swap is not added.
    pub memory: i32,
    /// Microseconds of CPU in every 100 ms.
    pub cpu_quota: i32,
    /// The network of RUN instructions.
    pub network: String,
    pub labels: HashMap<String, String>,
    pub build_args: HashMap<String, String>,
}

/// What the builder said.
#[derive(Debug, Clone)]
pub enum BuildEvent {
    /// A piece of its log.
    Output(String),
    /// The id of the image that was made.
    Image(String),
}

/// Where the line end behind the Engine's last message arrives by itself, bollard 0.21 takes it for a message cut short.
/// One that was cut short in truth would have come with an error of the connection, which stays one.
fn whole<T>(messages: impl Stream<Item = Result<T, bollard::errors::Error>>) -> impl Stream<Item = Result<T, bollard::errors::Error>> {
    messages.filter(|message| {
        let line_end = matches!(message, Err(bollard::errors::Error::IOError { err }) if err.to_string() == "bytes remaining on stream");
        std::future::ready(!line_end)
    })
}

impl Engine {
    /// `None` where there is no such image.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn inspect_image(&self, name: &str) -> Result<Option<models::ImageInspect>, EngineError> {
        found(self.docker.inspect_image(name).await.map_err(EngineError::during(format!("inspecting image {name}"))))
    }

    /// Builds an image from a context (a tar stream). Dropping the stream cancels the build; an instruction that
    /// fails ends it with [`EngineError::Failed`].
    pub fn build_image<C>(
        &self,
        request: BuildRequest,
        context: C,
    ) -> impl Stream<Item = Result<BuildEvent, EngineError>> + Send + use<'_, C>
    where
        C: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let attempt = format!("building image {}", request.tag);
        let options = query::BuildImageOptions {
            dockerfile: request.dockerfile,
            t: Some(request.tag),
            rm: true,
            forcerm: true,
            memory: (request.memory > 0).then_some(request.memory),
            memswap: (request.memory > 0).then_some(request.memory),
            cpuperiod: (request.cpu_quota > 0).then_some(100_000),
            cpuquota: (request.cpu_quota > 0).then_some(request.cpu_quota),
            networkmode: (!request.network.is_empty()).then_some(request.network),
            labels: Some(request.labels),
            buildargs: Some(request.build_args),
            ..Default::default()
        };
        whole(self.docker.build_image(options, None, Some(bollard::body_try_stream(context)))).filter_map(move |part| {
            let attempt = attempt.clone();
            async move {
                match part {
                    Err(error) => Some(Err(EngineError::during(attempt)(error))),
                    Ok(info) => {
                        if let Some(detail) = info.error_detail {
                            let message = detail.message.unwrap_or_else(|| "it failed without saying why".to_owned());
                            return Some(Err(EngineError::Failed { attempt, message }));
                        }
                        if let Some(id) = info.aux.and_then(|image| image.id) {
                            return Some(Ok(BuildEvent::Image(id)));
                        }
                        // The lines that move while a base image is fetched would fill the log.
                        let moving = info.progress_detail.is_some_and(|progress| progress.total.is_some());
                        let status = info.status.filter(|_| !moving).map(|status| format!("{status}\n"));
                        info.stream.or(status).map(|text| Ok(BuildEvent::Output(text)))
                    }
                }
            }
        })
    }

    /// All names (`repository:tag`) of images here that match a pattern, `registry.localhost/base/*` say.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn image_names(&self, pattern: &str) -> Result<Vec<String>, EngineError> {
        let filters = HashMap::from([("reference".to_owned(), vec![pattern.to_owned()])]);
        let options = query::ListImagesOptions { filters: Some(filters), ..Default::default() };
        let images = self.docker.list_images(Some(options)).await.map_err(EngineError::during(format!("listing the images {pattern}")))?;
        Ok(images.into_iter().flat_map(|image| image.repo_tags).collect())
    }

    /// Gives an image one more name.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn tag_image(&self, image: &str, repository: &str, tag: &str) -> Result<(), EngineError> {
        let options = query::TagImageOptions { repo: Some(repository.to_owned()), tag: Some(tag.to_owned()) };
        self.docker
            .tag_image(image, Some(options))
            .await
            .map_err(EngineError::during(format!("tagging image {image} as {repository}:{tag}")))
    }

    /// Pushes `repository:tag`; the stream is the Engine's progress in words.
    pub fn push_image(
        &self,
        repository: &str,
        tag: &str,
        credentials: Credentials,
    ) -> impl Stream<Item = Result<String, EngineError>> + Send + use<'_> {
        let attempt = format!("pushing image {repository}:{tag}");
        let options = query::PushImageOptions { tag: Some(tag.to_owned()), ..Default::default() };
        let credentials = bollard::auth::DockerCredentials { registrytoken: Some(credentials.registry_token), ..Default::default() };
        whole(self.docker.push_image(repository, Some(options), Some(credentials))).filter_map(move |part| {
            let attempt = attempt.clone();
            async move {
                match part {
                    Err(error) => Some(Err(EngineError::during(attempt)(error))),
                    Ok(info) => match info.error_detail.and_then(|detail| detail.message) {
                        Some(message) => Some(Err(EngineError::Failed { attempt, message })),
                        None => info.status.map(Ok),
                    },
                }
            }
        })
    }

    /// Removes a name of an image, and the image where that was its last. Removing what is gone is fine.
    ///
    /// # Errors
    /// What the Engine said, for one that a container uses it.
    pub async fn remove_image(&self, name: &str) -> Result<(), EngineError> {
        found(
            self.docker
                .remove_image(name, None::<query::RemoveImageOptions>, None)
                .await
                .map_err(EngineError::during(format!("removing image {name}"))),
        )
        .map(drop)
    }

    /// Removes the images of this installation that no name and no other image keeps.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn prune_images(&self) -> Result<(), EngineError> {
        let label = format!("{}={}", crate::LABEL_INSTANCE, self.instance());
        let filters = HashMap::from([("dangling".to_owned(), vec!["true".to_owned()]), ("label".to_owned(), vec![label])]);
        let options = query::PruneImagesOptions { filters: Some(filters) };
        self.docker.prune_images(Some(options)).await.map(drop).map_err(EngineError::during("removing images that nobody needs"))
    }

    /// Takes images in from an archive in the format of `docker save`, with their names.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn load_image<S>(&self, archive: S) -> Result<(), EngineError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let options = query::ImportImageOptions { quiet: true, ..Default::default() };
        let said = whole(self.docker.import_image_stream(options, archive, None));
        said.try_for_each(|_| async { Ok(()) }).await.map_err(EngineError::during("loading an image"))
    }

    /// An image with its layers as a tar archive, as `docker save` gives it.
    pub fn export_image(&self, name: &str) -> impl Stream<Item = Result<Bytes, EngineError>> + use<'_> {
        self.docker.export_image(name).map_err(EngineError::during_each(format!("exporting image {name}")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// An Engine that answers whatever it is asked with these pieces, each a chunk of its own. A real one cuts its answers
    /// where it likes: so in one push of some hundreds.
    async fn answering(pieces: &'static [&'static str], ends: bool) -> Engine {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
            for piece in pieces {
                stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).await.unwrap();
            }
            if ends {
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            }
        });
        let docker = bollard::Docker::connect_with_http(&address, 5, bollard::API_DEFAULT_VERSION).unwrap();
        Engine::over(docker, "test".to_owned())
    }

    async fn push(engine: &Engine) -> Vec<Result<String, String>> {
        let credentials = Credentials { registry_token: String::new() };
        let progress = engine.push_image("127.0.0.1:1/some/image", "1", credentials);
        progress.map(|line| line.map_err(|error| error.to_string())).collect().await
    }

    #[tokio::test]
    async fn the_last_line_end_of_an_answer_may_come_by_itself() {
        let engine = answering(&["{\"status\":\"Pushing\"}\r\n{\"status\":\"1: digest: sha256:0\"}", "\r\n"], true).await;
        assert_eq!(push(&engine).await, [Ok("Pushing".to_owned()), Ok("1: digest: sha256:0".to_owned())]);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_error() {
        let engine = answering(&["{\"status\":\"Pushing\"}\r\n{\"status\":"], false).await;
        let said = push(&engine).await;
        assert_eq!(said.first(), Some(&Ok("Pushing".to_owned())));
        assert!(said.iter().skip(1).any(Result::is_err), "{said:?}");
    }
}
