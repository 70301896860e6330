//! The machine: its Docker Engine, what makes the containers, the firewall, the disk.

use std::path::Path;

use maru_engine::{Engine, RuncState};
use maru_model::Text;

use super::{Finding, shown, size};
use crate::config::Config;
use crate::fences::NETWORKS;

/// The oldest Engine whose API is spoken here.
const OLDEST_ENGINE: &str = "20.10";
/// Below it things begin to fail: an image's build needs about this much.
const LITTLE: u64 = 2 << 30;
/// Below it a class fills the disk within days.
const SCARCE: u64 = 10 << 30;

pub(super) async fn docker(config: &Config, findings: &mut Vec<Finding>) -> Option<Engine> {
    let what = Text::new("Docker Engine", "Docker Engine");
    let answer = async {
        let engine = Engine::connect(config.instance.clone()).await?;
        let info = engine.info().await?;
        Ok::<_, maru_engine::EngineError>((engine, info))
    };
    match answer.await {
        Ok((engine, info)) => {
            let version = info.server_version.unwrap_or_default();
            let cgroup = info.cgroup_version.map(|version| version.to_string()).unwrap_or_default();
            let found = format!(
                "{version}, cgroup {cgroup}, {} CPU, {}",
                info.ncpu.unwrap_or(0),
                size(info.mem_total.unwrap_or(0).max(0).unsigned_abs())
            );
            findings.push(if older(&version, OLDEST_ENGINE) {
                Finding::bad(
                    "docker_old",
                    what,
                    Text::verbatim(found),
                    Text::new(
                        format!("Install Docker Engine {OLDEST_ENGINE} or newer."),
                        format!("Docker Engine {OLDEST_ENGINE} 이상을 설치하세요."),
                    ),
                )
            } else {
                Finding::good("docker", what, Text::verbatim(found))
            });
            Some(engine)
        }
        Err(error) => {
            findings.push(Finding::bad(
                "docker_unreachable",
                what,
                Text::new(format!("does not answer: {error}"), format!("응답하지 않습니다: {error}")),
                Text::new(
                    "Start it (`systemctl start docker`), and run Maru as root or as a member of the group docker.",
                    "Docker를 시작하고(`systemctl start docker`), root나 docker 그룹의 사용자로 Maru를 실행하세요.",
                ),
            ));
            None
        }
    }
}

/// By numbers: 20.10.24+dfsg1 is not older than 20.10.
fn older(version: &str, than: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        text[..end].split('.').filter_map(|part| part.parse().ok()).collect()
    };
    let version = numbers(version);
    // A version that cannot be read is no reason to complain.
    !version.is_empty() && version < numbers(than)
}

pub(super) async fn runc(engine: &Engine, findings: &mut Vec<Finding>) {
    let what = Text::new("runc", "runc");
    let Ok(runc) = engine.runc().await else { return };
    let version = runc.version;
    findings.push(match runc.state {
        RuncState::Closed => Finding::good("runc", what, Text::verbatim(version)),
        RuncState::Backported(package) => Finding::good(
            "runc",
            what,
            Text::new(
                format!("{version}, with CVE-2024-21626 closed by the distribution's package {package}"),
                format!("{version}, 배포판 패키지 {package}에서 CVE-2024-21626이 수정됨"),
            ),
        ),
        RuncState::Open => Finding::bad("runc_open", what, runc_words(&version), runc_fix()),
        RuncState::Unknown => Finding::warning(
            "runc_unknown",
            what,
            Text::new(
                "the Docker Engine does not say which version makes its containers",
                "Docker Engine이 컨테이너를 만드는 프로그램의 버전을 알려 주지 않습니다",
            ),
            Text::new("Make sure that it is runc 1.1.12 or newer.", "runc 1.1.12 이상인지 확인하세요."),
        ),
    });
}

/// Why a server does not start on an old one.
pub fn runc_words(version: &str) -> Text {
    Text::new(
        format!("runc {version} lets a program in a container become root of this machine (CVE-2024-21626, closed in 1.1.12)"),
        format!("runc {version}에서는 컨테이너 안의 프로그램이 이 컴퓨터의 root 권한을 얻을 수 있습니다(CVE-2024-21626, 1.1.12에서 수정)"),
    )
}

pub fn runc_fix() -> Text {
    Text::new(
        "Install the security updates of this system (`apt-get update && apt-get install --only-upgrade runc containerd docker.io`), or set \
         MARU_ALLOW_OLD_RUNC=true (allow_old_runc in maru.toml) where nobody but you uses this Maru.",
        "이 시스템의 보안 업데이트를 설치하세요(`apt-get update && apt-get install --only-upgrade runc containerd docker.io`). 혼자 쓰는 \
         Maru라면 MARU_ALLOW_OLD_RUNC=true(maru.toml에서는 allow_old_runc)로 시작할 수 있습니다.",
    )
}

/// The networks of workspaces and builds, and what keeps them from the host and from one another.
pub(super) async fn fences(engine: &Engine, findings: &mut Vec<Finding>) {
    let what = Text::new("Fence", "울타리");
    let mut open = Vec::new();
    let mut seen = 0;
    for suffix in NETWORKS {
        let name = engine.name(suffix);
        let Ok(Some(id)) = engine.network_id(&name).await else { continue };
        seen += 1;
        if !fenced(&format!("br-{}", id.get(..12).unwrap_or(&id))).await {
            open.push(name);
        }
    }
    findings.push(if seen == 0 {
        Finding::good(
            "fence",
            what,
            Text::new(
                "not needed yet: no workspace and no build has run",
                "아직 필요하지 않습니다. 작업 공간이나 빌드가 실행된 적이 없습니다",
            ),
        )
    } else if open.is_empty() {
        Finding::good(
            "fence",
            what,
            Text::new(
                format!("kept from this machine's ports and from its cloud's metadata service: {seen} of {seen} networks"),
                format!("네트워크 {seen}개 모두에서 이 컴퓨터의 포트와 클라우드 메타데이터 서비스에 접근할 수 없습니다"),
            ),
        )
    } else if may_read_rules().await {
        Finding::bad(
            "fence_open",
            what,
            Text::new(
                format!("programs of students reach this machine's ports from: {}", open.join(", ")),
                format!("학생의 프로그램이 이 컴퓨터의 포트에 접근할 수 있는 네트워크: {}", open.join(", ")),
            ),
            Text::new(
                "Something has removed the firewall's rules. Restart the server: it puts them back.",
                "방화벽 규칙이 지워졌습니다. 서버를 다시 시작하면 규칙이 복구됩니다.",
            ),
        )
    } else {
        Finding::warning(
            "fence_unknown",
            what,
            Text::new("the firewall's rules cannot be read by this user", "이 사용자는 방화벽 규칙을 읽을 수 없습니다"),
            Text::new("Run `maru doctor` as root.", "`maru doctor`를 root로 실행하세요."),
        )
    });
    // Without it packets between two containers of one bridge go past the firewall.
    let bridged = std::fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables").unwrap_or_default();
    if seen > 0 && bridged.trim() == "0" {
        findings.push(Finding::bad(
            "bridge_filter_off",
            Text::new("Bridges", "브리지"),
            Text::new("workspaces can reach one another", "작업 공간끼리 서로 접근할 수 있습니다"),
            Text::new(
                "Run `modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1`, and set it in /etc/sysctl.d.",
                "`modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1`을 실행하고 /etc/sysctl.d에도 설정하세요.",
            ),
        ));
    }
}

async fn rules(chain: &str) -> Option<String> {
    let path = "/usr/sbin:/sbin:/usr/bin:/bin";
    let done = tokio::process::Command::new("iptables").args(["-w", "5", "-S", chain]).env("PATH", path).output().await.ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
}

async fn may_read_rules() -> bool {
    rules("INPUT").await.is_some()
}

async fn fenced(bridge: &str) -> bool {
    let refused = |rules: Option<String>| {
        rules.is_some_and(|rules| rules.lines().any(|rule| rule.contains(&format!("-i {bridge} ")) && rule.contains("-j REJECT")))
    };
    refused(rules("INPUT").await) && refused(rules("DOCKER-USER").await)
}

pub(super) async fn disk(config: &Config, engine: Option<&Engine>, findings: &mut Vec<Finding>) {
    let mut folders = vec![(config.data.clone(), Text::new("Disk of the data folder", "데이터 폴더의 디스크"))];
    if let Some(engine) = engine
        && let Some(root) = engine.info().await.ok().and_then(|info| info.docker_root_dir)
    {
        folders.push((root.into(), Text::new("Disk of Docker", "Docker의 디스크")));
    }
    for (folder, what) in folders {
        let Some((free, total, files)) = space(&folder) else { continue };
        let found = Text::new(
            format!("{} of {} free ({})", size(free), size(total), shown(&folder)),
            format!("{} 중 {} 남음 ({})", size(total), size(free), shown(&folder)),
        );
        let fix = Text::new(
            "Remove what is not needed: `docker image prune`, old snapshots and image versions; or give it a larger disk.",
            "필요 없는 것을 지우세요(`docker image prune`, 오래된 스냅샷과 이미지 버전). 또는 디스크를 늘리세요.",
        );
        findings.push(if free < LITTLE || files == Some(0) {
            Finding::bad("disk_full", what, found, fix)
        } else if free < SCARCE {
            Finding::warning("disk_scarce", what, found, fix)
        } else {
            Finding::good("disk", what, found)
        });
    }
}

/// Free bytes for us, all bytes, and free inodes where the file system counts them.
fn space(folder: &Path) -> Option<(u64, u64, Option<u64>)> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize, (stat.f_files > 0).then_some(stat.f_favail)))
}

#[cfg(test)]
mod tests {
    use super::older;

    #[test]
    fn versions() {
        assert!(!older("20.10.24+dfsg1", "20.10") && !older("28.3.2", "20.10") && !older("", "20.10"));
        assert!(older("19.03.15", "20.10") && older("20.9", "20.10"));
    }
}
