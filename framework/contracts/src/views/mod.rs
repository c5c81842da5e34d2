//! The two views of one contract, made from the Rust type.
//!
//! The *writer* view is what the owner of an event may emit. It is closed: nothing that it does not declare.
//! It becomes the contract's file. The *reader* view is what a consumer needs. It is open: what it does not
//! declare passes. So the owner may add an optional field at any time, and every reader still reads.
//!
//! `schemars` writes the raw schemas. What it leaves out is added here:
//!
//! - `$id` stands on the root alone. On an inner type it would take that type's `$ref`s with it.
//! - Integers of 32 and 64 bits get `minimum` and `maximum`, for no validator reads `format: "uint64"`.
//! - Names that serde takes but `schemars` does not see are said by two extensions, written beside the serde
//!   attribute (see [below](#what-serde-takes-and-schemars-does-not-see)).
//!
//! # What serde takes and `schemars` does not see
//!
//! `schemars` ignores `#[serde(alias)]` and `#[serde(other)]`. Left so, a reader's check refuses what the
//! reader's struct would take. Say it twice, and the reader view takes it as well:
//!
//! | serde | beside it | the reader view then |
//! |---|---|---|
//! | `#[serde(alias = "sum")]` on a field | `#[schemars(extend("x-aliases" = ["sum"]))]` | declares each alias like the field; a required field may come under any of its names |
//! | `#[serde(alias = "void")]` on a unit variant | the same, on the variant | takes the alias as a value |
//! | `#[serde(other)]` on a variant | `#[schemars(extend("x-open-enum" = true))]` on the enum | takes any text where the variants are texts, any tag where they are tagged objects |
//!
//! An alias that is not said twice is refused by the check (never taken silently): as long as nobody emits the
//! old name, nothing is lost by that. Of an untagged enum nothing need be said.
//!
//! ```
//! use choreograph_contracts::views::{reader_schema, writer_schema};
//! use choreograph_contracts::{Contract, ContractId, Tape};
//!
//! #[derive(schemars::JsonSchema)]
//! struct OrderPlaced {
//!     order_id: String,
//!     #[schemars(extend("x-aliases" = ["sum"]))] // beside #[serde(alias = "sum")]
//!     total: u32,
//! }
//!
//! let id = ContractId::new("order.placed", 1, 0)?;
//! let writer = Contract::compile(&writer_schema::<OrderPlaced>(id))?;
//! let reader = Contract::compile(&reader_schema::<OrderPlaced>())?;
//! let mut tape = Tape::new();
//!
//! let newer = br#"{"order_id":"7","total":12,"coupon":"XMAS"}"#;
//! assert!(writer.check(&mut tape, newer).is_err());
//! assert!(reader.check(&mut tape, newer).is_ok());
//! assert!(reader.check(&mut tape, br#"{"order_id":"7","sum":12}"#).is_ok());
//! assert!(reader.check(&mut tape, br#"{"order_id":"7","total":4294967296}"#).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod bounds;
mod close;
pub(crate) mod names;
pub(crate) mod reach;

pub use close::close;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::ContractId;
use crate::schema::for_each_mut;

/// Lists further names of a field or variant; see the [module](self).
pub(crate) const ALIASES: &str = "x-aliases";
/// Marks an enum that may meet variants it does not know; see the [module](self).
pub(crate) const OPEN_ENUM: &str = "x-open-enum";

/// The writer view of `T` as the contract `id`: what `T` serialises to, closed by [`close`], with `id` as its
/// `$id`. This is what stands in the contract's file.
pub fn writer_schema<T: JsonSchema + ?Sized>(id: ContractId<'_>) -> Value {
    let mut schema = generated::<T>(SchemaSettings::draft2020_12().for_serialize());
    for_each_mut(&mut schema, &mut |object| {
        object.remove(ALIASES);
    });
    close(&mut schema);
    with_id(schema, id)
}

/// The reader view of `T`: what `T` deserialises from. Fields that it does not declare pass, unless `T` says
/// `#[serde(deny_unknown_fields)]`. It has no `$id`, for it is nobody's file.
pub fn reader_schema<T: JsonSchema + ?Sized>() -> Value {
    let mut schema = generated::<T>(SchemaSettings::draft2020_12().for_deserialize());
    names::take_aliases(&mut schema);
    names::open_enums(&mut schema);
    schema
}

fn generated<T: JsonSchema + ?Sized>(settings: SchemaSettings) -> Value {
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    for_each_mut(&mut schema, &mut |object| {
        object.remove("$id");
        bounds::bound_integers(object);
    });
    schema
}

/// `$schema` and `$id` first, as people expect them where the order of members is kept.
fn with_id(schema: Value, id: ContractId<'_>) -> Value {
    let Value::Object(mut members) = schema else { return schema };
    let mut ordered = Map::new();
    if let Some(dialect) = members.remove("$schema") {
        ordered.insert("$schema".to_owned(), dialect);
    }
    ordered.insert("$id".to_owned(), id.to_string().into());
    ordered.append(&mut members);
    Value::Object(ordered)
}

#[cfg(test)]
mod tests;
