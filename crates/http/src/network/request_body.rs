//! The body of a request on its way in: within a number of bytes, in time, and in pieces that are worth their
//! overhead, since a body can be sent a byte at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use http_body_util::{LengthLimitError, Limited};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// Smaller pieces are put together.
const PIECE_BYTES: usize = 16 * 1024;

const WITHIN: u8 = 0;
const TOO_LONG: u8 = 1;
const LATE: u8 = 2;

/// What became of a body, once it was read. Readers only see that it broke off.
#[derive(Clone, Debug, Default)]
pub struct BodyOutcome(Arc<AtomicU8>);

impl BodyOutcome {
    /// The status that says it, if it was refused.
    #[must_use]
    pub fn refused(&self) -> Option<StatusCode> {
        match self.0.load(Ordering::Relaxed) {
            TOO_LONG => Some(StatusCode::PAYLOAD_TOO_LARGE),
            LATE => Some(StatusCode::REQUEST_TIMEOUT),
            _ => None,
        }
    }

    fn set(&self, outcome: u8) {
        self.0.store(outcome, Ordering::Relaxed);
    }
}

/// A body of at most so many bytes, all of which have to be there by a deadline.
pub struct TimedBody {
    body: Limited<Body>,
    deadline: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    piece: Vec<u8>,
    outcome: BodyOutcome,
}

/// The client took too long.
#[derive(Debug, thiserror::Error)]
#[error("the body was not there in time")]
struct BodyLate;

impl TimedBody {
    /// Limits a body.
    #[must_use]
    pub fn new(body: Body, bytes_max: usize, deadline: Instant, outcome: BodyOutcome) -> Self {
        outcome.set(WITHIN);
        let body = Limited::new(body, bytes_max);
        Self { body, deadline, timer: None, piece: Vec::new(), outcome }
    }

    /// What was put together so far, as a piece.
    fn take_piece(&mut self) -> Option<Result<Frame<Bytes>, BoxError>> {
        let piece = std::mem::take(&mut self.piece);
        (!piece.is_empty()).then(|| Ok(Frame::data(piece.into())))
    }

    fn refuse(&mut self, error: BoxError) -> BoxError {
        if error.is::<LengthLimitError>() {
            self.outcome.set(TOO_LONG);
        }
        self.piece = Vec::new();
        error
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.as_mut().poll(context).is_ready() {
            self.outcome.set(LATE);
            self.piece = Vec::new();
            return Poll::Ready(Some(Err(BodyLate.into())));
        }
        loop {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(self.take_piece()),
                Poll::Ready(Some(Err(error))) => {
                    let error = self.refuse(error);
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers mean nothing to any endpoint.
                    let Ok(data) = frame.into_data() else { continue };
                    if self.piece.is_empty() && data.len() >= PIECE_BYTES {
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    self.piece.extend_from_slice(&data);
                    if self.piece.len() >= PIECE_BYTES {
                        return Poll::Ready(self.take_piece());
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt as _;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    /// A body that comes a byte at a time, at intervals, and then maybe stops.
    struct Dripping {
        bytes_left: usize,
        interval: Duration,
        ends: bool,
        timer: Pin<Box<Sleep>>,
    }

    fn dripping(bytes: usize, interval: Duration, ends: bool) -> Body {
        let timer = Box::pin(sleep_until(Instant::now() + interval));
        Body::new(Dripping { bytes_left: bytes, interval, ends, timer })
    }

    impl HttpBody for Dripping {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            if self.bytes_left == 0 {
                return if self.ends { Poll::Ready(None) } else { Poll::Pending };
            }
            std::task::ready!(self.timer.as_mut().poll(context));
            let next = Instant::now() + self.interval;
            self.timer.as_mut().reset(next);
            self.bytes_left -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    fn timed(body: Body, bytes_max: usize) -> (TimedBody, BodyOutcome) {
        let outcome = BodyOutcome::default();
        (TimedBody::new(body, bytes_max, Instant::now() + TIMEOUT, outcome.clone()), outcome)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_or_drips_is_late_and_one_that_is_whole_in_time_is_not() {
        for (bytes, interval_ms, ends) in [(3, 1_000, false), (100, 4_000, true), (0, 1, false)] {
            let body = dripping(bytes, Duration::from_millis(interval_ms), ends);
            let (body, outcome) = timed(body, 1_000);
            let begun = Instant::now();
            assert!(body.collect().await.is_err());
            assert_eq!(outcome.refused(), Some(StatusCode::REQUEST_TIMEOUT));
            assert_eq!(begun.elapsed(), TIMEOUT);
        }
        let (body, outcome) = timed(dripping(4, Duration::from_secs(1), true), 1_000);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "xxxx");
        assert_eq!(outcome.refused(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_long_is_refused_before_it_is_all_there() {
        let (body, outcome) = timed(dripping(100, Duration::from_millis(1), false), 64);
        assert!(body.collect().await.is_err());
        assert_eq!(outcome.refused(), Some(StatusCode::PAYLOAD_TOO_LARGE));
        let (body, outcome) = timed(Body::from(vec![0; 64]), 64);
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 64);
        assert_eq!(outcome.refused(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn single_bytes_are_put_together() {
        let (mut body, _) = timed(dripping(40_000, Duration::ZERO, true), 100_000);
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap().len());
        }
        assert_eq!(pieces, [PIECE_BYTES, PIECE_BYTES, 40_000 - 2 * PIECE_BYTES]);
    }
}
