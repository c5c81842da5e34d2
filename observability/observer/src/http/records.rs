//! The routes that show a record itself, read from Kafka when somebody asks: its value, its headers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::api::{Answer, ask, blocking, found, within_bounds};
use super::error::Refusal;
use super::served::Served;
use crate::follow::{RawHeader, ValueError, Values};
use crate::model::Model;

/// A record: topic, partition and offset.
type Place = (String, i32, i64);

/// What may be asked for of a record.
type Id = Path<(String, String)>;

/// The value of an event, where values may be shown.
pub(super) async fn value(State(served): State<Served>, Path((id, event)): Id) -> Result<Response, Refusal> {
    may_show(&served)?;
    let place = of_event(&served, id, event).await?;
    read(served, place, Values::read).await.map(shown)
}

/// The value of a dead letter, where values may be shown.
pub(super) async fn letter_value(
    State(served): State<Served>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    may_show(&served)?;
    let place = of_letter(&served, id).await?;
    read(served, place, Values::read).await.map(shown)
}

/// The headers of an event; the values of foreign ones where values may be shown.
pub(super) async fn headers(State(served): State<Served>, Path((id, event)): Id) -> Answer<Vec<RawHeader>> {
    let place = of_event(&served, id, event).await?;
    headers_at(served, place).await
}

/// The headers of a dead letter; the values of foreign ones where values may be shown.
pub(super) async fn letter_headers(
    State(served): State<Served>,
    Path(id): Path<String>,
) -> Answer<Vec<RawHeader>> {
    let place = of_letter(&served, id).await?;
    headers_at(served, place).await
}

async fn headers_at(served: Served, place: Place) -> Answer<Vec<RawHeader>> {
    let payloads = served.payloads;
    let headers = move |records: &Values, topic: &str, partition, offset| {
        records.headers(topic, partition, offset, payloads)
    };
    read(served, place, headers).await.map(Json)
}

fn may_show(served: &Served) -> Result<(), Refusal> {
    if served.payloads {
        return Ok(());
    }
    let error = "values are not shown: start the observer with `--payloads`";
    Err(Refusal::new(StatusCode::FORBIDDEN, error))
}

fn shown(value: Option<String>) -> Response {
    value.unwrap_or_default().into_response()
}

async fn of_event(served: &Served, id: String, event: String) -> Result<Place, Refusal> {
    let (id, event) = (within_bounds(id)?, within_bounds(event)?);
    let unknown = Refusal::unknown(format!("no instance `{id}` has an event `{event}`"));
    let place = move |model: &Model, now| {
        let instance = model.instance(&id, now)?;
        let found = instance.events.into_iter().find(|found| found.id == event)?;
        Some((found.topic, found.partition, found.offset))
    };
    found(ask(&served.shared, place).await, unknown).map(|Json(place)| place)
}

async fn of_letter(served: &Served, id: String) -> Result<Place, Refusal> {
    let id = within_bounds(id)?;
    let unknown = Refusal::unknown(format!("no dead letter has the id `{id}`"));
    found(ask(&served.shared, move |model, _| model.place_of_letter(&id)).await, unknown)
        .map(|Json(place)| place)
}

/// What `what` reads at a place.
async fn read<T: Send + 'static>(
    served: Served,
    (topic, partition, offset): Place,
    what: impl FnOnce(&Values, &str, i32, i64) -> Result<T, ValueError> + Send + 'static,
) -> Result<T, Refusal> {
    // One after the other: each reads from the brokers. The turn ends with the work, which goes on where nobody waits for
    // the answer any more.
    let turn = served.reading.lock_owned().await;
    let read = blocking(move || {
        let read = what(&served.records, &topic, partition, offset);
        drop(turn);
        read
    })
    .await?;
    read.map_err(|error| Refusal::new(StatusCode::BAD_GATEWAY, error.to_string()))
}
