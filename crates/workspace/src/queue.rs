//! What a workspace will do next: pure data, no locks, no clock, so that its whole table is tested without Docker.
//!
//! The queue holds at most one request beside the one being done, because two in a row always are as good as one:
//! [`compose`] finds it. So 200 requests end in what was asked for last, after two actions at most.

/// What can be asked of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Be ready.
    Start,
    /// End the container (SIGTERM, KILL after 10 s), keep it.
    Stop,
    /// Stop where it runs, then start.
    Restart,
    /// A container anew; the home stays.
    Recreate,
    /// KILL and remove the container, whatever is going on; the home stays.
    Force,
}

impl Request {
    /// Does it end in a workspace that runs?
    #[must_use]
    pub fn runs(self) -> bool {
        matches!(self, Self::Start | Self::Restart | Self::Recreate)
    }
}

/// Where a workspace is when nothing is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settled {
    Stopped,
    Ready,
    Failed,
}

/// What became of an offered request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It will be done.
    Queued,
    /// What is being done, or will be, or was, is all that it asks for.
    Satisfied,
    /// It will be done, and what is being done is to be given up for it.
    Interrupts,
}

/// The one request that comes to the same as `first` and then `second`.
#[must_use]
pub fn compose(first: Request, second: Request) -> Request {
    use Request::{Force, Recreate, Restart, Start, Stop};
    match (first, second) {
        (_, Force) => Force,
        (Force, Stop) => Force,
        (_, Stop) => Stop,
        (_, Recreate) | (Recreate | Force, Start | Restart) => Recreate,
        (_, Restart) | (Stop | Restart, Start) => Restart,
        (Start, Start) => Start,
    }
}

#[derive(Clone, Debug)]
pub struct Queue {
    settled: Settled,
    doing: Option<Request>,
    next: Option<Request>,
}

impl Queue {
    #[must_use]
    pub fn new(settled: Settled) -> Self {
        Self { settled, doing: None, next: None }
    }

    /// Is anything being done, or waiting to be?
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.doing.is_none() && self.next.is_none()
    }

    #[must_use]
    pub fn settled(&self) -> Settled {
        self.settled
    }

    /// What it will have done last, once all that was asked for is done; none where it is idle.
    #[must_use]
    pub fn heads_for(&self) -> Option<Request> {
        self.next.or(self.doing)
    }

    pub fn offer(&mut self, request: Request) -> Verdict {
        if let Some(next) = self.next {
            let composed = compose(next, request);
            if composed == next {
                return Verdict::Satisfied;
            }
            self.next = Some(composed);
            return self.verdict(composed);
        }
        let satisfied = match (self.doing, request) {
            (None, Request::Start) => self.settled == Settled::Ready,
            (None, Request::Stop) => self.settled == Settled::Stopped,
            (None, _) => false,
            // Whatever is starting will be as fresh as a restart would make it.
            (Some(doing), Request::Start | Request::Restart) => doing.runs(),
            (Some(doing), Request::Stop) => !doing.runs(),
            (Some(doing), Request::Recreate | Request::Force) => doing == request,
        };
        if satisfied {
            return Verdict::Satisfied;
        }
        self.next = Some(request);
        self.verdict(request)
    }

    fn verdict(&self, next: Request) -> Verdict {
        let interrupts = match self.doing {
            None => false,
            Some(doing) => match next {
                Request::Force => true,
                Request::Stop | Request::Recreate => doing.runs(),
                Request::Start | Request::Restart => false,
            },
        };
        if interrupts { Verdict::Interrupts } else { Verdict::Queued }
    }

    /// Takes the next request to do. Nothing is taken while one is being done.
    pub fn begin(&mut self) -> Option<Request> {
        if self.doing.is_none() {
            self.doing = self.next.take();
            return self.doing;
        }
        None
    }

    /// What was being done is over, and this is where it ended.
    pub fn end(&mut self, settled: Settled) {
        self.doing = None;
        self.settled = settled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Request::{Force, Recreate, Restart, Start, Stop};
    use Verdict::{Interrupts, Queued, Satisfied};

    const ALL: [Request; 5] = [Start, Stop, Restart, Recreate, Force];

    /// settled, being done, offered: verdict
    #[rustfmt::skip]
    const TABLE: &[(Settled, Option<Request>, [Verdict; 5])] = &[
        //                                         Start      Stop        Restart    Recreate    Force
        (Settled::Stopped, None,            [Queued,    Satisfied,  Queued,    Queued,     Queued]),
        (Settled::Failed,  None,            [Queued,    Queued,     Queued,    Queued,     Queued]),
        (Settled::Ready,   None,            [Satisfied, Queued,     Queued,    Queued,     Queued]),
        (Settled::Stopped, Some(Start),     [Satisfied, Interrupts, Satisfied, Interrupts, Interrupts]),
        (Settled::Ready,   Some(Restart),   [Satisfied, Interrupts, Satisfied, Interrupts, Interrupts]),
        (Settled::Ready,   Some(Recreate),  [Satisfied, Interrupts, Satisfied, Satisfied,  Interrupts]),
        (Settled::Ready,   Some(Stop),      [Queued,    Satisfied,  Queued,    Queued,     Interrupts]),
        (Settled::Ready,   Some(Force),     [Queued,    Satisfied,  Queued,    Queued,     Satisfied]),
    ];

    #[test]
    fn the_table() {
        for (settled, doing, verdicts) in TABLE {
            for (request, verdict) in ALL.iter().zip(verdicts) {
                let mut queue = Queue { settled: *settled, doing: *doing, next: None };
                assert_eq!(queue.offer(*request), *verdict, "{settled:?}, doing {doing:?}, offered {request:?}");
            }
        }
    }

    #[test]
    fn it_heads_for_what_comes_last() {
        let mut queue = Queue::new(Settled::Stopped);
        assert_eq!(queue.heads_for(), None);
        queue.offer(Start);
        assert_eq!((queue.heads_for(), queue.begin(), queue.heads_for()), (Some(Start), Some(Start), Some(Start)));
        queue.offer(Stop);
        assert_eq!(queue.heads_for(), Some(Stop));
        queue.end(Settled::Failed);
        queue.begin();
        queue.end(Settled::Stopped);
        assert_eq!(queue.heads_for(), None);
    }

    /// Plays requests one after the other: does it run in the end, and was the container kept from the beginning?
    fn play(requests: &[Request], mut runs: bool) -> (bool, bool) {
        let mut kept = true;
        for request in requests {
            runs = request.runs();
            kept &= !matches!(request, Recreate | Force);
        }
        (runs, kept)
    }

    #[test]
    fn composed_is_as_good_as_both() {
        for a in ALL {
            for b in ALL {
                for runs in [false, true] {
                    let (ends, kept) = play(&[a, b], runs);
                    let (composed_ends, composed_kept) = play(&[compose(a, b)], runs);
                    assert_eq!(ends, composed_ends, "{a:?} then {b:?}");
                    // What is about to stop needs no new container; it gets one when it next starts and has to.
                    if (a, b) != (Recreate, Stop) {
                        assert_eq!(kept, composed_kept, "{a:?} then {b:?}");
                    }
                }
            }
        }
    }

    /// Every order of six requests, with the driver slow, quick or in between, ends as the last one asks.
    #[test]
    fn the_last_intention_wins() {
        for code in 0..5_usize.pow(6) {
            for pace in 0..4 {
                let mut queue = Queue::new(Settled::Stopped);
                let mut runs = false;
                let mut last = Stop;
                for step in 0..6 {
                    last = ALL[code / 5_usize.pow(step) % 5];
                    queue.offer(last);
                    match pace {
                        0 => runs = drain(&mut queue, runs),
                        1 if step % 2 == 0 => {
                            queue.begin();
                        }
                        2 if step == 3 => runs = finish(&mut queue, runs),
                        _ => {}
                    }
                }
                runs = drain(&mut queue, runs);
                assert_eq!(runs, last.runs(), "case {code}, pace {pace}");
                assert!(queue.is_idle());
            }
        }
    }

    fn finish(queue: &mut Queue, runs: bool) -> bool {
        queue.begin();
        let Some(done) = queue.doing else { return runs };
        queue.end(if done.runs() { Settled::Ready } else { Settled::Stopped });
        done.runs()
    }

    fn drain(queue: &mut Queue, mut runs: bool) -> bool {
        while !queue.is_idle() {
            runs = finish(queue, runs);
        }
        runs
    }
}
