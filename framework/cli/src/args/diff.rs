use std::path::PathBuf;

use choreograph_contracts::compat::{Direction, Semantics};
use clap::{Args, ValueEnum};

/// The arguments of `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The older schema.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The newer schema.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// What the schemas stand for.
    #[arg(long, value_enum, default_value_t = SemanticsArg::Contract)]
    pub semantics: SemanticsArg,
    /// Which direction must hold.
    #[arg(long, value_enum, default_value_t = DirectionArg::Full)]
    pub direction: DirectionArg,
}

/// What two schemas stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SemanticsArg {
    /// Writers are closed, readers are open: nobody emits what is not declared, unknown fields pass.
    Contract,
    /// JSON Schema as it stands.
    Plain,
}

impl From<SemanticsArg> for Semantics {
    fn from(arg: SemanticsArg) -> Self {
        match arg {
            SemanticsArg::Contract => Self::Contract,
            SemanticsArg::Plain => Self::Plain,
        }
    }
}

/// Which direction of a change must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DirectionArg {
    /// New readers read old events.
    Backward,
    /// Old readers read new events.
    Forward,
    /// Both.
    Full,
}

impl DirectionArg {
    /// The directions that it stands for.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Self::Backward => &[Direction::Backward],
            Self::Forward => &[Direction::Forward],
            Self::Full => &[Direction::Backward, Direction::Forward],
        }
    }
}
