//! Processes of the test's own, which never outlive it.
//!
//! Each is the leader of a process group. The group is killed on drop, thus also when a test panics. When
//! the test's process itself is killed nothing of it runs any more: for that each has a watchdog, a small
//! shell that waits for the end of its standard input and then kills the group.
//!
//! A test that needs a service as a process usually starts itself again: see [`this_test`].

mod again;
mod group;
mod guard;
mod service;
mod tail;

pub use again::{role, this_test};
pub use service::{Service, ServiceError};

pub(crate) use group::{Leader, Signal};
pub(crate) use guard::Guard;
pub(crate) use tail::tail;
