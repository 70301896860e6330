//! Repositories elsewhere, by https from a real git server with a certificate authority of its own, as a school has it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use maru_git::{GitError, Projects, RemoteAccess, Trouble};
use maru_model::{Login, ProjectName};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

const HOST: &str = "git.school.test";

/// axum's listener, with TLS.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            // Who does not trust the certificate hangs up.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// `/mina/NAME.git/...` is a project, `/moved/...` is sent on, `/private/...` asks who it is.
async fn answer(
    State(projects): State<Projects>,
    Path((place, project, service)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    match place.as_str() {
        "moved" => (StatusCode::FOUND, [(header::LOCATION, format!("https://127.0.0.1/{project}/{service}"))]).into_response(),
        "private" => (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"a\"")]).into_response(),
        _ => {
            let name = ProjectName::parse(project.trim_end_matches(".git")).unwrap();
            match projects.open(&Login::parse(place).unwrap(), &name).await {
                Ok(project) => project.serve_http(&Login::parse("mina").unwrap(), &service, request).await.unwrap(),
                Err(_) => StatusCode::NOT_FOUND.into_response(),
            }
        }
    }
}

struct School {
    folder: tempfile::TempDir,
    port: u16,
    authority: PathBuf,
}

impl School {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![HOST.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let authority = folder.path().join("ca.pem");
        std::fs::write(&authority, issuer.pem()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let theirs = Projects::new(folder.path().join("theirs"));
        let router = Router::new().route("/{place}/{project}/{*service}", any(answer)).with_state(theirs);
        let tls = Tls { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
        tokio::spawn(async move { axum::serve(tls, router).await });
        Self { folder, port, authority }
    }

    fn url(&self, place: &str) -> String {
        format!("https://{HOST}:{}/{place}/shop.git", self.port)
    }

    /// A Maru that allows these hosts.
    fn maru(&self, hosts: &[String], authority: bool) -> Projects {
        let access = RemoteAccess::parse(hosts, authority.then_some(self.authority.as_path())).unwrap();
        Projects::new(self.folder.path().join("ours")).with_access(access)
    }

    /// A commit on `main` there; its id.
    fn commit(&self, text: &str) -> String {
        let bare = self.folder.path().join("theirs/mina/shop.git");
        let script = r#"set -e
            [ -e "$1" ] || git init -q --bare -b main "$1"
            export GIT_DIR="$1" GIT_INDEX_FILE="$1/made"
            blob=$(printf %s "$2" | git hash-object -w --stdin)
            git update-index --add --cacheinfo "100644,$blob,k8s/app.yaml"
            commit=$(git -c user.name=a -c user.email=a@b commit-tree -m made "$(git write-tree)")
            git update-ref refs/heads/main "$commit"
            printf %s "$commit""#;
        let done = Command::new("sh").args(["-c", script, "commit"]).arg(&bare).arg(text).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

fn trouble(error: &GitError) -> Option<Trouble> {
    match error {
        GitError::Remote { trouble, .. } => Some(*trouble),
        _ => None,
    }
}

#[tokio::test]
async fn a_school_has_a_git_server_of_its_own() {
    let school = School::open().await;
    let maru = school.maru(&[format!("{HOST}=127.0.0.1")], true);
    let first = school.commit("one");
    let project = maru.fetch_remote(&school.url("mina"), "main").await.unwrap();
    assert_eq!(project.head("main").await.unwrap().as_deref(), Some(first.as_str()));
    assert_eq!(project.read(&first, "k8s/app.yaml", 99).await.unwrap().as_deref(), Some(b"one".as_slice()));

    // Another commit comes by another fetch, and the one before is still there to be read, also by many at once.
    let second = school.commit("two");
    let fetches = (0..4).map(async |_| maru.fetch_remote(&school.url("mina"), "main").await.unwrap().head("main").await.unwrap());
    for head in futures_util::future::join_all(fetches).await {
        assert_eq!(head.as_deref(), Some(second.as_str()));
    }
    let before = maru.remote_at(&school.url("mina"), "main", &first).await.unwrap();
    assert_eq!(before.read(&first, "k8s/app.yaml", 99).await.unwrap().as_deref(), Some(b"one".as_slice()));

    for (place, branch, expected) in [
        ("mina", "nowhere", Trouble::NoBranch),
        ("jun", "main", Trouble::NotFound),
        ("moved", "main", Trouble::Moved),
        ("private", "main", Trouble::Login),
    ] {
        let error = maru.fetch_remote(&school.url(place), branch).await.unwrap_err();
        assert_eq!(trouble(&error), Some(expected), "{place} {branch}: {error}");
        assert!(error.remote_words().is_some());
    }
}

#[tokio::test]
async fn what_nobody_allowed_is_not_asked() {
    let school = School::open().await;
    school.commit("one");
    // Not trusted without its authority.
    let error = school.maru(&[format!("{HOST}=127.0.0.1")], false).fetch_remote(&school.url("mina"), "main").await.unwrap_err();
    assert_eq!(trouble(&error), Some(Trouble::Certificate), "{error}");
    // One host is allowed: no other one, and no address of this machine.
    let maru = school.maru(&[format!("{HOST}=127.0.0.1")], true);
    for host in ["127.0.0.1", "localhost", "registry.localhost", "[::1]"] {
        let url = format!("https://{host}:{}/mina/shop.git", school.port);
        assert!(matches!(maru.fetch_remote(&url, "main").await, Err(GitError::BadRemote { .. })), "{url}");
    }
    assert!(matches!(school.maru(&[], true).fetch_remote("https://localhost/a", "main").await, Err(GitError::BadRemote { .. })));
    // Nobody listens there.
    let away = school.maru(&[format!("{HOST}=127.0.0.1")], true).fetch_remote(&format!("https://{HOST}:1/a.git"), "main").await;
    assert_eq!(trouble(&away.unwrap_err()), Some(Trouble::Unreachable));
}
