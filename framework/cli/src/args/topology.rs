use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Drift;

/// The arguments of `topology`.
#[derive(Debug, Args)]
pub struct Topology {
    /// What to do with the manifests.
    #[command(subcommand)]
    pub command: TopologyCommand,
}

/// What can be done with manifests.
#[derive(Debug, Subcommand)]
pub enum TopologyCommand {
    /// Check that services fit together, or whom a change of them breaks.
    Check(TopologyCheck),
    /// Draw the choreography.
    Graph(Graph),
    /// Write the choreography as `AsyncAPI` 3.0.
    Asyncapi(Asyncapi),
    /// Where what is declared and what is seen on Kafka differ, as a running observer tells it.
    Drift(Drift),
}

/// The arguments of `topology check`.
#[derive(Debug, Args)]
pub struct TopologyCheck {
    /// The manifests, as service binaries print them with `manifest`.
    #[arg(value_name = "MANIFEST", required_unless_present = "gone")]
    pub manifests: Vec<PathBuf>,
    /// The manifests of before: say only whom the change breaks. A service that only this set has goes on as it is, unless it is
    /// said to be gone.
    #[arg(long, value_name = "MANIFEST", num_args = 1..)]
    pub against: Vec<PathBuf>,
    /// The manifests are all there are: a service that only the set of `--against` has is gone.
    #[arg(long, requires = "against", conflicts_with = "gone")]
    pub complete: bool,
    /// Services of the set of `--against` that are gone.
    #[arg(long, value_name = "SERVICE", num_args = 1.., requires = "against")]
    pub gone: Vec<String>,
}

/// The arguments of `topology graph`.
#[derive(Debug, Args)]
pub struct Graph {
    /// The manifests, as service binaries print them with `manifest`.
    #[arg(value_name = "MANIFEST", required = true)]
    pub manifests: Vec<PathBuf>,
    /// As what to draw it [default: mermaid; json with `--format json`]
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub form: Option<Drawing>,
}

/// The forms of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    /// A Mermaid flowchart, for Markdown.
    Mermaid,
    /// A Graphviz graph.
    Dot,
    /// A picture that needs no other program.
    Svg,
    /// Nodes and edges, for programs.
    Json,
}

/// The arguments of `topology asyncapi`.
#[derive(Debug, Args)]
pub struct Asyncapi {
    /// The manifests, as service binaries print them with `manifest`.
    #[arg(value_name = "MANIFEST", required = true)]
    pub manifests: Vec<PathBuf>,
    /// Print the document of one service instead of that of the whole.
    #[arg(long, value_name = "NAME", conflicts_with = "into")]
    pub service: Option<String>,
    /// Write all documents into a folder: `asyncapi.json` of the whole, and `<service>.asyncapi.json` of each. Those of
    /// services that are gone are removed.
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
}
