use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::command::{git, isolate, run, run_within};
use crate::{GitError, Project, Projects};

const FETCH_DEADLINE: Duration = Duration::from_secs(180);

/// Whether a project may be fetched from this address: https to a host by its name, without a password in it, and a branch
/// that is a name.
///
/// # Errors
/// [`GitError::BadRemote`] with the reason.
pub fn check_remote(url: &str, branch: &str) -> Result<(), GitError> {
    parts(url)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    let named = !branch.is_empty() && branch.len() <= 200 && branch.bytes().all(plain);
    if !named || branch.starts_with(['-', '/', '.']) || branch.ends_with(['/', '.']) || branch.contains("..") || branch.contains("//") {
        return Err(bad(url, format!("{branch:?} is no name of a branch")));
    }
    Ok(())
}

fn bad(url: &str, reason: impl Into<String>) -> GitError {
    GitError::BadRemote { url: url.to_owned(), reason: reason.into() }
}

/// Host and port of an address that [`check_remote`] takes.
fn parts(url: &str) -> Result<(String, u16), GitError> {
    let parsed: http::Uri = url.parse().map_err(|_| bad(url, "it is no URL"))?;
    if parsed.scheme_str() != Some("https") {
        return Err(bad(url, "it does not begin with https://"));
    }
    let authority = parsed.authority().ok_or_else(|| bad(url, "it names no host"))?;
    if authority.as_str().contains('@') {
        return Err(bad(url, "it holds a user or a password"));
    }
    let host = authority.host().to_ascii_lowercase();
    if host.starts_with('[') || host.parse::<IpAddr>().is_ok() || !host.contains('.') || host.ends_with(".localhost") {
        return Err(bad(url, "its host is not a public name"));
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
    /// Fetches the newest commit of a branch of a public repository elsewhere, and gives it as a project to read.
    ///
    /// # Errors
    /// [`GitError::BadRemote`]; what git said, for one that there is no such branch.
    pub async fn fetch_remote(&self, url: &str, branch: &str) -> Result<Project, GitError> {
        check_remote(url, branch)?;
        let (host, port) = parts(url)?;
        let attempt = format!("fetching {branch} of {url}");
        // Looked up once, checked, and held on to: the name can't turn into an inside address afterwards.
        let mut addresses = tokio::net::lookup_host((host.as_str(), port)).await.map_err(GitError::io(attempt.clone()))?;
        let address =
            addresses.find(|address| is_public(address.ip())).ok_or_else(|| bad(url, format!("{host} is not on the public Internet")))?;
        let pin = format!("http.curloptResolve={host}:{port}:{}", bracketed(address));
        self.fetch(
            url,
            branch,
            &["-c", &pin, "-c", "http.followRedirects=false", "-c", "protocol.allow=never", "-c", "protocol.https.allow=always"],
        )
        .await
    }

    async fn fetch(&self, url: &str, branch: &str, configuration: &[&str]) -> Result<Project, GitError> {
        let attempt = format!("fetching {branch} of {url}");
        let name: String = Sha256::digest(url).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.dir().join(".remotes").join(format!("{name}.git"));
        tokio::fs::create_dir_all(&path).await.map_err(GitError::io(attempt.clone()))?;
        // Making what is there again changes nothing.
        run(git(&path).args(["init", "--quiet", "--bare"]).arg(&path), &attempt).await?;
        let mut command = tokio::process::Command::new("git");
        isolate(&mut command);
        fetch_arguments(&mut command, &path, url, branch, configuration);
        run_within(&mut command, FETCH_DEADLINE, &attempt).await?;
        Ok(Project { path: Arc::from(path), name: url.to_owned() })
    }
}

fn fetch_arguments(command: &mut tokio::process::Command, path: &Path, url: &str, branch: &str, configuration: &[&str]) {
    // A school's own certificate authority, where the machine has one.
    for variable in ["GIT_SSL_CAINFO", "SSL_CERT_FILE", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] {
        if let Some(value) = std::env::var_os(variable) {
            command.env(variable, value);
        }
    }
    command.args(configuration).arg("--git-dir").arg(path).args(["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"]);
    command.arg("--end-of-options").arg(url).arg(format!("+refs/heads/{branch}:refs/heads/{branch}"));
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
}

fn bracketed(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https() {
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
        assert!(projects.fetch(&url, "main", &[]).await.is_err(), "there is no such branch yet");
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
            let project = projects.fetch(&url, "main", &[]).await.unwrap();
            assert_eq!(project.head("main").await.unwrap().as_deref(), Some(id.trim()));
        }
    }
}
