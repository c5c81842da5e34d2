//! A schema registry with Confluent's REST API
//! (<https://docs.confluent.io/platform/current/schema-registry/develop/api.html>), and what is done with it.

mod answer;
mod client;
mod credentials;
mod file_secret;
mod one;
mod past;
mod plan;
mod pull;
mod push;
mod subjects;

pub use answer::{ErrorBody, Stored};
pub use client::{Client, Limits};
pub use credentials::Credentials;
pub use past::from_registry;

pub(crate) use client::segment;
pub(crate) use file_secret::{secret, variable};

use crate::Failure;
use crate::args::{Registry, RegistryAction, Server};
use crate::report::Report;

/// Does what was asked for.
///
/// # Errors
///
/// A [`Failure`] if the registry cannot be reached or refuses to answer, or if a file cannot be read.
pub fn run(args: &Registry) -> Result<Report, Failure> {
    match &args.action {
        RegistryAction::Check(args) => push::check(&client(&args.server)?, args),
        RegistryAction::Push(args) => push::push(&client(&args.server)?, args),
        RegistryAction::Pull(args) => pull::pull(&client(&args.server)?, args),
        RegistryAction::List(args) => one::list(&client(args)?),
        RegistryAction::Get(args) => one::get(&client(&args.server)?, args),
        RegistryAction::Delete(args) => one::delete(args, || client(&args.server)),
    }
}

fn client(server: &Server) -> Result<Client, Failure> {
    Client::new(&server.url, Credentials::from_environment()?, Limits::default())
}
