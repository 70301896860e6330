use std::process::Stdio;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::{HeaderMap, Method, StatusCode, header};
use maru_model::Login;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::io::StreamReader;

use crate::command::isolate;
use crate::{GitError, Project, parse};

/// One fetch or push, from its first byte to its last.
const DEADLINE: Duration = Duration::from_secs(15 * 60);
/// The most bytes of one push: a data set belongs in a volume, not in git.
const PUSH_LIMIT: &str = "536870912";
/// The longest head that git http-backend sends is a few hundred bytes.
const HEAD_LIMIT: usize = 64 * 1024;

impl Project {
    /// Answers one request of git's smart HTTP protocol: `service` is the path after `{project}.git/`. Whoever calls has
    /// made sure that `login` may read and write this project. Requests and answers are streamed; git ends when
    /// the answer is dropped.
    ///
    /// # Errors
    /// Where `git http-backend` cannot be run or says something that is no answer.
    pub async fn serve_http(&self, login: &Login, service: &str, request: Request) -> Result<Response, GitError> {
        let attempt = format!("serving {} over HTTP", self.name);
        let query = request.uri().query().unwrap_or("").to_owned();
        let allowed = match (request.method(), service) {
            (&Method::GET, "info/refs") => matches!(query.as_str(), "service=git-upload-pack" | "service=git-receive-pack"),
            (&Method::POST, "git-upload-pack" | "git-receive-pack") => true,
            _ => false,
        };
        if !allowed {
            // What only old or hand-made clients ask for: the files of the repository one by one.
            let mut answer = Response::new(Body::from("This is a git project: clone it with git over smart HTTP.\n"));
            *answer.status_mut() = StatusCode::NOT_FOUND;
            return Ok(answer);
        }

        let mut command = Command::new("git");
        isolate(&mut command);
        command.arg("-c").arg(format!("receive.maxInputSize={PUSH_LIMIT}")).args(["-c", "http.receivepack=true", "http-backend"]);
        command.env("GIT_PROJECT_ROOT", &*self.path).env("GIT_HTTP_EXPORT_ALL", "1").env("PATH_INFO", format!("/{service}"));
        command.env("REQUEST_METHOD", request.method().as_str()).env("QUERY_STRING", query).env("REMOTE_USER", login.as_str());
        for (name, variable) in [
            (header::CONTENT_TYPE.as_str(), "CONTENT_TYPE"),
            (header::CONTENT_LENGTH.as_str(), "CONTENT_LENGTH"),
            (header::CONTENT_ENCODING.as_str(), "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "GIT_PROTOCOL"),
        ] {
            if let Some(value) = request.headers().get(name).and_then(|value| value.to_str().ok()) {
                command.env(variable, value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut exchange =
            command.spawn().and_then(|child| Exchange::start(child, request.into_body())).map_err(GitError::io(attempt.clone()))?;

        let (status, headers, rest) = exchange.head(&attempt).await?;
        let rest = futures_util::stream::once(async move { Ok(rest) });
        let body = futures_util::stream::try_unfold(exchange, |mut exchange| async move {
            Ok::<_, std::io::Error>(exchange.next().await?.map(|bytes| (bytes, exchange)))
        });
        let mut answer = Response::new(Body::from_stream(futures_util::StreamExt::chain(rest, body)));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

/// One run of git http-backend: while its output is read, its input is fed and its complaints are taken, so that none of
/// the three pipes can stop the other two.
struct Exchange {
    /// Held for its `kill_on_drop`.
    child: Child,
    output: ChildStdout,
    feed: Option<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>,
    deadline: tokio::time::Instant,
}

impl Exchange {
    fn start(mut child: Child, body: Body) -> std::io::Result<Self> {
        let output = child.stdout.take().ok_or_else(|| std::io::Error::other("git has no standard output"))?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let feed = async move {
            let input = async move {
                let Some(mut stdin) = stdin else { return };
                let mut body = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
                // git that stops reading has its reason and tells it in its answer.
                if tokio::io::copy_buf(&mut body, &mut stdin).await.is_ok() {
                    let _ = stdin.shutdown().await;
                }
            };
            let complaints = async move {
                let Some(mut stderr) = stderr else { return };
                let mut text = vec![0; 4096];
                while let Ok(length @ 1..) = stderr.read(&mut text).await {
                    tracing::debug!(stderr = %String::from_utf8_lossy(&text[..length]).trim_end(), "git http-backend");
                }
            };
            tokio::join!(input, complaints);
        };
        Ok(Self { child, output, feed: Some(Box::pin(feed)), deadline: tokio::time::Instant::now() + DEADLINE })
    }

    /// The next bytes of output; `None` at its end.
    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        let mut bytes = BytesMut::with_capacity(64 * 1024);
        loop {
            let read = tokio::time::timeout_at(self.deadline, async {
                match &mut self.feed {
                    Some(feed) => tokio::select! {
                        length = self.output.read_buf(&mut bytes) => Some(length),
                        () = feed => None,
                    },
                    None => Some(self.output.read_buf(&mut bytes).await),
                }
            });
            match read.await {
                Ok(None) => self.feed = None,
                Ok(Some(Ok(0))) => return Ok(None),
                Ok(Some(Ok(_))) => return Ok(Some(bytes.freeze())),
                Ok(Some(Err(error))) => return Err(error),
                Err(_) => {
                    let _ = self.child.start_kill();
                    return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "git took too long"));
                }
            }
        }
    }

    async fn head(&mut self, attempt: &str) -> Result<(StatusCode, HeaderMap, Bytes), GitError> {
        let answer = |message: String| GitError::Answer { attempt: attempt.to_owned(), message };
        let mut seen = BytesMut::new();
        loop {
            if let Some((status, headers, length)) = parse::cgi_head(&seen).map_err(answer)? {
                return Ok((status, headers, seen.split_off(length).freeze()));
            }
            if seen.len() > HEAD_LIMIT {
                return Err(answer("a head without an end".to_owned()));
            }
            match self.next().await.map_err(GitError::io(attempt))? {
                Some(bytes) => seen.extend_from_slice(&bytes),
                None => return Err(answer("it ended before its head did".to_owned())),
            }
        }
    }
}
