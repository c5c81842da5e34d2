//! What operators reach over HTTP: `/live`, `/ready` and `/metrics`.
//!
//! A step writes what happens to it into its [`StepHealth`]; [`Health`] judges all of them by law 9 when it is
//! asked. [`serve`] answers over HTTP, by default on the loopback alone. There is nothing to write to, so there
//! is nothing to protect but reading: on the loopback a request must also name the loopback as its host, else a
//! page in the operator's browser could read it through a name that it points at 127.0.0.1 (DNS rebinding).
//!
//! A service that serves a page of its own, with axum, bounds and guards it alike: [`Bounded`] accepts so many connections
//! and closes idle and slow ones, [`only_loopback_names`] refuses other hosts.
//!
//! ```
//! use choreograph::ops::Health;
//!
//! let health = Health::new();
//! let charge = health.step("payment/charge");
//! assert_eq!(health.report().ready, false);
//!
//! charge.turned();
//! charge.update(|state| {
//!     state.group_joined = true;
//!     state.producer_reached = true;
//! });
//! assert!(health.report().ready);
//! ```

mod connection;
mod health;
mod host;
mod http;
mod verdict;

pub use connection::{Bounded, Connection, MAX_HEAD, MAX_IDLE};
pub use health::{Health, LostRange, Missing, Outage, StepHealth, StepState};
pub use host::only_loopback_names;
pub use http::{ServeError, Server, serve};
pub use verdict::{MAX_SILENCE, Report, StepReport};
