//! What is inside the embedded cluster: its database (etcd's files) and the volumes of applications, both as of one moment.
//!
//! In a node that runs, everything that writes is held still for as long as the copying takes: the pods by the freezer of their
//! control group, etcd by a signal. What is copied is then what a power cut would leave, which databases are made for. It
//! goes into a folder of the node's own volume, as fast as the disk is; only then is it packed, while all goes on.

use std::io::Read;

use bytes::Bytes;
use maru_engine::Engine;
use tokio::runtime::Handle;

use super::Failure;
use super::volumes::{Mounted, pour};
use super::write::Writer;
use crate::config::Config;

/// Members, and the folders of the node's volume that are in them.
const PARTS: [(&str, &str); 2] = [("cluster/etcd", "etcd"), ("cluster/volumes", "volumes")];

/// Where the node has its volume.
const STATE: &str = "/var/lib/maru";
const COPY: &str = "/var/lib/maru/backup";

/// Holds pods still. Ends what it holds still in any case, also where whoever asked for the backup is gone.
const TAKE: &str = concat!("CGROUPS=/sys/fs/cgroup PATIENCE=100\n", include_str!("pods.sh"), include_str!("take.sh"));

fn node(engine: &Engine) -> String {
    engine.name("node")
}

async fn run(engine: &Engine, script: &str) -> Result<(), Failure> {
    let nothing = None::<futures_util::stream::Empty<std::io::Result<Bytes>>>;
    let output = engine.exec(&node(engine), &["sh", "-c", script], None, nothing).await?;
    if output.code == 0 {
        return Ok(());
    }
    Err(format!("copying what is in the cluster: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

/// Whether there is a node of ours. Somebody's cluster is theirs to save.
///
/// # Errors
/// Where the Engine does not answer.
pub async fn is_there(engine: &Engine) -> Result<bool, Failure> {
    Ok(engine.has_volume(&node(engine)).await?)
}

/// Writes it down.
///
/// # Errors
/// Where it cannot be read.
pub async fn save(config: &Config, engine: &Engine, writer: &mut Writer) -> Result<(), Failure> {
    let state = engine.inspect_container(&node(engine)).await?.and_then(|found| found.state);
    if state.and_then(|state| state.running) == Some(true) {
        run(engine, TAKE).await?;
        let saved = read(engine, &node(engine), COPY, writer).await;
        run(engine, &format!("rm -rf {COPY}")).await?;
        return saved;
    }
    let mounted = Mounted::new(engine, &config.workspace_image, &node(engine), STATE, true).await?;
    let saved = read(engine, mounted.container(), STATE, writer).await;
    mounted.remove().await?;
    saved
}

async fn read(engine: &Engine, container: &str, folder: &str, writer: &mut Writer) -> Result<(), Failure> {
    for (name, part) in PARTS {
        let mut member = writer.member(name);
        pour(engine.download(container, &format!("{folder}/{part}")), &mut member).await?;
        member.end()?;
    }
    Ok(())
}

/// Whether a member of a backup is a part of it.
pub fn is_part(name: &str) -> bool {
    PARTS.iter().any(|(part, _)| *part == name)
}

/// Puts one part of it into the volume of a node that is not there yet.
///
/// # Errors
/// Where it cannot be written.
pub fn put(config: &Config, engine: &Engine, content: &mut dyn Read, runtime: &Handle) -> Result<(), Failure> {
    runtime.block_on(engine.ensure_volume(&node(engine), "node", std::collections::HashMap::new()))?;
    runtime.block_on(Mounted::new(engine, &config.workspace_image, &node(engine), STATE, false))?.fill(STATE, content, runtime)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    const PODS: &str = include_str!("pods.sh");

    /// Exit code and what was said on standard error.
    fn sh(cgroups: &Path, line: &str) -> (Option<i32>, String) {
        let script = format!("set -eu\nCGROUPS={} PATIENCE=20\n{PODS}\n{line}", cgroups.display());
        let done = Command::new("sh").args(["-c", &script]).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    }

    fn file(folder: &Path, name: &str, content: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn read(folder: &Path, name: &str) -> String {
        std::fs::read_to_string(folder.join(name)).unwrap().trim().to_owned()
    }

    /// The control groups of a machine with v2, whose pods run.
    fn v2() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        file(folder.path(), "kubepods/cgroup.freeze", "0");
        file(folder.path(), "kubepods/cgroup.events", "populated 1\nfrozen 0\n");
        folder
    }

    /// What the kernel of a machine with v2 does, a little later than it is asked.
    fn kernel(folder: &Path, over: &AtomicBool) {
        let mut before = "0".to_owned();
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(150));
            let wanted = read(folder, "kubepods/cgroup.freeze");
            // Nobody reads a file that is just being written.
            if !wanted.is_empty() && wanted != before {
                file(folder, "kubepods/cgroup.events", &format!("populated 1\nfrozen {wanted}\n"));
                before = wanted;
            }
        }
    }

    #[test]
    fn pods_are_held_by_the_freezer_of_v1() {
        let folder = tempfile::tempdir().unwrap();
        file(folder.path(), "freezer/kubepods/freezer.state", "THAWED");
        assert_eq!(sh(folder.path(), "hold_pods"), (Some(0), String::new()));
        assert_eq!(read(folder.path(), "freezer/kubepods/freezer.state"), "FROZEN");
        assert_eq!(sh(folder.path(), "pods_go_on").0, Some(0));
        assert_eq!(read(folder.path(), "freezer/kubepods/freezer.state"), "THAWED");
    }

    #[test]
    fn pods_are_held_by_v2_and_still_before_anything_is_copied() {
        let folder = v2();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| kernel(folder.path(), &over));
            // Not when it is asked for: when it is so.
            let held = sh(folder.path(), "hold_pods && pods_are_still");
            over.store(true, Ordering::Relaxed);
            assert_eq!(held, (Some(0), String::new()));
        });
        assert_eq!(sh(folder.path(), "pods_go_on").0, Some(0));
        assert_eq!(read(folder.path(), "kubepods/cgroup.freeze"), "0");
    }

    #[test]
    fn pods_that_do_not_stand_still_are_no_backup() {
        let folder = v2();
        let (code, said) = sh(folder.path(), "trap pods_go_on EXIT\nhold_pods\necho copied >&2");
        assert_eq!(code, Some(1));
        assert!(said.contains("do not stand still") && !said.contains("copied"), "{said}");
        assert_eq!(read(folder.path(), "kubepods/cgroup.freeze"), "0", "and they go on");
        // A kernel before 5.2 has v2 without the freezer.
        std::fs::remove_file(folder.path().join("kubepods/cgroup.freeze")).unwrap();
        assert!(sh(folder.path(), "hold_pods").1.contains("can't be frozen"));
    }

    #[test]
    fn a_node_without_a_pod_has_none_to_hold() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(sh(folder.path(), "hold_pods && pods_go_on"), (Some(0), String::new()));
    }
}
