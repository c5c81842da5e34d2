//! What a record's headers say.

use crate::fact::{Headers, Millis};

/// The most bytes of a header that becomes part of an identity; a longer one counts as absent, as it does to a step.
const MAX_IDENTITY: usize = 256;
/// The most headers that are looked at, as a step does.
const MAX_HEADERS: usize = 256;

/// The headers that matter, the last of several with one name; what is absent is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) source: Option<&'a str>,
    pub(super) event_type: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
    pub(super) schema: Option<&'a str>,
    pub(super) correlation: Option<&'a str>,
    pub(super) causation: Option<&'a str>,
    pub(super) traceparent: Option<&'a str>,
    pub(super) workflow: Option<&'a str>,
    pub(super) retried: Option<&'a str>,
    pub(super) attempt: Option<&'a str>,
    pub(super) first_failed_at: Option<&'a str>,
    pub(super) origin_topic: Option<&'a str>,
    pub(super) origin_partition: Option<&'a str>,
    pub(super) origin_offset: Option<&'a str>,
    pub(super) origin_timestamp: Option<&'a str>,
    pub(super) origin_traceparent: Option<&'a str>,
    pub(super) letter: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) error: Option<&'a str>,
    pub(super) violations: Option<&'a str>,
    pub(super) contract: Option<&'a str>,
    pub(super) service: Option<&'a str>,
    pub(super) step: Option<&'a str>,
    pub(super) failed_at: Option<&'a str>,
    pub(super) replays: Option<&'a str>,
    pub(super) replay: Option<&'a str>,
    pub(super) replayed_by: Option<&'a str>,
    pub(super) action: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// Reads headers.
    pub(super) fn of(headers: Headers<'a>) -> Self {
        let mut head = Self::default();
        for &(name, value) in headers.iter().take(MAX_HEADERS) {
            if let Some(field) = head.field(name) {
                *field = Some(value);
            }
        }
        head.without_long_identities()
    }

    fn field(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
        Some(match name {
            "ce_id" => &mut self.id,
            "ce_source" => &mut self.source,
            "ce_type" => &mut self.event_type,
            "ce_subject" => &mut self.subject,
            "ce_dataschema" => &mut self.schema,
            "ce_correlationid" => &mut self.correlation,
            "ce_causationid" => &mut self.causation,
            "traceparent" => &mut self.traceparent,
            "wf" => &mut self.workflow,
            "wf-retried" => &mut self.retried,
            "wf-attempt" => &mut self.attempt,
            "wf-first-failed-at" => &mut self.first_failed_at,
            "wf-origin-topic" => &mut self.origin_topic,
            "wf-origin-partition" => &mut self.origin_partition,
            "wf-origin-offset" => &mut self.origin_offset,
            "wf-origin-timestamp" => &mut self.origin_timestamp,
            "wf-origin-traceparent" => &mut self.origin_traceparent,
            "dlq-id" => &mut self.letter,
            "dlq-reason" => &mut self.reason,
            "dlq-error" => &mut self.error,
            "dlq-violations" => &mut self.violations,
            "dlq-contract" => &mut self.contract,
            "dlq-service" => &mut self.service,
            "dlq-step" => &mut self.step,
            "dlq-failed-at" => &mut self.failed_at,
            "dlq-replay-count" => &mut self.replays,
            "wf-replay-id" => &mut self.replay,
            "wf-replayed-by" => &mut self.replayed_by,
            "audit-action" => &mut self.action,
            _ => return None,
        })
    }

    fn without_long_identities(mut self) -> Self {
        for field in [
            &mut self.id,
            &mut self.source,
            &mut self.event_type,
            &mut self.subject,
            &mut self.schema,
            &mut self.correlation,
            &mut self.causation,
            &mut self.workflow,
            &mut self.letter,
            &mut self.service,
            &mut self.step,
            &mut self.replay,
            &mut self.replayed_by,
            &mut self.action,
        ] {
            *field = field.filter(|text| !text.is_empty() && text.len() <= MAX_IDENTITY);
        }
        self
    }

    /// What the header `wf` says: the workflow's name, its start, and how deep the event is. Malformed is absent.
    pub(super) fn workflow(&self) -> Option<(&'a str, Millis, u32)> {
        let (mut name, mut started, mut hops) = ("", 0, None);
        for pair in self.workflow?.split(';').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=')? {
                ("name", value) => name = value,
                ("started", value) => started = value.parse().ok()?,
                ("hops", value) => hops = Some(value.parse().ok()?),
                _ => {}
            }
        }
        hops.filter(|_| !name.is_empty()).map(|hops| (name, started, hops))
    }

    /// Whether the fact is written in several majors, side by side.
    pub(super) fn has_twins(&self) -> bool {
        let majors = self.workflow.and_then(|text| text.split(';').find_map(|it| it.strip_prefix("majors=")));
        majors.is_some_and(|majors| majors.contains(','))
    }

    /// The version at the end of `ce_dataschema`: major and minor; zeros where it has none.
    pub(super) fn version(&self) -> (u16, u16) {
        let tail = self.schema.and_then(|schema| schema.rsplit_once('/')).map(|(_, tail)| tail);
        tail.and_then(|tail| tail.split_once('.'))
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
            .unwrap_or_default()
    }

    /// Where the record was first delivered: topic, partition, offset.
    pub(super) fn origin(&self) -> Option<(&'a str, i32, i64)> {
        let topic = self.origin_topic?;
        let partition = self.origin_partition?.parse().ok().filter(|partition| *partition >= 0)?;
        let offset = self.origin_offset?.parse().ok().filter(|offset| *offset >= 0)?;
        Some((topic, partition, offset))
    }
}

/// Trace and span of a W3C `traceparent`; `None` where it is malformed.
pub(super) fn trace(traceparent: Option<&str>) -> Option<((u64, u64), u64)> {
    let mut parts = traceparent?.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || trace.len() != 32 || span.len() != 16 || !trace.is_ascii() {
        return None;
    }
    let hex = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u64::from_str_radix(text, 16).ok()).flatten()
    };
    let id = (hex(&trace[..16])?, hex(&trace[16..])?);
    (id != (0, 0)).then_some((id, hex(span)?))
}

/// A trace's id as 32 hexadecimal digits.
pub(super) fn trace_text((high, low): (u64, u64)) -> String {
    format!("{high:016x}{low:016x}")
}

/// At most `max` bytes of a text, cut at a character's end.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::{Head, trace, trace_text};

    #[test]
    fn the_last_of_several_counts_and_a_long_identity_is_absent() {
        let long = "x".repeat(257);
        let headers = [("ce_id", "a"), ("ce_id", "b"), ("ce_source", long.as_str()), ("x", "y")];
        let head = Head::of(&headers);
        assert_eq!((head.id, head.source), (Some("b"), None));
    }

    #[test]
    fn what_is_malformed_is_absent() {
        for text in ["", "name=o", "hops=1", "name=o;hops=x", "name=o;hops=1;started=-1", "name=o;hops=1;x"] {
            let headers = [("wf", text)];
            assert_eq!(Head::of(&headers).workflow(), None, "{text}");
        }
        let headers = [("wf", "name=o;started=5;hops=2;later=1")];
        assert_eq!(Head::of(&headers).workflow(), Some(("o", 5, 2)));
        for text in ["", "00", "00-é", "00-00000000000000000000000000000000-0000000000000001-01"] {
            assert_eq!(trace(Some(text)), None, "{text}");
        }
        let text = "4bf92f3577b34da6a3ce929d0e0e4736";
        let (id, span) = trace(Some(&format!("00-{text}-00f067aa0ba902b7-01"))).unwrap();
        assert_eq!((trace_text(id).as_str(), span), (text, 0x00f0_67aa_0ba9_02b7));
    }

    #[test]
    fn a_version_is_read_from_the_schema() {
        for (text, version) in [("urn:contract:order.placed/1.3", (1, 3)), ("a/b", (0, 0)), ("1.3", (0, 0))] {
            let headers = [("ce_dataschema", text)];
            assert_eq!(Head::of(&headers).version(), version, "{text}");
        }
    }
}
