//! What statistics says, and what it reads of the customer desk.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A country has more customers or fewer. The sum of all changes is how many it has.
#[derive(Debug, PartialEq, Eq, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "country.counted", version = "1.0", topic = "statistics", key = "country", terminal)]
pub struct CountryCounted {
    /// The country.
    pub country: String,
    /// How many more; negative for fewer.
    pub change: i64,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "customer.created", major = 1, topic = "customers")]
pub(super) struct CustomerCreated {
    pub(super) country: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "customer.address-changed", major = 1, topic = "customers")]
pub(super) struct CustomerAddressChanged {
    pub(super) old_country: String,
    pub(super) new_country: String,
}
