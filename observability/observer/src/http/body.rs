//! The bodies of requests. One is read where an action is carried out, and nowhere else: every other address answers without
//! it, so that nobody keeps memory busy with what is not wanted.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;

use super::error::Refusal;

/// The longest body, in bytes: a value of 1 MiB, and as much again for how JSON writes it.
pub(super) const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How soon the whole body has to be there, however it comes: who sends it byte by byte holds nothing for longer.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// The request with all of its body. One that says that it is too long is refused before anything of it is read.
pub(super) async fn whole(request: Request) -> Result<Request, Refusal> {
    let (head, body) = request.into_parts();
    let body = read(body).await?;
    Ok(Request::from_parts(head, Body::from(body)))
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    let too_long = || {
        let error = format!("a body has at most {MAX_BYTES} bytes, and comes to its end");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(too_long());
    }
    match tokio::time::timeout(WITHIN, to_bytes(body, MAX_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(too_long()),
        Err(_) => {
            let error = format!("the whole body has to be there within {WITHIN:?}");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, error))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::response::IntoResponse as _;
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
