//! A dead letter, as its headers tell it.

use choreograph::wire::header;
use uuid::Uuid;

use crate::action::Action;
use crate::record::Record;

/// A dead letter: a record that a step set aside, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Its own id.
    pub id: Uuid,
    /// The service whose step set it aside.
    pub service: String,
    /// The step, without its service.
    pub step: String,
    /// One word: `contract_violation`, `retries_exhausted`, …
    pub reason: String,
    /// What went wrong.
    pub error: String,
    /// The event's type with the major, where the record says a type.
    pub event_type: Option<String>,
    /// The workflow it belongs to.
    pub instance: Option<String>,
    /// How often it was replayed before.
    pub replays: u32,
    /// The attempts that were made.
    pub attempts: u32,
    /// Where the record was first delivered.
    pub origin: Option<Place>,
    /// Where the value is not here because the brokers refused the dead letter with it: what the value was.
    pub omitted: Option<Omitted>,
    /// What operators did with it, oldest first; empty where it is open.
    pub actions: Vec<Action>,
    /// The record itself.
    pub record: Record,
}

/// Where a record lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The topic, with its namespace.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// `topic/partition/offset`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

/// A value that is not in the dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omitted {
    /// Its size in bytes, as the step said.
    pub size: Option<u64>,
    /// Its SHA-256 in hexadecimal digits, as the step said.
    pub sha256: Option<String>,
}

impl DeadLetter {
    /// Reads a record of a dead-letter topic; `None` where it is none of the framework's.
    pub fn read(record: Record) -> Option<Self> {
        let own = |name: &str| record.text(name).map(str::to_owned);
        let id = Uuid::parse_str(record.text(header::DLQ_ID)?).ok()?;
        let origin = || {
            Some(Place {
                topic: own(header::WF_ORIGIN_TOPIC)?,
                partition: record.number(header::WF_ORIGIN_PARTITION)?,
                offset: record.number(header::WF_ORIGIN_OFFSET)?,
            })
        };
        let omitted = record.text(header::DLQ_VALUE_OMITTED).map(|_| Omitted {
            size: record.number(header::DLQ_VALUE_SIZE),
            sha256: own(header::DLQ_VALUE_SHA256),
        });
        Some(Self {
            id,
            service: own(header::DLQ_SERVICE)?,
            step: own(header::DLQ_STEP)?,
            reason: own(header::DLQ_REASON)?,
            error: own(header::DLQ_ERROR).unwrap_or_default(),
            event_type: own(header::CE_TYPE),
            instance: own(header::CE_CORRELATIONID).or_else(|| own(header::CE_ID)),
            replays: record.number(header::DLQ_REPLAY_COUNT).unwrap_or(0),
            attempts: record.number(header::WF_ATTEMPT).unwrap_or(1),
            origin: origin(),
            omitted,
            actions: Vec::new(),
            record,
        })
    }

    /// Whether nobody has replayed or discarded it yet.
    pub fn is_open(&self) -> bool {
        self.actions.is_empty()
    }

    /// Whether the key was left out too, as it was very long.
    pub fn omits_key(&self) -> bool {
        self.record.text(header::DLQ_KEY_OMITTED).is_some()
    }

    /// The step with its service: `payment/charge`.
    pub fn source(&self) -> String {
        format!("{}/{}", self.service, self.step)
    }

    /// When it was set aside, in milliseconds since the Unix epoch: the record's timestamp.
    pub fn at(&self) -> i64 {
        self.record.timestamp.unwrap_or(0)
    }

    /// The record's key as text, with `�` for what is no UTF-8.
    pub fn key(&self) -> Option<String> {
        self.record.key.as_deref().map(|key| String::from_utf8_lossy(key).into_owned())
    }

    /// Where the dead letter lies.
    pub fn place(&self) -> Place {
        let Record { topic, partition, offset, .. } = &self.record;
        Place { topic: topic.to_string(), partition: *partition, offset: *offset }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record with these headers on `payment.charge.dlq`.
    pub(crate) fn record(headers: &[(&str, &str)]) -> Record {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), Some(value.as_bytes().to_vec())));
        Record {
            topic: "payment.charge.dlq".into(),
            partition: 1,
            offset: 7,
            timestamp: Some(1_700_000_000_000),
            key: Some(b"o-1".to_vec()),
            value: Some(b"{}".to_vec()),
            headers: headers.collect(),
        }
    }

    /// What every dead letter carries.
    pub(crate) const HEADERS: [(&str, &str); 12] = [
        ("ce_id", "e1"),
        ("ce_type", "order.placed.v1"),
        ("ce_correlationid", "w1"),
        ("wf", "name=order;started=1;hops=2;tenant=7"),
        ("dlq-id", "2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85"),
        ("dlq-reason", "contract_violation"),
        ("dlq-error", "`type` at /total"),
        ("dlq-service", "payment"),
        ("dlq-step", "charge"),
        ("dlq-replay-count", "0"),
        ("wf-attempt", "1"),
        ("wf-origin-topic", "orders"),
    ];

    pub(crate) fn letter() -> DeadLetter {
        DeadLetter::read(record(&HEADERS)).expect("a dead letter")
    }

    #[test]
    fn a_dead_letter_is_read() {
        let letter = letter();
        assert_eq!((letter.source().as_str(), letter.replays), ("payment/charge", 0));
        assert_eq!((letter.instance.as_deref(), letter.key().as_deref()), (Some("w1"), Some("o-1")));
        assert_eq!(letter.place().to_string(), "payment.charge.dlq/1/7");
        assert!(letter.is_open() && letter.origin.is_none(), "an origin is whole or absent");
    }

    #[test]
    fn what_others_wrote_is_no_dead_letter() {
        for without in ["dlq-id", "dlq-service", "dlq-step", "dlq-reason"] {
            let headers: Vec<_> = HEADERS.into_iter().filter(|(name, _)| *name != without).collect();
            assert_eq!(DeadLetter::read(record(&headers)), None, "{without}");
        }
        let mut headers = HEADERS;
        headers[4].1 = "not an id";
        assert_eq!(DeadLetter::read(record(&headers)), None);
    }

    #[test]
    fn a_value_that_is_elsewhere_is_told() {
        let mut headers = HEADERS.to_vec();
        headers.extend([
            ("dlq-value-omitted", "true"),
            ("dlq-value-size", "3"),
            ("wf-origin-partition", "2"),
        ]);
        headers.push(("wf-origin-offset", "9"));
        let letter = DeadLetter::read(record(&headers)).expect("a dead letter");
        assert_eq!(letter.omitted, Some(Omitted { size: Some(3), sha256: None }));
        assert_eq!(letter.origin.expect("whole").to_string(), "orders/2/9");
    }
}
