//! Carrying bytes both ways between two connections.

use std::io;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long one direction may go on when the other has failed.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Joins two connections until both directions have ended, each with a buffer of so many bytes.
///
/// Unlike with `tokio::io::copy_bidirectional`, one direction's failure does not cut the other off: an end that takes nothing
/// any more may still have said something. The last output of a program comes while its viewer acknowledges what was
/// before it, and a server may answer before it has read all of an upload.
///
/// # Errors
/// What went wrong first; both connections have been shut down then as well.
pub async fn splice(one: impl AsyncRead + AsyncWrite, other: impl AsyncRead + AsyncWrite, buffer: usize) -> io::Result<()> {
    let (from_one, to_one) = tokio::io::split(one);
    let (from_other, to_other) = tokio::io::split(other);
    let there = std::pin::pin!(carry(from_one, to_other, buffer));
    let back = std::pin::pin!(carry(from_other, to_one, buffer));
    let (ended, rest) = match select(there, back).await {
        Either::Left((ended, back)) => (ended, Either::Left(back)),
        Either::Right((ended, there)) => (ended, Either::Right(there)),
    };
    match ended {
        Ok(()) => rest.await,
        Err(error) => {
            let _ = tokio::time::timeout(LAST_WORDS, rest).await;
            Err(error)
        }
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, buffer: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer];
    let carried = async {
        loop {
            match from.read(&mut buffer).await? {
                0 => return Ok(()),
                n => to.write_all(&buffer[..n]).await?,
            }
            to.flush().await?;
        }
    };
    let carried = carried.await;
    carried.and(to.shutdown().await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_no_longer_listens_is_heard_to_the_end() {
        let (mut client, one) = tokio::io::duplex(64);
        let (gone, heard) = tokio::io::duplex(64);
        // Its reading end is away, so that writing to it fails; what it says is still to come.
        let (mut says, from_other) = tokio::io::duplex(64);
        let (_, to_other) = tokio::io::split(heard);
        drop(gone);
        let joined = tokio::spawn(splice(one, tokio::io::join(from_other, to_other), 64));
        client.write_all(b"ack").await.unwrap();
        tokio::task::yield_now().await;
        says.write_all(b"ended with 0").await.unwrap();
        drop(says);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "ended with 0");
        drop(client);
        assert!(joined.await.unwrap().is_err(), "that the acknowledgement was not taken");
    }
}
