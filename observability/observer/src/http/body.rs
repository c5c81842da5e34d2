//! The bodies of requests: each is there as a whole, and soon, before anybody looks at it.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::Refusal;

/// The longest body, in bytes: a value of 1 MiB, and as much again for how JSON writes it.
pub(super) const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How soon the whole body has to be there, however it comes: who sends it byte by byte holds nothing for longer.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// The middleware: refuses a body that is too long or too slow, and passes a request on with all of it. Where nothing is
/// changed nobody looks at a body, and none is kept.
pub(super) async fn whole(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if head.method.is_safe() {
        return next.run(Request::from_parts(head, Body::empty())).await;
    }
    match read(body).await {
        Ok(body) => next.run(Request::from_parts(head, Body::from(body))).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(WITHIN, to_bytes(body, MAX_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let error = format!("a body has at most {MAX_BYTES} bytes, and comes to its end");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error))
        }
        Err(_) => {
            let error = format!("the whole body has to be there within {WITHIN:?}");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, error))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_byte_by_byte_is_waited_for_no_longer_than_any() {
        let began = Instant::now();
        let drip = stream::unfold((), |()| async {
            sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>("x"), ()))
        });
        let refused = read(Body::from_stream(drip)).await.unwrap_err();
        assert_eq!(refused.into_response().status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(began.elapsed(), WITHIN);
    }

    #[tokio::test]
    async fn a_body_is_whole_or_refused() {
        let body = vec![b'x'; MAX_BYTES];
        assert_eq!(read(Body::from(body.clone())).await.unwrap().len(), MAX_BYTES);
        let refused = read(Body::from([body, vec![b'x']].concat())).await.unwrap_err();
        assert_eq!(refused.into_response().status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
