use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// The arguments of `observe`.
#[derive(Debug, Args)]
#[command(after_help = OBSERVE)]
pub struct Observe {
    /// The manifests, as service binaries print them with `manifest`: files, and folders of them. They are read again
    /// when they change.
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    pub manifests: Vec<PathBuf>,
    /// Where to answer; port 0 takes any free one. An address that others reach needs a token.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4747")]
    pub listen: SocketAddr,
    /// A name by which the observer may be asked, besides localhost and addresses.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// The folder for what is known, so that a restart goes on where this run ended.
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
    /// How long instances that have ended are kept, as 90s, 15m, 12h or 7d.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "7d")]
    pub keep_finished: Duration,
    /// Where a trace can be looked at; `{trace}` stands for its id.
    #[arg(long, value_name = "URL")]
    pub trace_url: Option<String>,
    /// Show the values of events to whoever asks for one.
    #[arg(long)]
    pub payloads: bool,
    /// Let whoever knows the token replay and discard dead letters from the page. Needs the rights to write that `dlq`
    /// needs.
    #[arg(long)]
    pub allow_actions: bool,
}

const OBSERVE: &str = "\
Kafka and the namespace are read from the environment, as a service reads them: KAFKA_BOOTSTRAP_SERVERS, KAFKA_…,
CHOREOGRAPH_NAMESPACE. Whoever asks for anything but /live and /ready must know the token, if there is one:
  CHOREOGRAPH_OBSERVER_TOKEN or CHOREOGRAPH_OBSERVER_TOKEN_FILE   as a bearer token, or as the password of any user";

/// Which observer is asked.
#[derive(Debug, Args)]
#[command(after_help = ASKED)]
pub struct Asked {
    /// The address of a running observer
    #[arg(long, value_name = "URL", help = OBSERVER)]
    pub observer: Option<String>,
}

const OBSERVER: &str =
    "The address of a running observer [default: what CHOREOGRAPH_OBSERVER says, else http://127.0.0.1:4747]";

const REASON: &str = "That stand still for this reason, at --step or at any: no_consumer, not_progressing, backlog, \
                      retrying, dead_letter, lost; waiting_join and outbox, which nothing says yet";

const ASKED: &str = "\
The token of an observer that wants one is read from the environment:
  CHOREOGRAPH_OBSERVER_TOKEN or CHOREOGRAPH_OBSERVER_TOKEN_FILE

Exit codes: 0 nothing that was found is stuck; 1 something is (failed and not given up, lost or stalled; `instances`: a
side step of it too, at --step that step alone); 2 wrong usage; 3 no answer, or nothing stuck was found by an observer
that still reads what is there, or whose newest look is older than 30 s.";

/// The arguments of `where`.
#[derive(Debug, Args)]
pub struct Where {
    /// The id of a workflow, its business key, or the id of any of its events.
    #[arg(value_name = "ID|KEY")]
    pub text: String,
    /// Go on until it has ended or is stuck, and print whenever something changed.
    #[arg(long)]
    pub watch: bool,
    /// Manifests, to find out without an observer: what is on Kafka is read, and answered from. An instance that waits
    /// longer than it may is watched for up to 40 s, to find out why.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["watch", "observer"])]
    pub manifests: Vec<PathBuf>,
    /// Which observer is asked.
    #[command(flatten)]
    pub asked: Asked,
}

/// The arguments of `instances`.
#[derive(Debug, Args)]
pub struct Instances {
    /// Of this workflow.
    #[arg(long, value_name = "NAME")]
    pub workflow: Option<String>,
    /// In one of these states: failed, lost, stalled, completed, running.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub state: Vec<String>,
    /// To which this step owes something, or which it has failed: `service/step`, on their way or beside it.
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// That stand still for this reason.
    #[arg(long, value_name = "REASON", help = REASON)]
    pub reason: Option<String>,
    /// With at least so many attempts at one of their events.
    #[arg(long, value_name = "NUMBER")]
    pub attempt: Option<u32>,
    /// With this text in the error of a dead letter.
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,
    /// Started at least so long ago, as 90s, 15m, 12h or 7d.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub older: Option<Duration>,
    /// With this business key.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// How many to list.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Go on behind the page that said so.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
    /// Which observer is asked.
    #[command(flatten)]
    pub asked: Asked,
}

/// The arguments of `topology drift`.
#[derive(Debug, Args)]
pub struct Drift {
    /// Which observer is asked.
    #[command(flatten)]
    pub asked: Asked,
}

/// Reads a whole number with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let legal = || "a whole number with its unit, as 90s, 15m, 12h or 7d".to_owned();
    let unit = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(legal)?;
    let (amount, unit) = text.split_at(unit);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(legal()),
    };
    let amount: u64 = amount.parse().map_err(|_| legal())?;
    amount.checked_mul(seconds).map(Duration::from_secs).ok_or_else(legal)
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn a_duration_is_a_number_with_its_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Ok(Duration::from_hours(7 * 24)));
        for wrong in ["", "7", "d", "-1s", "1w", "1.5h", "99999999999999999999d", "18446744073709551615d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
