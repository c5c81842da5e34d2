use clap::Args;

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The rule, as findings name it; none lists every rule.
    #[arg(value_name = "RULE_ID")]
    pub rule: Option<String>,
}
