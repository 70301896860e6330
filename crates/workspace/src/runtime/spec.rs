//! The container of a workspace, written out: what it may do, use and reach.

use std::collections::HashMap;

use maru_engine::models;
use maru_store::workspaces::WorkspaceRow;

use crate::config::{Config, Limits};

pub(crate) const HOME: &str = "/home/student";
pub(crate) const AGENT: &str = "/opt/maru/maru-agent";
const TOOLS: &str = "/opt/maru/bin";
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The user and the group that everything in a workspace runs as.
pub(crate) const UID: u64 = 1000;

fn env(row: &WorkspaceRow, image_env: &[String]) -> Vec<String> {
    let of_image = |name: &str| image_env.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='));
    let mut env = vec![
        format!("PATH={}:{TOOLS}", of_image("PATH").unwrap_or(DEFAULT_PATH)),
        format!("HOME={HOME}"),
        "USER=student".to_owned(),
        "LOGNAME=student".to_owned(),
        format!("MARU_LOGIN={}", row.login),
    ];
    if of_image("LANG").is_none() {
        env.push("LANG=C.UTF-8".to_owned());
    }
    env
}

/// The most open files that a process of this machine may be allowed, as far as this one can see. The Engine, started
/// beside it, cannot give more.
fn most_open_files() -> Option<i64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().nth(1)?.parse().ok()
}

fn host(config: &Config, limits: &Limits, network: &str, volume: &str) -> models::HostConfig {
    // The Engine refuses more CPUs than there are.
    let present = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
    let open_files = most_open_files().map_or(limits.open_files, |most| most.min(limits.open_files));
    let mount = |source: String, target: &str, typ, read_only| models::Mount {
        source: Some(source),
        target: Some(target.to_owned()),
        typ: Some(typ),
        read_only: Some(read_only),
        ..Default::default()
    };
    models::HostConfig {
        network_mode: Some(network.to_owned()),
        mounts: Some(vec![
            mount(volume.to_owned(), HOME, models::MountType::VOLUME, false),
            mount(config.tools.display().to_string(), TOOLS, models::MountType::BIND, true),
        ]),
        tmpfs: Some(HashMap::from([
            ("/tmp".to_owned(), format!("rw,nosuid,nodev,exec,mode=1777,size={}", limits.tmp)),
            ("/run/maru".to_owned(), format!("rw,nosuid,nodev,noexec,mode=0700,uid={UID},gid={UID},size=16777216")),
        ])),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        cgroupns_mode: Some(models::HostConfigCgroupnsModeEnum::PRIVATE),
        memory: Some(limits.memory),
        memory_swap: Some(limits.memory),
        nano_cpus: Some((limits.cpus.min(present) * 1e9) as i64),
        pids_limit: Some(limits.pids),
        ulimits: Some(vec![
            models::ResourcesUlimits { name: Some("nofile".to_owned()), soft: Some(open_files), hard: Some(open_files) },
            models::ResourcesUlimits { name: Some("core".to_owned()), soft: Some(0), hard: Some(0) },
        ]),
        // Whether it runs is the driver's business alone.
        restart_policy: Some(models::RestartPolicy { name: Some(models::RestartPolicyNameEnum::NO), ..Default::default() }),
        log_config: Some(models::HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([("max-size".to_owned(), "1m".to_owned()), ("max-file".to_owned(), "2".to_owned())])),
        }),
        ..Default::default()
    }
}

pub(crate) fn container(
    config: &Config,
    row: &WorkspaceRow,
    image_env: &[String],
    network: &str,
    volume: &str,
    labels: HashMap<String, String>,
) -> models::ContainerCreateBody {
    models::ContainerCreateBody {
        image: Some(config.image.clone()),
        hostname: Some(row.login.to_string()),
        user: Some(format!("{UID}:{UID}")),
        working_dir: Some(HOME.to_owned()),
        env: Some(env(row, image_env)),
        entrypoint: Some(vec![AGENT.to_owned()]),
        cmd: Some(vec!["serve".to_owned()]),
        stop_signal: Some("SIGTERM".to_owned()),
        labels: Some(labels),
        host_config: Some(host(config, &config.limits, network, volume)),
        ..Default::default()
    }
}

/// What is put into a container before its first start: the agent, a link to kubectl where shells look for it
/// whatever their profile does to `PATH`, and the home folder, which an image need not have.
pub(crate) fn payload(agent: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::with_capacity(agent.len() + 8192));
    let header = |kind, mode, owner: u64, size: usize| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner);
        header.set_gid(owner);
        header.set_size(size as u64);
        header
    };
    let folder = |owner| header(tar::EntryType::Directory, 0o755, owner, 0);
    tar.append_data(&mut folder(0), "opt/maru/", std::io::empty())?;
    tar.append_data(&mut header(tar::EntryType::Regular, 0o755, 0, agent.len()), &AGENT[1..], agent)?;
    tar.append_link(&mut header(tar::EntryType::Symlink, 0o777, 0, 0), "usr/local/bin/kubectl", format!("{TOOLS}/kubectl"))?;
    tar.append_data(&mut folder(UID), format!("{}/", &HOME[1..]), std::io::empty())?;
    tar.into_inner()
}
