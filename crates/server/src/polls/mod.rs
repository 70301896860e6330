//! WebSockets and event streams for networks that let none through: what a page would send comes as requests, and what it would
//! be sent is fetched by requests that wait for something. Behind it are the same sockets and streams, which this server
//! opens by itself.
//!
//! A browser has six connections to a server and no more, so all sockets of a page share a box, and one request waits for them all.
//!
//! ```text
//! POST /polls/BOX/sockets  {path, …}           opens one      POST /polls/BOX   what the page says
//! DELETE /polls/BOX/sockets/N                  ends it        GET  /polls/BOX   what it is told, after 20 s at most
//! ```

mod frames;
mod inside;

use inside::Socket;
pub use inside::{Answer, Inside, Line, Wish, connect};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use maru_model::UserId;
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use self::frames::Numbered;

/// Of one message, and of one request, in bytes; that of a language server's messages.
pub const MESSAGE_LIMIT: usize = 32 * 1024 * 1024;
/// Sockets of one user at once: all their terminals, language servers and shells, in two pages.
pub const LIMIT: usize = 48;
/// How long a request waits for something to tell: shorter than proxies wait for an answer.
const HOLD: Duration = Duration::from_secs(20);
/// A page that has not asked for so long is gone.
const QUIET: Duration = Duration::from_secs(65);
/// Bytes of one answer, about.
const ANSWER: usize = 512 * 1024;
/// Messages that wait to be fetched; more wait in their WebSockets.
const TELLS: usize = 16;
const SAYS: usize = 64;

/// What a page has.
#[derive(Debug)]
struct PollBox {
    sockets: Mutex<HashMap<u32, mpsc::Sender<Message>>>,
    tells: mpsc::Sender<Numbered>,
    told: tokio::sync::Mutex<mpsc::Receiver<Numbered>>,
    asked: Notify,
    over: CancellationToken,
}

impl PollBox {
    fn sockets(&self) -> MutexGuard<'_, HashMap<u32, mpsc::Sender<Message>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Key = (UserId, String);

#[derive(Debug, Default)]
struct Room {
    made: u32,
    boxes: HashMap<Key, Arc<PollBox>>,
}

/// All that are open.
#[derive(Clone, Debug, Default)]
pub struct Polls(Arc<Mutex<Room>>);

impl Polls {
    fn lock(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the user has as many sockets as may be.
    pub fn is_full(&self, user: &UserId) -> bool {
        let room = self.lock();
        let theirs = room.boxes.iter().filter(|((owner, _), _)| owner == user);
        theirs.map(|(_, found)| found.sockets().len()).sum::<usize>() >= LIMIT
    }

    fn find(&self, user: &UserId, name: &str) -> Option<Arc<PollBox>> {
        self.lock().boxes.get(&(user.clone(), name.to_owned())).cloned()
    }

    /// The box of that name: a new one where there is none, which goes when nobody asks it any more.
    fn enter(&self, user: &UserId, name: &str, shutdown: &CancellationToken) -> Arc<PollBox> {
        let key = (user.clone(), name.to_owned());
        let mut room = self.lock();
        if let Some(found) = room.boxes.get(&key) {
            return Arc::clone(found);
        }
        let (tells, told) = mpsc::channel(TELLS);
        let made = Arc::new(PollBox {
            sockets: Mutex::default(),
            tells,
            told: tokio::sync::Mutex::new(told),
            asked: Notify::new(),
            over: shutdown.child_token(),
        });
        room.boxes.insert(key.clone(), Arc::clone(&made));
        let (polls, watched) = (self.clone(), Arc::clone(&made));
        tokio::spawn(async move {
            let quiet = async { while tokio::time::timeout(QUIET, watched.asked.notified()).await.is_ok() {} };
            tokio::select! {
                () = watched.over.cancelled() => {}
                () = quiet => watched.over.cancel(),
            }
            polls.lock().boxes.remove(&key);
        });
        made
    }

    /// Puts a line into a box and gives it its number; it is served until one side ends, or the box goes.
    pub fn open(&self, user: &UserId, name: &str, line: Line, shutdown: &CancellationToken) -> u32 {
        let place = self.enter(user, name, shutdown);
        place.asked.notify_one();
        let (says, said) = mpsc::channel(SAYS);
        let number = {
            let mut room = self.lock();
            room.made = room.made.wrapping_add(1);
            room.made
        };
        place.sockets().insert(number, says);
        tokio::spawn(async move {
            let served = async {
                match line {
                    Line::Socket(socket) => serve(number, *socket, said, &place.tells).await,
                    Line::Events(stream) => pass_events(number, stream, said, &place.tells).await,
                }
                // Nobody fetches it where the page has gone.
                let _ = place.tells.send((number, Message::Close(None))).await;
            };
            tokio::select! {
                () = place.over.cancelled() => {}
                () = served => {}
            }
            place.sockets().remove(&number);
        });
        number
    }

    /// What there is to tell, which may be nothing after a while; `None` where there is no such box.
    pub async fn hear(&self, user: &UserId, name: &str) -> Option<Bytes> {
        let place = self.find(user, name)?;
        place.asked.notify_one();
        let mut told = place.told.lock().await;
        let mut body = BytesMut::new();
        let first = tokio::select! {
            () = place.over.cancelled() => return None,
            first = tokio::time::timeout(HOLD, told.recv()) => first,
        };
        if let Ok(message) = first {
            frames::put(&mut body, &message?);
        }
        while body.len() < ANSWER
            && let Ok(message) = told.try_recv()
        {
            frames::put(&mut body, &message);
        }
        Some(body.freeze())
    }

    /// Says what is in the body; what is for sockets that have ended is dropped. `None` where there is no such box.
    ///
    /// # Errors
    /// Where the body is no messages.
    pub async fn say(&self, user: &UserId, name: &str, body: Bytes) -> Result<Option<()>, NoMessages> {
        let messages = frames::messages(body).ok_or(NoMessages)?;
        let Some(place) = self.find(user, name) else { return Ok(None) };
        place.asked.notify_one();
        for (number, message) in messages {
            let says = place.sockets().get(&number).cloned();
            if let Some(says) = says {
                // It may have ended just now.
                let _ = says.send(message).await;
            }
        }
        Ok(Some(()))
    }

    /// The page has done with a socket.
    pub async fn leave(&self, user: &UserId, name: &str, number: u32) -> Option<()> {
        let place = self.find(user, name)?;
        let says = place.sockets().remove(&number)?;
        let _ = says.send(Message::Close(None)).await;
        Some(())
    }
}

/// A body that is not made of whole messages.
#[derive(Debug)]
pub struct NoMessages;

/// Saying and telling never wait for one another: Ctrl-C gets through a flood.
async fn serve(number: u32, socket: Socket, mut said: mpsc::Receiver<Message>, tells: &mpsc::Sender<Numbered>) {
    let (mut sink, mut stream) = socket.split();
    let up = async {
        while let Some(message) = said.recv().await {
            let last = message.is_close();
            if sink.send(message).await.is_err() || last {
                break;
            }
        }
    };
    let down = async {
        while let Some(Ok(message)) = stream.next().await {
            if message.is_close() || tells.send((number, message)).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// A stream is only heard: whatever is said ends it.
async fn pass_events(number: u32, stream: Body, mut said: mpsc::Receiver<Message>, tells: &mpsc::Sender<Numbered>) {
    let mut stream = stream.into_data_stream();
    let down = async {
        while let Some(Ok(bytes)) = stream.next().await {
            if tells.send((number, Message::Binary(bytes))).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = said.recv() => {}
        () = down => {}
    }
}
