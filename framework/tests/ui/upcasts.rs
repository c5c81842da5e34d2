//! Mistakes in `upcast(..)`: a missing link does not compile.

use choreograph::{Event, UpcastError, upcast::Value};

fn lift(value: Value) -> Result<Value, UpcastError> {
    Ok(value)
}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 4, topic = "orders", upcast(1 = lift, 3 = lift))]
struct Gap {}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 3, topic = "orders", upcast(1 = lift))]
struct EndsEarly {}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 2, topic = "orders", upcast(1 = lift, 2 = lift))]
struct PastItself {}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders", upcast(1 = lift))]
struct First {}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 2, topic = "orders", upcast(1 = lift, 1 = lift))]
struct Twice {}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 2, topic = "orders", upcast())]
struct None {}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 2, topic = "orders", upcast(lift))]
struct NoMajor {}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 2, topic = "orders", upcast = lift)]
struct NoList {}

fn main() {}
