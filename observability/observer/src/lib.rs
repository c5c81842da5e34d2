//! The observer: where every instance of a workflow is, told from topics and committed offsets alone.
//!
//! It directs nothing and holds no authority: it joins no group, writes to no topic that a step reads, and nothing
//! stops when it is killed.
//!
//! - [`fact`]: what it is told. Records, committed offsets, states of groups, manifests, each with the time.
//! - [`model`]: what it makes of that: a projection with neither I/O nor a clock.
//! - [`answer`]: what it tells. The JSON of its HTTP interface, which the page and the command share.
//! - [`Observer`]: the whole, running: a driver that follows Kafka, the HTTP interface with the page ([`http`]), and the
//!   state on disk.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use choreograph::settings::Settings;
//! use choreograph_observer::{Observer, Options};
//!
//! let mut options = Options::new(Settings::from_env()?);
//! options.manifests = vec!["manifests".into()];
//! let observer = Observer::start(&options)?;
//! println!("http://{}", observer.address());
//! while !observer.wait(Duration::from_secs(1)) {}
//! observer.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

pub mod answer;
mod clock;
pub mod fact;
pub mod follow;
pub mod http;
mod manifests;
pub mod model;
mod observer;
mod options;
mod shared;
mod state_file;
mod state_folder;
#[cfg(test)]
mod test_disk;

pub use manifests::read_manifests;
pub use observer::{Observer, StartError, look_once, look_until};
pub use options::Options;
pub use shared::Shared;
pub use state_file::Saved;
pub use state_folder::StateFolder;
