//! Mistakes in `#[event(..)]`, each told where it stands.

use choreograph::Event;

#[derive(Event)]
struct NoAttribute {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id", colour = "red")]
struct UnknownName {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id")]
struct MissingKeyField {
    id: String,
    total: u64,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id", subject = "invoice")]
struct MissingSubjectField {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1", topic = "orders", key = "id")]
struct BadVersion {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "0.1", topic = "orders", key = "id")]
struct MajorZero {
    id: String,
}

#[derive(Event)]
#[event(type = "OrderPlaced", version = "1.0", topic = "orders", key = "id")]
struct BadType {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed.v1", version = "1.0", topic = "orders", key = "id")]
struct MajorInType {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "my orders", key = "id")]
struct BadTopic {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders")]
struct NoKey {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", major = 1, topic = "orders", key = "id")]
struct MajorOnOwned {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id", starts = "The Order")]
struct BadWorkflow {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id", terminal = true)]
struct FlagWithValue {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = 1.0, topic = "orders", key = "id")]
struct VersionAsNumber {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", type = "order.paid", version = "1.0", topic = "orders", key = "id")]
struct Twice {
    id: String,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id")]
enum OwnedEnum {
    A,
}

#[derive(Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id")]
struct Borrowing<'a> {
    id: &'a str,
}

#[derive(Event)]
#[event(view, type = "order.placed", major = 1, topic = "orders", key = "id")]
struct KeyOnView {
    id: String,
}

#[derive(Event)]
#[event(view, type = "order.placed", version = "1.0", topic = "orders")]
struct VersionOnView {
    id: String,
}

#[derive(Event)]
#[event(view, type = "order.placed", topic = "orders")]
struct ViewWithoutMajor {
    id: String,
}

#[derive(Event)]
#[event(view, type = "order.placed", major = "1", topic = "orders")]
struct MajorAsText {
    id: String,
}

fn main() {}
