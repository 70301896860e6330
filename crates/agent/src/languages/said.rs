//! What a language server writes to its standard error, as the protocol's own log messages: there is no other channel to
//! the editor, and there it is read beside what the server logs by itself.

use serde_json::json;

/// Of one line, in bytes.
const LINE: usize = 4096;
/// Of one process. A server that complains in a loop is read on, and not heard.
const ALL: usize = 512 * 1024;

/// Whole lines of bytes that come in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Said {
    rest: Vec<u8>,
    told: usize,
}

impl Said {
    /// The messages to send.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut messages = Vec::new();
        for &byte in bytes {
            if byte == b'\n' || self.rest.len() >= LINE {
                let line = String::from_utf8_lossy(&self.rest).trim_end().to_owned();
                self.rest.clear();
                if !line.is_empty() && self.told < ALL {
                    self.told += line.len();
                    messages.push(message(&line));
                }
            }
            if byte != b'\n' {
                self.rest.push(byte);
            }
        }
        messages
    }
}

/// Type 4 is a log's.
fn message(line: &str) -> String {
    json!({"jsonrpc": "2.0", "method": "window/logMessage", "params": {"type": 4, "message": line}}).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lines(messages: &[String]) -> Vec<String> {
        let text = |message: &String| serde_json::from_str::<serde_json::Value>(message).unwrap()["params"]["message"].clone();
        messages.iter().map(|message| text(message).as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn lines_are_whole_and_bounded() {
        let mut said = Said::default();
        assert!(said.push("오류: \"x".as_bytes()).is_empty());
        assert_eq!(lines(&said.push(b"\"\r\n\nnext\n")), ["오류: \"x\"", "next"]);
        assert_eq!(lines(&said.push(&[b'a'; LINE + 1])), ["a".repeat(LINE)]);
        let flood = "b".repeat(1000) + "\n";
        let heard: usize = (0..2000).map(|_| said.push(flood.as_bytes()).len()).sum();
        assert!((500..600).contains(&heard), "{heard}");
    }
}
