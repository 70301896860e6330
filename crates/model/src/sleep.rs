//! How the parts of Maru in the cluster tell one another who may sleep, and what does.

/// Annotation of a namespace: after so many minutes without a request its application is scaled to zero.
pub const SLEEP_AFTER: &str = "maru.dev/sleep-after-minutes";
/// Annotation of what sleeps: the replicas that it wakes with.
pub const ASLEEP: &str = "maru.dev/asleep";
/// Annotation of what sleeps because its owner stopped it, with the time: no request wakes it.
pub const STOPPED: &str = "maru.dev/stopped";

/// The replicas that a workload wakes with, of its annotation [`ASLEEP`] and of those that it has; none where it does not
/// sleep. One that somebody has scaled since is awake.
#[must_use]
pub fn wakes_with(asleep: &str, replicas: i64) -> Option<i64> {
    asleep.parse().ok().filter(|before| *before > 0 && replicas == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slept_and_was_scaled_since_is_awake() {
        assert_eq!(wakes_with("3", 0), Some(3));
        assert_eq!(wakes_with("3", 2), None);
        assert_eq!(wakes_with("-1", 0), None);
        assert_eq!(wakes_with("", 0), None);
    }
}
