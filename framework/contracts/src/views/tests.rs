use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::{Contract, Tape};

fn id() -> ContractId<'static> {
    ContractId::new("order.placed", 1, 3).expect("a good name")
}

/// What the contract makes of `value`.
fn takes(schema: &Value, value: &Value) -> bool {
    let contract = Contract::compile(schema).unwrap_or_else(|error| panic!("{error}\n{schema:#}"));
    contract.check(&mut Tape::new(), value.to_string().as_bytes()).is_ok()
}

/// That the writer view takes what serde writes of `values`, and nothing with a member more.
fn is_closed_around<T: JsonSchema + Serialize>(values: &[T]) {
    let schema = writer_schema::<T>(id());
    for value in values {
        let written = serde_json::to_value(value).expect("writes");
        assert!(takes(&schema, &written), "{written}\n{schema:#}");
        for with_more in one_member_more(&written) {
            assert!(!takes(&schema, &with_more), "{with_more}\n{schema:#}");
        }
    }
}

/// Copies of `value` with an undeclared member in one of its objects (not in maps, here named `map`).
fn one_member_more(value: &Value) -> Vec<Value> {
    let mut copies = Vec::new();
    match value {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("undeclared".into(), json!(1));
            copies.push(Value::Object(more));
            for (name, member) in members.iter().filter(|(name, _)| *name != "map") {
                copies.extend(one_member_more(member).into_iter().map(|changed| {
                    let mut copy = members.clone();
                    copy.insert(name.clone(), changed);
                    Value::Object(copy)
                }));
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                copies.extend(one_member_more(element).into_iter().map(|changed| {
                    let mut copy = elements.clone();
                    copy[index] = changed;
                    Value::Array(copy)
                }));
            }
        }
        _ => {}
    }
    copies
}

#[derive(JsonSchema, Serialize, Deserialize, Clone)]
struct Item {
    sku: String,
    count: u32,
}

#[derive(JsonSchema, Serialize, Deserialize, Clone)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Payment {
    Card(Item),
    Cash { amount: i64 },
    None,
}

#[derive(JsonSchema, Serialize, Deserialize, Clone)]
enum External {
    Boxed(Item),
    Named { item: Item },
    Tuple(u8, Item),
    Unit,
}

#[derive(JsonSchema, Serialize, Deserialize, Clone)]
#[serde(untagged)]
enum Untagged {
    Item(Item),
    Text(String),
}

#[derive(JsonSchema, Serialize, Deserialize, Clone)]
struct Order {
    id: String,
    first: Item,
    items: Vec<Item>,
    maybe: Option<Item>,
    map: BTreeMap<String, Item>,
    payment: Payment,
    external: External,
    untagged: Untagged,
}

fn item() -> Item {
    Item { sku: "a".into(), count: 1 }
}

fn orders() -> Vec<Order> {
    let payments = [Payment::Card(item()), Payment::Cash { amount: -1 }, Payment::None];
    let externals = [
        External::Boxed(item()),
        External::Named { item: item() },
        External::Tuple(1, item()),
        External::Unit,
    ];
    let order = |payment: &Payment, external: &External| Order {
        id: "1".into(),
        first: item(),
        items: vec![item()],
        maybe: Some(item()),
        map: BTreeMap::from([("anything".into(), item())]),
        payment: payment.clone(),
        external: external.clone(),
        untagged: Untagged::Item(item()),
    };
    let mut orders: Vec<_> = payments
        .iter()
        .flat_map(|p| externals.iter().map(move |e| (p, e)))
        .map(|(p, e)| order(p, e))
        .collect();
    orders.push(Order { maybe: None, untagged: Untagged::Text("t".into()), ..orders[0].clone() });
    orders
}

#[test]
fn the_writer_view_is_closed_at_every_level() {
    is_closed_around(&orders());
}

#[test]
fn the_reader_view_takes_unknown_members_at_every_level() {
    let schema = reader_schema::<Order>();
    for order in orders() {
        // A variant told by its own name, and an untagged one, allow no second member: serde refuses it too.
        for more in one_member_more(&serde_json::to_value(&order).expect("writes")) {
            let readable = serde_json::from_value::<Order>(more.clone()).is_ok();
            assert_eq!(takes(&schema, &more), readable, "{more}");
        }
    }
}

#[derive(JsonSchema, Serialize)]
struct Flat {
    id: String,
    #[serde(flatten)]
    item: Item,
    #[serde(flatten)]
    payment: Payment,
}

#[test]
fn flattened_parts_are_closed_as_one() {
    is_closed_around(&[
        Flat { id: "1".into(), item: item(), payment: Payment::Cash { amount: 1 } },
        Flat { id: "1".into(), item: item(), payment: Payment::None },
    ]);
}

#[derive(JsonSchema, Serialize)]
struct FlatMap {
    id: String,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[test]
fn a_flattened_map_stays_open() {
    let schema = writer_schema::<FlatMap>(id());
    assert!(takes(&schema, &json!({ "id": "1", "other": 2 })), "{schema:#}");
}

#[derive(JsonSchema, Serialize, Clone)]
struct Tree {
    name: String,
    children: Vec<Tree>,
}

/// Its root is whole, and a part of `Step::Inner`.
#[derive(JsonSchema, Serialize, Clone)]
struct Journey {
    name: String,
    steps: Vec<Step>,
}

#[derive(JsonSchema, Serialize, Clone)]
#[serde(tag = "kind")]
enum Step {
    Inner(Journey),
    Stop { place: String },
}

#[test]
fn recursive_types_are_closed() {
    let leaf = Tree { name: "leaf".into(), children: vec![] };
    is_closed_around(&[Tree { name: "root".into(), children: vec![leaf.clone(), leaf] }]);
    let inner = Journey { name: "inner".into(), steps: vec![Step::Stop { place: "here".into() }] };
    is_closed_around(&[Journey { name: "outer".into(), steps: vec![Step::Inner(inner.clone())] }, inner]);
}

#[test]
fn the_id_stands_on_the_root_and_references_still_resolve() {
    #[derive(JsonSchema, Serialize)]
    #[schemars(extend("$id" = "https://example.com/own"))]
    struct WithId {
        item: Item,
    }
    #[derive(JsonSchema, Serialize)]
    struct Outer {
        first: WithId,
        second: WithId,
    }
    let schema = writer_schema::<Outer>(id());
    assert_eq!(schema["$id"], "urn:contract:order.placed/1.3");
    assert_eq!(schema.to_string().matches("$id").count(), 1);
    let with_id = || WithId { item: item() };
    is_closed_around(&[Outer { first: with_id(), second: with_id() }]);
}

#[test]
fn integers_have_the_bounds_of_their_type() {
    #[derive(JsonSchema, Serialize)]
    struct Widths {
        a: Option<u32>,
        b: Option<i32>,
        c: Option<u64>,
        d: Option<i64>,
        #[schemars(range(max = 10))]
        e: Option<u32>,
    }
    let schema = reader_schema::<Widths>();
    for (name, text, taken) in [
        ("a", "4294967295", true),
        ("a", "4294967296", false),
        ("a", "-1", false),
        ("b", "-2147483648", true),
        ("b", "-2147483649", false),
        ("c", "18446744073709551615", true),
        ("c", "18446744073709551616", false),
        ("d", "-9223372036854775808", true),
        ("d", "9223372036854775808", false),
        ("e", "10", true),
        ("e", "11", false),
    ] {
        let event: Value = serde_json::from_str(&format!("{{\"{name}\":{text}}}")).expect("JSON");
        assert_eq!(takes(&schema, &event), taken, "{event}");
    }
}

#[derive(JsonSchema, Serialize, Deserialize, Debug)]
struct Renamed {
    #[serde(alias = "sum", alias = "amount")]
    #[schemars(extend("x-aliases" = ["sum", "amount"]))]
    total: u32,
    #[serde(alias = "note")]
    #[schemars(extend("x-aliases" = ["note"]))]
    comment: Option<String>,
    state: State,
    colour: Colour,
    shape: Shape,
}

#[derive(JsonSchema, Serialize, Deserialize, Debug)]
enum State {
    #[serde(alias = "Void")]
    #[schemars(extend("x-aliases" = ["Void"]))]
    Cancelled,
    Open,
}

#[derive(JsonSchema, Serialize, Deserialize, Debug)]
#[schemars(extend("x-open-enum" = true))]
enum Colour {
    /// Documented, so that `schemars` writes a `oneOf`.
    Red,
    #[serde(other)]
    Other,
}

#[derive(JsonSchema, Serialize, Deserialize, Debug)]
#[serde(tag = "kind")]
#[schemars(extend("x-open-enum" = true))]
enum Shape {
    Circle {
        radius: u8,
    },
    #[serde(other)]
    Other,
}

#[test]
fn a_reader_takes_what_serde_takes_under_aliases_and_in_open_enums() {
    let schema = reader_schema::<Renamed>();
    let circle = json!({ "kind": "Circle", "radius": 1 });
    for (total, state, colour, shape) in [
        ("total", "Open", "Red", &circle),
        ("sum", "Cancelled", "Green", &circle),
        ("amount", "Void", "Other", &json!({ "kind": "Square" })),
        ("price", "Open", "Red", &circle),
        ("total", "Closed", "Red", &circle),
        ("total", "Open", "Red", &json!({ "kind": "Circle" })),
        ("total", "Open", "Red", &json!({ "radius": 1 })),
        ("total", "Open", "Red", &json!({ "kind": 1 })),
    ] {
        let event = json!({ total: 1, "note": "x", "state": state, "colour": colour, "shape": shape });
        let readable = serde_json::from_value::<Renamed>(event.clone());
        assert_eq!(takes(&schema, &event), readable.is_ok(), "{event}\n{readable:?}\n{schema:#}");
    }
    assert!(!takes(&schema, &json!({ "sum": "1", "state": "Open", "colour": "Red", "shape": circle })));
    assert!(!writer_schema::<Renamed>(id()).to_string().contains("x-aliases"));
}
