//! Log lines: one line each, for people or for machines, with the ids of the record they are about.

use std::fmt;
use std::time::SystemTime;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::trace::SdkTracer;
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::scope;
use crate::clock;
use crate::settings::LogFormat;

/// More of one field than this is cut, in bytes.
const MAX_FIELD: usize = 4096;

/// What ids are called in log lines; a field of such a name takes the place of the scope's own.
const IDS: [&str; 4] = ["trace_id", "workflow_id", "event_id", "workflow_step"];

/// Crates whose own spans must not be exported: they are at work while spans are exported.
const INTERNAL: [&str; 6] = ["h2", "hyper", "hyper_util", "opentelemetry", "opentelemetry_sdk", "tonic"];

/// Makes log lines on standard error, and spans of `tracer` from those of `tracing`. Does nothing where the
/// process has a subscriber already.
pub(super) fn install(format: LogFormat, filter: &str, tracer: Option<SdkTracer>) {
    // The filter was checked with the settings.
    let filter = EnvFilter::try_new(quietly(filter)).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Lines(format))
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .with_filter(filter);
    // An error means that somebody else has set a subscriber, which stays.
    let _already_set = tracing_subscriber::registry().with(tracer.map(spans)).with(lines).try_init();
}

/// `filter`, with OpenTelemetry's own accounts of itself left out where it does not ask for them.
fn quietly(filter: &str) -> String {
    match filter {
        "off" | "error" => filter.to_owned(),
        // What is said later about the same target counts.
        _ => format!("opentelemetry=warn,{filter}"),
    }
}

/// Turns spans of `tracing` at INFO and above into spans of `tracer`, below the one that is current.
pub(super) fn spans<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let internal = INTERNAL.iter().map(|name| (*name, LevelFilter::OFF));
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_filter(Targets::new().with_default(LevelFilter::INFO).with_targets(internal))
}

/// Formats one event as one line.
pub(super) struct Lines(pub(super) LogFormat);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        line.add_scope();
        let spans = context.event_scope().into_iter().flatten();
        for span in spans.collect::<Vec<_>>().into_iter().rev() {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>();
            line.spans.push((span.name(), fields.map_or_else(String::new, |fields| cut(&fields.fields))));
        }
        let metadata = event.metadata();
        let time =
            time::OffsetDateTime::from(SystemTime::from(clock::wall())).format(&Rfc3339).unwrap_or_default();
        match self.0 {
            LogFormat::Human => {
                write!(out, "{time} {:>5} {}: ", metadata.level(), metadata.target())?;
                line.write_human(&mut out)
            }
            LogFormat::Json => {
                let head = [
                    ("time", time),
                    ("level", metadata.level().to_string()),
                    ("target", metadata.target().to_owned()),
                ];
                writeln!(out, "{}", line.into_json(head))
            }
        }
    }
}

/// The parts of one line.
#[derive(Default)]
struct Line {
    message: String,
    fields: Vec<(&'static str, Value)>,
    /// The spans around it, outermost first, with their fields.
    spans: Vec<(&'static str, String)>,
}

impl Line {
    /// Adds the ids of the record whose handler speaks, where the event does not name its own.
    fn add_scope(&mut self) {
        let mut add = |name: &'static str, value: &dyn fmt::Display| {
            if !self.fields.iter().any(|(known, _)| *known == name) {
                self.fields.push((name, Value::String(value.to_string())));
            }
        };
        let span = Context::map_current(|context| context.span().span_context().clone());
        if span.is_valid() {
            add("trace_id", &span.trace_id());
        }
        scope::with_current(|ids| {
            let Some(ids) = ids else { return };
            if let Some(trace) = ids.trace {
                add("trace_id", &trace.trace_id());
            }
            add("workflow_id", &ids.record.workflow_id());
            add("event_id", &ids.record.event_id());
            add("workflow_step", &ids.step);
        });
    }

    /// `message key=value … span{fields}`, nothing but printable characters.
    fn write_human(&self, out: &mut Writer<'_>) -> fmt::Result {
        write_printable(out, &self.message)?;
        for (name, value) in &self.fields {
            write!(out, " {name}=")?;
            match value {
                Value::String(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
                    write!(out, "{text:?}")?;
                }
                Value::String(text) => write_printable(out, text)?,
                other => write!(out, "{other}")?,
            }
        }
        for (name, fields) in &self.spans {
            write!(out, " {name}{{")?;
            write_printable(out, fields)?;
            out.write_char('}')?;
        }
        writeln!(out)
    }

    /// One JSON object; control characters are escaped by JSON.
    fn into_json(self, head: [(&'static str, String); 3]) -> Value {
        let mut object = Map::new();
        for (name, value) in head {
            object.insert(name.to_owned(), Value::String(value));
        }
        object.insert("message".to_owned(), Value::String(self.message));
        let (ids, fields): (Vec<_>, Vec<_>) =
            self.fields.into_iter().partition(|(name, _)| IDS.contains(name));
        for (name, value) in ids {
            object.insert(name.to_owned(), value);
        }
        if !fields.is_empty() {
            let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            object.insert("fields".to_owned(), Value::Object(fields));
        }
        if !self.spans.is_empty() {
            let spans = self.spans.into_iter().map(|(name, fields)| {
                Value::Object(Map::from_iter([
                    ("name".to_owned(), Value::String(name.to_owned())),
                    ("fields".to_owned(), Value::String(fields)),
                ]))
            });
            object.insert("spans".to_owned(), Value::Array(spans.collect()));
        }
        Value::Object(object)
    }

    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::String(cut(&format!("{value:?}"))));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::String(cut(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}

/// At most [`MAX_FIELD`] bytes of `text`.
fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_FIELD);
    if end == text.len() { text.to_owned() } else { format!("{}…", &text[..end]) }
}

/// Writes `text` on one line: control characters, and those that turn the direction of text, are escaped.
fn write_printable(out: &mut Writer<'_>, text: &str) -> fmt::Result {
    let unsafe_here =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    for c in text.chars() {
        if unsafe_here(c) {
            write!(out, "{}", c.escape_default())?;
        } else {
            out.write_char(c)?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A writer that keeps what it is given.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged while `act` runs.
    pub(crate) fn logged(format: LogFormat, act: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt::layer()
            .event_format(Lines(format))
            .with_ansi(false)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), act);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const HOSTILE: &str = "\u{1b}[2J\r\nERROR forged \u{202e}x";

    #[test]
    fn hostile_text_stays_on_its_line() {
        let act = || {
            let span = tracing::info_span!("outer", given = HOSTILE);
            let _entered = span.enter();
            tracing::info!(id = HOSTILE, shown = %HOSTILE, debugged = ?HOSTILE, "told: {HOSTILE}");
        };
        for format in [LogFormat::Human, LogFormat::Json] {
            let text = logged(format, act);
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(!text.trim_end().contains(|c: char| c.is_control()), "{text:?}");
        }
        let human = logged(LogFormat::Human, act);
        assert!(human.contains(r"\u{1b}[2J\r\nERROR forged \u{202e}x"), "{human}");
    }

    #[test]
    fn json_has_ids_on_top_and_fields_below() {
        let text = logged(LogFormat::Json, || {
            tracing::warn!(target: "shop", workflow_id = "w-1", count = 3_u64, fine = true, "slow");
        });
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["level"], "WARN");
        assert_eq!(value["target"], "shop");
        assert_eq!(value["message"], "slow");
        assert_eq!(value["workflow_id"], "w-1");
        assert_eq!(value["fields"], serde_json::json!({"count": 3, "fine": true}));
        assert!(value.get("spans").is_none());
    }

    #[test]
    fn long_fields_are_cut() {
        let text = logged(LogFormat::Human, || tracing::info!(long = "ä".repeat(MAX_FIELD), "told"));
        assert!(text.len() < MAX_FIELD + 200);
    }
}
