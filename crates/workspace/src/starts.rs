//! Turns for starting: so many at a time, the others in the order they came, each knowing how many are before it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

#[derive(Debug)]
pub(crate) struct Starts {
    /// How long those took that came to an end, in seconds.
    pub(crate) took: Histogram,
    turns: Semaphore,
    line: Mutex<Line>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

/// A place in the line, given up when dropped.
struct Place<'a> {
    starts: &'a Starts,
    ticket: u64,
}

impl Place<'_> {
    fn position(&self) -> usize {
        self.starts.line().waiting.iter().take_while(|&&ticket| ticket != self.ticket).count()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.starts.line().waiting.retain(|&ticket| ticket != self.ticket);
        self.starts.moved.notify_waiters();
    }
}

impl Starts {
    pub(crate) fn new(parallel: usize) -> Self {
        // A container that is there starts within the first, a new one on a busy machine within the fourth.
        let took = Histogram::new([0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0]);
        Self { took, turns: Semaphore::new(parallel.max(1)), line: Mutex::default(), moved: Notify::new() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Nothing under this lock panics, and the line would still be whole.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, telling how many are before this one whenever that changes. The turn ends when the answer is
    /// dropped; `None` never comes while the server runs.
    pub(crate) async fn wait(&self, tell: impl Fn(usize)) -> Option<SemaphorePermit<'_>> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Some(turn);
        }
        let place = {
            let mut line = self.line();
            let ticket = line.next_ticket;
            line.next_ticket += 1;
            line.waiting.push_back(ticket);
            Place { starts: self, ticket }
        };
        // The semaphore is fair, so the order of turns is the order of tickets.
        let mut turn = std::pin::pin!(self.turns.acquire());
        loop {
            let moved = self.moved.notified();
            tell(place.position());
            tokio::select! {
                turn = &mut turn => return turn.ok(),
                () = moved => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn the_line_moves_up() {
        let starts = Arc::new(Starts::new(1));
        let first = starts.wait(|_| unreachable!()).await;
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let mut waiting = Vec::new();
        for name in ["second", "third"] {
            let (starts, tell) = (starts.clone(), tell.clone());
            waiting.push(tokio::spawn(async move {
                let turn = starts.wait(|position| tell.send((name, position)).unwrap()).await;
                assert!(turn.is_some());
                std::future::pending::<()>().await;
            }));
            while told.recv().await.unwrap().0 != name {}
        }
        drop(first);
        loop {
            if told.recv().await.unwrap() == ("third", 0) {
                break;
            }
        }
        waiting[0].abort();
        waiting[1].abort();
    }
}
