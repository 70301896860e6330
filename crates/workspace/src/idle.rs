//! When a workspace that nobody uses is stopped. Decisions only: whoever calls brings the time.
//!
//! Use is a key, the output of a terminal, a request to a preview, or a CPU that has been busy for a minute. A page that
//! is only open asks for much, too, but nothing of that comes here.

use std::time::Duration;

use maru_protocol::Stats;

/// Unix milliseconds, as the agent and the database write times.
pub(crate) type Millis = i64;

/// CPUs; more than this much for [`BUSY_FOR`] is use.
const BUSY_CPUS: f64 = 0.05;
const BUSY_FOR: Millis = 60_000;
/// How long before the end its coming is told.
const WARNING: Duration = Duration::from_secs(5 * 60);

/// What is known of the use of a workspace that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Activity {
    last: Millis,
    /// Since when every reading has shown a busy CPU.
    busy_since: Option<Millis>,
    /// The last reading of the CPU's clock: when, and its microseconds.
    cpu: Option<(Millis, u64)>,
}

impl Activity {
    /// Of a workspace that has just become ready.
    pub(crate) fn since(now: Millis) -> Self {
        Self { last: now, ..Self::default() }
    }

    /// It was used at this moment. Moments to come do not count: a clock may be wrong.
    pub(crate) fn touch(&mut self, at: Millis, now: Millis) {
        self.last = self.last.max(at.min(now));
    }

    /// Nobody keeps it any more: it is not stopped without the warning before.
    pub(crate) fn let_go(&mut self, after: Duration, now: Millis) {
        self.touch(now - millis(after) + millis(warning(after)), now);
    }

    /// Takes what the agent says; gives the CPUs in use, as a mean since the reading before.
    pub(crate) fn read(&mut self, now: Millis, stats: &Stats) -> f64 {
        for at in [stats.last_input_at, stats.last_output_at].into_iter().flatten() {
            self.touch(at, now);
        }
        let Some((before, usec)) = self.cpu.replace((now, stats.cpu_usec)) else { return 0.0 };
        let cpus = stats.cpu_usec.saturating_sub(usec) as f64 / 1000.0 / (now - before).max(1) as f64;
        if cpus > BUSY_CPUS {
            let since = *self.busy_since.get_or_insert(before);
            if now - since >= BUSY_FOR {
                self.touch(now, now);
            }
        } else {
            self.busy_since = None;
        }
        cpus
    }
}

/// What is to be done about a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is used, or nobody is to be bothered yet.
    Awake,
    /// It will be stopped at this time unless it is used before.
    Warned(Millis),
    Stop,
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// With a short time, the first half of it is without a warning.
fn warning(after: Duration) -> Duration {
    WARNING.min(after / 2)
}

/// Decides by when it was used last, and until when somebody asked to keep it.
pub(crate) fn decide(after: Duration, activity: &Activity, keep_until: Option<Millis>, now: Millis) -> Verdict {
    let stop_at = activity.last.saturating_add(millis(after)).max(keep_until.unwrap_or(0));
    match stop_at - now {
        left if left <= 0 => Verdict::Stop,
        left if left <= millis(warning(after)) => Verdict::Warned(stop_at),
        _ => Verdict::Awake,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = 60_000;
    const HOUR: Duration = Duration::from_secs(3600);

    fn stats(cpu_usec: u64, last_input_at: Option<Millis>, last_output_at: Option<Millis>) -> Stats {
        Stats { cpu_usec, last_input_at, last_output_at, ..Stats::default() }
    }

    #[test]
    fn an_hour_without_use() {
        let unused = Activity::since(0);
        let at = |now| decide(HOUR, &unused, None, now);
        assert_eq!(at(54 * MINUTE), Verdict::Awake);
        assert_eq!(at(55 * MINUTE), Verdict::Warned(60 * MINUTE));
        assert_eq!(at(60 * MINUTE - 1), Verdict::Warned(60 * MINUTE));
        assert_eq!(at(60 * MINUTE), Verdict::Stop);
    }

    #[test]
    fn keys_output_and_previews_are_use() {
        for used in [stats(0, Some(30 * MINUTE), None), stats(0, None, Some(30 * MINUTE)), stats(0, Some(5), Some(30 * MINUTE))] {
            let mut activity = Activity::since(0);
            activity.read(40 * MINUTE, &used);
            assert_eq!(decide(HOUR, &activity, None, 84 * MINUTE), Verdict::Awake, "{used:?}");
            assert_eq!(decide(HOUR, &activity, None, 90 * MINUTE), Verdict::Stop, "{used:?}");
        }
        let mut previewed = Activity::since(0);
        previewed.touch(30 * MINUTE, 30 * MINUTE);
        assert_eq!(decide(HOUR, &previewed, None, 86 * MINUTE), Verdict::Warned(90 * MINUTE));
    }

    #[test]
    fn a_closed_terminal_takes_nothing_back_and_a_wrong_clock_promises_nothing() {
        let mut activity = Activity::since(0);
        activity.read(30 * MINUTE, &stats(0, Some(30 * MINUTE), None));
        activity.read(31 * MINUTE, &stats(0, None, None));
        assert_eq!(decide(HOUR, &activity, None, 80 * MINUTE), Verdict::Awake);
        activity.read(32 * MINUTE, &stats(0, Some(9999 * MINUTE), None));
        assert_eq!(decide(HOUR, &activity, None, 92 * MINUTE), Verdict::Stop);
    }

    /// Readings every 15 s with these CPUs in use; was the last of them use?
    fn busy(cpus: &[f64]) -> bool {
        let mut activity = Activity::since(0);
        let (mut now, mut usec) = (0, 0);
        activity.read(now, &stats(usec, None, None));
        for cpus in cpus {
            now += 15_000;
            usec += (cpus * 15e6) as u64;
            let told = activity.read(now, &stats(usec, None, None));
            assert!((told - cpus).abs() < 0.001, "{told} {cpus}");
        }
        activity.last == now
    }

    #[test]
    fn a_cpu_is_busy_after_a_minute_over_5_percent() {
        assert!(busy(&[0.06; 4]));
        assert!(busy(&[2.0; 5]));
        assert!(!busy(&[0.9; 3]), "45 s");
        assert!(!busy(&[0.04; 20]));
        assert!(!busy(&[0.9, 0.9, 0.0, 0.9, 0.9, 0.9]), "not at a stretch");
        assert!(busy(&[0.0, 0.9, 0.9, 0.9, 0.9]));
    }

    #[test]
    fn kept_until_a_time_and_warned_before_it() {
        let unused = Activity::since(0);
        let at = |now| decide(HOUR, &unused, Some(180 * MINUTE), now);
        assert_eq!(at(60 * MINUTE), Verdict::Awake);
        assert_eq!(at(176 * MINUTE), Verdict::Warned(180 * MINUTE));
        assert_eq!(at(180 * MINUTE), Verdict::Stop);
        // A time that is over changes nothing.
        assert_eq!(decide(HOUR, &unused, Some(10 * MINUTE), 54 * MINUTE), Verdict::Awake);
    }

    #[test]
    fn let_go_with_a_warning() {
        let mut kept = Activity::since(0);
        kept.let_go(HOUR, 170 * MINUTE);
        assert_eq!(decide(HOUR, &kept, None, 170 * MINUTE), Verdict::Warned(175 * MINUTE));
        let mut used = Activity::since(169 * MINUTE);
        used.let_go(HOUR, 170 * MINUTE);
        assert_eq!(decide(HOUR, &used, None, 170 * MINUTE), Verdict::Awake);
    }

    #[test]
    fn a_short_time_is_not_all_warning() {
        let unused = Activity::since(0);
        let after = Duration::from_secs(120);
        assert_eq!(decide(after, &unused, None, 59_000), Verdict::Awake);
        assert_eq!(decide(after, &unused, None, 60_000), Verdict::Warned(120_000));
    }
}
