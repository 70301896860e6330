//! Projects with the real git on both ends: made from a template, cloned, pushed to and read.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use axum::Router;
use axum::extract::{Path as UrlPath, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::TryStreamExt;
use maru_git::{Author, EntryKind, GitError, MAIN, Project, Projects};
use maru_model::{Login, ProjectName};

struct Home {
    dir: tempfile::TempDir,
    projects: Projects,
    login: Login,
    name: ProjectName,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let projects = Projects::new(dir.path().join("projects"));
        Self { dir, projects, login: Login::parse("mina").unwrap(), name: ProjectName::parse("guestbook").unwrap() }
    }

    async fn project(&self) -> Project {
        let template = self.dir.path().join("template");
        std::fs::create_dir_all(template.join("web")).unwrap();
        std::fs::write(template.join("template.json"), "{}").unwrap();
        std::fs::write(template.join("web/Dockerfile"), "FROM registry.localhost/{{login}}/base\n").unwrap();
        std::fs::write(template.join("web/logo.png"), b"\x89PNG\0{{login}}").unwrap();
        std::fs::write(template.join("README.md"), "한글 {{login}} {{other}}\n").unwrap();
        let replacements = BTreeMap::from([("login".to_owned(), "mina".to_owned())]);
        let author = Author::of(&self.login, "김민아");
        self.projects.create_from_template(&self.login, &self.name, &template, &replacements, &author).await.unwrap()
    }

    /// Serves all projects on loopback; the answer is the URL of ours.
    async fn serve(&self) -> String {
        async fn handle(
            State(projects): State<Projects>,
            UrlPath((login, project, service)): UrlPath<(String, String, String)>,
            request: Request,
        ) -> Response {
            let (login, project) = (Login::parse(login).unwrap(), ProjectName::parse(project.trim_end_matches(".git")).unwrap());
            let Ok(project) = projects.open(&login, &project).await else { return StatusCode::NOT_FOUND.into_response() };
            project.serve_http(&login, &service, request).await.unwrap()
        }
        let router = Router::new().route("/git/{login}/{project}/{*service}", any(handle)).with_state(self.projects.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/git/mina/guestbook.git")
    }

    async fn git(&self, folder: &Path, args: &[&str]) -> Output {
        let mut command = tokio::process::Command::new("git");
        command.current_dir(folder).args(args).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_TERMINAL_PROMPT", "0");
        for (key, value) in [("AUTHOR", "Mina"), ("COMMITTER", "Mina")] {
            command.env(format!("GIT_{key}_NAME"), value).env(format!("GIT_{key}_EMAIL"), "mina@example.org");
        }
        command.output().await.unwrap()
    }

    async fn good(&self, folder: &Path, args: &[&str]) {
        let done = self.git(folder, args).await;
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[tokio::test]
async fn a_project_starts_from_its_template() {
    let home = Home::new();
    let project = home.project().await;
    let head = project.head(MAIN).await.unwrap().unwrap();
    let files: Vec<_> = project.list(&head, "", true).await.unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(files, ["README.md", "web/Dockerfile", "web/logo.png"]);
    assert_eq!(project.read(&head, "README.md", 1000).await.unwrap().unwrap(), "한글 mina {{other}}\n".as_bytes());
    assert_eq!(project.read(&head, "web/logo.png", 1000).await.unwrap().unwrap(), b"\x89PNG\0{{login}}");
    let log = project.log(MAIN, 10).await.unwrap();
    assert_eq!((log.len(), log[0].author.as_str(), log[0].id.as_str()), (1, "김민아", head.as_str()));
    assert_eq!(home.projects.list(&home.login).await.unwrap(), std::slice::from_ref(&home.name));

    let again =
        home.projects.create_from_template(&home.login, &home.name, home.dir.path(), &BTreeMap::new(), &Author::of(&home.login, "")).await;
    assert!(matches!(again, Err(GitError::Exists(_))));
    // Nothing half-made stays beside it.
    assert_eq!(std::fs::read_dir(home.dir.path().join("projects/mina")).unwrap().count(), 1);
}

#[tokio::test]
async fn reading_says_what_is_not_there() {
    let home = Home::new();
    let project = home.project().await;
    let head = project.head(MAIN).await.unwrap().unwrap();
    assert_eq!(project.head("nothing").await.unwrap(), None);
    assert_eq!(project.head("--help").await.unwrap(), None);
    assert_eq!(project.commit("0123abcd").await.unwrap(), None);
    assert_eq!(project.commit(&head[..8]).await.unwrap().as_deref(), Some(head.as_str()));
    assert_eq!(project.commit("HEAD").await.unwrap(), None);
    assert_eq!(project.tree_id(&head, "nothing").await.unwrap(), None);
    assert_eq!(project.tree_id(&head, "README.md").await.unwrap(), None);
    assert!(project.tree_id(&head, "web").await.unwrap().is_some());
    assert_eq!(project.read(&head, "web", 10).await.unwrap(), None);
    assert!(matches!(project.read(&head, "README.md", 3).await, Err(GitError::TooLarge { .. })));
    assert!(matches!(project.read(&head, "../../etc/passwd", 3).await, Err(GitError::BadPath(_))));
    assert!(matches!(project.list("--output=/tmp/x", "", false).await, Err(GitError::BadPath(_))));
    let missing = home.projects.open(&home.login, &ProjectName::parse("nothing").unwrap()).await;
    assert!(matches!(missing, Err(GitError::NoProject(_))));
}

#[tokio::test]
async fn clone_change_push_and_read_back() {
    let home = Home::new();
    let project = home.project().await;
    let url = home.serve().await;
    let before = project.head(MAIN).await.unwrap().unwrap();
    home.good(home.dir.path(), &["clone", "--quiet", &url, "work"]).await;
    let work = home.dir.path().join("work");
    std::fs::write(work.join("web/index.html"), "<h1>hello</h1>").unwrap();
    // Larger than every buffer on the way, and than http.postBuffer, so that git sends it chunked.
    let noise: Vec<u8> = (0..6_000_000_u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8 ^ (i >> 7) as u8).collect();
    std::fs::write(work.join("noise.bin"), &noise).unwrap();
    home.good(&work, &["add", "--all"]).await;
    home.good(&work, &["commit", "--quiet", "--message", "Greet"]).await;
    home.good(&work, &["push", "--quiet", "origin", "main"]).await;

    let head = project.head(MAIN).await.unwrap().unwrap();
    assert_ne!(head, before);
    assert_eq!(project.read(&head, "noise.bin", 10_000_000).await.unwrap().unwrap(), noise);
    assert_eq!(project.log(MAIN, 1).await.unwrap()[0].subject, "Greet");
    assert_ne!(project.tree_id(&head, "web").await.unwrap(), project.tree_id(&before, "web").await.unwrap());
    let listed = project.list(&head, "web", false).await.unwrap();
    assert_eq!(
        listed.iter().map(|entry| (entry.path.as_str(), entry.kind)).collect::<Vec<_>>(),
        [("Dockerfile", EntryKind::File), ("index.html", EntryKind::File), ("logo.png", EntryKind::File),]
    );

    let tar: Vec<u8> = project
        .archive(&head, "web")
        .unwrap()
        .try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await
        .unwrap();
    assert!(tar.windows(14).any(|window| window == b"<h1>hello</h1>"));
    assert!(tar.starts_with(b"Dockerfile\0"));
    let broken: Result<Vec<_>, _> = project.archive(&head, "nothing").unwrap().try_collect().await;
    assert!(broken.is_err(), "half an archive is an error");

    // main can't be deleted by a slip.
    let deletion = home.git(&work, &["push", "origin", "--delete", "main"]).await;
    assert!(!deletion.status.success());
    assert_eq!(project.head(MAIN).await.unwrap(), Some(head));

    home.projects.delete(&home.login, &home.name).await.unwrap();
    assert!(!home.git(&work, &["fetch"]).await.status.success());
}
