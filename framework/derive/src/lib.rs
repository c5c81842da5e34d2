//! Derive macros of [choreograph](https://docs.rs/choreograph): `Event`, `Emits`, `Consumes`.
//!
//! A service depends on `choreograph`, which re-exports these macros beside the traits of the same names; the
//! generated code names every item by its full path `::choreograph::…`. A macro here reads data types only:
//! functions are never rewritten and nothing is registered globally.

#![deny(missing_docs)]

mod attributes;
mod consumes;
mod deprecated;
mod emits;
mod event;
mod json_name;
mod names;
mod serde_attribute;
mod upcast;
mod variants;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct an event.
///
/// An event that the service **owns** says its type, version, topic and key:
///
/// ```text
/// #[derive(Event, Serialize, Deserialize, JsonSchema)]
/// #[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
/// struct PaymentConfirmed { order_id: String, cents: u64 }
/// ```
///
/// A **view** describes the part of somebody else's event that this service needs:
///
/// ```text
/// #[derive(Event, Deserialize, JsonSchema)]
/// #[event(view, type = "order.placed", major = 1, topic = "orders")]
/// struct OrderPlaced { order_id: String }
/// ```
///
/// | name | on | meaning |
/// |---|---|---|
/// | `type = "order.placed"` | both | the event's type without its major: lower-case words joined by dots |
/// | `topic = "orders"` | both | the topic it is on, without the namespace |
/// | `version = "1.0"` | owned | major and minor of its contract |
/// | `key = "order_id"` | owned | the field whose text is the record's key: always written, as it is |
/// | `subject = "invoice"` | owned, optional | the field written to `ce_subject`, where the business key is another than the record's: `choreograph where` finds by it; left out where it is absent or empty |
/// | `starts = "order"` | owned, optional | the workflow that this event starts |
/// | `terminal` | owned, optional | after it a workflow owes nothing |
/// | `external` | both, optional | it comes from outside the choreography: from a customer, or a system without a manifest |
/// | `outbound` | owned, optional | it is read outside the choreography, so that no service needs to consume it |
/// | `upcast(1 = from_v1)` | both, optional | reads older majors: a function for each step from one major to the next, up to the event's own |
/// | `also = PaymentConfirmedV1` | owned, optional | the same fact is written in an older major too: that event, made with `From<&Self>` |
/// | `deprecated`, `deprecated(from = "2026-01-31", sunset = "2026-12-31", migration = "https://…")` | owned, optional | readers are to move to another event or major |
/// | `view` | view | this type belongs to somebody else |
/// | `major = 1` | view | the major that the view reads |
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    event::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum the alternatives that a step emits: each variant holds one event, or anything else that `Emits`.
///
/// ```text
/// #[derive(Emits)]
/// enum Payment { Confirmed(PaymentConfirmed), Declined(PaymentDeclined) }
/// ```
///
/// A unit variant emits nothing.
#[proc_macro_derive(Emits)]
pub fn derive_emits(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    emits::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum the event types that one step consumes: each variant holds one event.
///
/// ```text
/// #[derive(Consumes)]
/// enum OrderEvent { Placed(OrderPlaced), Paid(PaymentConfirmed) }
/// ```
#[proc_macro_derive(Consumes)]
pub fn derive_consumes(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    consumes::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
