//! Where the command runs: a Kafka, a namespace of the test's own, and the command as a process.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use choreograph_tests::process::{self, Service};
use choreograph_tests::topics::{self, Message, Record, Topic};
use serde_json::Value;

/// How long anything that a test waits for may take on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_secs(90);

/// The test that runs as the command when it is told to.
const PLAYER: &str = "stage::the_command";
/// The arguments, one a line.
const ARGUMENTS: &str = "TEST_ARGUMENTS";
/// The folder for what it prints.
const OUTPUT: &str = "TEST_OUTPUT";

/// Told to, it runs the command.
#[test]
fn the_command() -> ExitCode {
    if process::role().is_none() {
        return ExitCode::SUCCESS;
    }
    let variable = |name: &str| std::env::var(name).expect(name);
    let arguments = variable(ARGUMENTS);
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let mut console = choreograph_cli::Console::new(&mut out, &mut errors);
    let exit = choreograph_cli::run(["choreograph"].into_iter().chain(arguments.lines()), &mut console);
    let folder = PathBuf::from(variable(OUTPUT));
    fs::write(folder.join("out"), &out).expect("output");
    fs::write(folder.join("errors"), &errors).expect("errors");
    // Not by returning: the test's own threads would be waited for.
    std::process::exit(exit.code().into());
}

/// A Kafka with a namespace in it that no other test uses.
#[derive(Debug)]
pub(crate) struct Stage {
    kafka: String,
    namespace: String,
    folder: tempfile::TempDir,
}

/// A run of the command that is under way.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) service: Service,
    folder: tempfile::TempDir,
}

/// A run of the command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl Ran {
    /// What it printed, as JSON that keeps the committed schema.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        keeps_schema(&value);
        value
    }
}

/// Holds what the command prints against `formats/dlq.schema.json`.
#[track_caller]
pub(crate) fn keeps_schema(value: &Value) {
    const SCHEMA: &str = include_str!("../../../framework/cli/formats/dlq.schema.json");
    let schema = serde_json::from_str(SCHEMA).expect("JSON");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {value:#}");
}

impl Running {
    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Ran {
        let status = self.service.wait(WITHIN).expect("ended");
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let code = status.code().unwrap_or(-1);
        Ran { code, out: read("out"), errors: read("errors") }
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        let kafka = choreograph_tests::kafka::shared().to_owned();
        Self { kafka, namespace: topics::namespace("dlq"), folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn kafka(&self) -> &str {
        &self.kafka
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The full name of a topic or group.
    pub(crate) fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    /// Makes topics.
    pub(crate) fn create(&self, topics: &[(&str, i32)]) {
        let topics: Vec<_> =
            topics.iter().map(|(name, partitions)| Topic::kept(&self.full(name), *partitions)).collect();
        topics::create(&self.kafka, &topics).expect("topics");
    }

    pub(crate) fn write(&self, records: &[Record]) {
        topics::write(&self.kafka, records).expect("written");
    }

    /// All committed records of a topic.
    pub(crate) fn read(&self, topic: &str) -> Vec<Message> {
        topics::read_all(&self.kafka, &self.full(topic)).expect("a topic")
    }

    /// Writes a file that the command can be given.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Makes a folder that the command can be given.
    pub(crate) fn folder(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        fs::create_dir(&path).expect("a folder");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Starts `choreograph dlq …`.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, &[])
    }

    /// The same in an environment with more in it.
    pub(crate) fn start_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = process::this_test(PLAYER, "the command").expect("this binary");
        command
            .env(ARGUMENTS, ["dlq"].iter().chain(arguments).copied().collect::<Vec<_>>().join("\n"))
            .env(OUTPUT, folder.path())
            .env("KAFKA_BOOTSTRAP_SERVERS", &self.kafka)
            .env("CHOREOGRAPH_NAMESPACE", &self.namespace)
            .env("USER", "ada")
            .env_remove("VISUAL")
            .env_remove("EDITOR")
            .envs(more.iter().copied());
        Running { service: Service::start("dlq", command).expect("a process"), folder }
    }

    /// Runs `choreograph dlq …` to its end.
    #[track_caller]
    pub(crate) fn dlq(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).finish()
    }

    /// The same, which must end with `code`; its answer as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str], code: i32) -> Value {
        let ran = self.dlq(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        ran.json()
    }
}
