//! Where a home's files are, and what holds it to its size.
//!
//! | kind | what holds it | where it is used |
//! |---|---|---|
//! | quota | a project quota of the file system that the Engine's volumes are on | XFS or ext4 mounted with project quotas |
//! | image | a file system of its own, in a file below the data folder, mounted by the Engine | everywhere else, where the host has loop devices and mkfs.ext4 |
//! | shared | nothing | homes from before there were limits, and where neither works |
//!
//! What an installation can do is tried once, before its first new home.

use std::collections::HashMap;

use maru_engine::{Disk, Engine, EngineError, models};
use maru_model::{Limits, Login};
use serde::Serialize;

use crate::error::WorkspaceError;
use crate::runtime::docker::{Docker, ROLE};
use crate::runtime::spec;

/// Bytes and files of a home that is only tried.
const TRIAL: (i64, i64) = (16 << 20, 256);
/// Each file that a disk can have takes 256 bytes of it from the beginning: a small one gets no more than leave it room.
const BYTES_PER_FILE: i64 = 2048;

/// What holds a home to its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HomeKind {
    Quota,
    Image,
    Shared,
}

impl HomeKind {
    /// By the options of its volume.
    #[must_use]
    pub fn of(options: &HashMap<String, String>) -> Self {
        if options.contains_key("device") {
            Self::Image
        } else if options.contains_key("size") {
            Self::Quota
        } else {
            Self::Shared
        }
    }
}

fn quota(bytes: i64) -> HashMap<String, String> {
    HashMap::from([("size".to_owned(), bytes.to_string())])
}

impl Docker {
    /// The disk of a home, whether it has one or not; `None` where this installation keeps none.
    fn disk(&self, volume: &str) -> Option<Disk> {
        Some(Disk::new(self.config.homes.as_ref()?.join(format!("{volume}.img"))))
    }

    pub(crate) async fn kind(&self, volume: &str) -> Result<Option<HomeKind>, EngineError> {
        Ok(self.engine.volume_options(volume).await?.map(|options| HomeKind::of(&options)))
    }

    /// Sees to it that this home is there and can be mounted. A new one is made with the best that this installation can do;
    /// one that is there stays what it is.
    pub(crate) async fn provide_home(
        &self,
        volume: &str,
        labels: HashMap<String, String>,
        limits: &Limits,
        image: &models::ImageInspect,
    ) -> Result<HomeKind, WorkspaceError> {
        let kind = match self.kind(volume).await? {
            Some(kind) => kind,
            None => {
                let kind = self.best(image).await;
                let options = match (kind, self.disk(volume)) {
                    (HomeKind::Quota, _) => quota(limits.disk),
                    (HomeKind::Image, Some(disk)) => disk.volume_options(),
                    _ => HashMap::new(),
                };
                self.engine.create_volume(volume, ROLE, labels, options).await?;
                kind
            }
        };
        if kind == HomeKind::Image {
            self.open(volume, limits.disk, limits.inodes).await?;
        }
        Ok(kind)
    }

    /// A home with a disk can be mounted only when that is open.
    pub(crate) async fn open_home(&self, login: &Login, home: i64, limits: &Limits) -> Result<Option<HomeKind>, EngineError> {
        let volume = self.volume(login, home);
        let kind = self.kind(&volume).await?;
        if kind == Some(HomeKind::Image) {
            self.open(&volume, limits.disk, limits.inodes).await?;
        }
        Ok(kind)
    }

    /// Once it is mounted its device goes with its container.
    pub(crate) async fn close_home(&self, login: &Login, home: i64) {
        if let Some(disk) = self.disk(&self.volume(login, home))
            && let Err(error) = self.engine.close_disk(&disk, &self.config.image).await
        {
            tracing::warn!(%login, %error, "the disk of this home stays open");
        }
    }

    /// Removes a home with all that is in it. No container has it any more.
    pub(crate) async fn remove_home(&self, volume: &str) -> Result<(), EngineError> {
        let kind = self.kind(volume).await?;
        self.engine.remove_volume(volume).await?;
        match self.disk(volume) {
            Some(disk) if kind == Some(HomeKind::Image) => self.engine.remove_disk(&disk, &self.config.image).await,
            _ => Ok(()),
        }
    }

    async fn open(&self, volume: &str, bytes: i64, files: i64) -> Result<(), EngineError> {
        let disk = self.disk(volume).ok_or_else(|| EngineError::Failed {
            attempt: format!("opening the disk of {volume}"),
            message: "this server is not told where disks are".to_owned(),
        })?;
        self.engine.open_disk(&disk, bytes, files.min(bytes / BYTES_PER_FILE), spec::UID, &self.config.image).await
    }

    /// The best kind that this installation can do, found by trial.
    async fn best(&self, image: &models::ImageInspect) -> HomeKind {
        let best = self.best_kind.get_or_init(|| async {
            if self.config.homes.is_none() {
                return HomeKind::Shared;
            }
            // No login has a dot.
            let trial = self.engine.name("home-.trial");
            if self.try_quota(&trial).await {
                return HomeKind::Quota;
            }
            match self.try_image(&trial, image).await {
                Ok(()) => HomeKind::Image,
                Err(error) => {
                    tracing::error!(%error, "homes are not held to their size: neither project quotas nor disks in files work here");
                    HomeKind::Shared
                }
            }
        });
        *best.await
    }

    async fn try_quota(&self, trial: &str) -> bool {
        let made = self.engine.create_volume(trial, ROLE, HashMap::new(), quota(TRIAL.0)).await;
        if let Err(error) = self.engine.remove_volume(trial).await {
            tracing::debug!(%error, "a trial is left");
        }
        made.inspect_err(|error| tracing::debug!(%error, "no project quotas here")).is_ok()
    }

    /// The Engine mounts a volume when it makes a container, to fill it with what the image has there.
    async fn try_image(&self, trial: &str, image: &models::ImageInspect) -> Result<(), EngineError> {
        let engine: &Engine = &self.engine;
        let Some(disk) = self.disk(trial) else { return Ok(()) };
        let tried = async {
            self.open(trial, TRIAL.0, TRIAL.1).await?;
            engine.create_volume(trial, ROLE, HashMap::new(), disk.volume_options()).await?;
            let mount = models::Mount {
                source: Some(trial.to_owned()),
                target: Some(spec::HOME.to_owned()),
                typ: Some(models::MountType::VOLUME),
                ..Default::default()
            };
            let container = models::ContainerCreateBody {
                image: image.id.clone(),
                entrypoint: Some(vec!["/bin/true".to_owned()]),
                labels: Some(engine.labels("helper")),
                network_disabled: Some(true),
                host_config: Some(models::HostConfig { mounts: Some(vec![mount]), ..Default::default() }),
                ..Default::default()
            };
            engine.create_container(trial, container).await.map(drop)
        };
        let tried = tried.await;
        let removed = async {
            engine.remove_container(trial).await?;
            engine.remove_volume(trial).await?;
            engine.remove_disk(&disk, &self.config.image).await
        };
        if let Err(error) = removed.await {
            tracing::warn!(%error, "a trial is left");
        }
        tried
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_says_what_it_is() {
        assert_eq!(HomeKind::of(&HashMap::new()), HomeKind::Shared);
        assert_eq!(HomeKind::of(&quota(1)), HomeKind::Quota);
        assert_eq!(HomeKind::of(&Disk::new("/data/homes/mina.img").volume_options()), HomeKind::Image);
    }
}
