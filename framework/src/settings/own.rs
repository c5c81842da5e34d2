//! The framework's own settings, and the reading of all of them.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use super::error::Error;
use super::kafka::Kafka;
use super::nearest::nearest;
use super::otel::OpenTelemetry;
use super::registry::Registry;
use super::source::Source;
use super::value;

/// What the names of the framework's own variables begin with.
pub(super) const PREFIX: &str = "CHOREOGRAPH_";

/// What librdkafka takes `max.poll.interval.ms` to be where it is not set.
const DEFAULT_MAX_POLL_INTERVAL: Duration = Duration::from_mins(5);

/// Everything a service can be told from outside.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The Kafka client's properties.
    pub kafka: Kafka,
    /// Prefix of topics, groups and transactional ids; `None` for no prefix.
    pub namespace: Option<String>,
    /// Whether missing topics are created.
    pub create_topics: bool,
    /// Partitions of a topic that is created; `None` leaves it to the broker.
    pub topic_partitions: Option<u32>,
    /// Replicas of a topic that is created; `None` leaves it to the broker.
    pub topic_replication: Option<u16>,
    /// Where operators reach the service.
    pub ops: Ops,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Which log lines are written, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log_filter: String,
    /// How long leaving a partition, or ending, waits for what is under way.
    pub drain_deadline: Duration,
    /// A record with a longer value is refused before it is parsed.
    pub max_event_bytes: usize,
    /// Whether spans carry the record's key, which may be personal data.
    pub trace_keys: bool,
    /// A trace older than this is not continued but linked.
    pub trace_max_age: Duration,
    /// Of what spans are made.
    pub trace_detail: TraceDetail,
    /// The schema registry whose ids go out with events; `None` for none.
    pub registry: Option<Registry>,
    /// What the OpenTelemetry variables say.
    pub telemetry: OpenTelemetry,
}

/// Where operators reach the service over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ops {
    /// Nowhere.
    Off,
    /// At this address and no other; the start stops where it is taken. Port 0 takes any free port.
    At(SocketAddr),
    /// At [`Ops::DEFAULT_ADDRESS`], or on any free port of the loopback where that is taken.
    Default,
}

impl Ops {
    /// Loopback, and the port that the Prometheus exporter of OpenTelemetry has.
    pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
}

/// Of what spans are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceDetail {
    /// Of records, attempts, emits and dead letters, and of contracts that were broken.
    Normal,
    /// Of contracts that were kept too, and of what the step asks of its consumer: polls and commits.
    Full,
}

impl TraceDetail {
    /// Reads the name of the detail.
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "normal" => Ok(Self::Normal),
            "full" => Ok(Self::Full),
            _ => Err("legal: normal, full".to_owned()),
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: one readable line each.
    Human,
    /// For machines: one JSON object each.
    Json,
}

impl LogFormat {
    /// Reads the format's name.
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err("legal: human, json".to_owned()),
        }
    }
}

impl Settings {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// When a `CHOREOGRAPH_…` name is unknown or any value cannot be used: all problems at once.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(std::env::vars_os())
    }

    /// Reads `pairs` of names and values as if they were the environment. Files named by `…_FILE` are read.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_env`].
    pub fn read<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, Error>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        Self::read_source(&mut Source::new(pairs))
    }

    /// Reads `source`, which keeps the names it was asked for.
    pub(super) fn read_source(source: &mut Source) -> Result<Self, Error> {
        let settings = Self::take_from(source);
        source.check_drain_deadline(&settings);
        source.refuse_unknown();
        if source.problems.is_empty() {
            return Ok(settings);
        }
        let mut problems = std::mem::take(&mut source.problems);
        problems.sort_by(|one, other| one.name.cmp(&other.name));
        Err(Error { problems })
    }

    /// Takes every known variable out of `source`; what cannot be used is noted there and has its default.
    fn take_from(source: &mut Source) -> Self {
        /// Longer deadlines and ages than a day are mistakes.
        const DAY: Duration = Duration::from_hours(24);
        Self {
            namespace: source.parsed("CHOREOGRAPH_NAMESPACE", value::name),
            create_topics: source.parsed("CHOREOGRAPH_CREATE_TOPICS", value::boolean).unwrap_or(false),
            topic_partitions: source
                .parsed("CHOREOGRAPH_TOPIC_PARTITIONS", |text| value::number(text, 1, 10_000))
                .map(|number| number as u32),
            topic_replication: source
                .parsed("CHOREOGRAPH_TOPIC_REPLICATION", |text| value::number(text, 1, 100))
                .map(|number| number as u16),
            ops: source.parsed("CHOREOGRAPH_OPS_ADDRESS", value::ops).unwrap_or(Ops::Default),
            log_format: source.parsed("CHOREOGRAPH_LOG_FORMAT", LogFormat::parse).unwrap_or(LogFormat::Human),
            log_filter: source.parsed("CHOREOGRAPH_LOG", log_filter).unwrap_or_else(|| "info".to_owned()),
            drain_deadline: source
                .parsed("CHOREOGRAPH_DRAIN_DEADLINE", |text| value::duration(text, DAY))
                .unwrap_or(Duration::from_secs(25)),
            max_event_bytes: source
                .parsed("CHOREOGRAPH_MAX_EVENT_BYTES", |text| value::number(text, 1_024, 1_000_000_000))
                .unwrap_or(1_048_576) as usize,
            trace_keys: source.parsed("CHOREOGRAPH_TRACE_KEYS", value::boolean).unwrap_or(false),
            trace_max_age: source
                .parsed("CHOREOGRAPH_TRACE_MAX_AGE", |text| value::duration(text, DAY))
                .unwrap_or(Duration::from_mins(15)),
            trace_detail: source
                .parsed("CHOREOGRAPH_TRACE_DETAIL", TraceDetail::parse)
                .unwrap_or(TraceDetail::Normal),
            registry: Registry::read(source),
            telemetry: OpenTelemetry::read(source),
            kafka: Kafka::read(source),
        }
    }
}

/// Checks a log filter.
fn log_filter(text: &str) -> Result<String, String> {
    // To the filter a mistyped level is a module, of which it writes everything, and of all others nothing.
    let is_level = |part: &str| part.is_empty() || part.parse::<LevelFilter>().is_ok();
    let is_meant = |part: &str| part.contains(['=', '[', ']', ':']) || is_level(part.trim());
    let filter = tracing_subscriber::EnvFilter::try_new(text);
    if filter.is_ok() && text.split(',').all(is_meant) {
        return Ok(text.to_owned());
    }
    Err("legal: a level (off, error, warn, info, debug, trace), or levels by module, as info,my_service=debug"
        .to_owned())
}

impl Source {
    /// A group gives up on a member that does not answer a rebalance within the poll interval, so the
    /// drain must be over before.
    fn check_drain_deadline(&mut self, settings: &Settings) {
        let interval = settings
            .kafka
            .get("max.poll.interval.ms")
            .and_then(|text| text.parse().ok())
            .map_or(DEFAULT_MAX_POLL_INTERVAL, Duration::from_millis);
        if settings.drain_deadline >= interval {
            self.problem(
                "CHOREOGRAPH_DRAIN_DEADLINE",
                "the group would give the service up before it has drained",
                format!("legal: less than KAFKA_MAX_POLL_INTERVAL_MS, here {}ms", interval.as_millis()),
            );
        }
    }

    /// A mistyped name of ours would silently do nothing: each is a problem.
    fn refuse_unknown(&mut self) {
        for name in self.left(PREFIX) {
            let known = self.asked.iter().copied().filter(|known| known.starts_with(PREFIX));
            let legal = match nearest(&name, known.clone()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("legal: {}", known.collect::<Vec<_>>().join(", ")),
            };
            let shown = name.escape_debug().to_string();
            self.problem(&shown, "there is no such setting", legal);
        }
    }
}
