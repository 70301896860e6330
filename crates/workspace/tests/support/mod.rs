//! An installation of a test's own: real containers, the real agent, a real database.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "each test binary uses a part of it")]

pub mod typist;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use maru_engine::{Engine, models};
use maru_model::{Login, Role};
use maru_store::Store;
use maru_workspace::{Config, ExecRequest, Inbound, Owner, State, WorkspaceView, Workspaces};
use tokio::sync::mpsc;
use tokio::time::timeout;

pub const LONG: Duration = Duration::from_secs(120);

/// `./test` gives the one that workspaces get; by hand, what was built last is taken.
pub fn agent() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let mut built: Vec<PathBuf> = ["static/maru-agent", "release/maru-agent", "debug/maru-agent"].map(|path| target.join(path)).into();
    built.retain(|path| path.exists());
    built.sort_by_key(|path| std::cmp::Reverse(path.metadata().and_then(|made| made.modified()).ok()));
    let agent = std::env::var_os("MARU_AGENT").map(PathBuf::from).or_else(|| built.into_iter().next());
    agent.expect("the agent is not built: cargo build -p maru-agent").canonicalize().unwrap()
}

pub fn image() -> String {
    std::env::var("MARU_WORKSPACE_IMAGE").unwrap_or_else(|_| "debian:trixie".to_owned())
}

pub struct Installation {
    pub engine: Engine,
    pub store: Store,
    pub config: Config,
    pub data: PathBuf,
}

impl Installation {
    pub async fn new() -> Self {
        // Removed by close; after a failure, what is left tells more.
        Self::at(&tempfile::tempdir().unwrap().keep()).await
    }

    pub async fn at(data: &Path) -> Self {
        let id = data.file_name().unwrap().to_str().unwrap();
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let engine = Engine::connect(format!("test-{id}")).await.unwrap();
        let store = Store::open(&format!("sqlite://{}?mode=rwc", data.join("maru.db").display())).await.unwrap();
        let mut config = Config::new(image(), agent(), data.join("bin"));
        config.project = None;
        config.limits.memory = 256 << 20;
        Self { engine, store, config, data: data.to_owned() }
    }

    pub async fn user(&self, login: &str) -> Owner {
        let login = Login::parse(login).unwrap();
        let user = match self.store.user_by_login(&login).await.unwrap() {
            Some(user) => user,
            None => self.store.add_user(&login, "Mina", Role::Student, "none").await.unwrap(),
        };
        Owner { id: user.id, login, name: user.name }
    }

    pub async fn open(&self) -> (Workspaces, mpsc::Receiver<Inbound>) {
        let (inbound, received) = mpsc::channel(64);
        (Workspaces::open(self.config.clone(), self.engine.clone(), self.store.clone(), inbound).await.unwrap(), received)
    }

    pub async fn containers(&self) -> Vec<models::ContainerSummary> {
        self.engine.list_containers("workspace").await.unwrap()
    }

    pub fn volumes(&self) -> Vec<String> {
        let label = format!("label=maru.instance={}", self.engine.instance());
        let listed = Command::new("docker").args(["volume", "ls", "--quiet", "--filter", &label]).output().unwrap();
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    pub async fn close(self, workspaces: Workspaces) {
        workspaces.shut_down().await;
        for container in self.containers().await {
            self.engine.remove_container(&container.id.unwrap()).await.unwrap();
        }
        for volume in self.volumes() {
            self.engine.remove_volume(&volume).await.unwrap();
        }
        self.engine.remove_network(&self.engine.name("workspaces")).await.unwrap();
        std::fs::remove_dir_all(&self.data).unwrap();
    }
}

pub async fn until(workspaces: &Workspaces, owner: &Owner, wanted: impl Fn(&WorkspaceView) -> bool) -> WorkspaceView {
    let mut views = workspaces.subscribe(owner).await.unwrap();
    let waited = timeout(LONG, views.wait_for(|view| wanted(view))).await.map(|view| view.unwrap().clone());
    match waited {
        Ok(view) => view,
        Err(_) => panic!("it never came: {:?}", workspaces.get(owner).await),
    }
}

pub async fn ready(workspaces: &Workspaces, owner: &Owner) -> WorkspaceView {
    let view = until(workspaces, owner, |view| matches!(view.state, State::Ready | State::Failed)).await;
    assert_eq!(view.state, State::Ready, "{view:?}");
    view
}

pub async fn sh(workspaces: &Workspaces, owner: &Owner, script: &str) -> (i32, String) {
    let request = ExecRequest { argv: ["/bin/bash", "-c", script].map(str::to_owned).to_vec(), ..Default::default() };
    let done = workspaces.exec(&owner.id, &request).await.unwrap();
    (done.code, format!("{}{}", done.stdout, done.stderr).trim().to_owned())
}
