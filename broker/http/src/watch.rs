//! Watches one connection's progress, so that a slow or idle peer is cut off.
//!
//! The phases are noted without a timer; the connection's one timer looks at them when it fires.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::Limits;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No request has begun.
    Idle,
    /// Bytes of a request's head have come, or the connection is new.
    Head,
    /// Requests are read or worked on; their own time limits apply.
    Busy,
    /// An answer was handed to the connection and is not taken by the peer yet.
    Writing,
}

#[derive(Clone, Copy)]
struct State {
    phase: Phase,
    since: Instant,
    requests: u32,
}

/// The progress of one connection.
pub(crate) struct Activity {
    state: Mutex<State>,
    /// HTTP/2 peers may speak (ping, window) without a request: bytes begin no head there.
    bytes_begin_a_head: bool,
}

impl Activity {
    pub(crate) fn new(bytes_begin_a_head: bool) -> Self {
        let state = State { phase: Phase::Head, since: Instant::now(), requests: 0 };
        Self { state: Mutex::new(state), bytes_begin_a_head }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request's headers are complete. Busy until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Busy {
        self.with(|state| {
            state.phase = Phase::Busy;
            state.requests += 1;
        });
        Busy(Arc::clone(self))
    }

    fn bytes_came(&self) {
        self.with(|state| {
            if state.phase == Phase::Idle && self.bytes_begin_a_head {
                *state = State { phase: Phase::Head, since: Instant::now(), requests: 0 };
            }
        });
    }

    fn flushed(&self) {
        self.with(|state| {
            if state.phase == Phase::Writing {
                *state = State { phase: Phase::Idle, since: Instant::now(), requests: 0 };
            }
        });
    }

    /// When the peer must have made progress by; a time in the past means that it has not.
    pub(crate) fn deadline(&self, limits: &Limits) -> Instant {
        self.with(|state| match state.phase {
            Phase::Idle => state.since + limits.idle_timeout,
            Phase::Head => state.since + limits.header_timeout,
            Phase::Writing => state.since + limits.write_timeout,
            Phase::Busy => Instant::now() + limits.header_timeout.min(limits.write_timeout).min(limits.idle_timeout),
        })
    }
}

/// A request is being read or worked on.
pub(crate) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.with(|state| {
            state.requests = state.requests.saturating_sub(1);
            if state.requests == 0 {
                state.phase = Phase::Writing;
                state.since = Instant::now();
            }
        });
    }
}

/// A stream whose reads and flushes are noted.
pub(crate) struct Watched<S> {
    pub(crate) stream: S,
    pub(crate) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_ready() && buf.filled().len() > before {
            self.activity.bytes_came();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.activity.flushed();
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
