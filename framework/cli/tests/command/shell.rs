//! The command as a part of a shell's line: pipes that close early, exit codes, colours.

use std::path::Path;
use std::process::Stdio;

use crate::support::{binary, choreograph, contract, folder, of};

/// Schemas with as many breaks as fields.
fn wide(kind: &str) -> String {
    let all: Vec<String> = (0..2_000).map(|n| format!("\"f{n}\": {{ \"type\": \"{kind}\" }}")).collect();
    format!("{{ \"type\": \"object\", \"properties\": {{ {} }} }}", all.join(",\n"))
}

#[test]
fn a_pipe_that_is_closed_early_is_no_fault() {
    let folder = folder(&[("old.json", &wide("string")), ("new.json", &wide("integer"))]);
    let diff = ["diff", "old.json", "new.json"];
    for (args, code) in [
        (&["--help"][..], 0),
        (&["man"], 0),
        (&["completions", "bash"], 0),
        (&["explain"], 0),
        (&diff, 1),
        (&[&diff[..], &["--format", "json"]].concat(), 1),
        (&[&diff[..], &["--format", "sarif"]].concat(), 1),
        (&[&diff[..], &["--format", "junit"]].concat(), 1),
    ] {
        let mut child = binary(folder.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        let run = of(&ended);
        assert_eq!((run.code, run.errors.as_str()), (code, ""), "{args:?}");
    }
}

/// Every command, and each code that it can end with without a broker and a network.
#[test]
fn every_command_ends_with_the_code_that_is_documented() {
    let order = contract("order.placed/1.0", "");
    let files = folder(&[
        ("old.json", &order),
        ("new.json", &order.replace("\"string\"", "\"integer\"")),
        ("schemas/order.placed/1.0.json", &order),
        ("then/order.placed/1.0.json", &order.replace("\"string\"", "\"integer\"")),
        ("m.json", r#"{ "manifest": 1, "service": "a" }"#),
        (
            "one-sided.json",
            r#"{ "manifest": 1, "service": "a", "steps": [{ "name": "s", "group": "g", "consumes": [{ "type": "x", "major": 1, "topic": "t", "schema": true }] }] }"#,
        ),
        ("torn.json", "{"),
    ]);
    let away = "http://127.0.0.1:1";
    let cases: [(&[&str], i32); 31] = [
        (&["diff", "old.json", "old.json"], 0),
        (&["diff", "old.json", "new.json"], 1),
        (&["diff", "old.json", "torn.json"], 2),
        (&["diff", "old.json"], 2),
        (&["check"], 0),
        (&["check", "--against", "then"], 1),
        (&["check", "--against", "nowhere"], 2),
        (&["check", "--schemas", "nowhere"], 2),
        (&["check", "--level", "SOME"], 2),
        (&["check", "--against", "git:main"], 3),
        (&["check", "--against", "registry:http://127.0.0.1:1"], 3),
        (&["check", "--against", "registry:ftp://x"], 2),
        (&["registry", "list", "--url", away], 3),
        (&["registry", "check", "--url", away], 2),
        (&["registry", "pull", "--url", away], 3),
        (&["registry", "get", "--url", away, "--id", "1"], 3),
        (&["registry", "delete", "--url", away, "--subject", "a"], 2),
        (&["registry", "delete", "--url", away, "--subject", "a", "--yes"], 3),
        (&["registry", "list"], 2),
        (&["topology", "check", "m.json"], 0),
        (&["topology", "check", "one-sided.json"], 1),
        (&["topology", "check", "torn.json"], 2),
        (&["topology", "graph", "m.json"], 0),
        (&["topology", "graph", "torn.json"], 2),
        (&["topology", "asyncapi", "m.json"], 0),
        (&["topology", "asyncapi", "torn.json"], 2),
        (&["topology", "drift", "--observer", away], 3),
        (&["where", "x", "--observer", away], 3),
        (&["instances", "--observer", away], 3),
        (&["explain", "NO_SUCH_RULE"], 2),
        (&["completions", "no-such-shell"], 2),
    ];
    for (args, code) in cases {
        let mut command = binary(files.path());
        command.args(args).env("GIT_CEILING_DIRECTORIES", files.path().parent().expect("a folder"));
        let run = of(&command.output().expect("the binary starts"));
        assert_eq!(run.code, code, "{args:?}: {run:?}");
        // What was found goes to standard output, what kept it from finding anything to standard error.
        assert_eq!((run.out.is_empty(), run.errors.is_empty()), (code > 1, code <= 1), "{args:?}: {run:?}");
    }
}

#[test]
fn what_is_no_terminal_gets_no_colours() {
    for args in [&["--help"][..], &["diff"], &["explain"], &["diff", "gone.json", "gone.json"]] {
        let mut command = binary(Path::new("."));
        command.args(args).env_remove("NO_COLOR").env("TERM", "xterm-256color");
        let run = of(&command.output().expect("the binary starts"));
        assert!(!(run.out + &run.errors).contains('\u{1b}'), "{args:?}");
    }
    assert!(choreograph(Path::new("."), ["explain"]).out.contains("NEVER_ENDS"));
}
