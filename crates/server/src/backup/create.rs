//! Making a backup. The server may run: the database is read as of one moment, then the files that it names.

use std::path::Path;

use maru_engine::Engine;
use maru_model::Limits;
use maru_store::workspaces::WorkspaceRow;
use maru_store::{Store, StoreError};
use maru_workspace::Homes;
use std::io::Write;

use super::volumes::{Mounted, pour};
use super::write::Writer;
use super::{ABOUT, About, FILES, FORMAT, Failure, REGISTRY, cluster, files};
use crate::config::Config;

/// What was put into it, for people.
pub struct Summary {
    pub bytes: u64,
    pub homes: usize,
    pub files: u64,
    pub has_images: bool,
    pub has_cluster: bool,
}

/// What may be left out.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    pub images: bool,
    pub cluster: bool,
}

/// # Errors
/// Where anything cannot be read, or the file not be written; then there is no file.
pub async fn create(config: &Config, path: &Path, with: Parts, tell: impl Fn(&str)) -> Result<Summary, Failure> {
    let store = Store::open(&config.database).await?;
    let engine = Engine::connect(config.instance.clone()).await?;
    let mut writer = Writer::new(path).map_err(|error| format!("{}: {error}", path.display()))?;
    match fill(config, &store, &engine, &mut writer, with, tell).await {
        Ok((homes, files, has)) => Ok(Summary { bytes: writer.finish()?, homes, files, has_images: has.images, has_cluster: has.cluster }),
        Err(error) => {
            writer.give_up();
            Err(error)
        }
    }
}

async fn fill(
    config: &Config,
    store: &Store,
    engine: &Engine,
    writer: &mut Writer,
    with: Parts,
    tell: impl Fn(&str),
) -> Result<(usize, u64, Parts), Failure> {
    let mut images = Vec::new();
    for (login, repository) in store.all_repositories().await? {
        for version in store.versions(&repository.id).await? {
            images.push(format!("{}:{}@{}", maru_build::Builds::image(&login, &repository.name), version.number, version.digest));
        }
    }
    let registry = engine.name("registry");
    let has_images = with.images && engine.has_volume(&registry).await?;
    let has_cluster = with.cluster && cluster::is_there(engine).await?;
    let about = About {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        migration: maru_store::dump::version(),
        instance: config.instance.clone(),
        created_at: jiff::Timestamp::now(),
        images,
        has_images,
        has_cluster,
    };
    writer.whole(ABOUT, &serde_json::to_vec_pretty(&about)?)?;
    tell("database");
    database(store, writer).await?;
    tell("files");
    let mut member = writer.member(FILES);
    let files = files::pack(&config.data, &mut member)?;
    member.end()?;
    let homes = homes(config, store, engine, writer, &tell).await?;
    if has_images {
        tell("images");
        let mounted = Mounted::new(engine, &config.workspace_image, &registry, "/registry", true).await?;
        let mut member = writer.member(REGISTRY);
        let read = pour(mounted.read(), &mut member).await;
        mounted.remove().await?;
        read?;
        member.end()?;
    }
    // Last: what it names, images and secrets, is in it by then.
    if has_cluster {
        tell("cluster");
        cluster::save(config, engine, writer).await?;
    }
    Ok((homes, files, Parts { images: has_images, cluster: has_cluster }))
}

/// One member for each table that has rows.
async fn database(store: &Store, writer: &mut Writer) -> Result<(), Failure> {
    #[derive(Debug, thiserror::Error)]
    enum Broken {
        #[error(transparent)]
        Store(#[from] StoreError),
        #[error(transparent)]
        Io(#[from] std::io::Error),
    }
    // Rows of a table come together. They are kept in a file meanwhile: a member is written from its beginning to its end.
    let mut tables: Vec<(&'static str, std::fs::File)> = Vec::new();
    store
        .dump::<Broken>(|table, row| {
            if tables.last().is_none_or(|(last, _)| *last != table) {
                tables.push((table, tempfile::tempfile()?));
            }
            if let Some((_, file)) = tables.last_mut() {
                let mut line = row.to_string();
                line.push('\n');
                file.write_all(line.as_bytes())?;
            }
            Ok(())
        })
        .await?;
    for (table, mut file) in tables {
        use std::io::Seek;
        file.rewind()?;
        let mut member = writer.member(format!("database/{table}"));
        std::io::copy(&mut file, &mut member)?;
        member.end()?;
    }
    Ok(())
}

pub(super) fn homes_of(config: &Config, engine: &Engine) -> Homes {
    let mut workspace = maru_workspace::Config::new(config.workspace_image.clone(), config.agent.clone(), config.data.join("bin"));
    workspace.homes = Some(config.data.join("homes"));
    Homes::new(workspace, engine.clone())
}

/// All homes of all workspaces, also those that resets put aside.
pub(super) async fn all_homes(store: &Store) -> Result<Vec<(WorkspaceRow, i64, Limits)>, Failure> {
    let mut all = Vec::new();
    let retired = store.retired_homes().await?;
    for row in store.workspaces().await? {
        let limits = store.limits_of(&row.user_id).await?.over(Limits::default());
        let old = retired.iter().filter(|old| old.workspace == row.id).map(|old| old.home);
        for home in std::iter::once(row.home).chain(old) {
            all.push((row.clone(), home, limits));
        }
    }
    Ok(all)
}

async fn homes(config: &Config, store: &Store, engine: &Engine, writer: &mut Writer, tell: &impl Fn(&str)) -> Result<usize, Failure> {
    let homes = homes_of(config, engine);
    let mut count = 0;
    for (row, home, limits) in all_homes(store).await? {
        let name = format!("homes/{}/{home}", row.login);
        if let Some(container) = homes.running_in(&row, home).await? {
            tell(&name);
            let mut member = writer.member(name);
            pour(engine.download(&container, Homes::PLACE), &mut member).await?;
            member.end()?;
            count += 1;
            continue;
        }
        let Some(volume) = homes.open(&row, home, &limits).await? else { continue };
        tell(&name);
        let mounted = Mounted::new(engine, &config.workspace_image, &volume, Homes::PLACE, true).await;
        let read = match &mounted {
            Ok(mounted) => {
                let mut member = writer.member(name);
                let read = pour(mounted.read(), &mut member).await;
                read.and_then(|()| Ok(member.end()?))
            }
            Err(_) => Ok(()),
        };
        homes.close(&row, home).await;
        mounted?.remove().await?;
        read?;
        count += 1;
    }
    Ok(count)
}
