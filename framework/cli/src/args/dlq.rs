use std::num::NonZeroU32;
use std::path::PathBuf;

use choreograph_dead_letters::Cursor;
use clap::{Args, Subcommand};

use super::moment::{Moment, moment};

/// The arguments of `dlq`.
#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub struct Dlq {
    /// What to do with dead letters.
    #[command(subcommand)]
    pub command: DlqCommand,
}

const ENVIRONMENT: &str = "\
Where Kafka is and how to talk to it is read from the environment, as services do:
  KAFKA_BOOTSTRAP_SERVERS, every property of librdkafka as KAFKA_…, and CHOREOGRAPH_NAMESPACE";

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// List dead letters, newest first. Exits with 1 where open ones are among them.
    List(DlqList),
    /// Show one dead letter: headers, violations, what was done with it.
    Show(DlqShow),
    /// Send dead letters to the step that failed once more, each once.
    Replay(DlqReplay),
    /// Send one dead letter to the step that failed once more, with another value.
    Edit(DlqEdit),
    /// Give dead letters up.
    Discard(DlqDiscard),
    /// Write dead letters as lines of JSON.
    Export(DlqExport),
}

/// Which services there are.
#[derive(Debug, Args)]
pub struct Declared {
    /// The services' manifests, files and folders of them: their dead-letter topics are looked at, and replays are
    /// checked against what their steps read. Without: every topic of the namespace that is named
    /// `<service>.<step>.dlq`, and nothing can be checked.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub manifests: Vec<PathBuf>,
}

/// Which dead letters.
#[derive(Debug, Args)]
pub struct Which {
    /// By their ids.
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<uuid::Uuid>,
    /// By the reason: `contract_violation`, `retries_exhausted`, …
    #[arg(long = "reason", value_name = "WORD")]
    pub reasons: Vec<String>,
    /// By the step that set them aside.
    #[arg(long = "step", value_name = "SERVICE/STEP")]
    pub steps: Vec<String>,
    /// By the event's type, with its major (`order.placed.v1`) or without.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Set aside at this time (RFC 3339) or later, or no longer ago than this (`90s`, `30m`, `2h`, `7d`).
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Moment>,
    /// Set aside before this time, or longer ago than this.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Moment>,
    /// By a text in the error, the violations or the key; with `--payloads` in the value too.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// By the workflow instance.
    #[arg(long, value_name = "ID")]
    pub instance: Option<String>,
    /// Look into values, and print them where something is printed.
    #[arg(long)]
    pub payloads: bool,
}

/// Which of them, by what became of them.
#[derive(Debug, Args)]
pub struct State {
    /// Only those that nobody has replayed or discarded: the default.
    #[arg(long, conflicts_with = "all")]
    pub open: bool,
    /// The others too.
    #[arg(long)]
    pub all: bool,
}

/// The arguments of `dlq list`.
#[derive(Debug, Args)]
pub struct DlqList {
    /// Which services there are.
    #[command(flatten)]
    pub declared: Declared,
    /// Which dead letters.
    #[command(flatten)]
    pub which: Which,
    /// Which of them.
    #[command(flatten)]
    pub state: State,
    /// Count them by step, reason and error instead.
    #[arg(long)]
    pub group: bool,
    /// How many to show, at most 1000.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Go on where a list ended.
    #[arg(long)]
    pub cursor: Option<Cursor>,
}

/// The arguments of `dlq show`.
#[derive(Debug, Args)]
pub struct DlqShow {
    /// The dead letter's id.
    pub id: uuid::Uuid,
    /// Which services there are.
    #[command(flatten)]
    pub declared: Declared,
    /// Print the value too.
    #[arg(long)]
    pub payloads: bool,
}

/// How to act.
#[derive(Debug, Args)]
pub struct How {
    /// Who asks for it, for the audit topic [default: the environment's USER]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Create the audit topic where it is missing.
    #[arg(long)]
    pub create_topics: bool,
}

/// What of the checks before a replay is overruled.
#[derive(Debug, Args)]
pub struct Overruled {
    /// Also what was replayed too often, or what the step would not take.
    #[arg(long)]
    pub force: bool,
    /// Without manifests: also what nothing was held against.
    #[arg(long, conflicts_with = "manifests")]
    pub unchecked: bool,
    /// Although the audit topic does not keep everything: what was replayed before may be replayed again.
    #[arg(long)]
    pub forgetful: bool,
}

/// The arguments of `dlq replay`.
#[derive(Debug, Args)]
pub struct DlqReplay {
    /// Which services there are.
    #[command(flatten)]
    pub declared: Declared,
    /// Which dead letters.
    #[command(flatten)]
    pub which: Which,
    /// All that are open.
    #[arg(long)]
    pub open: bool,
    /// How to act.
    #[command(flatten)]
    pub how: How,
    /// At most so many a second.
    #[arg(long, value_name = "NUMBER")]
    pub rate: Option<NonZeroU32>,
    /// What of the checks is overruled.
    #[command(flatten)]
    pub overruled: Overruled,
    /// Do not ask, however many they are.
    #[arg(long)]
    pub yes: bool,
}

/// The arguments of `dlq edit`.
#[derive(Debug, Args)]
pub struct DlqEdit {
    /// The dead letter's id.
    pub id: uuid::Uuid,
    /// Which services there are.
    #[command(flatten)]
    pub declared: Declared,
    /// How to act.
    #[command(flatten)]
    pub how: How,
    /// The new value, instead of asking the editor that the environment's VISUAL or EDITOR names.
    #[arg(long, value_name = "FILE")]
    pub value: Option<PathBuf>,
    /// What of the checks is overruled.
    #[command(flatten)]
    pub overruled: Overruled,
}

/// The arguments of `dlq discard`.
#[derive(Debug, Args)]
pub struct DlqDiscard {
    /// Which services there are.
    #[command(flatten)]
    pub declared: Declared,
    /// Which dead letters.
    #[command(flatten)]
    pub which: Which,
    /// All that are open.
    #[arg(long)]
    pub open: bool,
    /// Why they are given up, for the audit topic.
    #[arg(long, value_name = "TEXT")]
    pub because: String,
    /// How to act.
    #[command(flatten)]
    pub how: How,
    /// Do not ask, however many they are.
    #[arg(long)]
    pub yes: bool,
}

/// The arguments of `dlq export`.
#[derive(Debug, Args)]
pub struct DlqExport {
    /// Which services there are.
    #[command(flatten)]
    pub declared: Declared,
    /// Which dead letters.
    #[command(flatten)]
    pub which: Which,
    /// Which of them.
    #[command(flatten)]
    pub state: State,
    /// The file to write, which must not be there yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
}
