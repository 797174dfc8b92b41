//! Answers on their way. A long one goes out in slices, so that whoever reads slowly has a few of them copied and not the
//! whole, and until it has gone out it counts among what its caller has in memory, as bodies do that arrive.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use super::turns::Held;
use crate::error::Result;

/// Of an answer that is no longer nobody keeps count: receipts of reports always go out.
const SHORT: usize = 8 * 1024;
/// As much is copied at once.
const SLICE: usize = 64 * 1024;

/// What is left of a long answer, and the memory that it takes until then, where it is somebody's.
struct Slices {
    left: Bytes,
    _held: Option<Held>,
}

impl MessageBody for Slices {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.left.len().try_into().unwrap_or(u64::MAX))
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Bytes, Infallible>>> {
        let next = self.left.len().min(SLICE);
        Poll::Ready((next > 0).then(|| Ok(self.left.split_to(next))))
    }
}

/// The same answer, in slices if it is long, and counted in `room`: that of a caller, while what everybody may have is in
/// memory once.
///
/// # Errors
/// `Unavailable` when what this caller has in memory is too much already. What the call did is done; repeated under its key
/// it is answered the same.
pub(super) fn sliced(response: HttpResponse, mut room: Option<Held>) -> Result<HttpResponse> {
    let (head, body) = response.into_parts();
    let body = match body.size() {
        BodySize::Sized(length) if length > SHORT.try_into().unwrap_or(u64::MAX) => body.try_into_bytes(),
        BodySize::Sized(_) | BodySize::None | BodySize::Stream => Err(body),
    };
    match body {
        Ok(left) => {
            if let Some(room) = &mut room {
                room.grow(left.len())?;
            }
            Ok(head.set_body(BoxBody::new(Slices { left, _held: room })))
        }
        Err(short) => Ok(head.set_body(short)),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use actix_web::rt::System;

    use super::super::turns::{Bounds, Turns};
    use super::*;
    use crate::error::Error;

    fn turns() -> Turns {
        let bounds = Bounds {
            at_once: 1,
            at_once_each: 1,
            long_each: 1,
            beside_others: 1,
            waiting: 1,
            waiting_each: 1,
            held: 300_000,
            held_each: 150_000,
        };
        Turns::new(bounds)
    }

    fn answer(length: usize) -> HttpResponse {
        HttpResponse::Ok().body((0..length).map(|n| n.to_le_bytes()[0]).collect::<Vec<u8>>())
    }

    /// The next slice of a body.
    async fn next(body: &mut BoxBody) -> Option<Bytes> {
        poll_fn(|cx| Pin::new(&mut *body).poll_next(cx)).await.map(std::result::Result::unwrap)
    }

    #[test]
    fn a_long_answer_is_whole_and_goes_out_in_slices() {
        System::new().block_on(async {
            let turns = turns();
            let sent = sliced(answer(100_000), Some(turns.room("a"))).unwrap();
            let (_, mut body) = sent.into_parts();
            assert_eq!(body.size(), BodySize::Sized(100_000));
            let mut all = Vec::new();
            while let Some(slice) = next(&mut body).await {
                assert!(slice.len() <= SLICE);
                all.extend_from_slice(&slice);
            }
            assert_eq!(all, answer(100_000).into_body().try_into_bytes().unwrap());
            assert!(!turns.are_idle());
            drop(body);
            assert!(turns.are_idle());
        });
    }

    #[test]
    fn who_does_not_take_answers_gets_no_more_long_ones_and_others_do() {
        System::new().block_on(async {
            let turns = turns();
            let unread = sliced(answer(100_000), Some(turns.room("a"))).unwrap();
            let refused = sliced(answer(100_000), Some(turns.room("a")));
            assert!(matches!(refused, Err(Error::Unavailable(_))));
            for (length, whose) in [(SHORT, Some("a")), (100_000, Some("b")), (100_000, None)] {
                assert!(sliced(answer(length), whose.map(|whose| turns.room(whose))).is_ok(), "{length} {whose:?}");
            }
            drop(unread);
            assert!(sliced(answer(100_000), Some(turns.room("a"))).is_ok());
        });
    }
}
