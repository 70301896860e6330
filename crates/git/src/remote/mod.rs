//! Repositories elsewhere: one branch of one is fetched, by https, from a public host or one that an administrator allows.
//! A name is looked up once, the address is checked and held on to, and nothing is followed from there: no request of ours
//! reaches this machine or its networks because somebody wrote an address.

mod access;
mod trouble;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use maru_model::Text;
use sha2::{Digest, Sha256};

use crate::command::{git, isolate, run, run_within};
use crate::{GitError, Project, Projects};

pub use access::RemoteAccess;
pub use trouble::Trouble;

const FETCH_DEADLINE: Duration = Duration::from_secs(180);

fn bad(url: &str, reason: Text) -> GitError {
    GitError::BadRemote { url: url.to_owned(), reason }
}

/// Host and port of an address that may be fetched from, as far as it tells.
fn parts(url: &str, access: &RemoteAccess) -> Result<(String, u16), GitError> {
    let parsed: http::Uri = url.parse().map_err(|_| bad(url, Text::new("it is no URL", "URL이 아닙니다")))?;
    if parsed.scheme_str() != Some("https") {
        return Err(bad(url, Text::new("it does not begin with https://", "https://로 시작하지 않습니다")));
    }
    let authority = parsed.authority().ok_or_else(|| bad(url, Text::new("it names no host", "서버 이름이 없습니다")))?;
    if authority.as_str().contains('@') {
        return Err(bad(url, Text::new("it holds a user or a password", "사용자나 비밀번호가 들어 있습니다")));
    }
    let host = authority.host().to_ascii_lowercase();
    let outside = !(host.starts_with('[') || host.parse::<IpAddr>().is_ok() || !host.contains('.') || host.ends_with(".localhost"));
    if !outside && !access.allows(&host) {
        return Err(bad(url, Text::new("its host is not a public name", "공개된 서버 이름이 아닙니다")));
    }
    Ok((host, authority.port_u16().unwrap_or(443)))
}

/// An address of the public Internet, as far as its number tells: not this machine, not its networks.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (b == 18 || b == 19);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast() || a == 0 || a >= 224 || shared || benchmark)
        }
        IpAddr::V6(v6) => match v6.to_ipv4() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => !(v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast()),
        },
    }
}

impl Projects {
    /// Whether a project may be fetched from this address: https to a host by its name, without a password in it, and a branch
    /// that is a name.
    ///
    /// # Errors
    /// [`GitError::BadRemote`] with the reason.
    pub fn check_remote(&self, url: &str, branch: &str) -> Result<(), GitError> {
        self.checked(url, branch).map(drop)
    }

    /// The same, with host and port.
    fn checked(&self, url: &str, branch: &str) -> Result<(String, u16), GitError> {
        let place = parts(url, &self.access)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
        let named = !branch.is_empty() && branch.len() <= 200 && branch.bytes().all(plain);
        if !named || branch.starts_with(['-', '/', '.']) || branch.ends_with(['/', '.']) || branch.contains("..") || branch.contains("//") {
            let reason = Text::new(format!("{branch:?} is no name of a branch"), format!("{branch:?}은(는) 브랜치 이름이 될 수 없습니다"));
            return Err(bad(url, reason));
        }
        Ok(place)
    }

    /// Fetches the newest commit of a branch of a repository elsewhere, and gives it as a project to read.
    ///
    /// # Errors
    /// [`GitError::BadRemote`], [`GitError::Remote`], [`GitError::RemoteLate`], each with [`GitError::remote_words`].
    pub async fn fetch_remote(&self, url: &str, branch: &str) -> Result<Project, GitError> {
        let (host, port) = self.checked(url, branch)?;
        let address = self.address(url, branch, &host, port).await?;
        let mut configuration =
            ["http.followRedirects=false", "protocol.allow=never", "protocol.https.allow=always"].map(str::to_owned).to_vec();
        // The name can't turn into another address after it was checked.
        configuration.push(format!("http.curloptResolve={host}:{port}:{}", bracketed(address)));
        if !is_public(address) {
            // A proxy is the way out, and would look the name up by itself.
            configuration.push("http.proxy=".to_owned());
        }
        let authorities = self.access.authorities(&host).map_err(GitError::io(format!("reading the certificates for {url}")))?;
        self.fetch(url, branch, &configuration, authorities.as_ref().map(tempfile::NamedTempFile::path)).await
    }

    /// A repository elsewhere as it was fetched before, to read this commit; fetched once more where it is not there.
    ///
    /// # Errors
    /// As [`Self::fetch_remote`]. That it has no such commit is no error here.
    pub async fn remote_at(&self, url: &str, branch: &str, commit: &str) -> Result<Project, GitError> {
        let path = self.remote_path(url);
        if tokio::fs::try_exists(path.join("HEAD")).await.unwrap_or(false) {
            let known = Project { path: Arc::from(path), name: url.to_owned() };
            if known.commit(commit).await?.is_some() {
                return Ok(known);
            }
        }
        self.fetch_remote(url, branch).await
    }

    /// The one address of a host that is asked.
    async fn address(&self, url: &str, branch: &str, host: &str, port: u16) -> Result<IpAddr, GitError> {
        if let Some(address) = self.access.address(host) {
            return Ok(address);
        }
        let looked_up = tokio::net::lookup_host((host, port)).await.map_err(|error| GitError::Remote {
            url: url.to_owned(),
            branch: branch.to_owned(),
            trouble: Trouble::Unreachable,
            said: error.to_string(),
        })?;
        let allowed = self.access.allows(host);
        let found = looked_up.map(|address: SocketAddr| address.ip()).find(|address| allowed || is_public(*address));
        found.ok_or_else(|| {
            bad(url, Text::new(format!("{host} is not on the public Internet"), format!("{host}은(는) 공개 인터넷에 있지 않습니다")))
        })
    }

    fn remote_path(&self, url: &str) -> PathBuf {
        let name: String = Sha256::digest(url).iter().map(|byte| format!("{byte:02x}")).collect();
        self.dir().join(".remotes").join(format!("{name}.git"))
    }

    async fn fetch(&self, url: &str, branch: &str, configuration: &[String], authorities: Option<&Path>) -> Result<Project, GitError> {
        let attempt = format!("fetching {branch} of {url}");
        let path = self.remote_path(url);
        let turn = self.fetching.lock().unwrap_or_else(PoisonError::into_inner).entry(path.clone()).or_default().clone();
        let _turn = turn.lock().await;
        tokio::fs::create_dir_all(&path).await.map_err(GitError::io(attempt.clone()))?;
        // Making what is there again changes nothing.
        run(git(&path).args(["init", "--quiet", "--bare"]).arg(&path), &attempt).await?;
        let mut command = tokio::process::Command::new("git");
        isolate(&mut command);
        fetch_arguments(&mut command, &path, url, branch, configuration, authorities);
        run_within(&mut command, FETCH_DEADLINE, &attempt).await.map_err(|error| match error {
            GitError::Git { message, .. } => {
                GitError::Remote { url: url.to_owned(), branch: branch.to_owned(), trouble: Trouble::of(&message), said: message }
            }
            GitError::Timeout { seconds, .. } => GitError::RemoteLate { url: url.to_owned(), seconds },
            other => other,
        })?;
        Ok(Project { path: Arc::from(path), name: url.to_owned() })
    }
}

fn fetch_arguments(
    command: &mut tokio::process::Command,
    path: &Path,
    url: &str,
    branch: &str,
    configuration: &[String],
    authorities: Option<&Path>,
) {
    // A school's own certificate authority, where the machine has one.
    for variable in ["GIT_SSL_CAINFO", "SSL_CERT_FILE", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] {
        if let Some(value) = std::env::var_os(variable) {
            command.env(variable, value);
        }
    }
    if let Some(authorities) = authorities {
        command.env("GIT_SSL_CAINFO", authorities);
    }
    for one in configuration {
        command.args(["-c", one]);
    }
    command.arg("--git-dir").arg(path).args(["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"]);
    command.arg("--end-of-options").arg(url).arg(format!("+refs/heads/{branch}:refs/heads/{branch}"));
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https() {
        let projects = Projects::new("/nonexistent");
        let check_remote = |url: &str, branch: &str| projects.check_remote(url, branch);
        assert!(check_remote("https://github.com/someone/guestbook", "main").is_ok());
        assert!(check_remote("https://git.example.org:8443/a.git", "feature/x-1").is_ok());
        for url in [
            "http://github.com/a",
            "file:///etc",
            "ext::sh -c x",
            "https://u:p@github.com/a",
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://localhost/a",
            "https://registry.localhost/a",
            "git@github.com:a/b",
            "https://2130706433/a",
            "",
        ] {
            assert!(check_remote(url, "main").is_err(), "{url}");
        }
        for branch in ["", "-x", "a..b", "a b", "/a", "a/", "a:b", "+a", "a\n"] {
            assert!(check_remote("https://github.com/a", branch).is_err(), "{branch}");
        }
    }

    #[test]
    fn inside_addresses_are_not_public() {
        for inside in [
            "127.0.0.1",
            "10.213.0.3",
            "172.17.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fd00::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        assert!(is_public("140.82.112.3".parse().unwrap()) && is_public("2606:50c0:8000::153".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_fetch_gives_the_newest_commit() {
        let folder = tempfile::tempdir().unwrap();
        let origin = folder.path().join("origin.git");
        let attempt = "the test";
        run(git(&origin).args(["init", "--quiet", "--bare", "--initial-branch", "main"]).arg(&origin), attempt).await.unwrap();
        let projects = Projects::new(folder.path().join("projects"));
        let url = format!("file://{}", origin.display());
        assert!(projects.fetch(&url, "main", &[], None).await.is_err(), "there is no such branch yet");
        let commit = |message: &'static str| {
            let mut command = git(&origin);
            for role in ["AUTHOR", "COMMITTER"] {
                command.env(format!("GIT_{role}_NAME"), "x").env(format!("GIT_{role}_EMAIL"), "x@example.org");
            }
            command.args(["commit-tree", "-m", message, "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
            command
        };
        run(git(&origin).args(["hash-object", "-t", "tree", "-w", "/dev/null"]), attempt).await.unwrap();
        for message in ["one", "two"] {
            let id = String::from_utf8(run(&mut commit(message), attempt).await.unwrap()).unwrap();
            run(git(&origin).args(["update-ref", "refs/heads/main", id.trim()]), attempt).await.unwrap();
            let project = projects.fetch(&url, "main", &[], None).await.unwrap();
            assert_eq!(project.head("main").await.unwrap().as_deref(), Some(id.trim()));
        }
    }
}
