//! What can be asked of the command.

mod check;
mod diff;
mod dlq;
mod explain;
mod format;
mod moment;
mod observe;
mod registry;
mod shell;
mod topology;

pub use check::{Check, Level};
pub use diff::{Diff, DirectionArg, SemanticsArg};
pub use dlq::{
    Declared, Dlq, DlqCommand, DlqDiscard, DlqEdit, DlqExport, DlqList, DlqReplay, DlqShow, How, Overruled,
    State, Which,
};
pub use explain::Explain;
pub use format::Format;
pub use moment::Moment;
pub use observe::{Asked, Drift, Instances, Observe, Where};
pub use registry::{Contracts, Delete, Get, Pull, Registry, RegistryAction, Server, SubjectNames};
pub use shell::Completions;
pub use topology::{Asyncapi, Drawing, Graph, Topology, TopologyCheck, TopologyCommand};

use clap::{Parser, Subcommand};

/// Contracts of events, compared with their past, with each other and with a registry.
#[derive(Debug, Parser)]
#[command(name = "choreograph", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// How to print what was found, or what kept the command from an answer.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare two versions of a contract in both directions.
    Diff(Diff),
    /// Compare contracts with what was published, with each other and with what services emit.
    Check(Check),
    /// Check contracts with a schema registry, push them to it, or pull them from it.
    Registry(Registry),
    /// What services declare, joined: checked, drawn, and written as `AsyncAPI`.
    Topology(Topology),
    /// Watch: where every instance of every workflow is, with a page, for as long as it runs.
    Observe(Observe),
    /// Where one instance is, which step owes the next event, and what is wrong.
    Where(Where),
    /// List instances of workflows, those that changed last first.
    Instances(Instances),
    /// What steps set aside: listed, replayed once, edited, given up, exported.
    Dlq(Dlq),
    /// Explain a rule: how such a change breaks a team, and what to do instead.
    Explain(Explain),
    /// Print a script that completes the arguments of this command.
    Completions(Completions),
    /// Print the manual page.
    #[command(hide = true)]
    Man,
}

impl Command {
    /// What it is called, with the word of what it does with a registry, manifests or dead letters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Diff(_) => "diff",
            Self::Check(_) => "check",
            Self::Registry(args) => match args.action {
                RegistryAction::Check(_) => "registry check",
                RegistryAction::Push(_) => "registry push",
                RegistryAction::Pull(_) => "registry pull",
                RegistryAction::List(_) => "registry list",
                RegistryAction::Get(_) => "registry get",
                RegistryAction::Delete(_) => "registry delete",
            },
            Self::Topology(args) => match args.command {
                TopologyCommand::Check(_) => "topology check",
                TopologyCommand::Graph(_) => "topology graph",
                TopologyCommand::Asyncapi(_) => "topology asyncapi",
                TopologyCommand::Drift(_) => "topology drift",
            },
            Self::Observe(_) => "observe",
            Self::Where(_) => "where",
            Self::Instances(_) => "instances",
            Self::Dlq(_) => "dlq",
            Self::Explain(_) => "explain",
            Self::Completions(_) => "completions",
            Self::Man => "man",
        }
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  it holds: nothing was found, nothing is stuck
  1  findings: something is to be mended or is stuck, and the output says what
  2  wrong usage, or an input that cannot be read
  3  could not come to an answer (registry or observer away, observer blind, git ref missing); the message says the fix";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
