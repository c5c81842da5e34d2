//! `/api/live`: says that something changed, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::error::Refusal;
use crate::answer::Tick;
use crate::{Shared, clock};

/// Pages that are told at the same time.
pub const MAX_LIVE: usize = 100;

/// How often the model is looked at for changes: no page is told more often.
const EVERY: Duration = Duration::from_secs(1);

/// A page is told this often that the observer is there, though nothing changed, in looks.
const AT_LEAST_EVERY: u32 = 5;

/// How often a connection carries something, whatever there is to tell.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What the pages are told.
#[derive(Debug, Clone)]
pub(super) struct Live {
    ticks: watch::Receiver<Tick>,
    room: Arc<Semaphore>,
}

impl Live {
    /// Looks at `shared` from now on, on the caller's runtime, for as long as anybody may ask.
    pub(super) fn start(shared: Shared) -> Self {
        let (sender, ticks) = watch::channel(tick(&shared));
        tokio::spawn(look(shared, sender));
        Self { ticks, room: Arc::new(Semaphore::new(MAX_LIVE)) }
    }
}

async fn look(shared: Shared, sender: watch::Sender<Tick>) {
    let mut interval = interval(EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0;
    while !sender.is_closed() {
        interval.tick().await;
        let asked = shared.clone();
        // The lock may be held for some milliseconds: not on a thread that serves others.
        let Ok(now) = tokio::task::spawn_blocking(move || tick(&asked)).await else { return };
        silent += 1;
        sender.send_if_modified(|last| {
            let tell = now.generation != last.generation || silent >= AT_LEAST_EVERY;
            if tell {
                (*last, silent) = (now, 0);
            }
            tell
        });
    }
}

fn tick(shared: &Shared) -> Tick {
    let now = clock::now();
    shared.read(|model| Tick { as_of: model.overview(now).as_of, generation: model.generation() })
}

/// Where one page's stream stands. The place is free again when the page goes away.
struct Listener {
    ticks: watch::Receiver<Tick>,
    _place: OwnedSemaphorePermit,
}

/// Tells a page now, and then whenever something changed.
pub(super) async fn live(State(live): State<Live>) -> Response {
    let Ok(place) = Arc::clone(&live.room).try_acquire_owned() else {
        let error = format!("{MAX_LIVE} pages are open already: close one");
        return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error).into_response();
    };
    let mut ticks = live.ticks.clone();
    ticks.mark_changed();
    let listener = Listener { ticks, _place: place };
    let events = stream::unfold(listener, |mut listener| async {
        listener.ticks.changed().await.ok()?;
        let tick = *listener.ticks.borrow_and_update();
        let event = Event::default().event("tick").json_data(tick).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), listener))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}
