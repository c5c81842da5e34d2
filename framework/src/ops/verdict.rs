//! Law 9 as a pure function: what is known about a step in, live and ready with the reasons out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::health::{LostRange, StepState};

/// A step of which the thread has not turned for longer than this, or the sending thread for a while more, is stuck.
pub const MAX_SILENCE: Duration = Duration::from_secs(30);

/// The most partitions named in one note.
const MAX_NAMED: usize = 10;

/// How all steps of a process are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Whether every step runs; if not, restarting the process may help.
    pub live: bool,
    /// Whether every step can do its work now.
    pub ready: bool,
    /// Whether the process is ending in order.
    pub leaving: bool,
    /// Each step, in the order in which they were declared.
    pub steps: Vec<StepReport>,
}

/// How one step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// `service/step`.
    pub step: String,
    /// Whether the step runs.
    pub live: bool,
    /// Whether the step can do its work now.
    pub ready: bool,
    /// Why the step is not live or not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What an operator should know besides, though the step is none the less ready for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What retention took before the step had read it, the newest ranges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<LostRange>,
}

impl Report {
    /// The report of a process with `steps`.
    pub(super) fn of(steps: Vec<StepReport>, leaving: bool) -> Self {
        Self {
            live: steps.iter().all(|step| step.live),
            ready: !leaving && steps.iter().all(|step| step.ready),
            leaving,
            steps,
        }
    }
}

/// Judges one step, which last turned `silence` ago.
///
/// Live is false only for what a restart may mend: a stuck thread, a client that can do nothing more, a
/// step that ended. A broker that is away, a pause or a slow handler never make it false.
pub(super) fn judge(name: &str, state: &StepState, silence: Duration, leaving: bool) -> StepReport {
    let mut reasons = Vec::new();
    if let (Some(why), false) = (&state.ended, leaving) {
        reasons.push(format!("the step has ended: {why}"));
    }
    if let Some(error) = &state.fatal {
        reasons.push(format!("the Kafka client can do nothing more: {error}"));
    }
    if silence > MAX_SILENCE && state.ended.is_none() {
        reasons.push(format!("the step has not turned for {} s", silence.as_secs()));
    }
    let live = reasons.is_empty();
    if state.ended.is_none() {
        add_unready(state, &mut reasons);
    }
    StepReport {
        step: name.to_owned(),
        live,
        ready: reasons.is_empty() && state.ended.is_none(),
        reasons,
        notes: notes(state),
        lost: state.lost.iter().cloned().collect(),
    }
}

/// Adds why a running step cannot do its work.
fn add_unready(state: &StepState, reasons: &mut Vec<String>) {
    if !state.producer_reached {
        reasons.push("the producer has reached no broker".to_owned());
    }
    for missing in state.missing.iter().chain(&state.refused) {
        reasons.push(format!("missing: {} ({})", missing.topic, missing.what));
    }
    if !state.group_joined {
        reasons.push("the group is not joined".to_owned());
    }
    if let Some(outage) = &state.outage {
        reasons.push(format!("in outage since {}: {}", rfc3339(outage.since), outage.why));
    }
}

/// What an operator should know besides.
fn notes(state: &StepState) -> Vec<String> {
    let client = state.client_error.iter().map(|error| format!("the Kafka client says: {error}"));
    let mut notes: Vec<String> = client.collect();
    if !state.silent.is_empty() {
        let (named, more) = state.silent.split_at(state.silent.len().min(MAX_NAMED));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let named = named.join(", ");
        notes.push(format!("no broker answers for {named}{more}: the other partitions are read"));
    }
    if state.overdue {
        notes.push(
            "the broker does not acknowledge what was published: records go one by one until it does"
                .to_owned(),
        );
    }
    notes
}

/// A time to the second, in UTC.
fn rfc3339(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    time::OffsetDateTime::from_unix_timestamp(seconds as i64)
        .ok()
        .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_else(|| format!("{seconds} s after 1970"))
}

#[cfg(test)]
mod tests {
    use super::super::health::{MAX_LOST_RANGES, Missing, Outage};
    use super::*;

    /// A step that does its work.
    fn healthy() -> StepState {
        StepState { group_joined: true, producer_reached: true, ..StepState::default() }
    }

    fn judged(state: &StepState) -> StepReport {
        judge("payment/charge", state, Duration::ZERO, false)
    }

    #[test]
    fn a_step_that_works_is_live_and_ready() {
        let report = judged(&healthy());
        assert!(report.live && report.ready && report.reasons.is_empty());
    }

    #[test]
    fn what_waits_is_live_but_not_ready_and_says_why() {
        let since = UNIX_EPOCH + Duration::from_hours(490_896);
        let cases: [(StepState, &str); 4] = [
            (StepState { group_joined: false, ..healthy() }, "the group is not joined"),
            (StepState { producer_reached: false, ..healthy() }, "the producer has reached no broker"),
            (
                StepState {
                    missing: vec![Missing {
                        topic: "payments".to_owned(),
                        what: "the right to write".to_owned(),
                    }],
                    ..healthy()
                },
                "missing: payments (the right to write)",
            ),
            (
                StepState {
                    outage: Some(Outage { since, why: "the gateway is away".to_owned() }),
                    ..healthy()
                },
                "in outage since 2026-01-01T00:00:00Z: the gateway is away",
            ),
        ];
        for (state, reason) in cases {
            let report = judged(&state);
            assert!(report.live && !report.ready, "{report:?}");
            assert_eq!(report.reasons, [reason]);
        }
    }

    #[test]
    fn what_a_restart_may_mend_is_neither() {
        let fatal = StepState { fatal: Some("fenced".to_owned()), ..healthy() };
        let ended = StepState { ended: Some("it panicked".to_owned()), ..healthy() };
        for state in [fatal, ended] {
            let report = judged(&state);
            assert!(!report.live && !report.ready && report.reasons.len() == 1, "{report:?}");
        }
    }

    #[test]
    fn a_poll_thread_may_be_silent_for_thirty_seconds() {
        let at = |silence| judge("s/t", &healthy(), silence, false);
        assert!(at(MAX_SILENCE).live);
        let stuck = at(MAX_SILENCE + Duration::from_secs(1));
        assert!(!stuck.live && !stuck.ready);
        assert_eq!(stuck.reasons, ["the step has not turned for 31 s"]);
    }

    #[test]
    fn ending_in_order_is_live_and_never_ready() {
        let ended = StepState { ended: Some("asked to".to_owned()), ..healthy() };
        let report = Report::of(vec![judge("s/t", &ended, Duration::from_secs(99), true)], true);
        assert!(report.live && !report.ready && report.leaving);
    }

    #[test]
    fn notes_and_lost_ranges_do_not_make_a_step_unready() {
        let mut state = StepState { client_error: Some("broker 1 is away".to_owned()), ..healthy() };
        for offset in 0..=MAX_LOST_RANGES as i64 {
            state.lose(LostRange { topic: "t".to_owned(), partition: 0, from: offset, to: offset + 1 });
        }
        let report = judged(&state);
        assert!(report.ready);
        assert_eq!(report.notes, ["the Kafka client says: broker 1 is away"]);
        assert_eq!((report.lost.len(), report.lost[0].from), (MAX_LOST_RANGES, 1));
    }

    #[test]
    fn one_step_speaks_for_the_process() {
        let good = || judged(&healthy());
        let bad = judged(&StepState { group_joined: false, ..healthy() });
        assert!(Report::of(vec![good(), good()], false).ready);
        let report = Report::of(vec![good(), bad], false);
        assert!(report.live && !report.ready);
    }
}
