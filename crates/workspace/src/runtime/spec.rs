//! The container of a workspace, written out: what it may do, use and reach.

use std::collections::HashMap;
use std::path::Path;

use maru_engine::models;
use maru_model::Limits;
use maru_store::workspaces::WorkspaceRow;

use crate::config::Config;
use crate::runtime::shared::SharedFiles;

pub(crate) const HOME: &str = "/home/student";
pub(crate) const AGENT: &str = "/opt/maru/maru-agent";
pub(crate) const TOOLS: &str = "/opt/maru/bin";
const PROFILE: &str = "/etc/profile.d/maru.sh";
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

/// What root in a workspace may do where the class allows `sudo`: what `apt-get install` needs, and none of the host's affairs.
const ROOT_MAY: [&str; 8] = ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"];

/// The most open files that a process of this machine may be allowed, as far as this one can see. The Engine, started
/// beside it, cannot give more.
fn most_open_files() -> Option<i64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().nth(1)?.parse().ok()
}

/// A volume, as a folder of the container.
pub(super) fn of_volume(volume: &str, target: &str, read_only: bool) -> models::Mount {
    mount(volume.to_owned(), target, models::MountType::VOLUME, read_only)
}

/// A file or folder of this machine, to be read.
pub(super) fn of_host(path: &Path, target: &str) -> models::Mount {
    mount(path.display().to_string(), target, models::MountType::BIND, true)
}

fn mount(source: String, target: &str, typ: models::MountType, read_only: bool) -> models::Mount {
    models::Mount {
        source: Some(source),
        target: Some(target.to_owned()),
        typ: Some(typ),
        read_only: Some(read_only),
        ..Default::default()
    }
}

fn host(config: &Config, limits: &Limits, files: &SharedFiles, network: &str, volume: &str) -> models::HostConfig {
    // The Engine refuses more CPUs than there are.
    let present = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
    let open_files = most_open_files().map_or(limits.open_files, |most| most.min(limits.open_files));
    models::HostConfig {
        network_mode: Some(network.to_owned()),
        mounts: Some(vec![
            of_volume(volume, HOME, false),
            of_host(&config.tools, TOOLS),
            of_host(&files.agent, AGENT),
            of_host(&files.profile, PROFILE),
        ]),
        tmpfs: Some(HashMap::from([
            ("/tmp".to_owned(), format!("rw,nosuid,nodev,exec,mode=1777,size={}", limits.tmp)),
            ("/run/maru".to_owned(), format!("rw,nosuid,nodev,noexec,mode=0700,uid={UID},gid={UID},size=16777216")),
        ])),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: limits.sudo.then(|| ROOT_MAY.map(str::to_owned).to_vec()),
        security_opt: (!limits.sudo).then(|| vec!["no-new-privileges:true".to_owned()]),
        cgroupns_mode: Some(models::HostConfigCgroupnsModeEnum::PRIVATE),
        memory: Some(limits.memory),
        memory_swap: Some(limits.memory + limits.swap),
        shm_size: Some(limits.shm),
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
            config: Some(HashMap::from([("max-size".to_owned(), limits.log.to_string()), ("max-file".to_owned(), "2".to_owned())])),
        }),
        ..Default::default()
    }
}

pub(crate) fn container(
    config: &Config,
    limits: &Limits,
    files: &SharedFiles,
    row: &WorkspaceRow,
    image_env: &[String],
    network: &str,
    volume: &str,
) -> models::ContainerCreateBody {
    models::ContainerCreateBody {
        image: Some(config.image.clone()),
        hostname: Some(row.login.to_string()),
        user: Some(format!("{UID}:{UID}")),
        // Not the home: whoever took their own rights to it away would never get in again.
        working_dir: Some("/".to_owned()),
        env: Some(env(row, image_env)),
        entrypoint: Some(vec![AGENT.to_owned()]),
        cmd: Some(vec!["serve".to_owned()]),
        stop_signal: Some("SIGTERM".to_owned()),
        host_config: Some(host(config, limits, files, network, volume)),
        ..Default::default()
    }
}

/// True for an image that says to run as the user whose home it has; a new volume takes over what is in that, owner and all.
pub(crate) fn has_home(image: &models::ImageConfig) -> bool {
    let user = image.user.as_deref().and_then(|user| user.split(':').next());
    user == Some(&UID.to_string()) && image.working_dir.as_deref() == Some(HOME)
}

/// The home folder for a container of any other image.
pub(crate) fn home() -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o755);
    header.set_uid(UID);
    header.set_gid(UID);
    header.set_size(0);
    tar.append_data(&mut header, format!("{}/", &HOME[1..]), std::io::empty())?;
    tar.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1 << 20;

    fn of(limits: &Limits) -> models::HostConfig {
        let config = Config::new("image", "/agent", "/tools");
        let files = SharedFiles { agent: "/tools/.agent".into(), profile: "/tools/.profile.sh".into() };
        host(&config, limits, &files, "network", "volume")
    }

    #[test]
    fn every_limit_of_the_class_is_the_containers() {
        let limits = Limits {
            memory: 300 * MIB,
            swap: 100 * MIB,
            cpus: 0.5,
            pids: 77,
            tmp: 30 * MIB,
            shm: 20 * MIB,
            open_files: 300,
            log: 50_000,
            ..Limits::default()
        };
        let host = of(&limits);
        // The Engine counts both together; equal to the memory alone it means none.
        assert_eq!((host.memory, host.memory_swap), (Some(300 * MIB), Some(400 * MIB)));
        assert_eq!((host.nano_cpus, host.pids_limit, host.shm_size), (Some(500_000_000), Some(77), Some(20 * MIB)));
        let tmp = &host.tmpfs.unwrap()["/tmp"];
        assert!(tmp.split(',').any(|option| option == "size=31457280"), "{tmp}");
        assert!(["nosuid", "nodev"].iter().all(|wanted| tmp.split(',').any(|option| option == *wanted)), "{tmp}");
        let ulimits: Vec<_> = host.ulimits.unwrap().into_iter().map(|of| (of.name.unwrap(), of.soft.unwrap(), of.hard.unwrap())).collect();
        assert_eq!(ulimits, [("nofile".to_owned(), 300, 300), ("core".to_owned(), 0, 0)]);
        let log = host.log_config.unwrap();
        assert_eq!(log.typ.as_deref(), Some("json-file"));
        assert_eq!(
            log.config.unwrap(),
            HashMap::from([("max-size".to_owned(), "50000".to_owned()), ("max-file".to_owned(), "2".to_owned())])
        );
        assert_eq!(of(&Limits { swap: 0, ..limits }).memory_swap, Some(300 * MIB));
    }

    #[test]
    fn more_than_the_machine_has_is_not_asked_for() {
        let host = of(&Limits { cpus: 1000.0, open_files: i64::MAX, ..Limits::default() });
        let present = std::thread::available_parallelism().unwrap().get();
        assert_eq!(host.nano_cpus, Some(present as i64 * 1_000_000_000));
        assert_eq!(host.ulimits.unwrap()[0].hard, most_open_files());
    }

    #[test]
    fn root_is_let_in_by_the_class_alone_and_never_to_the_host() {
        let shut = of(&Limits::default());
        assert_eq!((shut.cap_drop, shut.cap_add), (Some(vec!["ALL".to_owned()]), None));
        assert_eq!(shut.security_opt, Some(vec!["no-new-privileges:true".to_owned()]));
        let sudo = of(&Limits { sudo: true, ..Limits::default() });
        assert_eq!((sudo.cap_drop, sudo.security_opt), (Some(vec!["ALL".to_owned()]), None));
        assert_eq!(sudo.cap_add.unwrap(), ROOT_MAY);
        for host in [of(&Limits::default()), of(&Limits { sudo: true, ..Limits::default() })] {
            assert_eq!((host.privileged, host.devices, host.binds, host.pid_mode), (None, None, None, None));
            // Of this machine's files nothing can be written.
            let writable = host.mounts.unwrap().into_iter().filter(|mount| mount.read_only == Some(false));
            assert_eq!(writable.map(|mount| mount.target.unwrap()).collect::<Vec<_>>(), [HOME]);
        }
    }
}
