//! Schemas of event types, 2020-12: what a reader accepts and what a writer emits.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// What a type accepts when it is read.
pub(crate) fn reader<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>()
}

/// What a type looks like when it is written.
pub(crate) fn writer<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
