use std::fmt;
use std::path::PathBuf;

use choreograph_contracts::compat::Direction;
use clap::{Args, ValueEnum};

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder of contracts: `<event type>/<major>.<minor>.json`.
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    pub schemas: PathBuf,
    /// What was published: `git:REF`, `registry:URL` or a folder. Without it every version is compared with those
    /// beside it.
    #[arg(long, value_name = "git:REF|DIR|registry:URL")]
    pub against: Option<String>,
    /// What must hold between the versions of a major.
    #[arg(long, value_enum, ignore_case = true, default_value_t = Level::FullTransitive)]
    pub level: Level,
    /// Manifests of services: what their code emits must be what the files say.
    #[arg(long, value_name = "FILES", num_args = 1..)]
    pub manifests: Vec<PathBuf>,
}

/// What must hold between the versions of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// Nothing.
    None,
    /// Readers of a version read events of the one before it.
    Backward,
    /// Readers of a version read events of every one before it.
    BackwardTransitive,
    /// Readers of a version read events of the one after it.
    Forward,
    /// Readers of a version read events of every one after it.
    ForwardTransitive,
    /// Backward and forward.
    Full,
    /// Backward and forward, over all versions of a major.
    FullTransitive,
}

impl Level {
    /// The directions that must hold.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Self::None => &[],
            Self::Backward | Self::BackwardTransitive => &[Direction::Backward],
            Self::Forward | Self::ForwardTransitive => &[Direction::Forward],
            Self::Full | Self::FullTransitive => &[Direction::Backward, Direction::Forward],
        }
    }

    /// Whether a version is compared with all others of its major, and not only with its neighbours.
    pub fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }
}

/// As registries write it: `FULL_TRANSITIVE`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        })
    }
}
