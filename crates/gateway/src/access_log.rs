//! Who asked for what, and what came of it: the newest requests of each namespace, in memory. A log on a disk would have to be kept
//! small, read and forgotten by somebody; this one is small by itself, and begins anew with the gateway.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Of each namespace; what no rule was found for is one more.
const KEPT: usize = 300;
/// Bytes of each text of a request; what is longer is cut.
const LONGEST: usize = 256;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Unix milliseconds.
    pub at: u64,
    /// The address that it came from.
    pub client: String,
    pub method: String,
    pub host: String,
    /// Without the query.
    pub path: String,
    /// 0 where whoever asked went before there was an answer.
    pub status: u16,
    /// Of the answer's body; a tunnel's are not counted.
    pub bytes: u64,
    /// Until the last byte.
    pub ms: u64,
}

#[derive(Debug)]
pub(crate) struct AccessLog {
    on: bool,
    entries: Mutex<HashMap<String, VecDeque<Entry>>>,
}

impl AccessLog {
    /// One that is off keeps nothing.
    pub(crate) fn new(on: bool) -> Self {
        Self { on, entries: Mutex::default() }
    }

    pub(crate) fn add(&self, namespace: &str, mut entry: Entry) {
        if !self.on {
            return;
        }
        for text in [&mut entry.client, &mut entry.method, &mut entry.host, &mut entry.path] {
            cut(text);
        }
        let mut all = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(namespace) {
            all.insert(namespace.to_owned(), VecDeque::new());
        }
        let Some(entries) = all.get_mut(namespace) else { return };
        if entries.len() == KEPT {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// The newest first; none where the log is off.
    pub(crate) fn of(&self, namespace: &str) -> Option<Vec<Entry>> {
        let all = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        self.on.then(|| all.get(namespace).into_iter().flatten().rev().cloned().collect())
    }

    /// What is left of namespaces that have no rules any more goes.
    pub(crate) fn forget_all_but(&self, known: impl Fn(&str) -> bool) {
        let mut all = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|namespace, _| namespace.is_empty() || known(namespace));
    }
}

fn cut(text: &mut String) {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
        // The room of what was cut would be kept as long as the entry.
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Entry {
        let [client, method, host] = ["10.0.0.7", "GET", "kim.apps.localhost"].map(str::to_owned);
        Entry { at: 1, client, method, host, path: path.to_owned(), status: 200, bytes: 3, ms: 4 }
    }

    #[test]
    fn the_newest_of_each_namespace_stay() {
        let log = AccessLog::new(true);
        for n in 0..KEPT + 7 {
            log.add("u-kim", entry(&format!("/{n}")));
        }
        log.add("u-lee", entry(&"가".repeat(LONGEST)));
        let kim = log.of("u-kim").unwrap();
        assert_eq!((kim.len(), kim[0].path.as_str()), (KEPT, format!("/{}", KEPT + 6).as_str()));
        assert!(log.of("u-lee").unwrap()[0].path.len() <= LONGEST + '…'.len_utf8());
        log.forget_all_but(|namespace| namespace == "u-kim");
        assert_eq!((log.of("u-lee").unwrap().len(), log.of("u-kim").unwrap().len()), (0, KEPT));
    }

    #[test]
    fn what_somebody_sends_does_not_fill_the_memory() {
        let log = AccessLog::new(true);
        let long = || "x".repeat(64 << 10);
        log.add("u-kim", Entry { client: long(), method: long(), host: long(), ..entry(&long()) });
        let entries = log.entries.lock().unwrap();
        let kept = &entries["u-kim"][0];
        for text in [&kept.client, &kept.method, &kept.host, &kept.path] {
            assert!(text.capacity() <= LONGEST + '…'.len_utf8(), "{} bytes", text.capacity());
        }
    }

    #[test]
    fn one_that_is_off_keeps_nothing() {
        let log = AccessLog::new(false);
        log.add("u-kim", entry("/"));
        assert_eq!(log.of("u-kim"), None);
    }
}
