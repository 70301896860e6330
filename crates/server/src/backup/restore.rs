//! Putting a backup in place: into an empty data folder and an empty database, under a new name in Docker.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use maru_engine::Engine;
use maru_model::Login;
use maru_store::Store;
use maru_store::dump::Restoring;
use maru_workspace::Homes;
use tokio::runtime::Handle;

use super::create::{all_homes, homes_of};
use super::volumes::{Mounted, make_registry};
use super::{About, FILES, Failure, REGISTRY, cluster, files, read};
use crate::config::Config;

pub struct Summary {
    pub about_instance: String,
    pub created_at: jiff::Timestamp,
    pub homes: usize,
}

/// What may be in the folder of an installation that has not begun.
const NOTHING_YET: &[&str] = &["instance", "up.lock", "lost+found"];

/// # Errors
/// Where the backup is damaged, or there is something already where it is to go; then nothing was changed.
pub async fn restore(config: &Config, path: &Path, tell: impl Fn(&str) + Send + 'static) -> Result<Summary, Failure> {
    for entry in std::fs::read_dir(&config.data)? {
        let name = entry?.file_name();
        if !NOTHING_YET.iter().any(|known| name == *known) {
            let data = config.data.display();
            let name = name.to_string_lossy();
            return Err(format!("{data} is not empty: {name} is in it. Restore into an empty folder (MARU_DATA=...).").into());
        }
    }
    tell("verify");
    let (config, path) = (config.clone(), path.to_owned());
    let checked = path.clone();
    let about = tokio::task::spawn_blocking(move || read::verify(&checked)).await??;
    let engine = Engine::connect(config.instance.clone()).await?;
    if engine.inspect_image(&config.workspace_image).await?.is_none() {
        let image = &config.workspace_image;
        return Err(
            format!("the image {image} is not on this machine: run docker/build-images first, or ./up and ./up --stop elsewhere").into()
        );
    }
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || put(&config, &engine, &path, &about, &runtime, tell)).await?
}

/// Reads the file from its beginning to its end, on a thread that may wait.
fn put(config: &Config, engine: &Engine, path: &Path, about: &About, runtime: &Handle, tell: impl Fn(&str)) -> Result<Summary, Failure> {
    let mut restoring = Some(runtime.block_on(Restoring::begin(&config.database, about.migration))?);
    let mut store = None;
    let mut homes = 0;
    read::each(path, |name, content| {
        if let Some(table) = name.strip_prefix("database/") {
            let rows = restoring.as_mut().ok_or("the database comes too late in this backup")?;
            return rows_into(rows, table, content, runtime, about.has_images);
        }
        if let Some(filled) = restoring.take_if(|_| name == FILES) {
            runtime.block_on(filled.finish())?;
            store = Some(runtime.block_on(Store::open(&config.database))?);
            tell("files");
            files::unpack(&config.data, content)?;
        } else if let Some(rest) = name.strip_prefix("homes/") {
            tell(name);
            let store = store.as_ref().ok_or("homes come too early in this backup")?;
            home(config, engine, store, rest, content, runtime)?;
            homes += 1;
        } else if name == REGISTRY {
            tell("images");
            let volume = engine.name("registry");
            runtime.block_on(make_registry(engine, &volume))?;
            into_volume(engine, &config.workspace_image, &volume, "/registry", content, runtime)?;
        } else if cluster::is_part(name) {
            tell(name);
            cluster::put(config, engine, content, runtime)?;
        }
        Ok(())
    })?;
    if let Some(unfinished) = restoring {
        drop(unfinished);
        return Err("the backup has no files".into());
    }
    Ok(Summary { about_instance: about.instance.clone(), created_at: about.created_at, homes })
}

fn rows_into(rows: &mut Restoring, table: &str, content: &mut dyn Read, runtime: &Handle, has_images: bool) -> Result<(), Failure> {
    // Versions whose images are not in the backup would be taken for built: what they name is nowhere.
    if table == "versions" && !has_images {
        return Ok(());
    }
    for line in BufReader::new(content).lines() {
        runtime.block_on(rows.put(table, &serde_json::from_str(&line?)?))?;
    }
    Ok(())
}

/// `rest`: LOGIN/NUMBER.
fn home(config: &Config, engine: &Engine, store: &Store, rest: &str, content: &mut dyn Read, runtime: &Handle) -> Result<(), Failure> {
    let (login, number) = rest.split_once('/').ok_or("a home without a number")?;
    let (login, number) = (Login::parse(login)?, number.parse::<i64>()?);
    let all = runtime.block_on(all_homes(store))?;
    let Some((row, home, limits)) = all.into_iter().find(|(row, home, _)| row.login == login && *home == number) else { return Ok(()) };
    let homes = homes_of(config, engine);
    let volume = runtime.block_on(homes.make(&row, home, &limits)).map_err(|error| error.cause().to_string())?;
    let filled = into_volume(engine, &config.workspace_image, &volume, Homes::PLACE, content, runtime);
    runtime.block_on(homes.close(&row, home));
    filled
}

fn into_volume(
    engine: &Engine,
    image: &str,
    volume: &str,
    target: &'static str,
    content: &mut dyn Read,
    runtime: &Handle,
) -> Result<(), Failure> {
    let mounted = runtime.block_on(Mounted::new(engine, image, volume, target, false))?;
    let folder = mounted.parent().to_owned();
    mounted.fill(&folder, content, runtime)
}
