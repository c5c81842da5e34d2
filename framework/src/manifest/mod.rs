//! What a service declares, as JSON: printed by its own binary, with no broker.

mod build;
mod model;

pub(crate) use build::DEAD_LETTER_SETTINGS;
pub use model::{
    Alternatives, ConsumedManifest, DeprecatedManifest, EmittedManifest, Manifest, RetryManifest,
    StepManifest, TopicManifest,
};
