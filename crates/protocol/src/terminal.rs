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
    /// The last frame. A death by signal N is 128 + N, as shells say it.
    Exit {
        code: i32,
    },
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
        let ack: ClientFrame = serde_json::from_str(r#"{"type":"ack","seq":9}"#).unwrap();
        assert_eq!(ack, ClientFrame::Ack { seq: 9 });
    }
}
