//! `kubectl kustomize` in a sealed container: no network, nothing writable, nobody's rights, a bound on memory and time. What
//! students put into a kustomization is read by a program; it gets nothing to reach.

use std::time::Duration;

use maru_engine::{Engine, EngineError, models};
use maru_manifest::Files;
use maru_model::Text;
use maru_rollout::RenderError;

const ROLE: &str = "render";
/// Where the files are unpacked: a volume, since nothing else can be written to.
const WORK: &str = "/work";
const DEADLINE: Duration = Duration::from_secs(30);
const MEMORY: i64 = 256 << 20;
const PROCESSES: i64 = 64;
/// Lines of output that are read: more than the largest deployment has.
const LINES: usize = 1_000_000;

/// What `kubectl kustomize FOLDER` prints for these files.
///
/// # Errors
/// kustomize's own words where it refuses; otherwise why it could not run.
pub async fn kustomize(engine: &Engine, image: &str, files: &Files, folder: &str) -> Result<String, RenderError> {
    let name = engine.name(&format!("render-{}", uuid::Uuid::now_v7().simple()));
    let rendered = tokio::time::timeout(DEADLINE, run(engine, &name, image, files, folder)).await;
    if let Err(error) = engine.remove_container(&name).await {
        tracing::warn!(%name, %error, "removing a renderer");
    }
    match rendered {
        Ok(rendered) => rendered,
        Err(_) => {
            let seconds = DEADLINE.as_secs();
            Err(RenderError::Refused(format!("it did not end within {seconds} seconds")))
        }
    }
}

/// Removes the containers that a server left behind when it was killed.
///
/// # Errors
/// Where the Engine does not answer.
pub async fn sweep(engine: &Engine) -> Result<(), EngineError> {
    for container in engine.list_containers(ROLE).await? {
        if let Some(id) = container.id {
            engine.remove_container(&id).await?;
        }
    }
    Ok(())
}

async fn run(engine: &Engine, name: &str, image: &str, files: &Files, folder: &str) -> Result<String, RenderError> {
    let archive = archive(files).map_err(|error| unavailable(&error))?;
    engine.create_container(name, spec(engine, image, folder)).await.map_err(|error| unavailable(&error))?;
    engine.upload(name, WORK, archive.into()).await.map_err(|error| unavailable(&error))?;
    engine.start_container(name).await.map_err(|error| unavailable(&error))?;
    let code = engine.wait_container(name).await.map_err(|error| unavailable(&error))?;
    let (out, err) = engine.container_output(name, LINES).await.map_err(|error| unavailable(&error))?;
    if code == 0 {
        return Ok(String::from_utf8_lossy(&out).into_owned());
    }
    // The container's own paths mean nothing to a student.
    let said = String::from_utf8_lossy(&err).replace(&format!("{WORK}/"), "").replace(WORK, ".");
    Err(RenderError::Refused(said.trim().to_owned()))
}

fn spec(engine: &Engine, image: &str, folder: &str) -> models::ContainerCreateBody {
    models::ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(vec!["/usr/local/bin/kubectl".to_owned()]),
        cmd: Some(vec!["kustomize".to_owned(), format!("{WORK}/{folder}")]),
        env: Some(vec!["HOME=/tmp".to_owned(), "KUBECONFIG=/nonexistent".to_owned()]),
        user: Some("65534:65534".to_owned()),
        labels: Some(engine.labels(ROLE)),
        volumes: Some(vec![WORK.to_owned()]),
        host_config: Some(models::HostConfig {
            network_mode: Some("none".to_owned()),
            readonly_rootfs: Some(true),
            tmpfs: Some([("/tmp".to_owned(), "size=16m,noexec,nosuid".to_owned())].into()),
            memory: Some(MEMORY),
            memory_swap: Some(MEMORY),
            pids_limit: Some(PROCESSES),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
            ..models::HostConfig::default()
        }),
        ..models::ContainerCreateBody::default()
    }
}

fn archive(files: &Files) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    archive.into_inner()
}

fn unavailable(error: &dyn std::fmt::Display) -> RenderError {
    RenderError::Unavailable(Text::new(
        format!("kustomize could not be run: {error}"),
        format!("kustomize 를 실행하지 못했습니다: {error}"),
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_holds_every_file() {
        let files = Files::from([("k8s/a.yaml".to_owned(), b"a: 1".to_vec()), ("k8s/sub/b.yaml".to_owned(), Vec::new())]);
        let bytes = archive(&files).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let paths: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!(paths, [std::path::Path::new("k8s/a.yaml"), std::path::Path::new("k8s/sub/b.yaml")]);
    }
}
