use super::super::output::RING;
use super::*;

fn take(state: &mut State, id: ViewerId) -> (Vec<u8>, Vec<Step>) {
    take_at(state, id, Instant::now())
}

fn take_at(state: &mut State, id: ViewerId, now: Instant) -> (Vec<u8>, Vec<Step>) {
    let (mut bytes, mut steps) = (Vec::new(), Vec::new());
    loop {
        match state.step(id, now) {
            Step::Wait | Step::WaitUntil(_) => return (bytes, steps),
            Step::Output(more) => bytes.extend_from_slice(&more),
            other => {
                let last = matches!(other, Step::Exit(_));
                steps.push(other);
                if last {
                    return (bytes, steps);
                }
            }
        }
    }
}

#[test]
fn the_driver_pauses_the_terminal_and_lets_it_go_on() {
    let mut state = State::new(80, 24);
    let id = state.attach(None, false);
    take(&mut state, id);
    state.output(&vec![b'x'; 256 * 1024]);
    assert!(!state.paused());
    state.output(b"y");
    assert!(state.paused());
    let (bytes, _) = take(&mut state, id);
    assert_eq!(bytes.len(), 256 * 1024, "no more than the window is on its way");
    state.ack(id, 100 * 1024);
    assert!(state.paused());
    state.ack(id, 192 * 1024 + 1);
    assert!(!state.paused());
    state.output(&vec![b'x'; 300 * 1024]);
    assert!(state.paused());
    state.detach(id);
    assert!(!state.paused(), "with no viewer it runs on");
}

#[test]
fn a_stuck_observer_slows_nobody_and_is_skipped() {
    let mut state = State::new(80, 24);
    let driver = state.attach(None, false);
    let observer = state.attach(None, false);
    state.typed(driver);
    take(&mut state, driver);
    take(&mut state, observer);
    for _ in 0..100 {
        state.output(&[b'x'; 64 * 1024]);
        let (bytes, _) = take(&mut state, driver);
        assert_eq!(bytes.len(), 64 * 1024);
        let end = state.end();
        state.ack(driver, end);
        assert!(!state.paused());
        take(&mut state, observer);
    }
    assert_eq!(state.step(observer, Instant::now()), Step::Wait, "what is on its way is to be taken first");
    state.ack(observer, u64::MAX);
    // The last may have been a moment ago.
    let due = Instant::now() + REPLAY_EVERY;
    let Step::Replay(_, _, ServerFrame::Attached { seq, .. }) = state.step(observer, due) else { panic!("a replay") };
    assert_eq!(seq, state.end());
    assert_eq!(state.step(observer, due), Step::Wait);
}

#[test]
fn resumes_exactly_or_replays() {
    let mut state = State::new(80, 24);
    state.output(b"0123456789");
    let id = state.attach(Some(4), false);
    assert_eq!(state.step(id, Instant::now()), Step::Frame(ServerFrame::Attached { seq: 4, cols: 80, rows: 24 }));
    assert_eq!(state.step(id, Instant::now()), Step::Output(Bytes::from_static(b"456789")));
    let ahead = state.attach(Some(11), false);
    assert!(matches!(state.step(ahead, Instant::now()), Step::Replay(..)));
    state.output(&vec![b'x'; RING]);
    let late = state.attach(Some(9), false);
    assert!(matches!(state.step(late, Instant::now()), Step::Replay(..)));
    let whole = state.attach(Some(10), false);
    assert!(matches!(state.step(whole, Instant::now()), Step::Frame(ServerFrame::Attached { seq: 10, .. })));
}

#[test]
fn an_observer_that_resumes_is_not_skipped_while_it_catches_up() {
    let mut state = State::new(80, 24);
    let driver = state.attach(None, false);
    state.typed(driver);
    take(&mut state, driver);
    for _ in 0..20 {
        state.output(&[b'x'; 64 * 1024]);
        let (_, end) = (take(&mut state, driver), state.end());
        state.ack(driver, end);
    }
    let observer = state.attach(Some(0), false);
    let mut got = 0;
    loop {
        let (bytes, steps) = take(&mut state, observer);
        assert!(!steps.iter().any(|s| matches!(s, Step::Replay(..))));
        if bytes.is_empty() {
            break;
        }
        got += bytes.len() as u64;
        state.ack(observer, got);
    }
    assert_eq!(got, state.end());
}

#[test]
fn a_replay_never_cuts_a_sequence() {
    let mut state = State::new(80, 24);
    state.output(b"abc\x1b[3");
    let id = state.attach(None, false);
    let Step::Replay(_, _, ServerFrame::Attached { seq, .. }) = state.step(id, Instant::now()) else { panic!("a replay") };
    assert_eq!(seq, 3);
    state.output(b"1mred");
    assert_eq!(take(&mut state, id).0, b"\x1b[31mred");
}

#[test]
fn the_size_follows_who_typed_last() {
    let mut state = State::new(80, 24);
    let (a, b) = (state.attach(None, false), state.attach(None, false));
    let watcher = state.attach(None, true);
    assert_eq!(state.resize(watcher, 10, 10), None);
    assert_eq!(state.resize(a, 100, 30), Some((100, 30)));
    assert_eq!(state.resize(b, 50, 10), None);
    assert_eq!(state.typed(b), Some((50, 10)));
    assert_eq!(state.typed(a), Some((100, 30)));
    take(&mut state, b);
    state.resize(a, 90, 30);
    assert_eq!(take(&mut state, b).1, vec![Step::Frame(ServerFrame::Size { cols: 90, rows: 30 })]);
    state.resize(b, 60, 20);
    assert_eq!(take(&mut state, b).1, vec![Step::Frame(ServerFrame::Size { cols: 90, rows: 30 })], "told that it did not get its way");
    assert!(state.drives(a) && !state.drives(b) && !state.drives(watcher));
}

#[test]
fn the_exit_comes_after_all_output() {
    let mut state = State::new(80, 24);
    let id = state.attach(Some(0), false);
    state.output(b"bye");
    state.exited(3);
    let (bytes, steps) = take(&mut state, id);
    assert_eq!(bytes, b"bye");
    assert_eq!(steps.last(), Some(&Step::Exit(ServerFrame::Exit { code: 3 })));
}

#[test]
fn a_driver_that_takes_nothing_gives_way_to_who_looks_on() {
    let mut state = State::new(80, 24);
    let (asleep, awake) = (state.attach(None, false), state.attach(None, false));
    state.resize(asleep, 100, 30);
    state.resize(awake, 50, 10);
    state.typed(asleep);
    take(&mut state, asleep);
    take(&mut state, awake);
    state.output(&vec![b'x'; 300 * 1024]);
    take(&mut state, asleep);
    let (now, later) = (Instant::now(), Instant::now() + STUCK + Duration::from_secs(1));
    assert_eq!(state.overdue(now), None);
    assert!(state.paused());
    assert_eq!(state.overdue(later), Some((50, 10)));
    assert!(state.drives(awake));
    assert!(state.paused(), "the other one has to take it first");
    let (bytes, _) = take(&mut state, awake);
    state.ack(awake, bytes.len() as u64);
    assert!(!state.paused());
    // Awake again, it takes what was on its way and drives, since it typed last.
    state.ack(asleep, 256 * 1024);
    assert!(state.drives(asleep));
}

#[test]
fn a_driver_alone_is_waited_for() {
    let mut state = State::new(80, 24);
    let id = state.attach(None, false);
    state.attach(None, true);
    take(&mut state, id);
    state.output(&vec![b'x'; 300 * 1024]);
    assert_eq!(state.overdue(Instant::now() + STUCK * 100), None);
    assert!(state.paused() && state.drives(id));
}

#[test]
fn a_question_is_answered_once() {
    let mut state = State::new(80, 24);
    let first = state.attach(Some(0), false);
    state.output(b"\x1b[6n");
    take(&mut state, first);
    assert!(state.may_answer(first));
    state.ack(first, 4);
    let second = state.attach(Some(0), false);
    take(&mut state, second);
    assert!(!state.may_answer(second), "not the driver");
    state.typed(second);
    assert!(!state.may_answer(second), "the first has answered this");
    state.ack(second, 4);
    assert!(state.may_answer(second));
}

#[test]
fn a_status_is_told_once_and_never_counted() {
    let mut state = State::new(80, 24);
    let id = state.attach(Some(0), false);
    take(&mut state, id);
    let status = TerminalStatus { command: Some("make".to_owned()), ..TerminalStatus::default() };
    assert!(state.tell(status.clone()));
    assert!(!state.tell(status.clone()));
    state.output(b"x");
    let (bytes, steps) = take(&mut state, id);
    assert_eq!((bytes, steps), (b"x".to_vec(), vec![Step::Frame(ServerFrame::Status(status))]));
}

#[test]
fn an_observer_is_not_drawn_for_over_and_over() {
    let mut state = State::new(80, 24);
    let driver = state.attach(None, false);
    state.typed(driver);
    let observer = state.attach(None, true);
    take(&mut state, driver);
    let (mut replays, start) = (0, Instant::now());
    for round in 0..100 {
        state.output(&[b'x'; 64 * 1024]);
        let (_, end) = (take(&mut state, driver), state.end());
        state.ack(driver, end);
        let now = start + Duration::from_millis(10) * round;
        replays += take_at(&mut state, observer, now).1.iter().filter(|s| matches!(s, Step::Replay(..))).count();
        // Takes all that it is given, five times slower than it comes.
        let taken = state.viewers[&observer].acked + 13 * 1024;
        state.ack(observer, taken);
    }
    assert!((2..=4).contains(&replays), "{replays}");
}
