//! The observer's own metrics, in the text format of Prometheus.
//!
//! | name | type | labels |
//! |---|---|---|
//! | `workflow_instances` | gauge | `workflow_name`, `state` |
//! | `workflow_instances_waiting` | gauge | `workflow_name`, `workflow_step`, `reason` (`queued`, `handling`, `retrying`, …) |
//! | `workflow_instances_stalled` | gauge | `workflow_name`, `workflow_step`, `reason` |
//! | `workflow_oldest_waiting_age_seconds` | gauge | `workflow_name`, `workflow_step` |
//! | `workflow_dead_letters_open` | gauge | `workflow_name`, `workflow_step` |
//! | `workflow_topology_drift` | gauge | `from_step`, `event_type`, `to_step`, `drift`, `contract_version` |
//! | `workflow_observer_lag_time_seconds` | gauge | |
//! | `workflow_observer_kept_bytes` | gauge | |
//! | `workflow_observer_forgotten_total` | counter | `state` (`finished`, `unfinished`) |
//! | `workflow_group_lag` | gauge | `workflow_step`, `messaging_consumer_group_name`, `messaging_destination_name`, `messaging_destination_partition_id` (left out where there are more than 2,000) |
//! | `workflow_group_committed_total` | counter | the same |

use std::fmt::Write as _;

use serde::Serialize;

use crate::model::Gauges;

/// The media type of the text.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Sets of labels of one metric; further ones are left out.
const MAX_SETS: usize = 2_000;

/// All metrics.
pub(super) fn text(gauges: &Gauges) -> String {
    let mut page = Page::default();
    let instances = "Instances of workflows by state.";
    page.family("workflow_instances", "gauge", instances, &gauges.instances, |(workflow, state, count)| {
        (vec![("workflow_name", workflow.clone()), ("state", word(state))], number(*count))
    });
    let waiting = "Instances waiting, by step and by where their event is there.";
    page.family(
        "workflow_instances_waiting",
        "gauge",
        waiting,
        &gauges.waiting,
        |(workflow, step, at, count)| (labels(workflow, step, Some((*at).to_owned())), number(*count)),
    );
    let stalled = "Instances that stand still at a step, on their way or beside it, by step and reason.";
    page.family(
        "workflow_instances_stalled",
        "gauge",
        stalled,
        &gauges.stalled,
        |(workflow, step, why, count)| (labels(workflow, step, Some(word(why))), number(*count)),
    );
    let oldest = "How long the oldest unfinished instance has been waiting, by step.";
    let ages = &gauges.oldest_waiting_ms;
    page.family("workflow_oldest_waiting_age_seconds", "gauge", oldest, ages, |(workflow, step, age)| {
        (labels(workflow, step, None), seconds(*age))
    });
    let open = "Dead letters that nobody has replayed or discarded.";
    let letters = &gauges.dead_letters_open;
    page.family("workflow_dead_letters_open", "gauge", open, letters, |(workflow, step, count)| {
        (labels(workflow, step, None), number(*count))
    });
    let drift = "Differences between what is declared and what is seen.";
    page.family("workflow_topology_drift", "gauge", drift, &gauges.drift, |drift| {
        let labels = vec![
            ("from_step", drift.from.clone().unwrap_or_default()),
            ("event_type", drift.event_type.clone()),
            ("to_step", drift.to.clone().unwrap_or_default()),
            ("drift", word(&drift.kind)),
            ("contract_version", drift.contract_version.clone().unwrap_or_default()),
        ];
        (labels, number(1))
    });
    let behind = "How old the newest complete look at topics and groups is.";
    page.family("workflow_observer_lag_time_seconds", "gauge", behind, &[gauges.observer_lag_ms], |age| {
        (Vec::new(), seconds(*age))
    });
    let kept = "What the observer keeps of events, instances and dead letters takes, in bytes.";
    page.family("workflow_observer_kept_bytes", "gauge", kept, &[gauges.kept_bytes], |bytes| {
        (Vec::new(), number(*bytes))
    });
    let forgotten =
        "Instances that were forgotten: those that were over by age, others for want of room alone.";
    let counts = [("finished", gauges.forgotten.finished), ("unfinished", gauges.forgotten.unfinished)];
    page.family("workflow_observer_forgotten_total", "counter", forgotten, &counts, |(state, count)| {
        (vec![("state", (*state).to_owned())], number(*count))
    });
    let of = |group: &crate::model::GroupGauge| {
        let mut labels = vec![
            ("workflow_step", group.step.to_string()),
            ("messaging_consumer_group_name", group.group.to_string()),
            ("messaging_destination_name", group.topic.to_string()),
        ];
        labels
            .extend(group.partition.map(|number| ("messaging_destination_partition_id", number.to_string())));
        labels
    };
    let lag = "Records that a group has not committed.";
    page.family("workflow_group_lag", "gauge", lag, &gauges.groups, |group| (of(group), number(group.lag)));
    let committed = "Records that a group has committed since the observer knows it.";
    page.family("workflow_group_committed_total", "counter", committed, &gauges.groups, |group| {
        (of(group), number(group.committed))
    });
    page.text
}

type Labels = Vec<(&'static str, String)>;

/// The text as far as it is written.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn family<T>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        items: &[T],
        sample: impl Fn(&T) -> (Labels, String),
    ) {
        // A string cannot fail to be written to.
        let _infallible = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for item in items.iter().take(MAX_SETS) {
            let (labels, value) = sample(item);
            self.text.push_str(name);
            self.labels(&labels);
            self.text.push(' ');
            self.text.push_str(&value);
            self.text.push('\n');
        }
    }

    fn labels(&mut self, labels: &Labels) {
        for (index, (name, value)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            // A string cannot fail to be written to.
            let _infallible = write!(self.text, "{before}{name}=\"");
            for character in value.chars() {
                match character {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    other => self.text.push(other),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
    }
}

fn labels(workflow: &str, step: &str, reason: Option<String>) -> Labels {
    let mut labels = vec![("workflow_name", workflow.to_owned()), ("workflow_step", step.to_owned())];
    labels.extend(reason.map(|reason| ("reason", reason)));
    labels
}

/// The word of the JSON interface.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn number(count: u64) -> String {
    count.to_string()
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{InstanceState, StallReason};
    use crate::model::{Forgotten, GroupGauge};

    #[test]
    fn reads_as_prometheus_wants_it() {
        let gauges = Gauges {
            instances: vec![("order".to_owned(), InstanceState::Running, 3)],
            stalled: vec![(
                "o\"r\\d\ner".to_owned(),
                "payment/charge".to_owned(),
                StallReason::NoConsumer,
                2,
            )],
            observer_lag_ms: 1_250,
            groups: vec![GroupGauge {
                step: "payment/charge".into(),
                group: "accounts".into(),
                topic: "orders".into(),
                partition: Some(3),
                lag: 4,
                committed: 9,
            }],
            kept_bytes: 5,
            forgotten: Forgotten { finished: 7, unfinished: 1 },
            ..Gauges::default()
        };
        let text = text(&gauges);
        assert!(text.contains("# TYPE workflow_instances gauge\nworkflow_instances{workflow_name=\"order\",state=\"running\"} 3\n"), "{text}");
        let escaped = r#"workflow_instances_stalled{workflow_name="o\"r\\d\ner",workflow_step="payment/charge",reason="no_consumer"} 2"#;
        assert!(text.contains(escaped), "{text}");
        assert!(text.contains("\nworkflow_observer_lag_time_seconds 1.250\n"), "{text}");
        assert!(text.contains("\nworkflow_observer_kept_bytes 5\n"), "{text}");
        assert!(text.contains("workflow_observer_forgotten_total{state=\"unfinished\"} 1\n"), "{text}");
        let group = r#"{workflow_step="payment/charge",messaging_consumer_group_name="accounts",messaging_destination_name="orders",messaging_destination_partition_id="3"}"#;
        assert!(text.contains(&format!("workflow_group_lag{group} 4\n")), "{text}");
        assert!(text.contains(&format!(
            "# TYPE workflow_group_committed_total counter\nworkflow_group_committed_total{group} 9\n"
        )));
    }
}
