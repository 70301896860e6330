//! Safe mode: a workspace whose home or shell is in the way of its owner says so, and is used with a clean shell.

use std::sync::Arc;
use std::time::Duration;

use maru_model::Text;
use maru_protocol::{ExecRequest, Stats};
use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::entry::Entry;
use crate::view::State;

/// After a start that long, when its owner has what they came for.
const PAUSE: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(15);
/// Bytes; with less room an editor cannot save.
const ROOM: u64 = 8 << 20;
/// Seconds that a shell may take to come up.
const SHELL_SECONDS: u64 = 8;
/// Answers 42 where the shell comes up, 127 where it is not installed. In a terminal of its own where there is `script`, since
/// start-up files may ask for one.
fn probe(shell: &str) -> String {
    format!(
        r#"if command -v script >/dev/null; then exec script -qec '{shell} -lic "exit 42"' /dev/null; else exec {shell} -lic 'exit 42'; fi"#
    )
}

/// zsh takes longer to come up than bash, and is looked at only where it is used.
const USES_ZSH: &str = r#"[ "${SHELL##*/}" = zsh ] || [ -e "$HOME/.zsh_history" ] || exit 42"#;

/// Why a workspace is in safe mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Two starts failed, so this one left out all that is not needed.
    StartsFailed,
    /// Nothing more can be saved in the home.
    HomeFull,
    /// The shell's start-up files end it, or do not come to an end.
    ShellBroken,
}

impl Reason {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartsFailed => "starts_failed",
            Self::HomeFull => "home_full",
            Self::ShellBroken => "shell_broken",
        }
    }

    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::StartsFailed => Text::new(
                "It failed to start twice, so it was made anew and started in safe mode. Your files are all there; new terminals open a clean shell.",
                "두 번 연속 시작하지 못해 새로 만들어 안전 모드로 시작했습니다. 파일은 모두 그대로 있으며, 새 터미널은 기본 셸로 열립니다.",
            ),
            Self::HomeFull => Text::new(
                "There is no room left in your home folder, so nothing can be saved. Delete what you do not need; the largest files are below.",
                "홈 폴더에 남은 공간이 없어 저장할 수 없습니다. 필요 없는 파일을 지우세요. 가장 큰 파일은 아래와 같습니다.",
            ),
            Self::ShellBroken => Text::new(
                "The shell's start-up files (~/.bashrc, ~/.profile, ~/.zshrc) end it or do not come to an end. New terminals open a clean shell: correct the files there.",
                "셸 시작 파일(~/.bashrc, ~/.profile, ~/.zshrc)이 셸을 끝내거나 끝나지 않습니다. 새 터미널은 기본 셸로 열리니 거기에서 파일을 고치세요.",
            ),
        }
    }
}

/// Looks at a workspace that has just become ready, and publishes what is wrong with it.
pub(crate) async fn examine(entry: Arc<Entry>) {
    sleep(PAUSE).await;
    let reason = match timeout(DEADLINE, find(&entry)).await {
        Ok(reason) => reason,
        Err(_) => return,
    };
    if let Some(reason) = reason {
        tracing::info!(login = %entry.owner.login, ?reason, "safe mode");
        entry.publish(|view| {
            if view.state == State::Ready {
                view.safe_mode = Some(reason);
            }
        });
    }
}

async fn find(entry: &Entry) -> Option<Reason> {
    let stats = entry.link.get_json::<Stats>("/stats").await.ok()?;
    if is_full(&stats) {
        return Some(Reason::HomeFull);
    }
    let (bash, zsh) = tokio::join!(is_broken(entry, probe("bash")), is_broken(entry, format!("{USES_ZSH}\n{}", probe("zsh"))));
    (bash || zsh).then_some(Reason::ShellBroken)
}

async fn is_broken(entry: &Entry, script: String) -> bool {
    let argv = vec!["/bin/sh".to_owned(), "-c".to_owned(), script];
    let probe = ExecRequest { argv, timeout: Some(SHELL_SECONDS), ..ExecRequest::default() };
    // Where nothing can be run at all, it is not the shell's files that are broken.
    entry.link.exec(&probe).await.is_ok_and(|done| done.timed_out || !matches!(done.code, 42 | 127))
}

pub(crate) fn is_full(stats: &Stats) -> bool {
    let full = |used: u64, limit: u64, room: u64| limit > 0 && limit.saturating_sub(used) < room;
    full(stats.disk, stats.disk_limit, ROOM) || full(stats.inodes, stats.inodes_limit, 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_is_without_room_for_a_save() {
        let stats = |disk, disk_limit, inodes, inodes_limit| Stats { disk, disk_limit, inodes, inodes_limit, ..Stats::default() };
        assert!(is_full(&stats(100 << 20, 100 << 20, 1, 1000)));
        assert!(is_full(&stats(1, 100 << 20, 1000, 1000)));
        assert!(!is_full(&stats(80 << 20, 100 << 20, 900, 1000)));
        assert!(!is_full(&Stats::default()), "not every file system says");
    }
}
