//! Events of several majors, as a team meets them: older ones read through upcasters.

use choreograph::{Consumes, Event, In, Service, UpcastError, rehearsal::Rehearsal, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A view of major 3; major 1 wrote `total` as a text, major 2 had no currency.
#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 3, topic = "orders", upcast(1 = in_cents, 2 = in_pounds))]
struct OrderPlaced {
    order_id: String,
    cents: u64,
    #[schemars(length(equal = 3))]
    currency: String,
}

fn in_cents(mut order: Value) -> Result<Value, UpcastError> {
    let total = order["total"].as_str().ok_or("`total` is no text")?;
    assert!(total != "13", "an unlucky total");
    let total: u64 = total.parse().map_err(|_| "`total` is no number")?;
    order["cents"] = json!(total);
    Ok(order)
}

fn in_pounds(mut order: Value) -> Result<Value, UpcastError> {
    let fields = order.as_object_mut().ok_or("an order is an object")?;
    let currency = fields.get("money").cloned().unwrap_or_else(|| json!("GBP"));
    fields.insert("currency".to_owned(), currency);
    Ok(order)
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id", terminal)]
struct Confirmed {
    order_id: String,
    paid: String,
}

async fn charge(order: In<OrderPlaced>) -> Confirmed {
    let order = order.into_inner();
    Confirmed { paid: format!("{} {}", order.cents, order.currency), order_id: order.order_id }
}

fn payment() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

fn placed(rehearsal: &mut Rehearsal, major: u32, value: &str) {
    let event_type = format!("order.placed.v{major}");
    let headers = [("ce_type", Some(event_type.as_bytes()))];
    rehearsal.publish_raw("orders", Some(b"k"), Some(value.as_bytes()), &headers);
}

#[test]
fn orders_of_three_majors_are_handled_in_order() {
    let mut rehearsal = Rehearsal::new(1).service(payment());
    placed(&mut rehearsal, 1, r#"{"order_id":"a","total":"7"}"#);
    placed(&mut rehearsal, 3, r#"{"order_id":"b","cents":8,"currency":"EUR"}"#);
    placed(&mut rehearsal, 2, r#"{"order_id":"c","cents":9}"#);
    rehearsal.settle();
    let paid: Vec<String> = rehearsal.emitted::<Confirmed>().iter().map(|it| it.paid.clone()).collect();
    assert_eq!(paid, ["7 GBP", "8 EUR", "9 GBP"]);
    assert!(rehearsal.dead_letters().is_empty());
}

/// What older majors wrote lies in files, with what it becomes: nobody changes by accident what it means.
#[test]
fn orders_of_all_majors_become_what_they_became() -> Result<(), choreograph::upcast::GoldenError> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded/order.placed");
    assert_eq!(choreograph::upcast::golden::<OrderPlaced>(folder)?, 4);
    Ok(())
}

#[test]
fn what_an_upcaster_does_not_lead_on_is_set_aside_with_the_link() {
    let mut rehearsal = Rehearsal::new(1).service(payment());
    let bad = [
        (1, r#"{"order_id":"a","total":7}"#),
        (1, r#"{"order_id":"a","total":"13"}"#),
        (2, r#"{"order_id":"a","cents":9,"money":"pounds"}"#),
        (2, r#"{"order_id":"#),
        (4, "{}"),
    ];
    for (major, value) in bad {
        placed(&mut rehearsal, major, value);
    }
    placed(&mut rehearsal, 1, r#"{"order_id":"last","total":"7"}"#);
    rehearsal.settle();
    let letters = rehearsal.dead_letters();
    let told: Vec<(&str, &str)> =
        letters.iter().map(|letter| (letter.reason.as_str(), letter.error.as_str())).collect();
    assert_eq!(
        told,
        [
            ("unreadable", "the upcaster 1 → 2 of order.placed refuses the value: `total` is no text"),
            ("panic", "the upcaster 1 → 2 of order.placed panicked; the log says where"),
            (
                "contract_violation",
                "after the upcaster 2 → 3, the value breaks its contract: `maxLength` at /currency"
            ),
            ("undecodable", told[3].1),
            ("unsupported_version", "`order.placed` in major 4: this step reads [3, 1, 2]"),
        ]
    );
    assert_eq!(letters[0].record.value(), Some(bad[0].1.as_bytes()), "the bytes are those that were read");
    assert_eq!(rehearsal.emitted::<Confirmed>().len(), 1, "nothing is blocked");
}

#[test]
fn values_in_the_frame_of_confluents_serializers_are_read() {
    let mut rehearsal = Rehearsal::new(1).service(payment());
    let frame = |number: u32, value: &str| [&[0][..], &number.to_be_bytes(), value.as_bytes()].concat();
    let values = [
        frame(258, r#"{"order_id":"a","cents":8,"currency":"EUR"}"#),
        frame(1, r#"{"order_id":"b","cents":8,"currency":"euros"}"#),
        vec![0, 0, 0, 1, 2],
    ];
    for value in &values {
        let headers =
            [("ce_type", Some(&b"order.placed.v3"[..])), ("__value_schema_id", Some(&[1, 0xff][..]))];
        rehearsal.publish_raw("orders", Some(b"k"), Some(value), &headers);
    }
    let headers = [("ce_type", Some(&b"order.placed.v2"[..]))];
    let older = frame(7, r#"{"order_id":"c","cents":9}"#);
    rehearsal.publish_raw("orders", Some(b"k"), Some(&older), &headers);
    rehearsal.settle();
    let paid: Vec<String> = rehearsal.emitted::<Confirmed>().iter().map(|it| it.paid.clone()).collect();
    assert_eq!(paid, ["8 EUR", "9 GBP"]);
    let letters = rehearsal.dead_letters();
    let reasons: Vec<&str> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    assert_eq!(reasons, ["contract_violation", "undecodable"]);
    assert_eq!(letters[0].record.value(), Some(&values[1][..]), "the bytes are those that were read");
}

#[test]
fn of_twins_the_highest_counts_upcasters_included() {
    let mut rehearsal = Rehearsal::new(1).service(payment());
    for (major, value) in [(1, r#"{"order_id":"a","total":"7"}"#), (2, r#"{"order_id":"a","cents":7}"#)] {
        let event_type = format!("order.placed.v{major}");
        let headers = [
            ("ce_type", Some(event_type.as_bytes())),
            ("wf", Some(&b"name=order;started=1;hops=0;majors=1,2"[..])),
        ];
        rehearsal.publish_raw("orders", Some(b"k"), Some(value.as_bytes()), &headers);
    }
    rehearsal.settle();
    assert_eq!(rehearsal.emitted::<Confirmed>().len(), 1);
}

#[test]
fn the_manifest_says_which_majors_are_read() {
    let manifest = payment().manifest();
    assert_eq!(manifest.steps[0].consumes[0].major, 3);
    assert_eq!(manifest.steps[0].consumes[0].upcasts, [1, 2]);
}

/// What payment tells of in two majors at once.
#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "parcel.packed", version = "2.1", topic = "parcels", key = "parcel", terminal, also = PackedV1)]
struct Packed {
    parcel: u64,
    grams: u32,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "parcel.packed",
    version = "1.4",
    topic = "parcels",
    key = "parcel_id",
    terminal,
    deprecated(from = "2026-01-31", sunset = "2026-12-31", migration = "https://wiki.example.org/parcels-2")
)]
struct PackedV1 {
    parcel_id: String,
    #[schemars(length(max = 4))]
    weight: String,
}

impl From<&Packed> for PackedV1 {
    fn from(packed: &Packed) -> Self {
        // Seven is the parcel of which the older major has another key.
        let parcel = if packed.parcel == 7 { 8 } else { packed.parcel };
        Self { parcel_id: parcel.to_string(), weight: packed.grams.to_string() }
    }
}

async fn pack(payment: In<Confirmed>) -> Option<Packed> {
    let paid = payment.into_inner();
    let grams = paid.paid.split(' ').next()?.parse().ok()?;
    Some(Packed { parcel: paid.order_id.parse().ok()?, grams })
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "told", version = "1.0", topic = "told", key = "what", terminal)]
struct Told {
    what: String,
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "parcel.packed", major = 1, topic = "parcels")]
struct ReadsOne {
    weight: String,
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "parcel.packed", major = 2, topic = "parcels")]
struct ReadsTwo {
    grams: u32,
}

#[derive(Consumes)]
enum ReadsBoth {
    One(ReadsOne),
    Two(ReadsTwo),
}

fn told(what: String) -> Told {
    Told { what }
}

async fn one(it: In<ReadsOne>) -> Told {
    told(format!("one {}", it.weight))
}

async fn two(it: In<ReadsTwo>) -> Told {
    told(format!("two {}", it.grams))
}

async fn both(it: In<ReadsBoth>) -> Told {
    match it.into_inner() {
        ReadsBoth::One(it) => told(format!("both, as one {}", it.weight)),
        ReadsBoth::Two(it) => told(format!("both, as two {}", it.grams)),
    }
}

fn readers() -> Service {
    Service::new("readers", ()).step(step("one", one)).step(step("two", two)).step(step("both", both))
}

fn warehouse() -> Service {
    Service::new("warehouse", ()).step(step("pack", pack))
}

fn paid(rehearsal: &mut Rehearsal, id: &str, parcel: &str, grams: &str) {
    let value = json!({ "order_id": parcel, "paid": format!("{grams} GBP") }).to_string();
    let headers = [
        ("ce_type", Some(&b"payment.confirmed.v1"[..])),
        ("ce_id", Some(id.as_bytes())),
        ("ce_correlationid", Some(&b"c"[..])),
    ];
    rehearsal.publish_raw("payments", Some(parcel.as_bytes()), Some(value.as_bytes()), &headers);
}

#[test]
fn a_fact_in_two_majors_is_handled_once_by_each_reader() {
    let mut rehearsal = Rehearsal::new(3).service(warehouse()).service(readers());
    paid(&mut rehearsal, "a", "1", "100");
    paid(&mut rehearsal, "b", "2", "200");
    rehearsal.settle();
    let mut told: Vec<String> = rehearsal.emitted::<Told>().iter().map(|it| it.what.clone()).collect();
    told.sort();
    assert_eq!(told, ["both, as two 100", "both, as two 200", "one 100", "one 200", "two 100", "two 200"]);
    assert!(rehearsal.dead_letters().is_empty());

    let records = rehearsal.records("parcels");
    assert_eq!(records.len(), 4);
    for record in &records {
        assert!(record.header("wf").is_some_and(|wf| wf.ends_with(";hops=1;majors=1,2")), "{record:?}");
    }
    let of = |cause: &str| {
        let mut both: Vec<_> =
            records.iter().filter(|it| it.header("ce_causationid") == Some(cause)).collect();
        both.sort_by_key(|it| it.header("ce_type"));
        both
    };
    let twins = of("a");
    let types: Vec<_> = twins.iter().map(|it| it.header("ce_type")).collect();
    assert_eq!(types, [Some("parcel.packed.v1"), Some("parcel.packed.v2")]);
    assert_eq!((twins[0].key(), twins[0].partition()), (twins[1].key(), twins[1].partition()));
    let schemas = [twins[0].header("ce_dataschema"), twins[1].header("ce_dataschema")];
    assert_eq!(schemas, [Some("urn:contract:parcel.packed/1.4"), Some("urn:contract:parcel.packed/2.1")]);
    let deprecated =
        ["ce_deprecated", "ce_deprecationfrom", "ce_deprecationsunset", "ce_deprecationmigration"];
    assert_eq!(
        deprecated.map(|name| twins[0].header(name)),
        [
            Some("true"),
            Some("2026-01-31T00:00:00Z"),
            Some("2026-12-31T00:00:00Z"),
            Some("https://wiki.example.org/parcels-2")
        ]
    );
    assert_eq!(deprecated.map(|name| twins[1].header(name)), [None; 4]);

    // Handled again, the same fact has the same ids.
    let ids: Vec<_> = twins.iter().map(|it| it.header("ce_id").map(str::to_owned)).collect();
    assert_ne!(ids[0], ids[1]);
    let mut again = Rehearsal::new(9).service(warehouse());
    paid(&mut again, "a", "1", "100");
    again.settle();
    let mut records = again.records("parcels");
    records.sort_by_key(|it| it.header("ce_type").map(str::to_owned));
    assert_eq!(records.iter().map(|it| it.header("ce_id").map(str::to_owned)).collect::<Vec<_>>(), ids);
}

#[test]
fn a_fact_goes_out_in_all_its_majors_or_in_none() {
    let mut rehearsal = Rehearsal::new(1).service(warehouse()).service(readers());
    paid(&mut rehearsal, "a", "1", "12345");
    paid(&mut rehearsal, "b", "7", "100");
    rehearsal.settle();
    assert!(rehearsal.records("parcels").is_empty());
    let letters = rehearsal.dead_letters();
    let mut told: Vec<(&str, &str)> =
        letters.iter().map(|letter| (letter.reason.as_str(), letter.error.as_str())).collect();
    told.sort_unstable();
    assert_eq!(told.len(), 2);
    assert!(told[0].1.ends_with("has another key: let its `From` keep the key"), "{told:?}");
    assert_eq!(
        told[1],
        ("emit_violation", "the emitted parcel.packed.v1 breaks its contract: `maxLength` at /weight")
    );
}

/// An order that a workflow begins with, in two majors.
#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "cart.sent", version = "2.0", topic = "carts", key = "cart", starts = "cart", also = CartV1)]
struct Cart {
    cart: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "cart.sent", version = "1.0", topic = "carts", key = "cart", starts = "cart", deprecated)]
struct CartV1 {
    cart: String,
    items: u32,
}

impl From<&Cart> for CartV1 {
    fn from(cart: &Cart) -> Self {
        Self { cart: cart.cart.clone(), items: 0 }
    }
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "cart.sent", major = 1, topic = "carts")]
struct SeesOldCarts {}

#[test]
fn a_workflow_begins_in_two_majors_at_once() {
    async fn see(_: In<SeesOldCarts>) -> Told {
        told("a cart".to_owned())
    }
    let mut rehearsal = Rehearsal::new(1).service(Service::new("mail", ()).step(step("see", see)));
    let cart = Cart { cart: "c".to_owned() };
    let started = rehearsal.start_as("request", &cart).expect("it starts");
    rehearsal.start_as("request", &cart).expect("it starts again");
    rehearsal.settle();
    let records = rehearsal.records("carts");
    let told: Vec<_> =
        records.iter().map(|it| (it.header("ce_type"), it.header("ce_correlationid"))).collect();
    let workflow = Some(started.correlation_id());
    let (one, two) = (Some("cart.sent.v1"), Some("cart.sent.v2"));
    assert_eq!(told, [(one, workflow), (two, workflow), (one, workflow), (two, workflow)]);
    assert_eq!(records[1].header("ce_id"), workflow, "the workflow has the id of the highest major");
    assert_eq!(records[0].header("ce_id"), records[2].header("ce_id"));
    assert_eq!(rehearsal.emitted::<Told>().len(), 2);
    assert_eq!(rehearsal.emitted::<Told>()[0].metadata.correlation_id(), started.correlation_id());
}

#[test]
fn both_majors_are_in_the_manifest_and_own_a_contract() {
    let service = warehouse().publishes::<Cart>();
    service.check().expect("it is sound");
    let manifest = serde_json::to_value(service.manifest()).expect("JSON");
    let emits = &manifest["steps"][0]["emits"];
    assert_eq!((&emits[0]["version"], &emits[0]["majors"]), (&json!("2.1"), &json!([1, 2])));
    assert_eq!((&emits[1]["version"], emits[1].get("majors")), (&json!("1.4"), None));
    assert_eq!(emits[1]["deprecated"]["sunset"], "2026-12-31");
    assert_eq!(emits[1]["schema"]["deprecated"], true);
    assert_eq!(emits[0]["schema"].get("deprecated"), None);
    assert_eq!(
        manifest["steps"][0]["emits_shape"],
        json!({ "optional": { "all": [{ "one": "parcel.packed.v2" }, { "one": "parcel.packed.v1" }] } })
    );
    assert_eq!(manifest["publishes"].as_array().map(Vec::len), Some(2));
}

/// A view of major 1 beside the upcaster from major 1.
#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OldOrder {}

#[derive(Consumes)]
enum AnyOrder {
    #[expect(dead_code, reason = "only its type matters")]
    New(OrderPlaced),
    Old(OldOrder),
}

/// An impl by hand, with a gap that the derive would refuse.
#[derive(Deserialize, JsonSchema)]
struct Gap {}

impl Event for Gap {
    const NAME: &'static str = "order.placed";
    const MAJOR: u32 = 3;
    const TOPIC: &'static str = "orders";
    const UPCASTS: &'static [choreograph::Upcast] = &[choreograph::Upcast::new(1, in_cents)];
}

impl Consumes for Gap {
    fn routes(routes: &mut choreograph::Routes) {
        routes.event::<Self>();
    }
    fn decode<'de, D: serde::Deserializer<'de>>(_: usize, deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

#[test]
fn a_missing_link_and_a_major_read_twice_are_found_before_anything_runs() {
    async fn any(_: In<AnyOrder>) {}
    async fn gap(_: In<Gap>) {}
    let service = Service::new("mail", ()).step(step("any", any)).step(step("gap", gap));
    let problems = service.check().expect_err("two problems");
    let problems = problems.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("it reads order.placed.v1 twice: as `"), "{problems:?}");
    assert!(problems[1].ends_with("one from 2 to 3 is missing"), "{problems:?}");
}
