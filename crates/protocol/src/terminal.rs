//! The text frames of a terminal's WebSocket; output and input themselves are binary frames.

use serde::{Deserialize, Serialize};

pub const SUBPROTOCOL: &str = "maru.terminal.v1";

/// A viewer that is more bytes than this behind pauses the terminal (its driver) or is skipped (an observer).
pub const HIGH_WATER: u64 = 256 * 1024;

/// A paused terminal runs on once its driver is at most this many bytes behind.
pub const LOW_WATER: u64 = 64 * 1024;

/// From agent to viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ServerFrame {
    /// The next binary frame starts with byte `seq`.
    Attached {
        seq: u64,
        cols: u16,
        rows: u16,
    },
    /// The next `bytes` bytes redraw scrollback and screen at this size, and have no numbers.
    Replay {
        bytes: u64,
        cols: u16,
        rows: u16,
    },
    Size {
        cols: u16,
        rows: u16,
    },
    /// What goes on in the terminal, whenever that changes; between any two other frames, and never counted.
    Status(TerminalStatus),
    /// The last frame. A death by signal N is 128 + N, as shells say it.
    Exit {
        code: i32,
    },
}

/// What a terminal is busy with, as the kernel and the shell's marks (OSC 7, OSC 133) tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TerminalStatus {
    /// The command line in the foreground; none while the shell waits for one.
    pub command: Option<String>,
    pub cwd: Option<String>,
    /// Of the last command that the shell has seen end.
    pub last_exit_code: Option<i32>,
    /// As the program named its window.
    pub title: Option<String>,
}

/// From viewer to agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ClientFrame {
    Resize {
        cols: u16,
        rows: u16,
    },
    /// All bytes before `seq` have been taken.
    Ack {
        seq: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_the_contract_says() {
        let json = serde_json::to_string(&ServerFrame::Attached { seq: 7, cols: 80, rows: 24 }).unwrap();
        assert_eq!(json, r#"{"type":"attached","seq":7,"cols":80,"rows":24}"#);
        let status = ServerFrame::Status(TerminalStatus { cwd: Some("/home/student".to_owned()), ..TerminalStatus::default() });
        let json = serde_json::to_string(&status).unwrap();
        assert_eq!(json, r#"{"type":"status","command":null,"cwd":"/home/student","last_exit_code":null,"title":null}"#);
        assert_eq!(serde_json::from_str::<ServerFrame>(&json).unwrap(), status);
        let ack: ClientFrame = serde_json::from_str(r#"{"type":"ack","seq":9}"#).unwrap();
        assert_eq!(ack, ClientFrame::Ack { seq: 9 });
    }

    proptest::proptest! {
        #[test]
        fn frames_survive_the_wire_and_nonsense_is_refused(seq in proptest::num::u64::ANY, code in proptest::num::i32::ANY, text in ".{0,60}") {
            let status = TerminalStatus { command: Some(text.clone()), last_exit_code: Some(code), ..TerminalStatus::default() };
            for frame in [ServerFrame::Attached { seq, cols: 1, rows: 2 }, ServerFrame::Exit { code }, ServerFrame::Status(status)] {
                let json = serde_json::to_string(&frame).unwrap();
                proptest::prop_assert_eq!(serde_json::from_str::<ServerFrame>(&json).unwrap(), frame);
            }
            proptest::prop_assert!(serde_json::from_str::<ClientFrame>(&text).is_err());
            let unknown = serde_json::json!({ "type": text, "seq": seq }).to_string();
            proptest::prop_assert_eq!(serde_json::from_str::<ClientFrame>(&unknown).is_ok(), text == "ack");
        }
    }
}
