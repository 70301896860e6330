//! Bodies that stream, and a request body that comes back if nobody has looked at it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use crate::exchange::Exchange;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// What the proxies here take and give.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A body that is all there.
pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Any body, boxed.
pub(crate) fn boxed<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// A body that tells its exchange what was sent, and keeps it from its end until all was.
pub(crate) fn told(body: Body, exchange: Arc<Exchange>) -> Body {
    Told { body, exchange }.boxed_unsync()
}

struct Told {
    body: Body,
    exchange: Arc<Exchange>,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.exchange.sent(frame.data_ref().map_or(0, Bytes::len));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Lends a request's body to one attempt after the other. Only an attempt that failed before it took anything of
/// the body can be followed by another: exactly the failed connect.
#[derive(Debug)]
pub(crate) struct Lender(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    body: Mutex<Option<Body>>,
    /// When a piece of the body was last taken.
    moved: Mutex<Instant>,
}

impl Lender {
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Shared { body: Mutex::new(Some(body)), moved: Mutex::new(Instant::now()) }))
    }

    /// The body for one attempt; none if an attempt before has begun to send it.
    pub(crate) fn lend(&self) -> Option<Lent> {
        let body = lock(&self.0.body).take()?;
        *lock(&self.0.moved) = Instant::now();
        Some(Lent { body: Some(body), touched: false, owner: Arc::clone(&self.0) })
    }

    /// How long nothing of the body has moved.
    pub(crate) fn quiet(&self) -> Duration {
        lock(&self.0.moved).elapsed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body on loan: back to its owner when dropped untouched.
pub(crate) struct Lent {
    /// None only while it is being dropped.
    body: Option<Body>,
    touched: bool,
    owner: Arc<Shared>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.touched = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(cx);
        if frame.is_ready() {
            *lock(&self.owner.moved) = Instant::now();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.touched {
            *lock(&self.owner.body) = self.body.take();
        }
    }
}
