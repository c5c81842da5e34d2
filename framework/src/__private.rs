//! What the derive macros write calls to. Not part of the interface.

pub use serde;

pub use crate::event::{write_key, write_subject};

use crate::event::OwnedEvent;

/// Stops the compiler where the event of `also = ..` is not the same fact in an older major.
pub const fn is_older_major<E: OwnedEvent, Older: OwnedEvent>() {
    assert!(
        is_same(E::NAME, Older::NAME),
        "`also` names the same event in an older major: the `type` differs"
    );
    assert!(Older::MAJOR < E::MAJOR, "`also` names an older major of the event: its `version` is not lower");
    assert!(is_same(E::TOPIC, Older::TOPIC), "both majors of a fact lie on one topic: the `topic` differs");
    assert!(E::TERMINAL == Older::TERMINAL, "both majors of a fact are `terminal`, or neither is");
    let starts_alike = match (E::STARTS, Older::STARTS) {
        (Some(one), Some(two)) => is_same(one, two),
        (None, None) => true,
        _ => false,
    };
    assert!(starts_alike, "both majors of a fact start the same workflow: `starts` differs");
}

const fn is_same(one: &str, two: &str) -> bool {
    let (one, two) = (one.as_bytes(), two.as_bytes());
    if one.len() != two.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != two[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A route that the consumed type does not have: the runtime never asks for one.
pub fn no_such_route<E: serde::de::Error>() -> E {
    E::custom("no such route")
}
