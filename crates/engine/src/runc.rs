//! runc, which really makes the containers, and whether it has the hole by which a container's program gets out of it
//! (CVE-2024-21626, closed in 1.1.12). Distributions close holes in old versions, so the package counts as well.

use crate::{Engine, EngineError};

/// The first version without it.
const CLOSED: [u64; 3] = [1, 1, 12];
/// Where a distribution has closed it in an older one: its name for the release, and the package.
const BACKPORTS: [(&str, &str); 5] = [
    ("bullseye", "1.0.0~rc93+ds1-5+deb11u3"),
    ("bookworm", "1.1.5+ds1-1+deb12u1"),
    ("focal", "1.1.7-0ubuntu1~20.04.2"),
    ("jammy", "1.1.7-0ubuntu1~22.04.2"),
    ("mantic", "1.1.7-0ubuntu2.2"),
];

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runc {
    /// As the Engine says it.
    pub version: String,
    pub state: RuncState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuncState {
    /// New enough.
    Closed,
    /// Old, and repaired by the distribution in this package.
    Backported(String),
    /// A program in a container can become root of this machine.
    Open,
    /// The Engine does not say which it is, or it is another program.
    Unknown,
}

impl Engine {
    /// Which runc makes the containers here.
    ///
    /// # Errors
    /// Where the Engine does not answer.
    pub async fn runc(&self) -> Result<Runc, EngineError> {
        let said = self.docker.version().await.map_err(EngineError::during("asking the Docker Engine for its version"))?;
        let version = said.components.into_iter().flatten().find(|part| part.name == "runc").map(|part| part.version).unwrap_or_default();
        let mut state = judge(&version);
        if state == RuncState::Open && is_here() {
            let installed = output("dpkg-query", &["--show", "--showformat", "${Version}", "runc"]).await;
            if let Some(package) = installed
                && let Some(closed) = backport(&version, &package, &release())
                && output("dpkg", &["--compare-versions", &package, "ge", closed]).await.is_some()
            {
                state = RuncState::Backported(package);
            }
        }
        Ok(Runc { version, state })
    }
}

/// By the number alone. A version before a release (`1.1.12~rc1`, `1.1.12-rc.1`) is not yet that release.
fn judge(version: &str) -> RuncState {
    let version = version.trim().trim_start_matches('v');
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (number, rest) = version.split_at(end);
    let mut parts = number.split('.').map(str::parse);
    let [Some(Ok(major)), Some(Ok(minor)), patch] = [parts.next(), parts.next(), parts.next()] else { return RuncState::Unknown };
    let number = [major, minor, patch.and_then(Result::ok).unwrap_or(0)];
    let early = rest.contains("rc") || rest.contains("beta") || rest.contains("alpha");
    if number > CLOSED || (number == CLOSED && !early) { RuncState::Closed } else { RuncState::Open }
}

/// The package that has closed it in this release, where the installed one is what the Engine runs.
fn backport(version: &str, package: &str, release: &str) -> Option<&'static str> {
    let same = !version.is_empty() && package.starts_with(version);
    BACKPORTS.iter().find(|(name, _)| same && *name == release).map(|(_, closed)| *closed)
}

/// Whether the Engine is on this machine, whose packages can be asked.
fn is_here() -> bool {
    std::env::var("DOCKER_HOST").map_or(true, |host| host.is_empty() || host.starts_with("unix:"))
}

fn release() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(|v| v.trim_matches('"').to_owned());
    // Those that are made from another say from which.
    value("UBUNTU_CODENAME").or_else(|| value("DEBIAN_CODENAME")).or_else(|| value("VERSION_CODENAME")).unwrap_or_default()
}

/// What a program prints, if it ends well.
async fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let done = tokio::process::Command::new(program).args(arguments).kill_on_drop(true).output().await.ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn by_the_number() {
        for closed in ["1.1.12", "1.1.12+ds1", "1.1.15-0ubuntu1~22.04.1", "1.2.0-rc.1", "1.3.0", "v1.1.12", "2.0"] {
            assert_eq!(judge(closed), RuncState::Closed, "{closed}");
        }
        for open in ["1.1.5+ds1", "1.1.11", "1.0.0~rc93+ds1", "1.0.0-rc10", "1.1.12~rc1", "1.1", "0.1.1"] {
            assert_eq!(judge(open), RuncState::Open, "{open}");
        }
        for unknown in ["", "crun", "unknown", "1"] {
            assert_eq!(judge(unknown), RuncState::Unknown, "{unknown}");
        }
    }

    #[test]
    fn a_backport_is_of_one_release() {
        let package = "1.1.5+ds1-1+deb12u1";
        assert_eq!(backport("1.1.5+ds1", package, "bookworm"), Some(package));
        assert_eq!(backport("1.1.5+ds1", package, "trixie"), None);
        // What the Engine runs is not what the package has put there.
        assert_eq!(backport("1.1.4", package, "bookworm"), None);
        assert_eq!(backport("", package, "bookworm"), None);
    }

    /// Whatever this machine has, it is not open: tests run where the server would.
    #[tokio::test]
    async fn this_machines() {
        let engine = Engine::connect("test-runc").await.unwrap();
        let runc = engine.runc().await.unwrap();
        assert!(!matches!(runc.state, RuncState::Open), "{runc:?}");
    }
}
