//! The example of every rule that is not about schemas: what the command says of it before and after, as one committed table.

use std::fmt::Write as _;
use std::path::Path;

use choreograph_cli::rules::{self, Rule};
use choreograph_contracts::compat;
use choreograph_observer::fact::{Committed, Ends, GroupState, Groups, Millis, PartitionEnds, Record};
use choreograph_observer::model::{Model, ModelSettings};
use choreograph_topology::Manifest;
use serde_json::Value;

use crate::registry::memory;
use crate::registry::server::Server;
use crate::support::{choreograph, committed, folder, write};

/// When what an example sees begins.
const START: Millis = 1_767_225_600_000;

/// What is asked of one rule's example. What is asked about lasts as long as this.
pub(crate) struct Example {
    /// Each command: what the table calls it, the form of its JSON, and its arguments.
    pub(crate) commands: Vec<(&'static str, &'static str, Vec<String>)>,
    folder: tempfile::TempDir,
    servers: Vec<Server>,
}

/// The rules that have one here: pairs of schemas are run in the crate that compares them.
pub(crate) fn rules_with_one() -> impl Iterator<Item = &'static Rule> {
    rules::all().iter().copied().filter(|rule| compat::rule(rule.id).is_none())
}

impl Example {
    /// Lays out what the rule's file holds: manifests are a list; what is declared and seen has those two members; all else are files.
    pub(crate) fn of(rule: &Rule) -> Self {
        let mut example = Self { commands: Vec::new(), folder: folder(&[]), servers: Vec::new() };
        if rule.new.is_array() {
            example.topology(rule);
        } else if rule.new.get("seen").is_some() {
            for (time, value) in [("old", &rule.old), ("new", &rule.new)] {
                example.drift(time, value);
            }
        } else if rule.id == "REGISTRY_REFUSES" {
            example.registry(rule);
        } else {
            example.check(rule);
        }
        example
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn ask(&mut self, time: &'static str, form: &'static str, args: &[&str], more: &[String]) {
        let args = args.iter().map(|arg| (*arg).to_owned()).chain(more.iter().cloned());
        self.commands.push((time, form, args.collect()));
    }

    fn topology(&mut self, rule: &Rule) {
        let lay = |time: &str, manifests: &Value| -> Vec<String> {
            let manifests = manifests.as_array().expect("a list").iter().enumerate();
            let path = |(at, value): (usize, &Value)| {
                write(self.folder.path(), &format!("{time}/{at}.json"), format!("{value:#}"))
            };
            manifests.map(path).map(|path| path.display().to_string()).collect()
        };
        let (old, new) = (lay("old", &rule.old), lay("new", &rule.new));
        let change = [&new[..], &["--against".to_owned()], &old[..]].concat();
        for (time, files) in [("old", old), ("new", new), ("new against old", change)] {
            self.ask(time, "topology", &["topology", "check"], &files);
        }
    }

    /// Writes the files of `value`, and gives the paths of those below `manifests`.
    fn lay(&self, time: &str, value: &Value) -> Vec<String> {
        let mut manifests = Vec::new();
        for (path, content) in value.as_object().expect("files") {
            let text = content.as_str().map_or_else(|| format!("{content:#}"), str::to_owned);
            let written = write(self.folder.path(), &format!("{time}/{path}"), text);
            if path.starts_with("manifests/") {
                manifests.push(written.display().to_string());
            }
        }
        manifests
    }

    fn check(&mut self, rule: &Rule) {
        for (time, value) in [("old", &rule.old), ("new", &rule.new)] {
            let manifests = self.lay(time, value);
            let mut more = vec![self.path(&format!("{time}/schemas"))];
            if !manifests.is_empty() {
                more.push("--manifests".to_owned());
                more.extend(manifests);
            }
            self.ask(time, "check", &["check", "--against", &self.path("old/schemas"), "--schemas"], &more);
        }
    }

    /// The registry holds what is old.
    fn registry(&mut self, rule: &Rule) {
        let (server, _) = memory::start();
        let url = ["--url".to_owned(), server.url()];
        for (time, value) in [("old", &rule.old), ("new", &rule.new)] {
            self.lay(time, value);
            self.ask(
                time,
                "registry",
                &["registry", "check", "--schemas", &self.path(&format!("{time}/schemas"))],
                &url,
            );
        }
        let old = self.path("old/schemas");
        let pushed = choreograph(Path::new("."), ["registry", "push", "--schemas", &old, "--url", &url[1]]);
        assert_eq!(pushed.code, 0, "{pushed:?}");
        self.servers.push(server);
    }

    /// An observer that was told this answers.
    fn drift(&mut self, time: &'static str, value: &Value) {
        let drifts = serde_json::to_string(&looked(value)).expect("JSON");
        let server = Server::start(move |_| (200, drifts.clone()));
        self.ask(time, "drift", &["topology", "drift", "--observer"], &[server.url()]);
        self.servers.push(server);
    }
}

/// What an observer makes of it that has looked for as long as it looks back: what is seen came in the beginning and now.
fn looked(value: &Value) -> choreograph_observer::answer::Drifts {
    let list = |name: &str| value[name].as_array().expect("a list").clone();
    let manifests = list("declared").into_iter();
    let manifests = manifests.map(|it| Manifest::read("it", it.to_string().as_bytes()).expect("a manifest"));
    let manifests: Vec<Manifest> = manifests.collect();
    let settings = ModelSettings::default();
    let now = START + settings.drift_window_ms;
    let mut model = Model::new(settings);
    model.manifests(&manifests, START);
    let mut ends: Vec<PartitionEnds> = model
        .topics()
        .into_iter()
        .map(|topic| PartitionEnds { topic, partition: 0, start: 0, end: 0 })
        .collect();
    for at in [START, now] {
        for seen in list("seen") {
            let text = |name: &str| seen[name].as_str().expect("a text").to_owned();
            let topic = text("topic");
            let end = ends.iter_mut().find(|it| *it.topic == *topic).expect("a declared topic");
            let id = format!("{topic}-{}", end.end);
            let header = |name| (name, text(name));
            let headers = [header("ce_type"), header("ce_source"), header("ce_dataschema")];
            let mut headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers.extend([("ce_id", id.as_str()), ("ce_correlationid", id.as_str())]);
            let record = Record {
                topic: &topic,
                partition: 0,
                offset: end.end,
                timestamp: Some(at),
                key: Some(b"key"),
                headers: &headers,
                value_bytes: 2,
                tombstone: false,
            };
            model.record(&record, at);
            end.end += 1;
        }
    }
    let committed = |group: &std::sync::Arc<str>, topic: &std::sync::Arc<str>| Committed {
        group: group.clone(),
        topic: topic.clone(),
        partition: 0,
        offset: ends.iter().find(|it| it.topic == *topic).map(|it| it.end),
        progress: None,
    };
    let wanted = model.groups_wanted();
    let states = wanted.iter().map(|(group, _)| (group.clone(), GroupState::Stable)).collect();
    let committed =
        wanted.iter().flat_map(|(group, topics)| topics.iter().map(move |topic| committed(group, topic)));
    model.groups(&Groups { at: now, committed: committed.collect(), states });
    model.ends(&Ends { at: now, partitions_at: now, partitions: ends.clone() });
    model.tick(now);
    model.drifts(now)
}

/// The findings of a SARIF log, which every command writes alike: how grave, and the rule.
fn found(args: &[String]) -> Vec<String> {
    let run = choreograph(Path::new("."), args.iter().map(String::as_str).chain(["--format", "sarif"]));
    assert!(run.code < 2, "{args:?}: {run:?}");
    let log: Value = serde_json::from_str(&run.out).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("a list").iter();
    results.map(|it| format!("{} {}", text(&it["level"]), text(&it["ruleId"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn every_rule_is_run_on_every_example_and_shown_by_its_own() {
    let mut table = String::new();
    for rule in rules_with_one() {
        let example = Example::of(rule);
        writeln!(table, "{}", rule.id).expect("a text");
        let mut shown = Vec::new();
        for (time, _, args) in &example.commands {
            let found = found(args);
            let is_shown = found.iter().any(|it| it.ends_with(&format!(" {}", rule.id)));
            shown.push((*time, is_shown));
            let found = if found.is_empty() { "holds".to_owned() } else { found.join(", ") };
            writeln!(table, "  {time}: {found}").expect("a text");
        }
        let (before, after): (Vec<_>, Vec<_>) = shown.into_iter().partition(|(time, _)| *time == "old");
        assert!(
            before.iter().all(|(_, is_shown)| !is_shown),
            "{}: shown before the change\n{table}",
            rule.id
        );
        assert!(
            after.iter().any(|(_, is_shown)| *is_shown),
            "{}: not shown by its example\n{table}",
            rule.id
        );
    }
    committed("rules/matrix.txt", &table);
}
