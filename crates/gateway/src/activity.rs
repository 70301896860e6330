//! When somebody was last served in a namespace: what says that an application is idle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Since the gateway runs. What was before nobody knows: its start counts as a visit.
#[derive(Debug)]
pub(crate) struct Activity {
    began: Instant,
    seen: Mutex<HashMap<String, Seen>>,
}

#[derive(Debug)]
struct Seen {
    last: Instant,
    /// Requests whose answers are still on their way, streams and tunnels among them.
    open: usize,
}

/// One request, from its beginning until the last byte of its answer.
#[derive(Debug)]
pub(crate) struct Visit {
    activity: Arc<Activity>,
    namespace: String,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), seen: Mutex::default() })
    }

    pub(crate) fn visit(self: &Arc<Self>, namespace: &str) -> Visit {
        self.note(namespace, |open| open + 1);
        Visit { activity: Arc::clone(self), namespace: namespace.to_owned() }
    }

    /// For how long nobody was there; none while somebody is.
    pub(crate) fn idle(&self, namespace: &str) -> Option<Duration> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(namespace) {
            Some(seen) if seen.open > 0 => None,
            Some(seen) => Some(seen.last.elapsed()),
            None => Some(self.began.elapsed()),
        }
    }

    fn note(&self, namespace: &str, open: impl FnOnce(usize) -> usize) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // Only the first visit allocates the name.
        match all.get_mut(namespace) {
            Some(seen) => (seen.last, seen.open) = (now, open(seen.open)),
            None => drop(all.insert(namespace.to_owned(), Seen { last: now, open: open(0) })),
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.activity.note(&self.namespace, |open| open.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_idle_while_somebody_is_served() {
        let activity = Activity::new();
        let visit = activity.visit("u-kim");
        let other = activity.visit("u-kim");
        drop(other);
        assert_eq!(activity.idle("u-kim"), None);
        drop(visit);
        assert!(activity.idle("u-kim").unwrap() < Duration::from_secs(5));
        assert!(activity.idle("u-lee").is_some());
    }
}
