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
            ("panic", "the upcaster 1 → 2 of order.placed panicked; its message is in the log"),
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
