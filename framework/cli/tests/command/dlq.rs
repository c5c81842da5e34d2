//! What `dlq` refuses before it asks any broker. What it does on Kafka is tested with the whole.

use crate::support::{Run, binary, folder, of};

const ID: &str = "2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85";

/// Runs `choreograph dlq …` with a broker that nobody serves.
fn dlq(args: &[&str]) -> Run {
    let folder = folder(&[("torn.json", "{\n\"manifest\": 1,")]);
    let mut command = binary(folder.path());
    command.env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1").env("USER", "ada");
    of(&command.arg("dlq").args(args).output().expect("the binary starts"))
}

#[test]
fn wrong_usage_is_two_and_says_what_is_right() {
    for (args, told) in [
        (&["replay"][..], "which dead letters?"),
        (&["replay", "--payloads"], "which dead letters?"),
        (&["discard", "--because", "x"], "which dead letters?"),
        (&["discard", "--open"], "--because"),
        (&["discard", "--open", "--because", " "], "--because says nothing"),
        (&["list", "--since", "yesterday"], "legal: 2026-11-21T08:00:00Z, or an age"),
        (&["list", "--cursor", "x"], "no cursor that a list gave"),
        (&["list", "--limit", "0"], "1..=1000"),
        (&["list", "--open", "--all"], "cannot be used with"),
        (&["list", "--format", "sarif"], "`--format text` or `--format json`"),
        (&["list", "--manifests", "torn.json"], "torn.json:2"),
        (&["list", "--manifests", "."], "torn.json:2"),
        (&["show", "x"], "invalid value"),
        (
            &["edit", ID, "--value", "nowhere.json", "--manifests", "nowhere.json"],
            "nowhere.json: cannot be read",
        ),
        (&["replay", "--open", "--rate", "0"], "--rate"),
        (&["replay", "--open"], "no manifest says what the steps read now"),
        (&["replay", "--open", "--dry-run"], "--manifests PATH; or say --unchecked"),
        (&["edit", ID, "--value", "x", "--force"], "no manifest says what the steps read now"),
        (&["edit", ID, "--unchecked", "--manifests", "torn.json"], "cannot be used with"),
    ] {
        let run = dlq(args);
        assert_eq!((run.code, run.out.is_empty()), (2, !args.contains(&"sarif")), "{args:?}: {}", run.errors);
        assert!(run.errors.contains(told), "{args:?}: {}", run.errors);
    }
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let run = |name: &str, value: &str| {
        let folder = folder(&[]);
        let mut command = binary(folder.path());
        command.env_remove("KAFKA_BOOTSTRAP_SERVERS").env(name, value);
        of(&command.args(["dlq", "list"]).output().expect("the binary starts"))
    };
    for (name, value, told) in [
        ("CHOREOGRAPH_REGISTRY_USER", "ada", "KAFKA_BOOTSTRAP_SERVERS: it is not set"),
        ("CHOREOGRAPH_NAMESPCE", "x", "did you mean CHOREOGRAPH_NAMESPACE?"),
    ] {
        let run = run(name, value);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}: {}", run.errors);
        assert!(run.errors.contains(told), "{name}: {}", run.errors);
    }
}
