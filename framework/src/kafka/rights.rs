//! Rights that are refused while a step runs.
//!
//! Asking for a topic shows only whether the service may know that it is there ([`topics`](super::topics)). That it may
//! not read a topic, join a group or be an idempotent producer shows in refusals alone; and librdkafka does not say when
//! a right is there at last. So each refusal is kept until something proves the opposite: membership, or silence after
//! librdkafka was made to try again.

use rdkafka::types::RDKafkaErrorCode;

use super::words::protocol_name;
use crate::ops::Missing;

/// After a refusal librdkafka is made to try again, in milliseconds.
pub(super) const TRY_AGAIN_MS: u64 = 5_000;
/// Silence for this long after another try means that the right is there, in milliseconds.
const QUIET_MS: u64 = 2_500;

/// A right that only its refusal tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// To join the group and commit for it.
    Group,
    /// To read the topics consumed.
    Read,
    /// To write at all, without which no producer is idempotent.
    Write,
}

impl Right {
    /// Every one.
    pub(super) const ALL: [Self; 3] = [Self::Group, Self::Read, Self::Write];

    /// What `code` refuses a consumer.
    pub(super) fn of_consumer(code: RDKafkaErrorCode) -> Option<Self> {
        match code {
            RDKafkaErrorCode::GroupAuthorizationFailed => Some(Self::Group),
            RDKafkaErrorCode::TopicAuthorizationFailed => Some(Self::Read),
            _ => None,
        }
    }

    /// What `code` refuses a producer for good.
    pub(super) fn of_producer(code: RDKafkaErrorCode) -> Option<Self> {
        (code == RDKafkaErrorCode::ClusterAuthorizationFailed).then_some(Self::Write)
    }

    /// What the broker calls the refusal.
    fn refusal(self) -> String {
        protocol_name(match self {
            Self::Group => RDKafkaErrorCode::GroupAuthorizationFailed,
            Self::Read => RDKafkaErrorCode::TopicAuthorizationFailed,
            Self::Write => RDKafkaErrorCode::ClusterAuthorizationFailed,
        })
    }
}

/// What a step needs rights on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    /// The group.
    pub(crate) group: String,
    /// The topics read.
    pub(crate) reads: Vec<String>,
    /// The topics written.
    pub(crate) writes: Vec<String>,
}

impl Needs {
    /// That `right` is missing, in words.
    pub(super) fn missing(&self, right: Right) -> Missing {
        let error = right.refusal();
        let grant = "grant it to this service's user";
        let (topic, what) = match right {
            Right::Group => {
                (format!("group {}", self.group), format!("the right to read ({error}): {grant}"))
            }
            Right::Read => {
                let each = if self.reads.len() > 1 { " each of them" } else { "" };
                (self.reads.join(", "), format!("the right to read{each} ({error}): {grant}"))
            }
            Right::Write => (
                self.writes.join(", "),
                format!("the right to write, without which no producer is idempotent ({error}): {grant}"),
            ),
        };
        Missing { topic, what }
    }
}

/// When a right was last refused, and when librdkafka was last made to try again; on the steady clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal {
    heard: u64,
    tried: Option<u64>,
}

/// The rights that are refused now.
#[derive(Debug, Default)]
pub(super) struct Refusals([Option<Refusal>; Right::ALL.len()]);

impl Refusals {
    /// `right` was refused. Whether that is news.
    pub(super) fn refused(&mut self, right: Right, now: u64) -> bool {
        self.0[right as usize].replace(Refusal { heard: now, tried: None }).is_none()
    }

    /// Something proves that `right` is there. Whether that is news.
    pub(super) fn granted(&mut self, right: Right) -> bool {
        self.0[right as usize].take().is_some()
    }

    /// Whether `right` is refused.
    pub(super) fn is_refused(&self, right: Right) -> bool {
        self.0[right as usize].is_some()
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Whether librdkafka shall be made to try `right` again; asked when it can be.
    pub(super) fn is_to_try(&mut self, right: Right, now: u64) -> bool {
        let Some(refusal) = &mut self.0[right as usize] else { return false };
        let due = refusal.tried.is_none() && now >= refusal.heard + TRY_AGAIN_MS;
        if due {
            refusal.tried = Some(now);
        }
        due
    }

    /// Whether `right` was tried again and is no longer refused. If so, it counts as granted.
    pub(super) fn is_quiet(&mut self, right: Right, now: u64) -> bool {
        let tried = self.0[right as usize].and_then(|refusal| refusal.tried);
        tried.is_some_and(|tried| now >= tried + QUIET_MS) && self.granted(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_lasts_until_another_try_is_met_with_silence() {
        let mut refusals = Refusals::default();
        assert!(refusals.refused(Right::Read, 0));
        assert!(!refusals.is_to_try(Right::Read, TRY_AGAIN_MS - 1));
        assert!(refusals.is_to_try(Right::Read, TRY_AGAIN_MS));
        assert!(!refusals.is_to_try(Right::Read, TRY_AGAIN_MS), "once");
        assert!(!refusals.refused(Right::Read, TRY_AGAIN_MS + 1), "no news");
        assert!(!refusals.is_quiet(Right::Read, 2 * TRY_AGAIN_MS), "the other try was refused");
        assert!(refusals.is_to_try(Right::Read, 3 * TRY_AGAIN_MS));
        assert!(!refusals.is_quiet(Right::Read, 3 * TRY_AGAIN_MS + QUIET_MS - 1));
        assert!(refusals.is_quiet(Right::Read, 3 * TRY_AGAIN_MS + QUIET_MS));
        assert!(refusals.is_empty());
    }

    #[test]
    fn a_missing_right_names_whom_it_is_for() {
        let topics = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let needs = Needs {
            group: "payment.charge".to_owned(),
            reads: topics(&["orders", "payment.charge.retry"]),
            writes: topics(&["payments"]),
        };
        let told = |right| {
            let Missing { topic, what } = needs.missing(right);
            format!("{topic} ({what})")
        };
        assert_eq!(
            told(Right::Group),
            "group payment.charge (the right to read (GROUP_AUTHORIZATION_FAILED): grant it to this service's user)"
        );
        assert!(
            told(Right::Read).starts_with("orders, payment.charge.retry (the right to read each of them (")
        );
        assert!(told(Right::Write).starts_with("payments (the right to write, "));
    }
}
