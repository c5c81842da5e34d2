use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::Level;

/// The arguments of `registry`.
#[derive(Debug, Args)]
#[command(after_help = SECRETS)]
pub struct Registry {
    /// What to do with the registry.
    #[command(subcommand)]
    pub action: RegistryAction,
}

const SECRETS: &str = "\
Secrets are read from the environment, or from the files that it names, and never printed:
  CHOREOGRAPH_REGISTRY_USER with CHOREOGRAPH_REGISTRY_PASSWORD or CHOREOGRAPH_REGISTRY_PASSWORD_FILE
  CHOREOGRAPH_REGISTRY_TOKEN or CHOREOGRAPH_REGISTRY_TOKEN_FILE          a bearer token
  CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE with CHOREOGRAPH_REGISTRY_KEY_FILE   a client certificate, PEM
  CHOREOGRAPH_REGISTRY_CA_FILE                                  whom to trust instead of the system's list, PEM";

/// What can be done with a registry.
#[derive(Debug, Subcommand)]
pub enum RegistryAction {
    /// Ask the registry whether it would take the contracts. Writes nothing.
    Check(Contracts),
    /// Register the contracts that the registry does not have, in the order of their versions.
    Push(Contracts),
    /// Write the contracts of the registry that the folder does not have.
    Pull(Pull),
    /// List subjects and their versions.
    List(Server),
    /// Print one schema.
    Get(Get),
    /// Delete a subject or one version of it, so that it can be restored (a soft delete).
    Delete(Delete),
}

/// Which registry.
#[derive(Debug, Args)]
pub struct Server {
    /// The address of the registry's API.
    #[arg(long, value_name = "URL")]
    pub url: String,
}

/// Contracts and their names in the registry.
#[derive(Debug, Args)]
pub struct Contracts {
    /// Which registry.
    #[command(flatten)]
    pub server: Server,
    /// The folder of contracts.
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    pub schemas: PathBuf,
    /// How subjects are named.
    #[arg(long, value_enum, default_value_t = SubjectNames::RecordName)]
    pub subjects: SubjectNames,
    /// What must hold between the versions of a major, whatever the registry asks for.
    #[arg(long, value_enum, ignore_case = true, default_value_t = Level::FullTransitive)]
    pub level: Level,
    /// Manifests of services: they know the topics, for names that begin with one.
    #[arg(long, value_name = "FILES", num_args = 1..)]
    pub manifests: Vec<PathBuf>,
}

/// How a subject is named. The record's name is the schema's `title`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SubjectNames {
    /// `OrderPlaced`
    RecordName,
    /// `orders-OrderPlaced`
    TopicRecordName,
}

/// The arguments of `registry pull`.
#[derive(Debug, Args)]
pub struct Pull {
    /// Which registry.
    #[command(flatten)]
    pub server: Server,
    /// The folder of contracts.
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    pub schemas: PathBuf,
}

/// The arguments of `registry get`.
#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false)]
pub struct Get {
    /// Which registry.
    #[command(flatten)]
    pub server: Server,
    /// By its number.
    #[arg(long, group = "which")]
    pub id: Option<u32>,
    /// By its GUID.
    #[arg(long, group = "which", value_parser = NonEmptyStringValueParser::new())]
    pub guid: Option<String>,
    /// The subject's latest version, or the one that `--version` says.
    #[arg(long, group = "which", value_parser = NonEmptyStringValueParser::new())]
    pub subject: Option<String>,
    /// Which version of the subject.
    #[arg(long, requires = "subject", value_name = "NUMBER")]
    pub version: Option<u32>,
}

/// The arguments of `registry delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// Which registry.
    #[command(flatten)]
    pub server: Server,
    /// The subject.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub subject: String,
    /// Only this version of it.
    #[arg(long, value_name = "NUMBER")]
    pub version: Option<u32>,
    /// Really.
    #[arg(long)]
    pub yes: bool,
}
