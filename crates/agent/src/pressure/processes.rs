//! Who is large, who is many, who writes: read from `/proc`.

use std::collections::HashMap;

use super::Culprit;
use crate::proc;

/// The processes of the last looks.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<i32, Culprit>);

impl Seen {
    /// Remembers who runs, and how large each is. One that is gone is kept until it is asked for, and forgotten after.
    pub(super) fn look(&mut self) {
        self.0 = running()
            .filter_map(|pid| Some((pid, Culprit { name: proc::name(pid)?, pid: Some(pid), size: proc::resident(pid)? })))
            .collect();
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// The largest of those that ran at the last look and do not any more. What is dead and not yet waited for has no memory.
    pub(super) fn ended(&self) -> Option<Culprit> {
        let gone = self.0.values().filter(|seen| {
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
        while !seen.0.get(&pid).is_some_and(|seen| seen.name == "sleep" && seen.size > 0) {
            seen.look();
        }
        seen.0.retain(|&other, _| other == pid);
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
    }
}
