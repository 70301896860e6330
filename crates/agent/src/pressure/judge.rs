//! From readings to notices: decisions only.

use maru_protocol::NoticeKind;

/// Bytes; with less room an editor cannot save.
const ROOM: u64 = 8 << 20;
/// Files; the same.
const FILES: u64 = 16;
/// Percent of home from which there is little left, and below which that is over.
const LOW: u64 = 90;
const LOW_OVER: u64 = 85;

/// What can run out, as it is now. A limit of 0: there is none, or nobody says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) oom_kills: u64,
    pub(super) forks_refused: u64,
    pub(super) disk: u64,
    pub(super) disk_limit: u64,
    pub(super) inodes: u64,
    pub(super) inodes_limit: u64,
}

/// What was so at the last reading.
#[derive(Debug, Default)]
pub(super) struct Judge {
    last: Option<Reading>,
    disk: Level,
    inodes: Level,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    #[default]
    Fine,
    Low,
    Full,
}

impl Level {
    /// Each level is told when it is reached from below; a little room more is not yet another level.
    fn next(self, used: u64, limit: u64, room: u64) -> Self {
        let percent = |percent: u64| u128::from(used) * 100 >= u128::from(limit) * u128::from(percent);
        let left = limit.saturating_sub(used);
        if limit == 0 {
            Self::Fine
        } else if left < room || (self == Self::Full && left < 2 * room) {
            Self::Full
        } else if percent(LOW) || (self >= Self::Low && percent(LOW_OVER)) {
            Self::Low
        } else {
            Self::Fine
        }
    }
}

impl Judge {
    /// What has to be told, and how often each happened since the last reading.
    pub(super) fn judge(&mut self, now: Reading) -> Vec<(NoticeKind, u64)> {
        let mut told = Vec::new();
        // Counters begin with the container, as the agent does.
        let last = self.last.replace(now).unwrap_or_default();
        for (kind, before, after) in [
            (NoticeKind::OutOfMemory, last.oom_kills, now.oom_kills),
            (NoticeKind::TooManyProcesses, last.forks_refused, now.forks_refused),
        ] {
            if after > before {
                told.push((kind, after - before));
            }
        }
        for (level, used, limit, room, low, full) in [
            (&mut self.disk, now.disk, now.disk_limit, ROOM, NoticeKind::DiskLow, NoticeKind::DiskFull),
            (&mut self.inodes, now.inodes, now.inodes_limit, FILES, NoticeKind::InodesLow, NoticeKind::InodesFull),
        ] {
            let next = level.next(used, limit, room);
            if next > *level {
                told.push((if next == Level::Full { full } else { low }, 1));
            }
            *level = next;
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_tell_by_how_much_they_rose() {
        let mut judge = Judge::default();
        let reading = |oom_kills, forks_refused| Reading { oom_kills, forks_refused, ..Reading::default() };
        assert_eq!(judge.judge(reading(0, 0)), []);
        assert_eq!(judge.judge(reading(2, 0)), [(NoticeKind::OutOfMemory, 2)]);
        assert_eq!(judge.judge(reading(2, 70)), [(NoticeKind::TooManyProcesses, 70)]);
        assert_eq!(judge.judge(reading(2, 70)), []);
    }

    #[test]
    fn a_home_is_low_once_and_full_once() {
        let mut judge = Judge::default();
        let mut at = |megabytes: u64| {
            judge.judge(Reading { disk: megabytes << 20, disk_limit: 1000 << 20, ..Reading::default() }).first().map(|told| told.0)
        };
        let told: Vec<_> = [500, 899, 900, 950, 890, 910, 993, 990, 999, 980, 1000, 849, 905].map(&mut at).into();
        let (low, full) = (Some(NoticeKind::DiskLow), Some(NoticeKind::DiskFull));
        assert_eq!(told, [None, None, low, None, None, None, full, None, None, None, full, None, low]);
    }

    #[test]
    fn files_run_out_like_bytes_and_no_limit_is_never_reached() {
        let mut judge = Judge::default();
        assert_eq!(judge.judge(Reading { inodes: 999, inodes_limit: 1000, disk: 7, ..Reading::default() }), [(NoticeKind::InodesFull, 1)]);
    }
}
