//! Volumes of the Docker Engine as tar streams, through a container that has one mounted and never runs.

use std::collections::HashMap;
use std::io::{self, Read};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use maru_engine::{Engine, EngineError, models};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Bytes that are under way at once, in pieces.
const PIECE: usize = 256 << 10;
const PIECES: usize = 8;

pub struct Mounted<'a> {
    engine: &'a Engine,
    name: String,
    target: String,
}

impl<'a> Mounted<'a> {
    /// `target`: an absolute path, whose last part is what everything in the tar lies below.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn new(engine: &'a Engine, image: &str, volume: &str, target: &str, read_only: bool) -> Result<Self, EngineError> {
        let name = engine.name("carry");
        // Of a backup that was killed.
        engine.remove_container(&name).await?;
        let mount = models::Mount {
            source: Some(volume.to_owned()),
            target: Some(target.to_owned()),
            typ: Some(models::MountType::VOLUME),
            read_only: Some(read_only),
            // The image has files in this place that are not the volume's.
            volume_options: Some(models::MountVolumeOptions { no_copy: Some(true), ..Default::default() }),
            ..Default::default()
        };
        let container = models::ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(vec!["/bin/true".to_owned()]),
            labels: Some(engine.labels("helper")),
            network_disabled: Some(true),
            host_config: Some(models::HostConfig {
                mounts: Some(vec![mount]),
                network_mode: Some("none".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        };
        engine.create_container(&name, container).await?;
        Ok(Self { engine, name, target: target.to_owned() })
    }

    pub fn read(&self) -> impl Stream<Item = Result<Bytes, EngineError>> + use<'_> {
        self.engine.download(&self.name, &self.target)
    }

    pub fn container(&self) -> &str {
        &self.name
    }

    /// Where a tar is to be unpacked.
    pub fn parent(&self) -> &str {
        self.target.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent })
    }

    /// Unpacks a tar in a folder of the container, on a thread that may wait, and removes the container.
    ///
    /// # Errors
    /// Where the tar cannot be read, or what the Engine said.
    pub fn fill(self, folder: &str, content: &mut dyn Read, runtime: &Handle) -> Result<(), super::Failure> {
        let (engine, name, folder) = (self.engine.clone(), self.name.clone(), folder.to_owned());
        let poured = drain(runtime, content, |tar| async move { engine.upload_stream(&name, &folder, tar).await });
        runtime.block_on(self.remove())?;
        poured
    }

    /// # Errors
    /// What the Engine said.
    pub async fn remove(self) -> Result<(), EngineError> {
        self.engine.remove_container(&self.name).await
    }
}

/// Everything of a stream, into something that is written to.
///
/// # Errors
/// What either fails with.
pub async fn pour<E>(stream: impl Stream<Item = Result<Bytes, E>>, mut to: impl io::Write) -> Result<(), super::Failure>
where
    super::Failure: From<E>,
{
    let mut stream = std::pin::pin!(stream);
    while let Some(piece) = stream.try_next().await? {
        to.write_all(&piece)?;
    }
    Ok(())
}

/// A volume of the registry's kind: it is only ever made, never held to a size.
///
/// # Errors
/// What the Engine said.
pub async fn make_registry(engine: &Engine, name: &str) -> Result<(), EngineError> {
    engine.ensure_volume(name, "registry", HashMap::new()).await.map(drop)
}

/// The other way round: what is read here, as a stream for `take`, which runs meanwhile. For a thread that may wait.
///
/// # Errors
/// What either fails with.
pub fn drain<F>(
    runtime: &Handle,
    from: &mut dyn Read,
    take: impl FnOnce(futures_util::stream::BoxStream<'static, io::Result<Bytes>>) -> F,
) -> Result<(), super::Failure>
where
    F: Future<Output = Result<(), EngineError>> + Send + 'static,
{
    let (send, receive) = mpsc::channel::<io::Result<Bytes>>(PIECES);
    let stream = futures_util::stream::unfold(receive, |mut receive| async move { Some((receive.recv().await?, receive)) }).boxed();
    let taking = runtime.spawn(take(stream));
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => Ok(Bytes::copy_from_slice(&buffer[..read])),
            Err(error) => Err(error),
        };
        let over = piece.is_err();
        // Where nobody takes any more, why is said below.
        if send.blocking_send(piece).is_err() || over {
            break;
        }
    }
    drop(send);
    Ok(runtime.block_on(taking)??)
}
