//! Metrics as a collector passes them on to Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;

/// The counters among `metrics` as the text of a `/metrics`, each series with what it said last.
///
/// Names and labels are those of the collector's exporter: dots are underscores, and a counter ends in `_total`.
pub fn counters(metrics: &[Metric]) -> String {
    let mut series: BTreeMap<(String, String), i64> = BTreeMap::new();
    for metric in metrics {
        let Some(Data::Sum(sum)) = &metric.data else { continue };
        for point in sum.data_points.iter().filter(|_| sum.is_monotonic) {
            let Some(Number::AsInt(value)) = point.value else { continue };
            series.insert((format!("{}_total", plain(&metric.name)), labels(&point.attributes)), value);
        }
    }
    let mut text = String::new();
    let mut told = "";
    for ((name, labels), value) in &series {
        if name != told {
            let _ignored = writeln!(text, "# TYPE {name} counter");
            told = name;
        }
        let _ignored = writeln!(text, "{name}{{{labels}}} {value}");
    }
    text
}

fn plain(name: &str) -> String {
    name.replace('.', "_")
}

fn labels(attributes: &[KeyValue]) -> String {
    let one = |KeyValue { key, value, .. }: &KeyValue| {
        let value = match value {
            Some(AnyValue { value: Some(Value::StringValue(text)) }) => text.clone(),
            other => format!("{other:?}"),
        };
        format!("{}={value:?}", plain(key))
    };
    let mut labels: Vec<String> = attributes.iter().map(one).collect();
    labels.sort_unstable();
    labels.join(",")
}
