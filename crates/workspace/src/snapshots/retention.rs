//! Which snapshots are kept: a pure function of what there is, how old it is and how much it takes.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use maru_model::SnapshotId;

use super::manifest::{Reason, Snapshot};

const DAY: i64 = 24 * 60 * 60 * 1000;
const WEEK: i64 = 7 * DAY;

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// All are kept so long.
    pub all: Duration,
    /// The last one of each day is kept so long.
    pub daily: Duration,
    /// The last one of each week is kept so long: a course's term.
    pub weekly: Duration,
    /// Bytes that the snapshots of one user may take.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        Self { all: days(1), daily: days(7), weekly: days(26 * 7), bytes: 4 << 30 }
    }
}

/// A snapshot and the blocks in it, as numbers.
pub(super) struct Held<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) blocks: Vec<usize>,
}

/// The snapshots that go. The newest never does; those that somebody wanted, or that a reset made, never go for their
/// age, and are the last to go for want of room. `sizes` are the bytes of all blocks.
pub(super) fn outdated(held: &[Held<'_>], sizes: &[u64], now: Timestamp, retention: &Retention) -> Vec<SnapshotId> {
    let mut order: Vec<&Held<'_>> = held.iter().collect();
    order.sort_by_key(|held| std::cmp::Reverse((held.snapshot.taken_at, held.snapshot.id.clone())));
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for (i, held) in order.into_iter().enumerate() {
        if i == 0 || held.snapshot.reason.lasts() || in_time(held.snapshot, now, retention, &mut seen) {
            kept.push(held);
        } else {
            gone.push(held.snapshot.id.clone());
        }
    }
    // How many of those that are kept have a block; its bytes are free where none has.
    let mut users = vec![0_u32; sizes.len()];
    kept.iter().flat_map(|held| unique(&held.blocks)).for_each(|block| users[block] += 1);
    let mut bytes: u64 = users.iter().zip(sizes).filter(|(users, _)| **users > 0).map(|(_, bytes)| bytes).sum();
    while bytes > retention.bytes {
        // The oldest first, the newest, which is the first here, not at all.
        let oldest = |lasts: bool| kept.iter().skip(1).rposition(|held| held.snapshot.reason.lasts() == lasts).map(|i| i + 1);
        let Some(victim) = oldest(false).or_else(|| oldest(true)) else { break };
        let victim = kept.remove(victim);
        for block in unique(&victim.blocks) {
            users[block] -= 1;
            bytes -= if users[block] == 0 { sizes[block] } else { 0 };
        }
        gone.push(victim.snapshot.id.clone());
    }
    gone
}

fn unique(blocks: &[usize]) -> HashSet<usize> {
    blocks.iter().copied().collect()
}

/// Called with the newest first: the first of its day or week that is met is the one that stays.
fn in_time(snapshot: &Snapshot, now: Timestamp, retention: &Retention, seen: &mut HashSet<(bool, i64)>) -> bool {
    let taken = snapshot.taken_at.as_millisecond();
    let age = Duration::from_millis(now.as_millisecond().saturating_sub(taken).try_into().unwrap_or(0));
    // What a workspace was before it was made anew can be undone for a week, as a reset can.
    if age < retention.all || (snapshot.reason == Reason::Recreate && age < retention.daily) {
        return true;
    }
    let first_of_day = seen.insert((true, taken.div_euclid(DAY)));
    let first_of_week = seen.insert((false, taken.div_euclid(WEEK)));
    (age < retention.daily && first_of_day) || (age < retention.weekly && first_of_week)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::manifest::tests::snapshot;
    use super::super::manifest::{Reason, Snapshot};
    use super::*;

    const HOUR: i64 = 60 * 60 * 1000;
    const NOW: i64 = 1_800_000_000_000;

    fn kept(all: &[Snapshot], now: i64, bytes: u64) -> Vec<Snapshot> {
        // Each has a block of its own, and all have one.
        let held: Vec<Held<'_>> = all.iter().enumerate().map(|(i, snapshot)| Held { snapshot, blocks: vec![0, i + 1, 0] }).collect();
        let sizes = vec![10; all.len() + 1];
        let retention = Retention { bytes, ..Retention::default() };
        let gone = outdated(&held, &sizes, Timestamp::from_millisecond(now).unwrap(), &retention);
        assert_eq!(gone.iter().collect::<HashSet<_>>().len(), gone.len());
        all.iter().filter(|snapshot| !gone.contains(&snapshot.id)).cloned().collect()
    }

    #[test]
    fn a_year_of_hourly_snapshots() {
        let all: Vec<_> = (0..365 * 24).map(|hours| snapshot(Reason::Hourly, NOW - hours * HOUR)).collect();
        let kept = kept(&all, NOW, u64::MAX);
        let younger = |days: i64| kept.iter().filter(|s| NOW - s.taken_at.as_millisecond() < days * DAY).count();
        assert_eq!(younger(1), 24);
        assert!((29..=31).contains(&younger(7)), "{}", younger(7));
        // 24 hours, 6 days, and the 25 weeks before.
        assert!((54..=57).contains(&kept.len()), "{}", kept.len());
    }

    #[test]
    fn what_was_before_a_workspace_made_anew_can_be_had_for_a_week() {
        let all: Vec<_> = (0..14 * 4)
            .map(|quarter| snapshot(if quarter % 2 == 0 { Reason::Deploy } else { Reason::Recreate }, NOW - quarter * 6 * HOUR))
            .collect();
        let kept = kept(&all, NOW, u64::MAX);
        let young = |s: &&Snapshot| s.reason == Reason::Recreate && NOW - s.taken_at.as_millisecond() < 7 * DAY;
        assert_eq!(kept.iter().filter(young).count(), all.iter().filter(young).count());
    }

    fn reasons() -> impl Strategy<Value = Reason> {
        prop::sample::select(vec![Reason::Manual, Reason::Hourly, Reason::Recreate, Reason::Reset, Reason::Deploy, Reason::Restore])
    }

    proptest! {
        #[test]
        fn what_is_kept(ages in prop::collection::vec((0_i64..300 * 24 * 4, reasons()), 0..120), room in 0_u64..2000, later in 0_i64..100) {
            let all: Vec<_> = ages.iter().map(|&(quarters, reason)| snapshot(reason, NOW - quarters * HOUR / 4)).collect();
            let (now, unbounded) = (kept(&all, NOW, room), kept(&all, NOW, u64::MAX));
            let newest = all.iter().max_by_key(|s| (s.taken_at, s.id.clone()));
            // The newest stays, whatever it takes; and with it all that somebody wanted, where there is room.
            prop_assert!(newest.is_none_or(|newest| now.contains(newest)));
            prop_assert!(all.iter().filter(|s| s.reason.lasts()).all(|s| unbounded.contains(s)));
            prop_assert!(all.iter().filter(|s| NOW - s.taken_at.as_millisecond() < DAY).all(|s| unbounded.contains(s)));
            // Room is kept to, and nothing goes for it that could have stayed.
            let bytes = |n: usize| if n == 0 { 0 } else { 10 + 10 * n as u64 };
            prop_assert!(now.len() <= 1 || bytes(now.len()) <= room);
            prop_assert!(now.len() == unbounded.len() || bytes(now.len() + 1) > room);
            // One that somebody wanted goes only once no other is left but the newest.
            let lost = unbounded.iter().any(|s| s.reason.lasts() && !now.contains(s));
            prop_assert!(!lost || now.iter().filter(|s| Some(*s) != newest).all(|s| s.reason.lasts()));
            // Looking again takes nothing more, and time alone never takes what a look at once would have kept forever.
            prop_assert_eq!(&kept(&now, NOW, room), &now);
            let after = kept(&unbounded, NOW + later * DAY, u64::MAX);
            prop_assert!(after.iter().all(|s| unbounded.contains(s)));
        }
    }
}
