//! Carrying bytes both ways between two connections.

use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

/// How long one direction may go on when the other has ended.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// An end that takes nothing any more may still have said something: the last output of a program comes while its viewer
/// acknowledges what was before it.
pub(crate) async fn join(one: impl AsyncRead + AsyncWrite, other: impl AsyncRead + AsyncWrite) {
    let (from_one, to_one) = tokio::io::split(one);
    let (from_other, to_other) = tokio::io::split(other);
    let there = std::pin::pin!(carry(from_one, to_other));
    let back = std::pin::pin!(carry(from_other, to_one));
    match select(there, back).await {
        Either::Left(((), back)) => drop(tokio::time::timeout(LAST_WORDS, back).await),
        Either::Right(((), there)) => drop(tokio::time::timeout(LAST_WORDS, there).await),
    }
}

/// How a connection ended is told to whoever holds its two ends.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn who_no_longer_listens_is_heard_to_the_end() {
        let (mut client, one) = tokio::io::duplex(64);
        let (gone, heard) = tokio::io::duplex(64);
        // Its reading end is away, so that writing to it fails; what it says is still to come.
        let (mut says, from_other) = tokio::io::duplex(64);
        let (_, to_other) = tokio::io::split(heard);
        drop(gone);
        let joined = tokio::spawn(join(one, tokio::io::join(from_other, to_other)));
        client.write_all(b"ack").await.unwrap();
        tokio::task::yield_now().await;
        says.write_all(b"ended with 0").await.unwrap();
        drop(says);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "ended with 0");
        drop(client);
        joined.await.unwrap();
    }
}
