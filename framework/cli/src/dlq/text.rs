//! Dead letters and reports for a person. What comes from records is cleaned of what a terminal would obey.

use std::fmt::Write as _;

use choreograph::wire::header;
use choreograph_dead_letters::{Action, DeadLetter, Deed, List, Report};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::format::{clean_lines, one_line, shortened};
use crate::{MAX_SHOWN_LINE, MAX_SHOWN_PROBLEMS};

/// The longest value that a person is shown, in characters; `export` writes all of it.
const MAX_SHOWN_VALUE: usize = 100_000;

/// Milliseconds since the Unix epoch as RFC 3339, to the second.
fn time(at: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at.div_euclid(1_000));
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| at.to_string())
}

/// A text of a record in one line of a bounded length.
fn line(text: &str) -> String {
    shortened(&one_line(text), MAX_SHOWN_LINE)
}

fn done(action: &Action) -> String {
    format!("{} by {} at {}, action {}", action.deed.word(), line(&action.by), time(action.at), action.id)
}

/// Writing to a `String` cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {{ let _ignored = writeln!($out, $($format)*); }};
}

/// A page, one by one.
pub(super) fn list(list: &List, payloads: bool) -> String {
    let mut out = String::new();
    for letter in &list.letters {
        let key = letter.key().map(|key| format!("  key {}", line(&key))).unwrap_or_default();
        let event = line(letter.event_type.as_deref().unwrap_or("(no type)"));
        put!(
            out,
            "{}  {}  {}  {}  {event}{key}",
            letter.id,
            time(letter.at()),
            line(&letter.source()),
            line(&letter.reason)
        );
        put!(out, "    {}", line(&letter.error));
        for action in &letter.actions {
            put!(out, "    {}", done(action));
        }
        if payloads {
            put!(out, "    {}", line(&value(letter)));
        }
    }
    ending(list, list.letters.len() as u64, &mut out);
    out
}

/// Counted by step, reason and error.
pub(super) fn groups(list: &List) -> String {
    let mut out = String::new();
    for group in &list.groups {
        let (step, reason) = (line(&group.step), line(&group.reason));
        put!(out, "{:>7}  {step}  {reason}  {} to {}", group.count, time(group.oldest), time(group.newest));
        put!(out, "         {}", line(&group.error));
    }
    ending(list, list.total, &mut out);
    out
}

fn ending(list: &List, shown: u64, out: &mut String) {
    let closed = list.total - list.open;
    let closed = if closed > 0 { format!(", {closed} replayed or discarded") } else { String::new() };
    put!(out, "{} open{closed}", counted(list.open, "dead letter"));
    if let Some(next) = &list.next.as_ref().filter(|_| shown < list.total) {
        put!(out, "{shown} of {} shown; the next with --cursor '{next}'", list.total);
    }
    if list.strangers > 0 {
        put!(
            out,
            "{} on dead-letter topics are no dead letters of a step",
            counted(list.strangers, "record")
        );
    }
}

/// All of one.
pub(super) fn whole(letter: &DeadLetter, payloads: bool) -> String {
    let mut out = String::new();
    put!(out, "dead letter {}  ({})", letter.id, if letter.is_open() { "open" } else { "closed" });
    put!(out, "  step      {}", line(&letter.source()));
    put!(out, "  reason    {}", line(&letter.reason));
    put!(out, "  error     {}", one_line(&letter.error));
    put!(
        out,
        "  set aside {}, attempt {}, replayed {} before",
        time(letter.at()),
        letter.attempts,
        times(letter.replays)
    );
    put!(out, "  lies at   {}", one_line(&letter.place().to_string()));
    if let Some(origin) = &letter.origin {
        put!(out, "  came from {}", one_line(&origin.to_string()));
    }
    if let Some(omitted) = &letter.omitted {
        let size = of_bytes(omitted.size);
        put!(
            out,
            "  value     {size}, too large for a dead letter: a replay fetches it from where it came from"
        );
    }
    if letter.omits_key() {
        let size = letter.record.text(header::DLQ_KEY_SIZE).and_then(|size| size.parse().ok());
        let size = of_bytes(size);
        put!(out, "  key       {size}, left out as well: a replay fetches it from there too");
    }
    for action in &letter.actions {
        put!(out, "  {}", done(action));
    }
    violations(letter, &mut out);
    put!(out, "headers");
    for (name, value) in &letter.record.headers {
        let value = value.as_deref().map_or_else(|| "(null)".into(), String::from_utf8_lossy);
        put!(out, "  {}: {}", line(name), one_line(&value));
    }
    if payloads {
        put!(out, "value\n{}", clean_lines(&shortened(&value(letter), MAX_SHOWN_VALUE)));
    }
    out
}

fn of_bytes(size: Option<u64>) -> String {
    size.map_or_else(|| "of unknown size".to_owned(), |size| format!("of {size} bytes"))
}

fn violations(letter: &DeadLetter, out: &mut String) {
    let text = letter.record.text(header::DLQ_VIOLATIONS).unwrap_or_default();
    let Ok(serde_json::Value::Array(violations)) = serde_json::from_str(text) else { return };
    put!(out, "violations");
    for violation in violations.iter().take(MAX_SHOWN_PROBLEMS) {
        let member = |name: &str| line(violation[name].as_str().unwrap_or("?"));
        put!(out, "  `{}` at {} ({})", member("keyword"), member("instance_path"), member("schema_path"));
    }
}

fn value(letter: &DeadLetter) -> String {
    match &letter.record.value {
        None => "(null)".to_owned(),
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// What an action came to.
pub(super) fn report(report: &Report) -> String {
    let mut out = String::new();
    for (id, before) in report.before.iter().take(MAX_SHOWN_PROBLEMS) {
        put!(out, "{id}: nothing to do, it was {}", done(before));
    }
    for (id, refusal) in report.refusals.iter().take(MAX_SHOWN_PROBLEMS) {
        let help = if refusal.can_be_forced() { " (--force overrules this)" } else { "" };
        put!(out, "{id}: refused: {}{help}", line(&refusal.to_string()));
    }
    let verb = match report.deed {
        Deed::Replayed => "replayed",
        Deed::Edited => "replayed with another value",
        Deed::Discarded => "discarded",
    };
    let would = if report.dry_run { "would be " } else { "" };
    let mut told =
        vec![format!("{} of {} {would}{verb}", report.done, counted(report.chosen, "dead letter"))];
    let mut also = |count: u64, what: &str| {
        if count > 0 {
            told.push(format!("{count} {what}"));
        }
    };
    also(report.forced, "of them by force");
    also(report.already, "had been acted upon before");
    also(report.gone, "are not on their topic any more");
    for (reason, count) in &report.refused_for {
        also(*count, &format!("refused ({reason})"));
    }
    put!(out, "{}", told.join(", "));
    if report.deed != Deed::Discarded && !report.checked {
        put!(out, "no value was checked against a contract, as --unchecked says");
    }
    if report.cancelled {
        put!(out, "stopped before the end: run it again, and it goes on");
    }
    if !report.dry_run && report.done > 0 {
        put!(out, "action {}", report.action);
    }
    out
}

pub(super) fn counted(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use choreograph_dead_letters::{DeadLetter, Record};

    use super::whole;
    use crate::dlq::json;

    fn letter(more: &[(&str, &str)]) -> DeadLetter {
        let own = [
            ("dlq-id", "2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85"),
            ("dlq-service", "payment"),
            ("dlq-step", "charge"),
            ("dlq-reason", "undecodable"),
        ];
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), Some(value.as_bytes().to_vec()));
        let record = Record {
            topic: "payment.charge.dlq".into(),
            partition: 0,
            offset: 7,
            timestamp: Some(0),
            key: None,
            value: None,
            headers: own.iter().chain(more).map(header).collect(),
        };
        DeadLetter::read(record).expect("a dead letter")
    }

    #[test]
    fn what_was_left_out_is_named_with_its_size() {
        let value = [("dlq-value-omitted", "true"), ("dlq-value-size", "9")];
        let key = [("dlq-key-omitted", "true"), ("dlq-key-size", "20000")];
        let text = whole(&letter(&[value, key].concat()), false);
        assert!(text.contains("  value     of 9 bytes, too large"), "{text}");
        assert!(text.contains("  key       of 20000 bytes, left out as well"), "{text}");
        let text = whole(&letter(&[("dlq-key-omitted", "true"), ("dlq-key-size", "x")]), false);
        assert!(text.contains("  key       of unknown size"), "{text}");
        for (more, omitted) in [(&key[..], true), (&value, false)] {
            assert_eq!(json::letter(&letter(more), false)["key_omitted"], omitted);
        }
        assert!(!whole(&letter(&[]), false).contains("  key "));
    }
}
