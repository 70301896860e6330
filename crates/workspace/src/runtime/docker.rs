//! Workspaces as containers of the Docker Engine. A container's name is its workspace's, so there can be no second.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use jiff::Timestamp;
use maru_engine::{Engine, EngineError, ExecStream, models};
use maru_model::{Egress, Limits, Login, Text, UserId, WorkspaceId};
use maru_store::workspaces::WorkspaceRow;
use tokio::net::UnixStream;
use tokio::sync::{Mutex, OnceCell};
use tokio_util::either::Either;

use crate::config::Config;
use crate::error::WorkspaceError;
use crate::runtime::shared::SharedFiles;
use crate::runtime::{End, HomeKind, direct, egress, spec};

pub(super) const ROLE: &str = "workspace";
const LABEL_WORKSPACE: &str = "maru.workspace";
const LABEL_USER: &str = "maru.user";
const LABEL_LOGIN: &str = "maru.login";
const LABEL_GENERATION: &str = "maru.generation";
const LABEL_SPEC: &str = "maru.spec";
/// The number of the home that is in it; 0 where it is missing.
const LABEL_HOME: &str = "maru.home";
/// How long until it is seen whether a removal by somebody else is done.
const REMOVAL_STEP: Duration = Duration::from_millis(100);
/// No home's number.
const FOREIGN: i64 = -1;
/// SIGTERM, and after this many seconds SIGKILL.
const GRACE_SECONDS: i32 = 10;

/// Directly to the agent's socket, or through the Engine.
pub(crate) type AgentStream = Either<UnixStream, ExecStream>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Absent,
    /// Made, and not running now. `current`: made the way it would be made today.
    Still {
        current: bool,
        started_once: bool,
        /// The number of the home in it.
        home: i64,
        end: End,
    },
    Running {
        started_at: Option<Timestamp>,
        home: i64,
    },
}

/// How a container would be made today.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) image: &'a models::ImageInspect,
    pub(crate) home: i64,
    pub(crate) egress: Egress,
    pub(crate) limits: Limits,
}

/// A workspace's container, as a listing shows it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Unlike the name, never another container's.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) running: bool,
}

#[derive(Debug)]
pub(crate) struct Docker {
    pub(crate) engine: Engine,
    pub(super) config: Arc<Config>,
    /// What new homes are made as; known once it was tried.
    pub(super) best_kind: OnceCell<HomeKind>,
    /// The ids of the networks that are fenced off from the host, by name.
    fenced: Mutex<HashMap<String, String>>,
}

/// Whose a container or a home is.
pub(crate) fn owner_labels(row: &WorkspaceRow) -> HashMap<String, String> {
    HashMap::from([(LABEL_USER.to_owned(), row.user_id.to_string()), (LABEL_LOGIN.to_owned(), row.login.to_string())])
}

impl Docker {
    pub(crate) fn new(engine: Engine, config: Arc<Config>) -> Self {
        Self { engine, config, best_kind: OnceCell::new(), fenced: Mutex::default() }
    }

    pub(crate) fn name(&self, login: &Login) -> String {
        self.engine.name(&format!("ws-{login}"))
    }

    /// The volume of a home. No login has a dot, so that no two of these are one.
    pub(crate) fn volume(&self, login: &Login, home: i64) -> String {
        match home {
            0 => self.engine.name(&format!("home-{login}")),
            later => self.engine.name(&format!("home-{login}.{later}")),
        }
    }

    /// The volumes of all homes that this user has and had.
    pub(crate) async fn volumes_of(&self, user: &UserId) -> Result<Vec<String>, EngineError> {
        self.engine.volumes_labelled(ROLE, LABEL_USER, user.as_str()).await
    }

    /// Changes when a container would be made differently from now on.
    fn spec(&self, wanted: Wanted<'_>) -> String {
        let mut hasher = DefaultHasher::new();
        wanted.image.id.hash(&mut hasher);
        wanted.egress.hash(&mut hasher);
        format!("{:?} {:?}", wanted.limits, self.config.tools).hash(&mut hasher);
        if let Ok(agent) = std::fs::metadata(&self.config.agent) {
            agent.len().hash(&mut hasher);
            agent.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }

    pub(crate) async fn image(&self) -> Result<models::ImageInspect, WorkspaceError> {
        let image = &self.config.image;
        self.engine.inspect_image(image).await?.ok_or_else(|| {
            WorkspaceError::Passing(Text::new(
                format!("The workspace image {image} is not on this machine yet. It is built by ./up; this goes on when that is done."),
                format!("작업 공간 이미지 {image}이(가) 아직 이 컴퓨터에 없습니다. ./up이 이미지를 만들면 이어서 시작합니다."),
            ))
        })
    }

    /// What is true now. Where nothing is wanted, what is there counts as current. A container of the same name that is
    /// another workspace's, of a user who had this login before, counts as having another home.
    pub(crate) async fn look(&self, row: &WorkspaceRow, wanted: Option<Wanted<'_>>) -> Result<Presence, EngineError> {
        let Some(container) = self.engine.inspect_container(&self.name(&row.login)).await? else { return Ok(Presence::Absent) };
        let state = container.state.unwrap_or_default();
        let started_at = state.started_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        let labels = container.config.and_then(|config| config.labels).unwrap_or_default();
        let ours = labels.get(LABEL_WORKSPACE).is_some_and(|id| id == row.id.as_str());
        let home = if ours { labels.get(LABEL_HOME).and_then(|home| home.parse().ok()).unwrap_or(0) } else { FOREIGN };
        if state.running == Some(true) {
            return Ok(Presence::Running { started_at, home });
        }
        let dead = state.dead == Some(true);
        let as_wanted = |wanted: Wanted<'_>| wanted.home == home && labels.get(LABEL_SPEC) == Some(&self.spec(wanted));
        Ok(Presence::Still {
            current: !dead && wanted.is_none_or(as_wanted),
            home,
            started_once: started_at.is_some_and(|at| at.as_second() > 0),
            end: End {
                code: state.exit_code.unwrap_or(-1),
                out_of_memory: state.oom_killed == Some(true),
                error: state.error.unwrap_or_default(),
            },
        })
    }

    pub(crate) async fn list(&self) -> Result<Vec<Listed>, EngineError> {
        let containers = self.engine.list_containers(ROLE).await?;
        Ok(containers
            .into_iter()
            .filter_map(|container| {
                let name = container.names?.into_iter().next()?.trim_start_matches('/').to_owned();
                let workspace = container.labels.as_ref().and_then(|labels| labels.get(LABEL_WORKSPACE));
                Some(Listed {
                    id: container.id?,
                    name,
                    workspace: workspace.map(|id| WorkspaceId::from(id.as_str())),
                    running: container.state == Some(models::ContainerSummaryStateEnum::RUNNING),
                })
            })
            .collect())
    }

    /// The network of all workspaces with this way out: they reach neither one another nor this host.
    pub(crate) async fn network(&self, egress: Egress) -> Result<String, EngineError> {
        let mut fenced = self.fenced.lock().await;
        let name = egress::network(&self.engine, egress).await?;
        let id = self.engine.network_id(&name).await?;
        if let Some(id) = id
            && fenced.get(&name) != Some(&id)
        {
            match self.engine.fence_network(&name, &self.config.image).await {
                Ok(()) => drop(fenced.insert(name.clone(), id)),
                Err(error) => tracing::warn!(%error, "workspaces are not fenced off from this host's ports"),
            }
        }
        Ok(name)
    }

    /// Makes the container with everything in it; it does not run yet.
    pub(crate) async fn create(&self, row: &WorkspaceRow, generation: i64, wanted: Wanted<'_>) -> Result<(), WorkspaceError> {
        let Wanted { image, egress, limits, .. } = wanted;
        let network = self.network(egress).await?;
        let volume = self.volume(&row.login, row.home);
        let owner = owner_labels(row);
        self.provide_home(&volume, owner.clone(), &limits, image).await?;
        let files = SharedFiles::provide(&self.config)
            .map_err(|source| WorkspaceError::Agent { path: self.config.agent.display().to_string(), source })?;
        let mut labels = self.engine.labels(ROLE);
        labels.extend(owner);
        labels.extend([
            (LABEL_WORKSPACE.to_owned(), row.id.to_string()),
            (LABEL_GENERATION.to_owned(), generation.to_string()),
            (LABEL_HOME.to_owned(), row.home.to_string()),
            (LABEL_SPEC.to_owned(), self.spec(wanted)),
        ]);
        let of_image = image.config.clone().unwrap_or_default();
        let image_env = of_image.env.as_deref().unwrap_or_default();
        let mut container = spec::container(&self.config, &limits, &files, row, image_env, &network, &volume);
        container.labels = Some(labels);
        egress::prepare(egress, &mut container);
        let name = self.name(&row.login);
        match self.engine.create_container(&name, container.clone()).await {
            // Made by a try that was given up before the Engine had answered; it may lack what is put in.
            Err(error) if error.is_conflict() => {
                self.remove(&row.login).await?;
                self.engine.create_container(&name, container).await?;
            }
            made => drop(made?),
        }
        if !spec::has_home(&of_image) {
            let home = spec::home().map_err(|error| EngineError::Failed {
                attempt: format!("making the home of container {name}"),
                message: error.to_string(),
            })?;
            self.engine.upload(&name, "/", Bytes::from(home)).await?;
        }
        Ok(())
    }

    /// What its home is held to its size by is the answer; `None` where that is not there.
    pub(crate) async fn start(&self, row: &WorkspaceRow, limits: &Limits) -> Result<Option<HomeKind>, EngineError> {
        let kind = self.open_home(&row.login, row.home, limits).await?;
        let started = self.engine.start_container(&self.name(&row.login)).await;
        if kind == Some(HomeKind::Image) {
            self.close_home(&row.login, row.home).await;
        }
        started.map(|()| kind)
    }

    /// The same of one that runs already.
    pub(crate) async fn home_kind(&self, row: &WorkspaceRow) -> Result<Option<HomeKind>, EngineError> {
        self.kind(&self.volume(&row.login, row.home)).await
    }

    pub(crate) async fn stop(&self, login: &Login) -> Result<(), EngineError> {
        match self.engine.stop_container(&self.name(login), GRACE_SECONDS).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// The container is gone after this, whoever else removes it at the same time: a removal that was given up, say.
    pub(crate) async fn remove(&self, login: &Login) -> Result<(), EngineError> {
        let name = self.name(login);
        loop {
            match self.engine.remove_container(&name).await {
                Err(error) if error.is_conflict() => tokio::time::sleep(REMOVAL_STEP).await,
                other => return other,
            }
        }
    }

    pub(crate) async fn remove_listed(&self, container: &Listed) -> Result<(), EngineError> {
        self.engine.remove_container(&container.id).await
    }

    /// The last lines that the container's own program wrote.
    pub(crate) async fn last_words(&self, login: &Login) -> String {
        match self.engine.container_output(&self.name(login), 5).await {
            Ok((out, err)) => {
                let words = [out, err].concat();
                String::from_utf8_lossy(&words).trim().chars().take(600).collect()
            }
            Err(_) => String::new(),
        }
    }

    /// A connection to the agent in a container that runs.
    pub(crate) async fn dial(engine: Engine, name: String) -> Result<AgentStream, EngineError> {
        if let Some(container) = engine.inspect_container(&name).await?
            && let Some(stream) = direct::connect(&container).await
        {
            return Ok(Either::Left(stream));
        }
        Ok(Either::Right(engine.exec_stream(&name, &[spec::AGENT, "dial"], None).await?))
    }
}
