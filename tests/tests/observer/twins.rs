//! A fact that is written in two majors, with a step of each: one event, whichever of the two a step handled.

use choreograph::{Event, In, Service, step};
use choreograph_tests::topics::{self, Topic};
use choreograph_tests::{eventually, kafka};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cast::{self, Cast, Fate};
use crate::sight::Verdict;
use crate::stage::{Stage, WITHIN};

/// What the till needs of an order.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct Placed {
    order_id: String,
}

/// It was paid: as it is told from now on.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.paid", version = "2.0", topic = "paid", key = "order_id", also = PaidV1)]
struct Paid {
    order_id: String,
    currency: String,
}

/// As it was told until now.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.paid", version = "1.0", topic = "paid", key = "order_id", deprecated)]
struct PaidV1 {
    order_id: String,
}

impl From<&Paid> for PaidV1 {
    fn from(paid: &Paid) -> Self {
        Self { order_id: paid.order_id.clone() }
    }
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.paid", major = 1, topic = "paid")]
struct ReadsOne {
    order_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.paid", major = 2, topic = "paid")]
struct ReadsTwo {
    order_id: String,
    currency: String,
}

/// The order is on its way.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.sent", version = "1.0", topic = "sent", key = "order_id", terminal, outbound)]
struct Sent {
    order_id: String,
}

/// The payment stands in the books.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.booked", version = "1.0", topic = "booked", key = "order_id", outbound)]
struct Booked {
    order_id: String,
    currency: String,
}

async fn charge(order: In<Placed>) -> Paid {
    Paid { order_id: order.into_inner().order_id, currency: "EUR".to_owned() }
}

async fn send(paid: In<ReadsOne>) -> Sent {
    Sent { order_id: paid.into_inner().order_id }
}

async fn book(paid: In<ReadsTwo>) -> Booked {
    let ReadsTwo { order_id, currency } = paid.into_inner();
    Booked { order_id, currency }
}

fn till() -> Service {
    Service::new("till", ()).step(step("charge", charge))
}

fn readers() -> Service {
    Service::new("readers", ()).step(step("send", send)).step(step("book", book))
}

pub(crate) const CASTS: [Cast; 2] =
    [Cast { name: "till", service: till }, Cast { name: "readers", service: readers }];

#[test]
fn a_fact_in_two_majors_is_one_event_with_what_followed_from_either() {
    const ORDERS: usize = 20;
    let stage = Stage::of(kafka::shared(), &[till(), readers(), cast::shop()]);
    let mut made: Vec<Topic> =
        ["orders", "paid", "sent", "booked"].iter().map(|it| Topic::new(&stage.full(it), 2)).collect();
    for step in ["till.charge", "readers.send", "readers.book"] {
        made.push(Topic::new(&stage.full(&format!("{step}.retry")), 1));
        made.push(Topic::new(&stage.full(&format!("{step}.dlq")), 1));
    }
    topics::create(stage.kafka(), &made).expect("topics");
    let _services = ["till", "readers"].map(|name| stage.start(name));
    let sight = stage.observe(&[]);
    let orders = stage.order(Fate::Fine, ORDERS);
    sight.says(&orders, &Verdict::completed());
    // Booked beside the way to the end.
    eventually("each order has four events", WITHIN, || match sight.overview().events {
        events if events == 4 * ORDERS as u64 => Ok(()),
        events => Err(format!("{events} events")),
    });
    assert_eq!(topics::read_all(stage.kafka(), &stage.full("paid")).expect("records").len(), 2 * ORDERS);
    for order in &orders {
        let instance = sight.instance(order).expect("known");
        assert_eq!(instance.summary.events, 4, "{instance:?}");
        let event = |name: &str| {
            let mut events = instance.events.iter().filter(|it| it.event_type == name);
            let event = events.next().expect(name);
            assert!(events.next().is_none(), "{name} once: {instance:?}");
            event
        };
        let paid = event("order.paid.v2");
        assert_eq!(paid.twins.iter().map(|it| it.event_type.as_str()).collect::<Vec<_>>(), ["order.paid.v1"]);
        for effect in ["order.sent.v1", "order.booked.v1"] {
            assert_eq!(event(effect).causation.as_ref(), Some(&paid.id), "{effect}");
        }
        let mut steps: Vec<&str> = paid.steps.iter().map(|it| it.step.as_str()).collect();
        steps.sort_unstable();
        assert_eq!(steps, ["readers/book", "readers/send"], "each in the major that it reads");
    }
    let problems = sight.overview().problems;
    assert!(problems.is_empty(), "{problems:?}");
}
