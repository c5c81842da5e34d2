//! Counting customers by country, without remembering any.

use choreograph::{Consumes, In, Service, step};

use super::events::{CountryCounted, CustomerAddressChanged, CustomerCreated};

/// What happens to customers, in order.
#[derive(Debug, Consumes)]
enum CustomerEvent {
    Created(CustomerCreated),
    AddressChanged(CustomerAddressChanged),
}

/// The service.
pub fn service() -> Service {
    Service::new("statistics", ()).owner("Insights").version("0.9.5").step(step("count", count))
}

async fn count(event: In<CustomerEvent>) -> Vec<CountryCounted> {
    match event.into_inner() {
        CustomerEvent::Created(CustomerCreated { country }) => vec![CountryCounted { country, change: 1 }],
        CustomerEvent::AddressChanged(CustomerAddressChanged { old_country, new_country }) => vec![
            CountryCounted { country: old_country, change: -1 },
            CountryCounted { country: new_country, change: 1 },
        ],
    }
}
