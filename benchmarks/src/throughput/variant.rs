//! What is compared: who does the work, and how.

use clap::ValueEnum;
use serde::Serialize;

/// One way to do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Variant {
    /// (a): the expert's loop, typed.
    Expert,
    /// (a′): the expert's loop with JSON Schema.
    ExpertChecked,
    /// (a) where handling waits 1 ms.
    ExpertWaiting,
    /// (b0): the framework's step, contracts switched off.
    Unchecked,
    /// (b): the framework's step as teams run it, no workflow traced.
    Step,
    /// (c): a tenth of the workflows traced.
    Tenth,
    /// (d): every workflow traced.
    Traced,
    /// (d′): every workflow traced, and nobody who takes the spans.
    Away,
    /// (b) where handling waits 1 ms.
    Waiting,
}

impl Variant {
    /// The letter and name in the tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Expert => "(a) expert loop, typed",
            Self::ExpertChecked => "(a′) expert loop, `Value` + `jsonschema`",
            Self::ExpertWaiting => "(a) expert loop, each record waits 1 ms",
            Self::Unchecked => "(b0) step, contracts off",
            Self::Step => "(b) step, contracts, no spans",
            Self::Tenth => "(c) step, 10 % of workflows traced",
            Self::Traced => "(d) step, 100 % traced, exported",
            Self::Away => "(d′) step, 100 % traced, collector away",
            Self::Waiting => "(b) step, each record waits 1 ms",
        }
    }

    /// A short name, fit for a consumer group.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expert => "expert",
            Self::ExpertChecked => "expert-checked",
            Self::ExpertWaiting => "expert-waiting",
            Self::Unchecked => "unchecked",
            Self::Step => "step",
            Self::Tenth => "tenth",
            Self::Traced => "traced",
            Self::Away => "away",
            Self::Waiting => "waiting",
        }
    }

    /// Whether it is the framework's step.
    pub fn is_framework(self) -> bool {
        !matches!(self, Self::Expert | Self::ExpertChecked | Self::ExpertWaiting)
    }

    /// The share of workflows that are traced.
    pub fn traced(self) -> f64 {
        match self {
            Self::Tenth => 0.1,
            Self::Traced | Self::Away => 1.0,
            _ => 0.0,
        }
    }
}
