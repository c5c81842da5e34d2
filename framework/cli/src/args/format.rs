use clap::ValueEnum;

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// Stable, with a JSON Schema for each command.
    Json,
    /// Annotations of a GitHub Actions job.
    Github,
    /// `JUnit` XML, for the test report of a CI system.
    #[value(help = "JUnit XML, for the test report of a CI system")]
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Markdown, for a job's summary or a comment.
    Markdown,
}
