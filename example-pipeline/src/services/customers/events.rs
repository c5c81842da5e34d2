//! What the customer desk says.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A customer filled in a form: who, and where from now on.
#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "customer.form-received",
    version = "1.0",
    topic = "customers",
    key = "customer_id",
    starts = "customer",
    external
)]
pub struct CustomerForm {
    /// The customer.
    pub customer_id: u32,
    /// Where the customer lives now.
    pub country: String,
    /// Where the customer lived before; none for a new customer.
    pub old_country: Option<String>,
}

/// Somebody became a customer.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "customer.created", version = "1.0", topic = "customers", key = "customer_id")]
pub struct CustomerCreated {
    /// The customer.
    pub customer_id: u32,
    /// Where the customer lives.
    pub country: String,
}

/// A customer moved.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "customer.address-changed", version = "1.0", topic = "customers", key = "customer_id")]
pub struct CustomerAddressChanged {
    /// The customer.
    pub customer_id: u32,
    /// Where the customer lived.
    pub old_country: String,
    /// Where the customer lives now.
    pub new_country: String,
}
