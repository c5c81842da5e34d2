//! The command `choreograph`: it stops a break of a contract before a message fails.
//!
//! - [`args`] is what can be asked, [`exit`] what the exit codes mean.
//! - Each command is a module that turns its arguments into a [`report::Report`]: findings with their places, a
//!   summary, and the command's own JSON. It prints nothing.
//! - [`format`](mod@format) turns any report into text, JSON, GitHub annotations, `JUnit`, SARIF or Markdown.
//! - What kept a command from its answer is a [`Failure`], with its exit code and what to do.
//!
//! The library is there to be tested and to be linked by the binary; it promises nothing to other crates.
//!
//! ```
//! use choreograph_cli::{Console, Exit, run};
//!
//! let (mut out, mut errors) = (Vec::new(), Vec::new());
//! let mut console = Console::new(&mut out, &mut errors);
//! assert_eq!(run(["choreograph", "explain", "CONTRACT_MUTATED"], &mut console), Exit::Holds);
//! assert!(String::from_utf8(out)?.starts_with("CONTRACT_MUTATED"));
//! # Ok::<(), std::string::FromUtf8Error>(())
//! ```

#![deny(missing_docs)]

pub mod args;
pub mod check;
mod console;
pub mod diff;
pub mod dlq;
pub mod exit;
pub mod explain;
mod failure;
pub mod format;
pub mod input;
pub mod instances;
mod limits;
pub mod locate;
pub mod observe;
mod observer;
pub mod past;
pub mod registry;
pub mod report;
pub mod rules;
mod run;
mod shell;
pub mod topology;

pub use console::Console;
pub use exit::Exit;
pub use failure::{Failure, Problem};
pub use limits::*;
pub use run::{Output, main, run};
