//! Programs that workspaces share, kept in one folder of the host: kubectl, out of the image of the cluster's node.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use maru_engine::{Engine, EngineError, models};
use tokio::sync::mpsc;

use crate::config::Tool;

/// Copies a tool out of its image unless the one that is there is of the same image. False where the image is not here
/// yet. The file appears whole, under its final name.
pub(crate) async fn provide(engine: &Engine, folder: &Path, tool: &Tool) -> Result<bool, EngineError> {
    let Some(id) = engine.inspect_image(&tool.image).await?.and_then(|image| image.id) else { return Ok(false) };
    // Which image it came from.
    let origin = folder.join(format!(".{}.image", tool.name));
    let target = folder.join(&tool.name);
    if target.exists() && std::fs::read_to_string(&origin).is_ok_and(|known| known == id) {
        return Ok(true);
    }
    let attempt = format!("copying {} out of image {}", tool.path, tool.image);
    let container = engine.name(&format!("tool-{}", tool.name));
    engine.remove_container(&container).await?;
    let spec = models::ContainerCreateBody {
        image: Some(id.clone()),
        labels: Some(engine.labels("tool")),
        network_disabled: Some(true),
        ..Default::default()
    };
    engine.create_container(&container, spec).await?;
    let copied = copy(engine, &container, &tool.path, &target).await;
    engine.remove_container(&container).await?;
    copied.and_then(|()| std::fs::write(&origin, id)).map_err(|error| EngineError::Failed { attempt, message: error.to_string() })?;
    tracing::info!(tool = %target.display(), image = %tool.image, "workspaces have it now");
    Ok(true)
}

async fn copy(engine: &Engine, container: &str, path: &str, target: &Path) -> std::io::Result<()> {
    let mut tar = std::pin::pin!(engine.download(container, path));
    let (parts, received) = mpsc::channel(16);
    let target = target.to_owned();
    let unpack = tokio::task::spawn_blocking(move || unpack(Parts { received, current: Bytes::new() }, &target));
    while let Some(part) = tar.next().await {
        if parts.send(part).await.is_err() {
            break;
        }
    }
    drop(parts);
    unpack.await.map_err(std::io::Error::other)?
}

/// What comes in, for a reader that blocks.
struct Parts {
    received: mpsc::Receiver<Result<Bytes, EngineError>>,
    current: Bytes,
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() {
            match self.received.blocking_recv() {
                Some(part) => self.current = part.map_err(std::io::Error::other)?,
                None => return Ok(0),
            }
        }
        let n = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..n]);
        Ok(n)
    }
}

/// Writes the one file of an archive.
fn unpack(archive: impl Read, target: &PathBuf) -> std::io::Result<()> {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let temporary = target.with_extension("new");
        let mut file = std::fs::File::create(&temporary)?;
        std::io::copy(&mut entry, &mut file)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
        file.sync_all()?;
        return std::fs::rename(&temporary, target);
    }
    Err(std::io::Error::new(std::io::ErrorKind::NotFound, "the archive has no file"))
}
