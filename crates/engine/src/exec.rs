use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{Engine, EngineError, models};

/// The standard input and output of a program running in a container, as one duplex stream.
/// Its standard error goes to the log, at debug level.
pub struct ExecStream {
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    pending: Bytes,
}

impl std::fmt::Debug for ExecStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecStream").finish_non_exhaustive()
    }
}

impl AsyncRead for ExecStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        loop {
            if !self.pending.is_empty() {
                let n = self.pending.len().min(buf.remaining());
                buf.put_slice(&self.pending[..n]);
                self.pending.advance(n);
                return Poll::Ready(Ok(()));
            }
            match std::task::ready!(self.output.poll_next_unpin(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(std::io::Error::other(error))),
                Some(Ok(LogOutput::StdErr { message })) => {
                    tracing::debug!(stderr = %String::from_utf8_lossy(&message).trim_end(), "exec");
                }
                Some(Ok(other)) => self.pending = other.into_bytes(),
            }
        }
    }
}

impl AsyncWrite for ExecStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        self.input.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.input.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.input.as_mut().poll_shutdown(cx)
    }
}

/// What a program that ran to its end left behind.
#[derive(Debug, Clone)]
pub struct ExecOutput {
    pub code: i64,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Engine {
    async fn start_exec(
        &self,
        name: &str,
        argv: &[&str],
        user: Option<&str>,
        stdin: bool,
    ) -> Result<(String, StartExecResults), EngineError> {
        let attempt = format!("running {} in container {name}", argv.first().unwrap_or(&"nothing"));
        let config = models::ExecConfig {
            attach_stdin: Some(stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(argv.iter().map(|&arg| arg.to_owned()).collect()),
            user: user.map(str::to_owned),
            ..Default::default()
        };
        let exec = self.docker.create_exec(name, config).await.map_err(EngineError::during(attempt.clone()))?;
        let options = StartExecOptions { output_capacity: Some(256 * 1024), ..Default::default() };
        let started = self.docker.start_exec(&exec.id, Some(options)).await.map_err(EngineError::during(attempt))?;
        Ok((exec.id, started))
    }

    /// Starts a program in a running container and gives its standard input and output.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn exec_stream(&self, name: &str, argv: &[&str], user: Option<&str>) -> Result<ExecStream, EngineError> {
        match self.start_exec(name, argv, user, true).await?.1 {
            StartExecResults::Attached { output, input } => Ok(ExecStream { output, input, pending: Bytes::new() }),
            StartExecResults::Detached => Err(detached(name)),
        }
    }

    /// Runs a program in a running container to its end, feeding it `stdin`.
    ///
    /// # Errors
    /// What the Engine said; a program that fails is no error here, see [`ExecOutput::code`].
    pub async fn exec(
        &self,
        name: &str,
        argv: &[&str],
        user: Option<&str>,
        stdin: Option<impl Stream<Item = std::io::Result<Bytes>> + Send + 'static>,
    ) -> Result<ExecOutput, EngineError> {
        use tokio::io::AsyncWriteExt;
        let attempt = format!("running {} in container {name}", argv.first().unwrap_or(&"nothing"));
        let (id, started) = self.start_exec(name, argv, user, stdin.is_some()).await?;
        let StartExecResults::Attached { mut output, mut input } = started else { return Err(detached(name)) };
        let feed = async move {
            if let Some(stdin) = stdin {
                let mut stdin = std::pin::pin!(stdin);
                while let Some(part) = stdin.next().await {
                    input.write_all(&part?).await?;
                }
                input.shutdown().await?;
            }
            // Held until the end: some Engines take a closed input for the end of the whole exchange.
            Ok::<_, std::io::Error>(input)
        };
        let read = async {
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            while let Some(part) = output.next().await {
                match part.map_err(EngineError::during(attempt.clone()))? {
                    LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
                    other => stdout.extend_from_slice(&other.into_bytes()),
                }
            }
            Ok::<_, EngineError>((stdout, stderr))
        };
        let (fed, read) = tokio::join!(feed, read);
        let (stdout, stderr) = read?;
        // A program that ends before it has read all its input is no failure of ours; its exit code tells.
        if let Err(error) = fed {
            tracing::debug!(%error, "{attempt}: its input was not read to the end");
        }
        let end = self.docker.inspect_exec(&id).await.map_err(EngineError::during(attempt))?;
        Ok(ExecOutput { code: end.exit_code.unwrap_or(-1), stdout, stderr })
    }
}

fn detached(name: &str) -> EngineError {
    EngineError::Failed { attempt: format!("running a program in container {name}"), message: "the Engine did not attach to it".to_owned() }
}
