//! A whole installation of its own for one test: Engine objects, database, projects, registry with its token server.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use maru_build::{Build, Builds, Limits, Registry, Repository, RepositorySpec, Source, token_router};
use maru_engine::Engine;
use maru_git::{Author, MAIN, Projects};
use maru_model::{BuildId, Login, ProjectName, Role};
use maru_store::Store;
use maru_store::users::User;
use tokio_util::sync::CancellationToken;

pub const PASSWORD: &str = "correct horse";

pub struct World {
    pub folder: tempfile::TempDir,
    pub engine: Engine,
    pub store: Store,
    pub projects: Projects,
    pub registry: Registry,
    pub builds: Builds,
    pub mina: User,
    pub juno: User,
    server: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
}

/// The registry's image, as docker/build-images names it.
pub fn registry_image() -> String {
    std::env::var("MARU_REGISTRY_IMAGE").unwrap_or_else(|_| {
        let listed = std::process::Command::new("docker")
            .args(["images", "--format", "{{.Repository}}:{{.Tag}}", "maru/registry"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&listed.stdout).lines().next().expect("run docker/build-images first").to_owned()
    })
}

impl World {
    pub async fn new() -> Self {
        let instance = format!("test-{}", &uuid::Uuid::now_v7().simple().to_string()[26..]);
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::connect(instance).await.unwrap();
        let store = Store::open(&format!("sqlite://{}?mode=rwc", folder.path().join("maru.db").display())).await.unwrap();
        let projects = Projects::new(folder.path().join("projects"));
        let registry = Registry::new(engine.clone(), registry_image(), &folder.path().join("registry"), None).unwrap();
        let add = async |login: &str| store.add_user(&Login::parse(login).unwrap(), login, Role::Student, "x").await.unwrap();
        let (mina, juno) = (add("mina").await, add("juno").await);
        let builds = Self::open(&store, &engine, &projects, &registry, folder.path(), Limits::default());
        Self { folder, engine, store, projects, registry, builds, mina, juno, server: None }
    }

    fn open(store: &Store, engine: &Engine, projects: &Projects, registry: &Registry, folder: &std::path::Path, limits: Limits) -> Builds {
        Builds::new(store.clone(), engine.clone(), projects.clone(), registry.clone(), &folder.join("builds"), limits)
    }

    /// Begins to build, as a server that starts.
    pub fn start(&mut self) {
        self.start_with(Limits { at_once: 1, ..Limits::default() });
    }

    pub fn start_with(&mut self, limits: Limits) {
        self.builds = Self::open(&self.store, &self.engine, &self.projects, &self.registry, self.folder.path(), limits);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(self.builds.clone().run(shutdown.clone()));
        self.server = Some((shutdown, running));
    }

    /// Ends it as kill -9 does: nothing gets to say goodbye.
    pub async fn kill(&mut self) {
        let (_, running) = self.server.take().unwrap();
        running.abort();
        let _ = running.await;
    }

    /// Serves the registry's tokens; `mina` and `juno` have the same password.
    pub async fn serve_tokens(&self) {
        let verify: maru_build::VerifyPassword =
            Arc::new(|login, given| Box::pin(async move { ["mina", "juno"].contains(&login.as_str()) && given == PASSWORD }));
        let router = token_router(self.registry.clone(), verify);
        let listener = tokio::net::TcpListener::bind(self.registry.token_address().await.unwrap()).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// A project of these files, and a repository that builds its top folder.
    pub async fn repository(&self, user: &User, name: &str, files: &[(&str, &str)]) -> (Repository, String) {
        let template = self.folder.path().join("templates").join(name);
        for (path, text) in files {
            let path = template.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let project = ProjectName::parse(name).unwrap();
        let author = Author::of(&user.login, "");
        let made = self.projects.create_from_template(&user.login, &project, &template, &BTreeMap::new(), &author).await.unwrap();
        let head = made.head(MAIN).await.unwrap().unwrap();
        (self.builds.add_repository(&user.id, spec(name)).await.unwrap(), head)
    }

    /// Commits and pushes a file's new content. The new commit.
    pub fn commit(&self, user: &User, project: &str, path: &str, text: &str) -> String {
        let bare = self.folder.path().join(format!("projects/{}/{project}.git", user.login));
        let clone = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-C", clone.path().to_str().unwrap()];
            let done = std::process::Command::new("git").args(identity).args(arguments).output().unwrap();
            assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8_lossy(&done.stdout).trim().to_owned()
        };
        git(&["clone", "--quiet", "--branch", MAIN, bare.to_str().unwrap(), "."]);
        std::fs::write(clone.path().join(path), text).unwrap();
        git(&["add", path]);
        git(&["commit", "--quiet", "--message", "change"]);
        git(&["push", "--quiet", "origin", MAIN]);
        git(&["rev-parse", "HEAD"])
    }

    pub async fn end_of(&self, build: &Build) -> Build {
        tokio::time::timeout(Duration::from_secs(240), self.builds.wait(&build.id)).await.expect("the build ends").unwrap()
    }

    pub async fn log(&self, build: &BuildId) -> String {
        let bytes = self.builds.log(build, 0, true).try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        });
        String::from_utf8(tokio::time::timeout(Duration::from_secs(240), bytes).await.expect("the log ends").unwrap()).unwrap()
    }

    /// Waits until the log of a build that runs holds some text.
    pub async fn says(&self, build: &BuildId, text: &str) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
        while !std::fs::read_to_string(self.folder.path().join(format!("builds/{build}.log"))).unwrap_or_default().contains(text) {
            assert!(tokio::time::Instant::now() < deadline, "the log never says {text:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the server as it should be ended, and removes what the test made in the Engine.
    pub async fn end(mut self) {
        if let Some((shutdown, running)) = self.server.take() {
            shutdown.cancel();
            running.await.unwrap();
        }
        sweep(self.engine.instance());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            sweep(self.engine.instance());
        }
    }
}

fn sweep(instance: &str) {
    let script = format!(
        "f=label=maru.instance={instance}; docker ps -aq --filter $f | xargs -r docker rm -fv; docker images -q --filter $f | sort -u | xargs -r docker rmi -f; \
         docker network ls -q --filter $f | xargs -r docker network rm; docker volume ls -q --filter $f | xargs -r docker volume rm"
    );
    let _ = std::process::Command::new("sh").args(["-c", &script]).output();
}

pub fn spec(name: &str) -> RepositorySpec {
    RepositorySpec {
        name: name.to_owned(),
        source: Source::Project { project: ProjectName::parse(name).unwrap() },
        context: String::new(),
        dockerfile: String::new(),
    }
}

/// One HTTP exchange: status and body.
pub async fn get(address: std::net::SocketAddr, path: &str, authorization: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let header = if authorization.is_empty() { String::new() } else { format!("Authorization: {authorization}\r\n") };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept: application/vnd.docker.distribution.manifest.v2+json\r\n{header}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

pub fn basic(login: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}")))
}
