//! Whatever it is given, the command says what is wrong with it and where, ends with the right code, and writes
//! nothing.

use std::path::Path;

use crate::support::{choreograph, contract, folder, write};

/// One bad file: its text, and what is said about it. Each is given to `diff`, and to `check` as a contract.
struct Case {
    name: &'static str,
    text: Vec<u8>,
    says: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |name, text: &str, says| Case { name, text: text.as_bytes().to_vec(), says };
    let reference =
        |target: &str| contract("a.b/1.0", &format!(",\n    \"x\": {{ \"$ref\": \"{target}\" }}"));
    vec![
        case("torn JSON", "{\n  \"type\": \n", ":3"),
        case("no JSON at all", "hello", ":1"),
        case("empty", "", ":1"),
        case("two documents", "{}\n{}", ":2"),
        Case { name: "no UTF-8", text: b"{\n\"title\": \"\xff\"}".to_vec(), says: ":2: not UTF-8" },
        case("a list", "[]", "schema"),
        case("a number", "7", "schema"),
        case("a type that is none", &contract("a.b/1.0", "").replace("\"object\"", "\"objekt\""), ":5"),
        case("a keyword of the wrong kind", &contract("a.b/1.0", "").replace("[\"id\"]", "\"id\""), ":8"),
        case("a pattern that is none", &contract("a.b/1.0", ",\n \"x\": { \"pattern\": \"(\" }"), ":8"),
        case("a reference to the network", &reference("http://127.0.0.1:1/a.json"), ":8"),
        case("a reference to a file", &reference("file:///etc/passwd"), ":8"),
        case("a reference to a path", &reference("../../../../etc/passwd"), ":8"),
        case("a reference to nothing", &reference("#/$defs/Missing"), ":8"),
        case("too deep", &format!("{}{}", "{\"not\":".repeat(2_000), "}".repeat(2_000)), "deep"),
    ]
}

#[test]
fn a_bad_file_is_named_with_its_line() {
    for case in cases() {
        let folder = folder(&[("good.json", "{}")]);
        write(folder.path(), "bad.json", &case.text);
        write(folder.path(), "schemas/a.b/1.0.json", &case.text);
        let before = listing(folder.path());
        for (args, file) in [
            (&["diff", "good.json", "bad.json"][..], "bad.json"),
            (&["diff", "bad.json", "good.json"], "bad.json"),
            (&["check"], "schemas/a.b/1.0.json"),
        ] {
            let run = choreograph(folder.path(), args);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{}: {args:?}: {run:?}", case.name);
            assert!(run.errors.starts_with("error: "), "{}: {run:?}", case.name);
            assert!(run.errors.contains(file), "{}: {args:?}: {}", case.name, run.errors);
            assert!(run.errors.contains(case.says), "{}: {args:?}: {}", case.name, run.errors);
            assert!(!run.errors.contains("root:"), "{}", run.errors);
        }
        assert_eq!(listing(folder.path()), before, "{}", case.name);
    }
}

#[test]
fn what_is_no_folder_of_contracts_is_said_to_be_none() {
    let folder = folder(&[
        ("empty/README.md", "nothing here"),
        ("code/Src Files/main.rs", "fn main() {}"),
        ("file", "x"),
        ("approvals/a.b/1.0.json", &contract("a.b/1.0", "")),
        ("approvals/approvals.toml", "[[approval]]\nfingerprint = 7\n"),
    ]);
    for (schemas, says) in [
        ("missing", "missing: there is no such folder"),
        ("empty", "empty: holds no contract"),
        ("file", "file: is a file"),
        ("code", "is this the folder of contracts?"),
        ("approvals", "approvals/approvals.toml:2: "),
    ] {
        let run = choreograph(folder.path(), ["check", "--schemas", schemas]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{schemas}: {run:?}");
        assert!(run.errors.contains(says), "{schemas}: {}", run.errors);
    }
}

#[test]
fn a_bad_manifest_is_said_to_be_none() {
    let folder = folder(&[("schemas/a.b/1.0.json", &contract("a.b/1.0", ""))]);
    for (text, says) in [
        ("{", "m.json:1: not JSON"),
        ("[]", "m.json:1: a list, and a manifest is one JSON object"),
        ("{}", "m.json:1: no manifest"),
        ("{\n\"manifest\": 1\n}", "m.json:3: no manifest"),
        ("{\"manifest\": 99}", "m.json:1: a manifest of form 99, and this program reads forms up to 1"),
        (
            r#"{"manifest":1,"service":"s","publishes":[{"type":"A B","version":"1.0","topic":"t","schema":{}}]}"#,
            "m.json:1: service `s` emits `A B` 1.0, which names no contract",
        ),
        ("{\n\n\"manifest\": 99}", "m.json:3: a manifest of form 99"),
        ("{\"manifest\": 1,\n\"service\": \"\"}", "m.json:2: the service has no name"),
    ] {
        write(folder.path(), "m.json", text);
        let run = choreograph(folder.path(), ["check", "--manifests", "m.json"]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{text}: {run:?}");
        assert!(run.errors.contains(says), "{text}: {}", run.errors);
    }
}

/// One of thirty manifests is at fault, in one of its places.
#[test]
fn a_name_that_is_none_is_told_with_its_file_and_line() {
    let event = |name: &str| format!(r#"{{"type":"{name}","version":"1.0","topic":"t","schema":{{}}}}"#);
    let manifest = |step: &str, published: &str| {
        let (emitted, published) = (event(step), event(published));
        format!(
            "{{\"manifest\":1,\"service\":\"s\",\n\"publishes\":[\n{published}],\"steps\":[{{\"name\":\"a\",\"group\":\"s.a\",\"consumes\":[],\n\"starts\":[\n{emitted}]}}]}}"
        )
    };
    let folder = folder(&[
        ("schemas/a.b/1.0.json", &contract("a.b/1.0", "")),
        ("good.json", &manifest("a.b", "a.b")),
        ("step.json", &manifest("A B", "a.b")),
        ("published.json", &manifest("a.b", "A B")),
    ]);
    for (file, line) in [("step.json", 5), ("published.json", 3)] {
        let run = choreograph(folder.path(), ["check", "--manifests", "good.json", file]);
        let told = format!("error: {file}:{line}: service `s` emits `A B` 1.0, which names no contract\n");
        assert_eq!((run.code, run.errors), (2, told));
    }
    write(folder.path(), "m.json", b"{\"manifest\": 1,\n\"service\": \"\xff\"}");
    let run = choreograph(folder.path(), ["check", "--manifests", "m.json"]);
    assert_eq!((run.code, run.errors.as_str()), (2, "error: m.json:2: not UTF-8: save the file as UTF-8\n"));
}

#[test]
fn a_missing_file_and_a_folder_are_no_schemas() {
    let folder = folder(&[("good.json", "{}")]);
    for (file, says) in [("missing.json", "missing.json: cannot be read"), (".", ".: is a folder")] {
        let run = choreograph(folder.path(), ["diff", "good.json", file]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.errors.contains(says), "{}", run.errors);
    }
}

#[test]
fn github_is_told_where_the_bad_file_is() {
    let folder = folder(&[("good.json", "{}"), ("bad.json", "{\n\n")]);
    let run = choreograph(folder.path(), ["diff", "good.json", "bad.json", "--format", "github"]);
    assert_eq!(run.code, 2);
    assert!(run.out.starts_with("::error file=bad.json,line=3::"), "{}", run.out);
}

/// A schema of so many fields of one kind.
fn fields(count: usize, kind: &str) -> String {
    let all: Vec<String> = (0..count).map(|n| format!("\"f{n}\": {{ \"type\": \"{kind}\" }}")).collect();
    format!("{{ \"type\": \"object\", \"properties\": {{ {} }} }}", all.join(",\n"))
}

/// A person is shown a part and told how many there are; JSON has them all, each with the event that shows it.
#[test]
fn a_comparison_with_ten_thousand_breaks_lists_all_of_them_in_json() {
    let folder = folder(&[("old.json", &fields(10_000, "string")), ("new.json", &fields(10_000, "integer"))]);
    let text = choreograph(folder.path(), ["diff", "old.json", "new.json", "--direction", "backward"]);
    assert_eq!((text.code, text.errors.as_str()), (1, ""));
    assert!(text.out.contains("… and 9950 findings more"), "{}", text.out);
    let json = choreograph(folder.path(), ["diff", "old.json", "new.json", "--format", "json"]).json("diff");
    for direction in ["backward", "forward"] {
        let found = json[direction]["findings"].as_array().expect("a list");
        assert_eq!(found.len(), 10_000, "{direction}");
        assert!(found.iter().all(|finding| finding["proof"] == "proved"), "{direction}");
    }
    assert_eq!(json.get("bounded"), None);
}

/// What lies beyond [`choreograph_contracts::compat::MAX_CHANGES`] is not listed, and nobody is told that it is all.
#[test]
fn a_comparison_with_more_breaks_than_are_listed_says_so() {
    let bound = choreograph_contracts::compat::MAX_CHANGES;
    let folder =
        folder(&[("old.json", &fields(bound + 1, "string")), ("new.json", &fields(bound + 1, "integer"))]);
    let text = choreograph(folder.path(), ["diff", "old.json", "new.json", "--direction", "backward"]);
    assert!(text.out.trim_end().ends_with("there may be more"), "{}", text.out);
    let json = choreograph(folder.path(), ["diff", "old.json", "new.json", "--format", "json"]).json("diff");
    assert_eq!(json["backward"]["findings"].as_array().map(Vec::len), Some(bound));
    assert_eq!(json["bounded"], true);
}

/// A disk that is full, say: here a folder lies where the last document is to be written.
#[test]
fn documents_that_cannot_all_be_written_leave_those_of_before() {
    let manifest = |service: &str| format!(r#"{{"manifest":1,"service":"{service}"}}"#);
    let folder = folder(&[
        ("a.json", &manifest("a")),
        ("b.json", &manifest("b")),
        ("docs/asyncapi.json", "of before"),
        ("docs/.b.asyncapi.json.part/x", ""),
    ]);
    let before = listing(folder.path());
    let run = choreograph(folder.path(), ["topology", "asyncapi", "a.json", "b.json", "--into", "docs"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(listing(folder.path()), before);
}

/// Every path below a folder, with its size.
fn listing(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(path).expect("a folder") {
            let entry = entry.expect("readable");
            let data = entry.metadata().expect("readable");
            found.push((entry.path().display().to_string(), data.len()));
            if data.is_dir() {
                open.push(entry.path());
            }
        }
    }
    found.sort();
    found
}
