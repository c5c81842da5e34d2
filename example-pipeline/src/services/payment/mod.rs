//! Payment: charges orders, and gives money back.

mod charge;
mod events;
mod refund;

use std::time::Duration;

use choreograph::{Retry, Service, step};

pub use self::events::{PaymentConfirmed, PaymentDeclined, PaymentRefunded, ReturnRefunded};

/// How often a payment is tried while the gateway is busy.
const ATTEMPTS: u32 = 5;

/// The service.
pub fn service() -> Service {
    Service::new("payment", ())
        .owner("Payments")
        .version("2.11.3")
        .step(
            step("charge", charge::charge)
                .within(Duration::from_secs(10))
                .retry(Retry::exponential(ATTEMPTS))
                .concurrency(16),
        )
        .step(step("refund", refund::refund))
        .step(step("reimburse", refund::reimburse))
}
