//! `choreograph topology …`: the choreography that manifests add up to.

mod asyncapi;
mod check;
mod convert;
mod drift;
mod gone;
mod graph;
pub(crate) mod inputs;
mod printed;

use crate::args::{Format, Topology, TopologyCommand};
use crate::{Failure, Output};

/// Does what is asked of the manifests.
///
/// # Errors
///
/// A [`Failure`] if a manifest cannot be read, or a document cannot be written.
pub fn run(args: &Topology, format: Format) -> Result<Output, Failure> {
    match &args.command {
        TopologyCommand::Check(args) => check::run(args).map(|report| Output::Report(Box::new(report))),
        TopologyCommand::Graph(args) => graph::run(args, format),
        TopologyCommand::Drift(args) => drift::run(args),
        TopologyCommand::Asyncapi(args) => asyncapi::run(args, format),
    }
}
