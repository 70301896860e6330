use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;

use crate::BuildError;

const DEADLINE: Duration = Duration::from_secs(20);
/// Manifests and image configurations are a few kilobytes.
const LIMIT: usize = 4 << 20;
/// What the Engine pushes, and its standard name.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";

/// The few calls of the registry's HTTP API that the Engine does not do for us.
#[derive(Clone, Debug)]
pub(crate) struct RegistryClient {
    http: Client<HttpConnector, Full<Bytes>>,
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Bytes,
}

impl RegistryClient {
    pub(crate) fn new() -> Self {
        Self { http: Client::builder(hyper_util::rt::TokioExecutor::new()).build_http() }
    }

    async fn call(&self, request: Request<Full<Bytes>>) -> Result<Answer, BuildError> {
        let attempt = format!("asking the registry: {} {}", request.method(), request.uri());
        let exchange = async {
            let response = self.http.request(request).await.map_err(|error| error.to_string())?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, LIMIT).collect().await.map_err(|error| error.to_string())?;
            Ok::<_, String>(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
        };
        match tokio::time::timeout(DEADLINE, exchange).await {
            Ok(answer) => answer.map_err(|message| BuildError::registry(attempt, message)),
            Err(_) => Err(BuildError::registry(attempt, "no answer in time")),
        }
    }

    fn request(
        method: Method,
        address: SocketAddr,
        path: &str,
        token: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<Request<Full<Bytes>>, BuildError> {
        let mut request = Request::builder().method(method).uri(format!("http://{address}/v2/{path}"));
        request = request.header(header::ACCEPT, MANIFEST);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        let body = body.map(|(_, bytes)| bytes).unwrap_or_default();
        request.body(Full::new(body)).map_err(|error| BuildError::registry(format!("asking the registry for {path}"), error))
    }

    /// Succeeds once the registry answers, and asks for a token: one that let everybody in would be a mistake of ours.
    pub(crate) async fn ping(&self, address: SocketAddr) -> Result<(), BuildError> {
        let answer = self.call(Self::request(Method::GET, address, "", "", None)?).await?;
        match answer.status {
            StatusCode::UNAUTHORIZED => Ok(()),
            other => Err(BuildError::registry("asking the registry whether it is there", format!("it answered {other} without a token"))),
        }
    }

    async fn manifest(&self, address: SocketAddr, repository: &str, tag: &str, token: &str) -> Result<Option<Answer>, BuildError> {
        let path = format!("{repository}/manifests/{tag}");
        let answer = self.call(Self::request(Method::GET, address, &path, token, None)?).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refused(&path, &answer)),
        }
    }

    /// `sha256:...` of the manifest behind a tag.
    pub(crate) async fn digest(&self, address: SocketAddr, repository: &str, tag: &str, token: &str) -> Result<Option<String>, BuildError> {
        let Some(answer) = self.manifest(address, repository, tag, token).await? else { return Ok(None) };
        let digest = answer.headers.get("docker-content-digest").and_then(|digest| digest.to_str().ok());
        Ok(digest.map(str::to_owned))
    }

    /// The Engine's id of the image behind a tag: the digest of its configuration.
    pub(crate) async fn image_id(
        &self,
        address: SocketAddr,
        repository: &str,
        tag: &str,
        token: &str,
    ) -> Result<Option<String>, BuildError> {
        let Some(answer) = self.manifest(address, repository, tag, token).await? else { return Ok(None) };
        let manifest: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        Ok(manifest["config"]["digest"].as_str().map(str::to_owned))
    }

    pub(crate) async fn copy_tag(
        &self,
        address: SocketAddr,
        repository: &str,
        from: &str,
        to: &str,
        token: &str,
    ) -> Result<(), BuildError> {
        let missing = || BuildError::registry(format!("tagging {repository}:{from} as {to}"), "the registry does not have it");
        let answer = self.manifest(address, repository, from, token).await?.ok_or_else(missing)?;
        let kind = answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let path = format!("{repository}/manifests/{to}");
        let put = self.call(Self::request(Method::PUT, address, &path, token, Some((kind, answer.body.clone())))?).await?;
        if put.status.is_success() { Ok(()) } else { Err(refused(&path, &put)) }
    }

    pub(crate) async fn delete(&self, address: SocketAddr, repository: &str, digest: &str, token: &str) -> Result<(), BuildError> {
        let path = format!("{repository}/manifests/{digest}");
        let answer = self.call(Self::request(Method::DELETE, address, &path, token, None)?).await?;
        match answer.status {
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            _ => Err(refused(&path, &answer)),
        }
    }
}

fn refused(path: &str, answer: &Answer) -> BuildError {
    BuildError::registry(
        format!("asking the registry for {path}"),
        format!("it answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body).trim()),
    )
}
