use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use maru_model::BuildId;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::watch;

/// What is kept of one build's log; what comes after it is dropped, and the log says so.
const LIMIT: u64 = 8 << 20;

/// The logs of all builds, `{id}.log` in one folder. Those of builds that have not ended can be followed.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    folder: Arc<std::path::Path>,
    /// Of each open build, a signal that its log grew; dropped at its end.
    open: Arc<Mutex<HashMap<BuildId, watch::Sender<()>>>>,
}

impl Logs {
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Arc::from(folder.into()), open: Arc::default() }
    }

    fn path(&self, build: &BuildId) -> PathBuf {
        self.folder.join(format!("{build}.log"))
    }

    /// From now on followers of this build wait for more.
    pub(crate) fn announce(&self, build: &BuildId) -> watch::Sender<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.entry(build.clone()).or_insert_with(|| watch::channel(()).0).clone()
    }

    /// No more will come: followers read what is there and end.
    pub(crate) fn close(&self, build: &BuildId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(build);
    }

    /// A signal that ends when the build does; `None` where it has ended.
    pub(crate) fn subscribe(&self, build: &BuildId) -> Option<watch::Receiver<()>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(build).map(watch::Sender::subscribe)
    }

    /// Opens a build's log to append to it.
    pub(crate) async fn write(&self, build: &BuildId) -> io::Result<BuildLog> {
        tokio::fs::create_dir_all(&self.folder).await?;
        let file = OpenOptions::new().append(true).create(true).open(self.path(build)).await?;
        let length = file.metadata().await?.len();
        Ok(BuildLog { file, length, grown: self.announce(build) })
    }

    pub(crate) async fn remove(&self, build: &BuildId) {
        if let Err(error) = tokio::fs::remove_file(self.path(build)).await
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%build, %error, "a build's log cannot be removed");
        }
    }

    /// The log but for its first `from` bytes; with `follow`, until the build's end.
    pub(crate) fn read(&self, build: &BuildId, from: u64, follow: bool) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static + use<> {
        // Taken before the first byte is read, so that nothing written in between is missed.
        let more = if follow { self.subscribe(build) } else { None };
        let reader = Reader { path: self.path(build), file: None, at: from, more };
        futures_util::stream::try_unfold(reader, |mut reader| async move { Ok(reader.next().await?.map(|bytes| (bytes, reader))) })
    }
}

/// The end of a log that is written to.
#[derive(Debug)]
pub(crate) struct BuildLog {
    file: File,
    length: u64,
    grown: watch::Sender<()>,
}

impl BuildLog {
    /// Appends text. A full disk does not end a build: its log just stops.
    pub(crate) async fn say(&mut self, text: &str) {
        if self.length >= LIMIT {
            return;
        }
        self.length += text.len() as u64;
        let notice = "\n(This log is longer than 8 MiB; the rest is left out.)\n";
        let mut bytes = text.as_bytes().to_vec();
        if self.length >= LIMIT {
            bytes.extend_from_slice(notice.as_bytes());
        }
        if let Err(error) = async {
            self.file.write_all(&bytes).await?;
            self.file.flush().await
        }
        .await
        {
            tracing::warn!(%error, "a build's log cannot be written");
            self.length = LIMIT;
        }
        self.grown.send_replace(());
    }
}

struct Reader {
    path: PathBuf,
    file: Option<File>,
    at: u64,
    more: Option<watch::Receiver<()>>,
}

impl Reader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.read().await? {
                return Ok(Some(bytes));
            }
            match &mut self.more {
                None => return Ok(None),
                // An error is the build's end: what it wrote last is still to be read.
                Some(more) => {
                    if more.changed().await.is_err() {
                        self.more = None;
                    }
                }
            }
        }
    }

    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        if self.file.is_none() {
            match File::open(&self.path).await {
                Ok(mut file) => {
                    file.seek(io::SeekFrom::Start(self.at)).await?;
                    self.file = Some(file);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut bytes = BytesMut::with_capacity(64 * 1024);
        let length = file.read_buf(&mut bytes).await?;
        self.at += length as u64;
        Ok((length > 0).then(|| bytes.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt;

    #[tokio::test]
    async fn followers_read_to_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::new(folder.path().join("builds"));
        let build = BuildId::generate();
        logs.announce(&build);
        let all = |follow| {
            logs.read(&build, 0, follow).try_fold(Vec::new(), |mut all, part| async move {
                all.extend_from_slice(&part);
                Ok(all)
            })
        };
        assert!(all(false).await.unwrap().is_empty());
        let write = async {
            let mut log = logs.write(&build).await.unwrap();
            for i in 0..100 {
                log.say(&format!("line {i}\n")).await;
                tokio::task::yield_now().await;
            }
            drop(log);
            logs.close(&build);
        };
        let (first, second, ()) = tokio::join!(all(true), all(true), write);
        let expected: String = (0..100).map(|i| format!("line {i}\n")).collect();
        assert_eq!(String::from_utf8(first.unwrap()).unwrap(), expected);
        assert_eq!(String::from_utf8(second.unwrap()).unwrap(), expected);
        assert_eq!(all(true).await.unwrap(), expected.as_bytes());
    }

    #[tokio::test]
    async fn who_has_a_part_reads_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::new(folder.path().join("builds"));
        let build = BuildId::generate();
        let rest = |from| logs.read(&build, from, true).map_ok(Vec::from).try_concat();
        // Asked for before there is anything: what lies before is left out all the same.
        logs.announce(&build);
        let write = async {
            let mut log = logs.write(&build).await.unwrap();
            log.say("마루 is ").await;
            log.say("built").await;
            drop(log);
            logs.close(&build);
        };
        let (early, ()) = tokio::join!(rest(7), write);
        assert_eq!(early.unwrap(), b"is built");
        // In the middle of a character.
        assert_eq!(rest(4).await.unwrap(), &"마루 is built".as_bytes()[4..]);
        assert_eq!(rest(15).await.unwrap(), b"");
        assert_eq!(rest(1000).await.unwrap(), b"");
    }
}
