//! Dead letters found, replayed once, edited, discarded and listed, straight on Kafka: no observer, no database.
//!
//! A step sets aside what it cannot handle on `<service>.<step>.dlq`. A person decides what becomes of it:
//!
//! - [`DeadLetters::list`], [`one`](DeadLetters::one) and [`look`](DeadLetters::look) read the topics to where they end now.
//! - [`DeadLetters::act`] replays to the retry topic of the step that failed, which no other step reads, or gives up; each
//!   dead letter **once**. The replayed record and its audit record on [`AUDIT_TOPIC`](choreograph::wire::AUDIT_TOPIC) are
//!   written in one transaction, so that a tool killed at any moment is simply run again.
//! - A dead letter itself is never changed or deleted. It is *open* as long as no audit record names it. A replayed record
//!   that fails again becomes another dead letter, with its own id.
//! - A program that [sets telemetry up](choreograph::telemetry::Telemetry::setup) sees each replay as a span
//!   `replay {topic}` with one `send {retry topic}` a record below it, and counts them as `workflow.replays`.
//!
//! ```no_run
//! use choreograph::settings::Settings;
//! use choreograph_dead_letters::{DeadLetters, Filter, Order, What};
//! use choreograph_topology::Manifest;
//!
//! let manifest = Manifest::read("payment.json", &std::fs::read("manifests/payment.json")?)?;
//! let letters = DeadLetters::open(&Settings::from_env()?, &[manifest])?;
//! let filter = Filter { steps: vec!["payment/charge".to_owned()], ..Filter::default() };
//! let chosen = letters.choose(&filter, &mut ())?;
//! let what = What::Replay { force: false };
//! let order = Order { by: "ada".to_owned(), what, dry_run: false, rate: None, unchecked: false, forgetful: false };
//! let report = letters.act(&chosen, &order, &mut ())?;
//! println!("{} replayed, {} had been before", report.done, report.already);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

mod act;
mod action;
mod again;
mod batch;
mod clock;
mod contracts;
mod dead_letters;
mod error;
mod filter;
mod kafka;
mod known;
mod letter;
mod limits;
mod list;
mod record;
mod refusal;
mod report;
mod retries;
mod spans;
mod watch;

pub use act::{Order, What};
pub use action::{Action, Deed};
pub use dead_letters::{Chosen, DeadLetters};
pub use error::Error;
pub use filter::Filter;
pub use letter::{DeadLetter, Omitted, Place};
pub use limits::*;
pub use list::{Cursor, Group, List};
pub use record::{Headers, Record};
pub use refusal::Refusal;
pub use report::Report;
pub use watch::{Progress, Stage, Watch};
