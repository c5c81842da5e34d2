//! Events as teams write them, each with instances that keep its contract. Between them they use what serde and
//! `schemars` offer.

#![expect(dead_code, reason = "fields are read by `Debug` alone")]

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct OrderPlaced {
    #[schemars(extend("format" = "uuid"))]
    order_id: String,
    customer_id: Option<String>,
    #[schemars(length(equal = 2), regex(pattern = "^[A-Z]+$"))]
    country: String,
    #[schemars(range(min = 0))]
    total: i64,
    #[schemars(extend("format" = "date-time"))]
    placed_at: String,
    #[schemars(length(min = 1, max = 4))]
    lines: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    coupon: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Line {
    sku: String,
    #[schemars(range(min = 1))]
    quantity: u32,
    #[schemars(range(min = 0.0, max = 100.0))]
    weight: f64,
}

/// A tag inside the object.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Payment {
    Card { number: String, expires: (u8, u16) },
    Transfer(Account),
    Cash,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Account {
    iban: String,
    #[serde(default)]
    bank: Option<String>,
}

/// A tag around the value.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) enum Parcel {
    Lost,
    Found(u32),
    At(f32, f32),
    Sent {
        by: String,
        #[serde(rename = "on-time")]
        on_time: bool,
    },
    Back(Box<Parcel>),
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
pub(super) enum Adjacent {
    Empty,
    One(i16),
    Two(i8, bool),
    Many { list: Vec<u64> },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Untagged {
    Number(u64),
    Text(String),
    Pair(i32, i32),
    Named { name: String, age: u8 },
    Flag(bool),
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Flattened {
    id: u32,
    #[serde(flatten)]
    account: Account,
    #[serde(flatten)]
    payment: Payment,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Addressed {
    id: u32,
    #[serde(flatten)]
    address: Address,
    #[serde(flatten)]
    payment: Payment,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Address {
    street: String,
    town: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Rest {
    id: u32,
    #[serde(flatten)]
    rest: BTreeMap<String, i64>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Tree {
    value: i32,
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    #[serde(default)]
    all: Vec<Tree>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(super) enum Colour {
    /// Like blood.
    Red,
    /// Like grass.
    Green,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Maps {
    by_number: BTreeMap<u64, String>,
    signed: BTreeMap<i32, bool>,
    by_colour: BTreeMap<Colour, u8>,
    by_letter: BTreeMap<char, Option<f64>>,
    many: BTreeMap<String, BTreeMap<String, u8>>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-open-enum" = true))]
pub(super) enum Open {
    Fresh,
    Closed,
    #[serde(other)]
    Other,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(extend("x-open-enum" = true))]
pub(super) enum OpenTagged {
    Known {
        at: u8,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Names {
    #[serde(alias = "sum")]
    #[schemars(extend("x-aliases" = ["sum"]))]
    total: u32,
    state: Open,
    colour: Colour,
    #[serde(default)]
    next: Option<OpenTagged>,
    #[serde(skip)]
    hidden: u8,
    #[serde(default = "seven")]
    seven: u8,
}

fn seven() -> u8 {
    7
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Numbers {
    a: u8,
    b: i8,
    c: u16,
    d: i16,
    e: u32,
    f: i32,
    g: u64,
    h: i64,
    i: u128,
    j: i128,
    #[schemars(range(min = 0.5))]
    k: f32,
    #[schemars(range(min = 0.0, max = 1.0))]
    l: f64,
    #[schemars(extend("multipleOf" = 5))]
    m: u32,
    #[schemars(extend("exclusiveMinimum" = 0))]
    n: f64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Id(String);

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Wrapped(u16);

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Strict {
    id: Id,
    wrapped: Wrapped,
    letter: char,
    bytes: Vec<u8>,
    unit: (),
    set: BTreeSet<u8>,
    fixed: [bool; 2],
    pair: (String, Option<i32>),
    state: Result<u8, String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Loose {
    any: serde_json::Value,
    map: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    later: Option<Box<Loose>>,
}

/// Reads little of what is there: most fields are ignored.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct View {
    order_id: String,
    #[serde(default)]
    payment: Option<Payment>,
}

pub(super) const ORDERS: &[&str] = &[
    r#"{"order_id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","customer_id":"17850","country":"GB","total":3570,"placed_at":"2026-01-01T08:26:00Z","lines":[{"sku":"85123A","quantity":6,"weight":1.5},{"sku":"71053","quantity":1,"weight":0}]}"#,
    r#"{"order_id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","customer_id":null,"country":"FR","total":0,"placed_at":"2026-01-01T08:26:00Z","lines":[{"sku":"ä","quantity":4294967295,"weight":99.9}],"coupon":"X","unknown":{"deep":[1,{"a":null}]}}"#,
];
pub(super) const PAYMENTS: &[&str] = &[
    r#"{"kind":"card","number":"4711","expires":[12,2030]}"#,
    r#"{"kind":"transfer","iban":"GB1","bank":null}"#,
    r#"{"kind":"cash"}"#,
    r#"{"iban":"GB1","kind":"transfer"}"#,
];
pub(super) const PARCELS: &[&str] = &[
    r#""Lost""#,
    r#"{"Found":3}"#,
    r#"{"At":[1.5,-2.25]}"#,
    r#"{"Sent":{"by":"a","on-time":true}}"#,
    r#"{"Back":{"Back":"Lost"}}"#,
];
pub(super) const ADJACENTS: &[&str] = &[
    r#"{"t":"Empty"}"#,
    r#"{"t":"One","c":-3}"#,
    r#"{"t":"Two","c":[1,true]}"#,
    r#"{"t":"Many","c":{"list":[1,2,18446744073709551615]}}"#,
    r#"{"c":5,"t":"One"}"#,
];
pub(super) const UNTAGGED: &[&str] = &["5", r#""a""#, "[1,-2]", r#"{"name":"a","age":3}"#, "true"];
pub(super) const FLATTENED: &[&str] = &[
    r#"{"id":1,"iban":"GB1","bank":"b","kind":"card","number":"4711","expires":[12,2030]}"#,
    r#"{"kind":"cash","id":1,"iban":"GB1"}"#,
];
pub(super) const ADDRESSED: &[&str] = &[
    r#"{"id":1,"street":"s","town":null,"kind":"card","number":"4711","expires":[12,2030]}"#,
    r#"{"id":1,"street":"s","kind":"transfer","iban":"GB1"}"#,
];
pub(super) const RESTS: &[&str] = &[r#"{"id":1,"a":2,"b":-3}"#, r#"{"id":4294967295}"#];
pub(super) const TREES: &[&str] = &[
    r#"{"value":1,"left":{"value":2,"left":null,"right":{"value":3}},"right":null,"all":[{"value":4},{"value":5,"all":[]}]}"#,
];
pub(super) const MAPS: &[&str] = &[
    r#"{"by_number":{"1":"a","18446744073709551615":"b"},"signed":{"-5":true,"0":false},"by_colour":{"red":1,"green":2},"by_letter":{"ä":0.5,"b":null},"many":{"a":{"b":1,"c":2},"d":{}}}"#,
];
pub(super) const NAMES: &[&str] = &[
    r#"{"total":1,"state":"fresh","colour":"red","next":{"type":"known","at":3}}"#,
    r#"{"sum":1,"state":"new","colour":"green","next":{"type":"new"},"seven":8}"#,
];
pub(super) const NUMBERS: &[&str] = &[
    r#"{"a":255,"b":-128,"c":65535,"d":-32768,"e":4294967295,"f":-2147483648,"g":18446744073709551615,"h":-9223372036854775808,"i":7,"j":-7,"k":0.75,"l":0.1,"m":10,"n":3}"#,
    r#"{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":1,"l":0,"m":0,"n":0.001}"#,
];
pub(super) const STRICTS: &[&str] = &[
    r#"{"id":"a","wrapped":3,"letter":"ä","bytes":[1,2,255],"unit":null,"set":[1,2,3],"fixed":[true,false],"pair":["a",null],"state":{"Ok":3}}"#,
    r#"{"id":"","wrapped":0,"letter":"\n","bytes":[],"unit":null,"set":[],"fixed":[true,true],"pair":["",-5],"state":{"Err":"e"}}"#,
];
pub(super) const LOOSES: &[&str] =
    &[r#"{"any":[1,2.5,"a",null,{"x":true}],"map":{"a":1,"b":{"c":[]}},"later":{"any":null,"map":{}}}"#];
pub(super) const VIEWS: &[&str] = &[
    r#"{"order_id":"a","payment":{"kind":"cash"},"lines":[{"sku":"a"},{"sku":"b","n":[1.5,1e3]}],"more":{"x":{"y":null}}}"#,
];
