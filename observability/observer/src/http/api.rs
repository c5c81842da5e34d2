//! The routes of the JSON interface: each asks the model one question.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest as _, Path, Query, Request, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::body;
use super::error::Refusal;
use super::operator::{Action, ActionKind, MAX_LETTERS};
use super::query::{self, Pairs};
use super::served::Served;
use crate::model::Model;
use crate::{Shared, clock};

/// The longest id, key or name that is looked up, in bytes.
const MAX_NAME_BYTES: usize = 4_096;

/// The longest name of an operator, in bytes.
const MAX_ACTOR_BYTES: usize = 128;

/// The longest reason of an action, in bytes.
const MAX_REASON_BYTES: usize = 1_024;

pub(super) type Answer<T> = Result<Json<T>, Refusal>;
type Asked = Result<Query<Pairs>, QueryRejection>;

pub(super) async fn overview(State(served): State<Served>) -> Answer<impl Serialize> {
    ask(&served.shared, Model::overview).await
}

pub(super) async fn workflow(
    State(served): State<Served>,
    Path(name): Path<String>,
) -> Answer<impl Serialize> {
    let name = within_bounds(name)?;
    let unknown = Refusal::unknown(format!("no workflow `{name}` is declared or was seen"));
    found(ask(&served.shared, move |model, now| model.workflow(&name, now)).await, unknown)
}

pub(super) async fn instances(State(served): State<Served>, asked: Asked) -> Answer<impl Serialize> {
    let filter = query::instances(pairs(asked)?)?;
    let answer = ask(&served.shared, move |model, now| {
        model.unknown_of_instances(&filter).map_or_else(|| Ok(model.instances(&filter, now)), Err)
    });
    known(answer.await)
}

pub(super) async fn instance(State(served): State<Served>, Path(id): Path<String>) -> Answer<impl Serialize> {
    let id = within_bounds(id)?;
    let unknown = Refusal::unknown(format!("no instance has the id `{id}`"));
    found(ask(&served.shared, move |model, now| model.instance(&id, now)).await, unknown)
}

pub(super) async fn find(State(served): State<Served>, Path(text): Path<String>) -> Answer<impl Serialize> {
    let text = within_bounds(text)?;
    ask(&served.shared, move |model, now| model.find(&text, now)).await
}

pub(super) async fn failures(State(served): State<Served>, asked: Asked) -> Answer<impl Serialize> {
    let filter = query::failures(pairs(asked)?)?;
    let answer = ask(&served.shared, move |model, now| {
        model.unknown_of_failures(&filter).map_or_else(|| Ok(model.failures(&filter, now)), Err)
    });
    known(answer.await)
}

pub(super) async fn contracts(State(served): State<Served>) -> Answer<impl Serialize> {
    ask(&served.shared, Model::contracts).await
}

pub(super) async fn drift(State(served): State<Served>) -> Answer<impl Serialize> {
    ask(&served.shared, Model::drifts).await
}

/// What this observer offers besides answers.
pub(super) async fn abilities(State(served): State<Served>) -> Json<Value> {
    Json(json!({ "payloads": served.payloads, "actions": served.operator.is_some() }))
}

/// Has an operator's action carried out. What it says is read last: where nobody acts, nobody listens.
pub(super) async fn act(
    State(served): State<Served>,
    Path(kind): Path<String>,
    request: Request,
) -> Answer<Value> {
    let Some(operator) = served.operator else {
        let error = "this observer only reads: start it with `--allow-actions`";
        return Err(Refusal::new(StatusCode::FORBIDDEN, error));
    };
    let kind = match kind.as_str() {
        "replay" => ActionKind::Replay,
        "edit" => ActionKind::Edit,
        "discard" => ActionKind::Discard,
        _ => return Err(Refusal::unknown(format!("there is no action `{kind}`: replay, edit or discard"))),
    };
    let told = Json::from_request(body::whole(request).await?, &()).await;
    let Json(told) = told.map_err(|rejection| Refusal::new(rejection.status(), rejection.body_text()))?;
    let action = Action { kind, ..told };
    check(&action)?;
    // One after the other: two operators do not act on one dead letter at once. The turn ends with the work.
    let turn = served.acting.lock_owned().await;
    let done = blocking(move || {
        let done = operator.act(&action);
        drop(turn);
        done
    })
    .await?;
    done.map(Json).map_err(|error| Refusal::new(StatusCode::CONFLICT, error))
}

fn check(action: &Action) -> Result<(), Refusal> {
    let letters = action.letters.len();
    if letters == 0 || letters > MAX_LETTERS {
        return Err(Refusal::bad(format!("{letters} dead letters are named: name 1 to {MAX_LETTERS}")));
    }
    if action.actor.trim().is_empty() || action.actor.len() > MAX_ACTOR_BYTES {
        return Err(Refusal::bad(format!("`actor` says who acts, in at most {MAX_ACTOR_BYTES} bytes")));
    }
    let because = action.because.as_deref().unwrap_or_default().trim();
    if because.len() > MAX_REASON_BYTES || (action.kind == ActionKind::Discard && because.is_empty()) {
        return Err(Refusal::bad(format!(
            "a discard says `because` of what, in at most {MAX_REASON_BYTES} bytes"
        )));
    }
    match (action.kind, letters, &action.value) {
        (ActionKind::Edit, 1, Some(_)) | (ActionKind::Replay | ActionKind::Discard, _, None) => Ok(()),
        (ActionKind::Edit, ..) => Err(Refusal::bad("an edit names one dead letter and its new `value`")),
        _ => Err(Refusal::bad("only an edit has a `value`")),
    }
}

/// Asks the model on a thread that may wait for its lock.
pub(super) async fn ask<T: Send + 'static>(
    shared: &Shared,
    question: impl FnOnce(&Model, u64) -> T + Send + 'static,
) -> Answer<T> {
    let shared = shared.clone();
    blocking(move || Json(shared.read(|model| question(model, clock::now())))).await
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be worked out"))
}

pub(super) fn found<T>(answer: Answer<Option<T>>, unknown: Refusal) -> Answer<T> {
    answer?.0.map(Json).ok_or(unknown)
}

/// An answer, or a refusal of a name that nobody has.
fn known<T>(answer: Answer<Result<T, String>>) -> Answer<T> {
    answer?.0.map(Json).map_err(Refusal::bad)
}

fn pairs(asked: Asked) -> Result<Pairs, Refusal> {
    let Query(pairs) = asked.map_err(|rejection| Refusal::bad(rejection.body_text()))?;
    Ok(pairs)
}

pub(super) fn within_bounds(name: String) -> Result<String, Refusal> {
    if name.len() > MAX_NAME_BYTES {
        return Err(Refusal::bad(format!("an id has at most {MAX_NAME_BYTES} bytes")));
    }
    Ok(name)
}
