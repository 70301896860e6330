//! Folders as one file: `GET /archive.zip` and `POST /upload`.
//!
//! An archive comes from anywhere and may be made to do harm. It is read into a folder of ours in home, where every name is
//! checked, every byte counted, every link made last; only a whole one goes to where it was wanted, overwriting nothing.

mod names;
mod place;
mod tar_in;
mod unpack;
mod zip_in;
mod zip_out;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maru_model::Text;
use maru_protocol::Unpacked;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use self::unpack::{Sink, Staging, Stop};
use super::draft::Draft;
use super::{new_name, save, trash};
use crate::extract::Query;
use crate::home::Home;
use crate::{Agent, AgentError};

/// Pieces of an archive that wait for a slow reader.
const WAITING: usize = 4;

fn no_file(path: &[String]) -> Stop {
    let path = path.join("/");
    Stop::Bad(Text::new(
        format!("“{path}” in the archive is a device, pipe or socket."),
        format!("압축 파일 안의 “{path}” 항목은 장치, 파이프 또는 소켓입니다."),
    ))
}

/// `GET /archive.zip?path=…&path=…`: home itself without a path.
pub(crate) async fn download(State(agent): State<Arc<Agent>>, Query(wanted): Query<Vec<(String, String)>>) -> Result<Response, AgentError> {
    let permit = Arc::clone(&agent.archiving).acquire_owned().await;
    let agent2 = Arc::clone(&agent);
    let (roots, title) = crate::blocking(move || {
        let mut paths: Vec<String> = wanted.into_iter().filter(|(name, _)| name == "path").map(|(_, path)| path).collect();
        if paths.is_empty() {
            paths.push(String::new());
        }
        let roots = paths.iter().map(|path| zip_out::Root::open(&agent2.home, path)).collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<String> = roots.iter().map(zip_out::Root::title).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < roots.len() {
            return Err(AgentError::Request("path: two of the same name cannot be in one archive".to_owned()));
        }
        zip_out::measure(&roots)?;
        let title = match &names[..] {
            [one] if !one.is_empty() => one.clone(),
            [_] => "home".to_owned(),
            _ => "files".to_owned(),
        };
        Ok((roots, title))
    })
    .await?;
    let (tx, mut rx) = mpsc::channel(WAITING);
    agent.tasks.spawn_blocking(move || {
        zip_out::write(&roots, &tx);
        drop(permit);
    });
    let pieces = futures_util::stream::poll_fn(move |cx| rx.poll_recv(cx));
    let mut response = ([(header::CONTENT_TYPE, "application/zip")], Body::from_stream(pieces)).into_response();
    let file_name = format!("attachment; filename=\"archive.zip\"; filename*=UTF-8''{}.zip", trash::in_url(&title));
    if let Ok(value) = HeaderValue::from_str(&file_name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct To {
    #[serde(default)]
    path: String,
    #[serde(default)]
    overwrite: Option<String>,
}

/// `POST /upload?path=FOLDER`: a zip, tar or tar.gz, unpacked there. 409 with the taken names where there are any, unless
/// `overwrite=1`, which puts what was there into the trash.
pub(crate) async fn upload(
    State(agent): State<Arc<Agent>>,
    Query(to): Query<To>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, AgentError> {
    let mut body = body.into_data_stream();
    let unpacked = receive(&agent, to, save::announced(&headers), &mut body).await;
    if unpacked.is_err() {
        save::drain(&mut body).await;
    }
    Ok((StatusCode::CREATED, Json(unpacked?)).into_response())
}

async fn receive(agent: &Arc<Agent>, to: To, announced: u64, body: &mut axum::body::BodyDataStream) -> Result<Unpacked, AgentError> {
    let too_large =
        || AgentError::TooLarge { what: Text::new("Bytes of an archive", "압축 파일의 크기(바이트)"), limit: unpack::TOTAL };
    if announced > unpack::TOTAL {
        return Err(too_large());
    }
    let agent2 = Arc::clone(agent);
    // A zip's table of contents is at its end, so all of it has to be here first.
    let (draft, file) = crate::blocking(move || {
        let failed = |e: Errno| AgentError::of("upload", "", e);
        let shelf = Path::new(super::OWN).join("unpacking");
        agent2.home.make_folders(&shelf).map_err(failed)?;
        let dir = agent2.home.beneath(&shelf, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
        let (draft, file) = Draft::create(dir).map_err(failed)?;
        if draft.has_room(announced) { Ok((draft, file)) } else { Err(AgentError::NoSpace { path: String::new() }) }
    })
    .await?;
    let failed = |e: std::io::Error| AgentError::of("upload", &to.path, e);
    let mut file = tokio::fs::File::from_std(file);
    let mut left = unpack::TOTAL;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|e| AgentError::Request(format!("the upload broke off: {e}")))?;
        left = left.checked_sub(chunk.len() as u64).ok_or_else(too_large)?;
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    let mut file = file.into_std().await;
    let overwrite = to.overwrite.as_deref().is_some_and(|o| matches!(o, "1" | "true"));
    let _turn = agent.saving.lock().await;
    let agent2 = Arc::clone(agent);
    crate::blocking(move || {
        let _draft = draft;
        unpack(&agent2.home, &mut file, &to.path, overwrite)
    })
    .await
}

/// Unpacks a file that is here. The caller holds the lock of saves.
pub(super) fn unpack(home: &Home, file: &mut File, to: &str, overwrite: bool) -> Result<Unpacked, AgentError> {
    let path = new_name::of(home, home.relative(to)?);
    let failed = |e: Errno| AgentError::of("unpack", to, e);
    let staging = Staging::new(home)?;
    let packed = rustix::fs::fstat(&*file).map_err(failed)?.st_size.unsigned_abs();
    let mut sink = Sink::new(&staging.dir, packed);
    read(file, &mut sink)?;
    let mut done = sink.finish().map_err(AgentError::from)?;
    // All of it on the disk before any of it has its name: one call, and not one per file.
    rustix::fs::syncfs(&staging.dir).map_err(failed)?;

    home.make_folders(&path).map_err(failed)?;
    let open = || home.beneath(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).map_err(failed);
    if !overwrite {
        let mut paths = Vec::new();
        place::taken(&staging.dir, &open()?, &path, &mut paths)?;
        if !paths.is_empty() {
            return Err(AgentError::AllTaken { paths });
        }
    }
    let names = place::names_in(&staging.dir).map_err(failed)?;
    done.names = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    done.replaced = place::merge(home, &staging.dir, open()?, path.clone())?;
    Ok(done)
}

fn read(file: &mut File, sink: &mut Sink<'_>) -> Result<(), AgentError> {
    let broken = |e: std::io::Error| AgentError::from(Stop::broken(&e));
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0)).and_then(|_| file.by_ref().take(512).read_to_end(&mut start)).map_err(broken)?;
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    let done = match &start[..] {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => zip_in::read(file, sink),
        [0x1f, 0x8b, ..] => tar_in::read(&mut MultiGzDecoder::new(BufReader::new(file)), sink),
        header if is_tar(header) => tar_in::read(&mut BufReader::new(file), sink),
        _ => return Err(AgentError::NoArchive),
    };
    done.map_err(AgentError::from)
}

/// A tar header's checksum holds; old ones have no other mark.
fn is_tar(header: &[u8]) -> bool {
    let Ok(block) = <&[u8; 512]>::try_from(header) else { return false };
    let sum: u32 = block.iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u32::from(b) }).sum();
    let header = tar::Header::from_byte_slice(block);
    header.cksum().is_ok_and(|told| told == sum)
}
