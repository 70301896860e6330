//! The body of a request in the place of WebSockets: messages one after another, each `t` (text), `b` (bytes) or `c` (the
//! end), the number of its socket and its length as 4 bytes each, and its content.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// A message and the number of its socket.
pub(super) type Numbered = (u32, Message);

pub(super) fn put(body: &mut BytesMut, (socket, message): &Numbered) {
    let (kind, content): (u8, &[u8]) = match message {
        Message::Text(text) => (b't', text.as_bytes()),
        Message::Binary(bytes) => (b'b', bytes),
        Message::Close(_) => (b'c', &[]),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return,
    };
    body.put_u8(kind);
    body.put_u32(*socket);
    // Far below 4 GiB: messages have a bound.
    body.put_u32(u32::try_from(content.len()).unwrap_or(u32::MAX));
    body.put_slice(content);
}

/// `None` where a body is not made of whole messages.
pub(super) fn messages(mut body: Bytes) -> Option<Vec<Numbered>> {
    let mut all = Vec::new();
    while body.has_remaining() {
        let (kind, socket) = (body.try_get_u8().ok()?, body.try_get_u32().ok()?);
        let length = body.try_get_u32().ok()? as usize;
        if body.remaining() < length {
            return None;
        }
        let content = body.split_to(length);
        let message = match kind {
            b't' => Message::Text(Utf8Bytes::try_from(content).ok()?),
            b'b' => Message::Binary(content),
            b'c' => Message::Close(None),
            _ => return None,
        };
        all.push((socket, message));
    }
    Some(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_whole_messages() {
        let mut body = BytesMut::new();
        let all = [(1, Message::Text("글 {}".into())), (7, Message::Binary(Bytes::from_static(b"\0\xff"))), (1, Message::Close(None))];
        for message in &all {
            put(&mut body, message);
        }
        put(&mut body, &(2, Message::Ping(Bytes::new())));
        let body = body.freeze();
        assert_eq!(messages(body.clone()).unwrap(), all);
        for cut in [1, 4, 7, 11, body.len() - 1] {
            assert_eq!(messages(body.slice(..cut)), None, "{cut}");
        }
        assert_eq!(messages(Bytes::from_static(b"x\0\0\0\x01\0\0\0\0")), None);
        assert_eq!(messages(Bytes::from_static(b"t\0\0\0\x01\0\0\0\x01\xff")), None);
        assert_eq!(messages(Bytes::new()).unwrap(), []);
    }
}
