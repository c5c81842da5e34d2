//! Mistakes in `also` and `deprecated`, each told where it stands.

use choreograph::Event;

#[derive(Event)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", also = "order.placed.v1")]
struct AlsoText {
    id: String,
}

#[derive(Event)]
#[event(view, type = "order.placed", major = 2, topic = "orders", also = PlacedV1)]
struct ViewAlso {}

#[derive(Event)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", deprecated(since = "2026-01-31"))]
struct UnknownName {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", deprecated(from = "2026-02-30"))]
struct NoDay {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", deprecated(from = "2026-02-03", sunset = "2026-02-02"))]
struct EndsBefore {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", deprecated(migration = "ask Ann"))]
struct NoAddress {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", deprecated = true)]
struct NoValue {
    id: String,
}

fn main() {}
