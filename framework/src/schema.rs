//! The two views of an event type: what a step reads, and what an owner writes.

use choreograph_contracts::{ContractId, views};
use serde_json::Value;

use crate::event::{Event, OwnedEvent};

/// The open view of what a step reads.
pub(crate) fn reader<E: Event>() -> Value {
    views::reader_schema::<E>()
}

/// The closed view of what an owner writes: what stands in the contract's file.
pub(crate) fn writer<E: OwnedEvent>() -> Value {
    // The derive refuses such names with a better text; this is for impls by hand.
    let id = const {
        match ContractId::new(E::NAME, E::MAJOR, E::MINOR) {
            Ok(id) => id,
            Err(_) => panic!("an event's NAME is lower-case words joined by dots, its MAJOR 1 or more"),
        }
    };
    let mut schema = views::writer_schema::<E>(id);
    if E::DEPRECATED.is_some()
        && let Some(root) = schema.as_object_mut()
    {
        root.insert("deprecated".to_owned(), Value::Bool(true));
    }
    schema
}
