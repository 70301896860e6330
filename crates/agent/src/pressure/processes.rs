//! Who is large, who is many, who writes: read from `/proc`.

use std::collections::HashMap;

use super::Culprit;
use crate::proc;

/// The processes of the last look, and of the one before: who ended between the question and the look after it is in that alone.
#[derive(Debug, Default)]
pub(super) struct Seen {
    last: HashMap<i32, Culprit>,
    before: HashMap<i32, Culprit>,
}

impl Seen {
    /// Remembers who runs, and how large each is.
    pub(super) fn look(&mut self) {
        let last = running()
            .filter_map(|pid| Some((pid, Culprit { name: proc::name(pid)?, pid: Some(pid), size: proc::resident(pid)? })))
            .collect();
        self.before = std::mem::replace(&mut self.last, last);
    }

    pub(super) fn forget(&mut self) {
        self.last.clear();
        self.before.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last.is_empty() && self.before.is_empty()
    }

    #[cfg(test)]
    pub(super) fn has(&self, pid: i32, name: &str) -> bool {
        self.last.get(&pid).is_some_and(|seen| seen.name == name && seen.size > 0)
    }

    #[cfg(test)]
    pub(super) fn forget_others(&mut self, pid: i32) {
        self.last.retain(|&other, _| other == pid);
        self.before.retain(|&other, _| other == pid);
    }

    /// The largest of those that ran at the last looks and do not any more. What is dead and not yet waited for has no memory.
    pub(super) fn ended(&self) -> Option<Culprit> {
        let gone = self.last.values().chain(self.before.values()).filter(|seen| {
            let pid = seen.pid.unwrap_or_default();
            proc::resident(pid).is_none_or(|size| size == 0) || proc::name(pid).as_ref() != Some(&seen.name)
        });
        gone.max_by_key(|seen| seen.size).cloned()
    }
}

/// All but the agent.
fn running() -> impl Iterator<Item = i32> {
    let own = i32::try_from(std::process::id()).unwrap_or(1);
    proc::all().filter(move |&pid| pid != own)
}

/// The name that most processes have, and how many.
pub(super) fn most() -> Option<Culprit> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for name in running().filter_map(proc::name) {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(name, size)| Culprit { name, pid: None, size })
}

/// Who has written most of those that run.
pub(super) fn writer() -> Option<Culprit> {
    let written = running().filter_map(|pid| Some(Culprit { name: proc::name(pid)?, pid: Some(pid), size: proc::written(pid)? }));
    written.filter(|culprit| culprit.size > 0).max_by_key(|culprit| culprit.size)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_one_that_is_gone_is_named() {
        let mut child = Command::new("sleep").arg("100").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let mut seen = Seen::default();
        while !seen.has(pid, "sleep") {
            seen.look();
        }
        seen.forget_others(pid);
        assert_eq!(seen.ended(), None);
        child.kill().unwrap();
        // Not waited for yet, as a shell may be slow to.
        let began = std::time::Instant::now();
        while seen.ended().is_none() {
            assert!(began.elapsed().as_secs() < 30);
        }
        assert_eq!(seen.ended().unwrap().name, "sleep");
        child.wait().unwrap();
        assert_eq!(seen.ended().unwrap().pid, Some(pid));
        // It died after the last question: the next one comes after another look.
        seen.look();
        seen.forget_others(pid);
        assert_eq!(seen.ended().unwrap().pid, Some(pid));
        seen.look();
        seen.forget_others(pid);
        assert_eq!(seen.ended(), None);
    }
}
