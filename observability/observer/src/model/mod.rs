//! The projection: it is told facts and answers questions. It has no I/O and no clock, so that every answer can be
//! told again from the same facts.
//!
//! # How it is told
//!
//! A driver calls, with its own clock as `now`:
//!
//! 1. [`Model::manifests`] with all that is declared, at the start and whenever that changes. From it follow
//!    [`Model::topics`] to read and [`Model::groups_wanted`] to ask about. New topics are read from
//!    [`Model::next_offset`] on, or from the log's start where that is `None`.
//! 2. [`Model::record`] for every record of these topics (headers only, read committed), and [`Model::read_to`] at each
//!    end of a partition with the offset at which reading goes on.
//! 3. About every two seconds [`Model::groups`] with committed offsets and the states of groups; when they are complete,
//!    [`Model::ends`] with the ends (high watermarks) of all partitions, fetched after that. In this order: only so do
//!    the ends make a [consistent cut](#the-consistent-cut). [`Model::ends_asked_for`] before they are fetched, and
//!    [`Model::topic_is_gone`], tell a topic that was made anew from the one of before.
//! 4. [`Model::unseen`] with the topics that cannot be read, and at the start [`Model::follows`] with the cluster's id.
//! 5. [`Model::tick`] after each round, and [`Model::problems`] with what it cannot see.
//!
//! # The consistent cut
//!
//! A step acknowledges its emits and its dead letter before it commits. So a committed offset proves that what has not
//! been seen does not exist, once everything was read up to ends that were fetched after it. Nothing is called done,
//! completed or lost before.
//!
//! # What it keeps
//!
//! An event in 96 bytes, an instance in about 200, nothing at all for a step that is done, and the steps at which an
//! instance is once for all instances that are at the same. [`ModelSettings`] has the bounds. At the bound of bytes or of instances, those that have ended and changed longest ago are forgotten first, then
//! those that have not, which [`Overview::problems`](crate::answer::Overview::problems) and a metric tell.
//!
//! ```
//! use choreograph_observer::answer::InstanceState;
//! use choreograph_observer::fact::{Committed, Ends, GroupState, Groups, PartitionEnds, Record};
//! use choreograph_observer::model::{Model, ModelSettings};
//! use choreograph_topology::Manifest;
//!
//! let shop = br#"{ "manifest": 1, "service": "shop", "steps": [{ "name": "sell", "group": "shop.sell",
//!     "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }],
//!     "emits": [{ "type": "order.sold", "version": "1.0", "topic": "orders", "terminal": true, "schema": true }] }] }"#;
//! let mut model = Model::new(ModelSettings::default());
//! model.manifests(&[Manifest::read("shop.json", shop)?], 0);
//! let record = |offset, headers| Record {
//!     topic: "orders", partition: 0, offset, timestamp: Some(1_000), key: Some(b"17".as_slice()), headers,
//!     value_bytes: 2, tombstone: false,
//! };
//! model.record(&record(0, &[("ce_id", "a"), ("ce_type", "order.placed.v1")]), 1_000);
//! assert_eq!(model.find("17", 1_000).items[0].state, InstanceState::Running);
//!
//! let effect = [("ce_id", "b"), ("ce_type", "order.sold.v1"), ("ce_source", "shop/sell"), ("ce_causationid", "a"),
//!     ("ce_correlationid", "a")];
//! model.record(&record(1, &effect), 1_100);
//! model.groups(&Groups {
//!     at: 2_000,
//!     committed: vec![Committed {
//!         group: "shop.sell".into(), topic: "orders".into(), partition: 0, offset: Some(2), progress: None,
//!     }],
//!     states: vec![("shop.sell".into(), GroupState::Stable)],
//! });
//! let orders = PartitionEnds { topic: "orders".into(), partition: 0, start: 0, end: 2 };
//! model.ends(&Ends { at: 2_001, partitions_at: 2_001, partitions: vec![orders] });
//! model.tick(2_002);
//! assert_eq!(model.find("17", 2_002).items[0].state, InstanceState::Completed);
//! # Ok::<(), choreograph_topology::ReadError>(())
//! ```

mod attempts;
mod cut;
mod deadlines;
mod declared;
mod drift;
mod failures;
mod filter;
mod flows;
mod gaps;
mod gauges;
mod groups;
mod head;
mod id;
mod kept;
mod kept_bytes;
mod keys;
mod letters;
mod list;
mod names;
mod one;
mod overview;
mod pair;
mod picture;
mod places;
mod rate;
mod repeats;
mod room;
mod runs;
mod save;
mod saving;
mod seats;
mod sentence;
mod set_aside;
mod sets;
mod settings;
mod slab;
mod standing;
mod state;
mod store;
mod take;
mod tally;
#[cfg(test)]
mod tests;
mod tick;
mod turns;
mod twins;
mod unknown;
mod words;
mod work;

pub use filter::{BadCursor, Cursor, DEFAULT_PAGE, FailureFilter, InstanceFilter, MAX_PAGE, Stuck};
pub use gauges::{Gauges, GroupGauge};
pub(crate) use kept_bytes::BadState;
pub use room::Forgotten;
pub(crate) use saving::{Beginning, Change, Key, Stamp, TooSlow};
pub use settings::{
    AUDIT_TOPIC, DEFAULT_DEADLINE_FLOOR_MS, DEFAULT_DRIFT_WINDOW_MS, DEFAULT_KEEP_FINISHED_MS,
    DEFAULT_MAX_BYTES, DEFAULT_MAX_DEAD_LETTERS, DEFAULT_MAX_EVENTS_OF_ONE, DEFAULT_MAX_INSTANCES,
    MAX_PROBLEMS, ModelSettings,
};
pub use state::Model;
pub use unknown::near_names;
