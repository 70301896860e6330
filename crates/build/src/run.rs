//! One build: the commit's files to the Engine, the image to the registry.

use std::collections::HashMap;
use std::pin::pin;

use futures_util::StreamExt;
use maru_engine::{BuildEvent, BuildRequest, EngineError};
use maru_git::{EntryKind, Project};
use maru_model::Text;
use maru_store::builds::{Job, NewVersion, Outcome, Repository};

use crate::builds::image_path;
use crate::dockerfile::{self, Instruction};
use crate::failure::{self, Progress, Scene};
use crate::logs::BuildLog;
use crate::{BuildError, Builds, REGISTRY_HOST};

/// Versions that stay in the Engine, as cache and to start other images from; the registry has them all.
const LOCAL_VERSIONS: usize = 3;
const DOCKERFILE_LIMIT: u64 = 256 * 1024;
const MIB: i32 = 1024 * 1024;
/// Settings of the machine's own way to the Internet, that RUN instructions need as well.
const PROXIES: [&str; 6] = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

impl Builds {
    pub(crate) async fn build_image(&self, job: &Job, log: &mut BuildLog) -> Result<Outcome, BuildError> {
        let repository = self.repository_of(&job.build).await?;
        let (build, path) = (&job.build, image_path(&job.login, &repository.name));
        let image = format!("{REGISTRY_HOST}/{path}:{}", build.number);
        log.say(&format!("Building {image} from commit {}\n", &build.commit[..build.commit.len().min(12)])).await;
        let project = self.project(&job.login, &repository, &build.commit).await?;
        let files = match context_files(&project, &build.commit, &repository.context).await? {
            Ok(files) => files,
            Err(reason) => return Ok(Outcome::Failed(reason)),
        };
        let in_project = join(&repository.context, &repository.dockerfile);
        let Some(text) = project.read(&build.commit, &in_project, DOCKERFILE_LIMIT).await? else {
            return Ok(Outcome::Failed(failure::no_dockerfile(&repository.context, &repository.dockerfile, &files)));
        };
        let instructions = dockerfile::parse(&String::from_utf8_lossy(&text));
        if let Err(reason) = dockerfile::check_images(&dockerfile::images(&instructions), &job.login) {
            return Ok(Outcome::Failed(reason));
        }

        let mut progress = Progress::default();
        let request = self.request(&repository, job, &image).await?;
        let context = project.archive(&build.commit, &repository.context)?;
        let built = self.follow(request, context, &mut progress, log).await;
        // Also of a build that failed: what it left is the next one's cache, until nobody uses it any more.
        self.inner.store.use_layers(progress.images()).await?;
        let id = match built {
            Ok(id) => id,
            Err(EngineError::Failed { message, .. } | EngineError::Refused { message, status: 400..=499, .. }) => {
                let reason = self.explain(&in_project, &instructions, &progress, &files, &message).await;
                return Ok(Outcome::Failed(reason));
            }
            Err(error) => return Err(error.into()),
        };

        let size = self.inner.engine.inspect_image(&id).await?.and_then(|image| image.size).unwrap_or(0);
        // Two names keep the image here until the next version, should another installation on this machine take one of them.
        self.inner.engine.tag_image(&id, &format!("{REGISTRY_HOST}/{path}"), "latest").await?;
        log.say("\nPushing to the registry\n").await;
        self.inner.registry.ensure().await?;
        let number = build.number.to_string();
        let digest = self.inner.registry.push(&id, &path, &number, Some(log)).await?;
        self.inner.registry.retag(&path, &number, "latest").await?;
        log.say(&format!("\n{image}\n{digest}\n")).await;
        if let Err(error) = self.remove_local_images(&path, LOCAL_VERSIONS).await {
            tracing::warn!(%path, %error, "old images stay in the Engine");
        }
        Ok(Outcome::Succeeded(NewVersion { digest, size }))
    }

    async fn request(&self, repository: &Repository, job: &Job, image: &str) -> Result<BuildRequest, BuildError> {
        let limits = &self.inner.limits;
        let mut labels = self.inner.engine.labels("build");
        labels.insert("maru.user".to_owned(), job.login.to_string());
        Ok(BuildRequest {
            tag: image.to_owned(),
            dockerfile: repository.dockerfile.clone(),
            memory: limits.memory_mib.saturating_mul(MIB),
            cpu_quota: limits.milli_cpus.saturating_mul(100),
            network: self.inner.engine.ensure_isolated_network("builds").await?,
            labels,
            build_args: PROXIES
                .iter()
                .filter_map(|name| std::env::var(name).ok().map(|value| ((*name).to_owned(), value)))
                .filter(|(_, value)| !value.is_empty())
                .collect::<HashMap<_, _>>(),
        })
    }

    /// The id of the image, once the Engine has made it.
    async fn follow<C>(&self, request: BuildRequest, context: C, progress: &mut Progress, log: &mut BuildLog) -> Result<String, EngineError>
    where
        C: futures_util::Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static,
    {
        let name = request.tag.clone();
        let mut events = pin!(self.inner.engine.build_image(request, context));
        let mut id = None;
        while let Some(event) = events.next().await {
            match event? {
                BuildEvent::Output(text) => {
                    // The Engine paints what a program writes to its standard error.
                    let text = text.replace("\u{1b}[91m", "").replace("\u{1b}[0m", "");
                    progress.feed(&text);
                    log.say(&text).await;
                }
                BuildEvent::Image(made) => id = Some(made),
            }
        }
        match id {
            Some(id) => Ok(id),
            None => {
                Err(EngineError::Failed { attempt: format!("building {name}"), message: "the builder ended without an image".to_owned() })
            }
        }
    }

    async fn explain(&self, path: &str, instructions: &[Instruction], progress: &Progress, files: &[String], message: &str) -> Text {
        let bases = self.inner.registry.base_images().await.unwrap_or_default();
        let bases: Vec<String> = bases.into_iter().map(|(name, tag)| format!("{REGISTRY_HOST}/{name}:{tag}")).collect();
        let memory_mib = self.inner.limits.memory_mib;
        failure::explain(&Scene { path, instructions, progress, files, bases: &bases, memory_mib }, message)
    }

    /// Removes a repository's images from the Engine, but for the newest `keep` and `latest`.
    pub(crate) async fn remove_local_images(&self, path: &str, keep: usize) -> Result<(), BuildError> {
        let name = format!("{REGISTRY_HOST}/{path}");
        let mut numbers = Vec::new();
        for image in self.inner.engine.image_names(&name).await? {
            let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
            match tag.parse::<i64>() {
                Ok(number) => numbers.push(number),
                Err(_) if keep == 0 => self.inner.engine.remove_image(&image).await?,
                Err(_) => {}
            }
        }
        numbers.sort_unstable();
        let old = numbers.len().saturating_sub(keep);
        for number in &numbers[..old] {
            // One that a container or another image uses stays.
            match self.inner.engine.remove_image(&format!("{name}:{number}")).await {
                Err(error) if !error.is_conflict() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The files of the context, or why there are none.
async fn context_files(project: &Project, commit: &str, context: &str) -> Result<Result<Vec<String>, Text>, BuildError> {
    if project.tree_id(commit, context).await?.is_none() {
        let top = project.list(commit, "", false).await?;
        let folders: Vec<String> = top.into_iter().filter(|entry| entry.kind == EntryKind::Folder).map(|entry| entry.path).collect();
        return Ok(Err(failure::no_context(context, &folders)));
    }
    let files = project.list(commit, context, true).await?;
    Ok(Ok(files.into_iter().map(|entry| entry.path).collect()))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
