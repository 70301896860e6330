//! A container beside a workspace's own, with the agent in it and nothing else: around a home that nothing runs in.

use std::collections::HashMap;

use maru_engine::models;
use maru_model::{Limits, Login};

use crate::error::WorkspaceError;
use crate::runtime::Docker;
use crate::runtime::home::HomeKind;
use crate::runtime::shared::SharedFiles;
use crate::runtime::spec::{AGENT, HOME, UID, of_host, of_volume};

const MEMORY: i64 = 256 << 20;
const PIDS: i64 = 64;

impl Docker {
    /// Makes and starts it around this home; it reaches no network and has no rights. The home can be written to where
    /// that is wanted. Nothing else may have the home mounted meanwhile.
    pub(crate) async fn start_beside(
        &self,
        name: &str,
        labels: HashMap<String, String>,
        (login, home): (&Login, i64),
        limits: &Limits,
        writable: bool,
    ) -> Result<(), WorkspaceError> {
        self.engine.remove_container(name).await?;
        let Some(kind) = self.open_home(login, home, limits).await? else { return Err(WorkspaceError::NoHome) };
        let spec = self.beside(&self.volume(login, home), writable, labels)?;
        let started = async {
            self.engine.create_container(name, spec).await?;
            self.engine.start_container(name).await
        };
        let started = started.await;
        if kind == HomeKind::Image {
            self.close_home(login, home).await;
        }
        Ok(started?)
    }

    fn beside(&self, volume: &str, writable: bool, labels: HashMap<String, String>) -> Result<models::ContainerCreateBody, WorkspaceError> {
        let files = SharedFiles::provide(&self.config)
            .map_err(|source| WorkspaceError::Agent { path: self.config.agent.display().to_string(), source })?;
        let host = models::HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![of_volume(volume, HOME, !writable), of_host(&files.agent, AGENT)]),
            tmpfs: Some(HashMap::from([(
                "/run/maru".to_owned(),
                format!("rw,nosuid,nodev,noexec,mode=0700,uid={UID},gid={UID},size=1048576"),
            )])),
            readonly_rootfs: Some(true),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
            memory: Some(MEMORY),
            memory_swap: Some(MEMORY),
            pids_limit: Some(PIDS),
            ..Default::default()
        };
        Ok(models::ContainerCreateBody {
            image: Some(self.config.image.clone()),
            user: Some(format!("{UID}:{UID}")),
            working_dir: Some("/".to_owned()),
            env: Some(vec![format!("HOME={HOME}")]),
            entrypoint: Some(vec![AGENT.to_owned()]),
            cmd: Some(["serve", "--home", HOME, "--reverse", "none"].map(str::to_owned).to_vec()),
            labels: Some(labels),
            host_config: Some(host),
            ..Default::default()
        })
    }
}
