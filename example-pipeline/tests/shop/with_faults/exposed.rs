//! What the running shop and its observer really expose on `/metrics`, held against the list of metrics from which dashboards
//! and alerts are made: `observability/metrics.txt`. Its checks hold each panel and each alert against that list, and ask a
//! Prometheus each of their questions over what was exposed: for that it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::shop::Shop;
use super::sight::Sight;

/// The list.
const LIST: &str = include_str!("../../../../observability/metrics.txt");

/// Who is seen here; what a collector or Prometheus exposes is not.
const SEEN: [&str; 3] = ["service", "observer", "operator"];

/// Where what was exposed is kept, below the folder that Cargo gives tests: a file for each look at each process,
/// `<milliseconds since 1970>.<process>.txt`.
const KEPT: &str = "exposed";

/// What the names of our own metrics begin with. Of others only those on the list count.
const OURS: [&str; 2] = ["workflow_", "messaging_"];

/// The labels of one series.
type Labels = BTreeSet<String>;

/// What was exposed, by name.
#[derive(Debug, Default)]
pub(crate) struct Exposed {
    kinds: BTreeMap<String, String>,
    series: BTreeMap<String, BTreeSet<Labels>>,
}

impl Exposed {
    /// Nothing yet; what an earlier run kept is gone.
    pub(crate) fn new() -> Self {
        let kept = kept();
        if kept.exists() {
            fs::remove_dir_all(&kept).expect("removed");
        }
        fs::create_dir_all(&kept).expect("a folder");
        Self::default()
    }

    /// Keeps what every service that runs, the observer and those who act on dead letters expose now.
    pub(crate) fn take(&mut self, shop: &Shop, sight: &Sight) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let mut told = shop.metrics();
        told.insert("observer".to_owned(), sight.metrics().expect("the observer's metrics"));
        told.insert("operator".to_owned(), shop.operators());
        for (who, text) in told {
            self.read(&text);
            fs::write(kept().join(format!("{now}.{who}.txt")), text).expect("kept");
        }
    }

    /// Reads the text of one `/metrics`.
    fn read(&mut self, text: &str) {
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                self.kinds.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') && !line.is_empty() {
                let end = line.find(['{', ' ']).unwrap_or(line.len());
                let series = self.series.entry(self.metric(&line[..end]).to_owned()).or_default();
                series.insert(labels(&line[end..]));
            }
        }
    }

    /// The metric of which this is a series: a histogram has three.
    fn metric<'a>(&self, name: &'a str) -> &'a str {
        let part = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
        part.filter(|_| !self.kinds.contains_key(name)).unwrap_or(name)
    }

    /// What is listed was exposed with just these labels; and nothing else was.
    #[track_caller]
    pub(crate) fn is_listed(&self) {
        let wrong = self.wrong(LIST);
        assert!(wrong.is_empty(), "observability/metrics.txt is not what was exposed: {wrong:#?}");
    }

    /// How what was exposed differs from `list`.
    fn wrong(&self, list: &str) -> BTreeSet<String> {
        let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let listed: Vec<Listed<'_>> = lines.map(Listed::read).collect();
        let mut wrong = BTreeSet::new();
        for metric in listed.iter().filter(|metric| SEEN.contains(&metric.by)) {
            wrong.extend(metric.wrong(self));
        }
        let is_listed = |name: &str| listed.iter().any(|metric| metric.name == name);
        let ours = self.series.keys().filter(|name| OURS.iter().any(|prefix| name.starts_with(prefix)));
        wrong.extend(
            ours.filter(|name| !is_listed(name)).map(|name| format!("{name}: exposed, and not listed")),
        );
        wrong
    }
}

fn kept() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(KEPT)
}

/// The labels of a series: `{name="value",…} 1`, or nothing but the value. Left out are those that every exporter adds, and
/// the one that makes a histogram out of counters.
fn labels(mut rest: &str) -> Labels {
    let mut labels = Labels::new();
    while let Some((name, value)) = rest.split_once("=\"") {
        let name = name.trim_start_matches(['{', ',']);
        if name != "le" && !name.starts_with("otel_scope_") {
            labels.insert(name.to_owned());
        }
        let mut escaped = false;
        let end = value.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        rest = &value[end.expect("a label's value ends") + 1..];
    }
    labels
}

/// A line of the list.
#[derive(Debug)]
struct Listed<'a> {
    name: &'a str,
    kind: &'a str,
    by: &'a str,
    labels: Vec<&'a str>,
}

impl<'a> Listed<'a> {
    fn read(line: &'a str) -> Self {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [name, kind, by, _when] = parts[..4] else { panic!("name, type, by, when: {line}") };
        let labels = parts.get(4).map(|labels| labels.split(',').collect()).unwrap_or_default();
        Self { name, kind, by, labels }
    }

    /// How what was exposed differs from this line.
    fn wrong(&self, exposed: &Exposed) -> Vec<String> {
        let Self { name, kind, .. } = self;
        let Some(series) = exposed.series.get(*name) else {
            return vec![format!("{name}: listed, and not exposed")];
        };
        let mut wrong = Vec::new();
        if exposed.kinds.get(*name).is_none_or(|found| found != kind) {
            wrong.push(format!("{name}: listed as a {kind}, exposed as {:?}", exposed.kinds.get(*name)));
        }
        let plain = |label: &'a str| label.trim_end_matches(['?', '*']);
        let known: BTreeSet<&str> = self.labels.iter().map(|label| plain(label)).collect();
        let all: BTreeSet<&str> = series.iter().flatten().map(String::as_str).collect();
        wrong.extend(
            all.difference(&known).map(|label| format!("{name}: has the label {label}, which is not listed")),
        );
        for label in &self.labels {
            let (label, mark) = (plain(label), label.strip_prefix(plain(label)));
            let is_missing = match mark {
                Some("?") => !all.contains(label),
                Some("*") => false,
                _ => series.iter().any(|labels| !labels.contains(label)),
            };
            if is_missing {
                wrong.push(format!("{name}: a series without the label {label}, or none with it"));
            }
        }
        wrong
    }
}

#[test]
fn each_way_to_differ_from_the_list_is_told() {
    let list = "# a comment\n\
        workflow_a_total counter service always step,error?,group*\n\
        workflow_b_seconds histogram observer faults\n\
        up gauge prometheus always\n";
    let of = |text: &str| {
        let mut exposed = Exposed::default();
        exposed.read(text);
        exposed.wrong(list)
    };
    let good = "# HELP workflow_a_total says \"much\"\n# TYPE workflow_a_total counter\n\
        workflow_a_total{step=\"a,b=\\\"c\\\"\",otel_scope_name=\"x\"} 1\n\
        workflow_a_total{step=\"a\",error=\"\\\\\"} 1\n# TYPE workflow_b_seconds histogram\n\
        workflow_b_seconds_bucket{le=\"+Inf\"} 1\nworkflow_b_seconds_sum 0.5\nprocess_threads 3\n";
    assert_eq!(of(good), BTreeSet::new());
    for (from, to, told) in [
        ("_b_", "_other_", "workflow_b_seconds: listed, and not exposed"),
        ("_b_", "_other_", "workflow_other_seconds: exposed, and not listed"),
        (
            "a_total counter",
            "a_total gauge",
            "workflow_a_total: listed as a counter, exposed as Some(\"gauge\")",
        ),
        ("{le=", "{more=", "workflow_b_seconds: has the label more, which is not listed"),
        (",error=", ",group=", "workflow_a_total: a series without the label error, or none with it"),
        ("{step=\"a\",", "{", "workflow_a_total: a series without the label step, or none with it"),
    ] {
        let wrong = of(&good.replace(from, to));
        assert!(wrong.contains(told), "{told}: {wrong:?}");
    }
}
