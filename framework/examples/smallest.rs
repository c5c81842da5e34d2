//! The smallest complete service: one step, which charges an order when it is placed.

use std::process::ExitCode;

use choreograph::{Event, In, Service, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody else's event, and only the fields that this service needs: a view.
#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
    cents: u64,
}

/// This service's own event. Its contract is a file that `contracts write` makes of this struct.
#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

/// The step: consumes what its argument says, may emit what its return type says, and nothing else.
async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    if order.cents == 0 {
        return Err(StepError::reject("nothing_to_pay", "the order's total is zero"));
    }
    Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
}

fn service() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

fn main() -> ExitCode {
    service().main()
}

#[cfg(test)]
mod tests {
    use choreograph::rehearsal::Rehearsal;

    use super::*;

    /// Stands in for the service that places orders.
    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", starts = "order")]
    struct Placed {
        order_id: String,
        cents: u64,
    }

    #[test]
    fn an_order_is_paid_and_one_without_a_total_is_set_aside() {
        let mut rehearsal = Rehearsal::new(7).service(service());
        for (order_id, cents) in [("o-1", 1_250), ("o-2", 0)] {
            rehearsal.start(&Placed { order_id: order_id.to_owned(), cents }).unwrap();
        }
        rehearsal.settle();
        let paid = rehearsal.emitted::<PaymentConfirmed>();
        assert_eq!((paid.len(), paid[0].order_id.as_str()), (1, "o-1"));
        let aside = rehearsal.dead_letters();
        assert_eq!((aside.len(), aside[0].reason.as_str()), (1, "rejected"));
    }

    /// README shows this very file, up to its tests.
    #[test]
    fn readme_shows_this_service() {
        let code = include_str!("smallest.rs").split("\n#[cfg(test)]").next().unwrap_or_default();
        let code = code.split_once("\n\n").map_or(code, |(_, after_the_docs)| after_the_docs).trim_end();
        assert!(include_str!("../../README.md").contains(code), "README's service differs from this file");
    }
}
