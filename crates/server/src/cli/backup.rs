//! `maru backup` and `maru restore`.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::backup::{self, Parts};
use crate::config::{Config, ServeSettings, Settings};
use crate::doctor::Serving;

#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write: a tar compressed with gzip.
    file: PathBuf,
    /// Leave the images of repositories out. Each is built anew by the next Deploy after a restore.
    #[arg(long)]
    without_images: bool,
    /// Leave out what is inside the embedded cluster: applications and their volumes. Nothing of it is held still then.
    #[arg(long)]
    without_cluster: bool,
    #[command(flatten)]
    serve: ServeSettings,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// A file that `maru backup` wrote.
    file: PathBuf,
    #[command(flatten)]
    serve: ServeSettings,
}

fn tell(what: &str) {
    eprintln!("maru: {what}");
}

impl Backup {
    /// # Errors
    /// Where anything cannot be read or written.
    pub async fn run(self, settings: Settings) -> Result<(), Failure> {
        let mut config = Config::load(settings, self.serve)?;
        // The server was told by its environment which image workspaces have.
        config.workspace_image = Serving::last(&config).workspace_image;
        let parts = Parts { images: !self.without_images, cluster: !self.without_cluster };
        let summary = backup::create(&config, &self.file, parts, tell).await?;
        let images = if summary.has_images { "with images" } else { "without images" };
        let cluster = if summary.has_cluster { "with the cluster's inside" } else { "without the cluster's inside" };
        println!(
            "{}: {} MiB, {} homes, {} files, the database, {images}, {cluster}",
            self.file.display(),
            summary.bytes.div_ceil(1 << 20),
            summary.homes,
            summary.files,
        );
        Ok(())
    }
}

impl Restore {
    /// # Errors
    /// Where the backup is damaged, or the place where it goes is not empty.
    pub async fn run(self, settings: Settings) -> Result<(), Failure> {
        let config = Config::load(settings, self.serve)?;
        let summary = backup::restore(&config, &self.file, tell).await?;
        println!(
            "{}: the backup of {} ({}), {} homes. Start the server on this folder: maru serve",
            config.data.display(),
            summary.about_instance,
            summary.created_at,
            summary.homes,
        );
        Ok(())
    }
}
