//! The observer over HTTP: the JSON interface that [`crate::answer`] documents, the page, probes and metrics.
//!
//! | path | answers |
//! |---|---|
//! | `/api/…` | what [`crate::answer`] says |
//! | `GET /api/abilities` | `{ "payloads": …, "actions": … }`: what this observer offers besides |
//! | `GET /api/instances/ID/events/EVENT/value` | the value of an event as text, where values may be shown |
//! | `GET /api/instances/ID/events/EVENT/headers` | the headers of an event's record in their order, each with `name`, `value` and `bytes`; of those that the framework does not write the values are `null`, but where values may be shown |
//! | `GET /api/dead-letters/ID/value`, `headers` | the same of a dead letter |
//! | `POST /api/dead-letters/replay`, `edit`, `discard` | an [`Action`], where an [`Operator`] carries them out |
//! | `/live` `/ready` `/metrics` | for machines |
//! | anything else | the page |
//!
//! A refusal is `{ "error": "…" }` with its status. Who may ask is decided before any route, by the `Host`, the `Origin`
//! and the token; what would change something also carries the header [`ACTION_HEADER`].

mod api;
mod body;
mod error;
mod guard;
mod live;
mod metrics;
mod operator;
mod page;
mod probes;
mod query;
mod records;
mod serve;
mod served;
#[cfg(test)]
mod tests;

pub use guard::ACTION_HEADER;
pub use live::MAX_LIVE;
pub use operator::{Action, ActionKind, Letter, MAX_LETTERS, Operator};
pub use serve::MAX_CONNECTIONS;

pub(crate) use serve::{Server, listen};
pub(crate) use served::Alive;
