//! Texts that come from somebody else's files reach a terminal, a job's log, a page or another program, and none of these obeys
//! them.

use std::path::Path;

use serde_json::{Value, json};

use super::registry::memory;
use crate::support::{Run, choreograph, folder, write};

/// Something for each reader to obey: a terminal, one that shows text from right to left, a log of GitHub's, HTML, Markdown,
/// CSV-like lists, DOT and Mermaid.
const TEXT: &str = "\u{1b}[2J\u{9b}31m\u{7}\u{8}\r\n::error::x\n##[error]x\n%0A|`<script>x</script>`` ![i](http://h/i) ]]> \u{202e}\u{200b}\"];n0-->n1 &amp;";

const FORMATS: [&str; 6] = ["text", "json", "github", "junit", "sarif", "markdown"];

fn contract(version: &str, kind: &str) -> String {
    let field = json!({ "type": kind, "title": TEXT, "description": TEXT, "enum": [TEXT, 1] });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:contract:order.placed/{version}"),
        "title": TEXT, "description": TEXT, "type": "object",
        "properties": { TEXT: field.clone(), "id": field }, "required": [TEXT, "id"],
    });
    format!("{schema:#}")
}

fn manifest(service: &str, writes: bool) -> String {
    let schema =
        json!({ "type": "object", "properties": { TEXT: true }, "required": [TEXT], "description": TEXT });
    let deprecated = json!({ "from": TEXT, "sunset": TEXT, "migration": TEXT });
    let emitted = json!({
        "type": TEXT, "version": "1.0", "topic": TEXT, "key": TEXT, "external": true, "deprecated": deprecated,
        "schema": { "type": "object", "properties": { TEXT: { "type": "string" } } }, "starts_workflow": TEXT,
    });
    let step = json!({
        "name": TEXT, "group": TEXT,
        "consumes": [{ "type": TEXT, "major": 1, "topic": TEXT, "schema": schema }],
    });
    let value = if writes {
        json!({ "manifest": 1, "service": service, "owner": TEXT, "version": TEXT, "publishes": [emitted] })
    } else {
        json!({ "manifest": 1, "service": service, "owner": TEXT, "version": TEXT, "steps": [step] })
    };
    format!("{value:#}")
}

fn files() -> tempfile::TempDir {
    folder(&[
        ("old.json", &contract("1.0", "string")),
        ("new.json", &contract("1.0", "integer")),
        ("then/order.placed/1.0.json", &contract("1.0", "string")),
        ("schemas/order.placed/1.0.json", &contract("1.0", "integer")),
        ("writer.json", &manifest(TEXT, true)),
        ("reader.json", &manifest(&format!("{TEXT}2"), false)),
        ("torn.json", &format!("{{ \"{TEXT}\": }}")),
        ("unknown.json", &format!(r#"{{"manifest":1,"service":"a","steps":{}}}"#, json!(TEXT))),
        (
            "misshapen.json",
            &json!({ "manifest": 1, "service": "a", "steps": [{
            "name": "a", "group": "a", "consumes": [], "emits_shape": { TEXT: [] },
        }] })
            .to_string(),
        ),
    ])
}

fn is_obeyed(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What holds of every output, and of each format's.
fn assert_harmless(run: &Run, format: &str, what: &str) {
    for text in [&run.out, &run.errors] {
        let found: String = text.chars().filter(|character| is_obeyed(*character)).collect();
        assert!(found.is_empty(), "{what} as {format}: {found:?} in {text:?}");
    }
    // A job's log obeys both streams, whatever the format.
    assert!(!run.errors.contains("##["), "{what} as {format}: {}", run.errors);
    for line in run.errors.lines() {
        assert!(!line.trim_start().starts_with("::"), "{what} as {format}: {line}");
    }
    if run.out.is_empty() {
        return;
    }
    match format {
        "json" => drop(serde_json::from_str::<Value>(&run.out).expect("JSON")),
        "sarif" => {
            let log: Value = serde_json::from_str(&run.out).expect("JSON");
            assert_eq!(log["version"], "2.1.0", "{what}");
        }
        "junit" => {
            let document = roxmltree::Document::parse(&run.out).expect("XML");
            let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
            let failures = document.descendants().filter(|node| node.has_tag_name("failure"));
            let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
            let counted = |name: &str| suite.attribute(name).and_then(|count| count.parse::<usize>().ok());
            assert_eq!(counted("tests"), Some(cases.count()), "{what}");
            assert_eq!(counted("failures"), Some(failures.count()), "{what}");
            assert!(!document.descendants().any(|node| node.has_tag_name("script")), "{what}");
        }
        "github" => {
            assert!(!run.out.contains("##["), "{what}: {}", run.out);
            for line in run.out.lines().filter(|line| line.trim_start().starts_with("::")) {
                let ours = [
                    "::error file=",
                    "::error title=",
                    "::warning file=",
                    "::warning title=",
                    "::notice ",
                    "::error::",
                ];
                assert!(ours.iter().any(|start| line.starts_with(start)), "{what}: {line}");
                assert!(!line.starts_with("::error::x"), "{what}: {line}");
            }
        }
        _ => {}
    }
}

#[test]
fn nobody_obeys_a_text_whatever_the_command_and_the_format() {
    let files = files();
    let commands: [(&str, &[&str], i32); 17] = [
        ("diff", &["diff", "old.json", "new.json"], 1),
        ("check", &["check", "--against", "then"], 1),
        ("check of manifests", &["check", "--manifests", "writer.json"], 2),
        ("topology check", &["topology", "check", "writer.json", "reader.json"], 1),
        ("topology check against", &["topology", "check", "reader.json", "--against", "writer.json"], 1),
        ("topology graph", &["topology", "graph", "writer.json", "reader.json"], 0),
        ("topology graph as DOT", &["topology", "graph", "--as", "dot", "writer.json", "reader.json"], 0),
        ("topology graph as SVG", &["topology", "graph", "--as", "svg", "writer.json", "reader.json"], 0),
        ("topology graph as JSON", &["topology", "graph", "--as", "json", "writer.json", "reader.json"], 0),
        ("topology asyncapi", &["topology", "asyncapi", "writer.json", "reader.json"], 0),
        ("topology asyncapi of one", &["topology", "asyncapi", "writer.json", "--service", TEXT], 0),
        ("topology asyncapi of none", &["topology", "asyncapi", "writer.json", "--service", "x"], 2),
        ("a torn file", &["diff", "torn.json", "new.json"], 2),
        ("an unknown member", &["topology", "check", "unknown.json"], 2),
        ("a shape of nobody", &["topology", "check", "misshapen.json"], 2),
        ("explain", &["explain", TEXT], 2),
        ("wrong usage", &["diff", "--direction", TEXT, "old.json", "new.json"], 2),
    ];
    for (what, args, code) in commands {
        for format in FORMATS {
            let run = choreograph(files.path(), args.iter().chain(&["--format", format]));
            // A picture of another kind is no JSON.
            let refused = format == "json" && ["DOT", "SVG"].iter().any(|kind| what.contains(kind));
            assert_eq!(run.code, if refused { 2 } else { code }, "{what} as {format}: {run:?}");
            assert_eq!(run.out.is_empty(), run.code == 2 && format == "text", "{what} as {format}: {run:?}");
            assert_harmless(&run, format, what);
        }
    }
}

#[test]
fn nobody_obeys_a_registry_either() {
    let (server, registered) = memory::start();
    registered.lock().expect("no panic").insert(TEXT.to_owned(), vec![(1, contract("1.0", "string"))]);
    let folder = folder(&[]);
    for (args, codes) in [
        (&["registry", "list"][..], &[0, 3][..]),
        (&["registry", "get", "--id", "1"], &[0]),
        (&["registry", "get", "--subject", "nobody"], &[3]),
    ] {
        for format in FORMATS {
            let url = server.url();
            let run = choreograph(folder.path(), args.iter().chain(&["--format", format, "--url", &url]));
            assert!(codes.contains(&run.code), "{args:?} as {format}: {run:?}");
            assert_harmless(&run, format, &args.join(" "));
        }
    }
}

/// Whatever a contract refers to, and wherever it lies, nothing outside of the files given is read.
#[test]
fn no_command_follows_a_contract_out_of_its_folder() {
    let secret = folder(&[("secret.json", r#"{ "type": "object", "title": "hunter2" }"#)]);
    let outside = secret.path().join("secret.json");
    let manifest = |target: &str| {
        let schema = json!({ "$ref": target });
        let consumes = json!([{ "type": "a.b", "major": 1, "topic": "t", "schema": schema }]);
        let publishes =
            json!([{ "type": "a.b", "version": "1.0", "topic": "t", "schema": schema, "external": true }]);
        json!({
            "manifest": 1, "service": "s", "publishes": publishes,
            "steps": [{ "name": "s", "group": "s", "consumes": consumes }],
        })
        .to_string()
    };
    let url = format!("file://{}", outside.display());
    for target in
        [url.as_str(), "http://127.0.0.1:1/a.json", "../secret.json", "file:///etc/passwd", "//127.0.0.1/x"]
    {
        let files = folder(&[("m.json", &manifest(target))]);
        for (args, codes) in [
            (&["topology", "check", "m.json"][..], &[1][..]),
            (&["topology", "check", "m.json", "--against", "m.json"], &[0]),
            (&["topology", "graph", "m.json"], &[0]),
            (&["topology", "asyncapi", "m.json"], &[0]),
        ] {
            let run = choreograph(files.path(), args);
            assert!(codes.contains(&run.code), "{target} {args:?}: {run:?}");
            let all = run.out + &run.errors;
            assert!(!all.contains("hunter2") && !all.contains("root:"), "{target} {args:?}: {all}");
        }
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::{Path, choreograph, folder, json, write};

    fn good() -> String {
        crate::support::contract("a.b/1.0", "")
    }

    /// Each place of a folder of contracts, with a link there that leads out of it.
    #[test]
    fn a_link_out_of_the_folder_is_not_followed() {
        let secret = folder(&[("secret.json", r#"{ "title": "hunter2" }"#), ("a.b/1.0.json", &good())]);
        let there = secret.path();
        let cases: [(&str, &Path); 4] = [
            ("schemas/a.b/1.0.json", &there.join("secret.json")),
            ("schemas/a.b/1.1.json", Path::new("/etc/passwd")),
            ("schemas/c.d", &there.join("a.b")),
            ("schemas/approvals.toml", &there.join("secret.json")),
        ];
        for (link, target) in cases {
            let files = folder(&[("schemas/x.y/1.0.json", &crate::support::contract("x.y/1.0", ""))]);
            let path = files.path().join(link);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("can be made");
            symlink(target, &path).expect("a link");
            for args in [
                &["check"][..],
                &["check", "--against", "schemas"],
                &["registry", "push", "--url", "http://127.0.0.1:1"],
            ] {
                // Approvals are of no interest to a registry, which is away.
                let code = if link.contains("approvals") && args[0] == "registry" { 2..=3 } else { 2..=2 };
                let run = choreograph(files.path(), args);
                assert!(code.contains(&run.code), "{link} {args:?}: {run:?}");
                assert!(!run.errors.contains("hunter2") && !run.errors.contains("root:"), "{}", run.errors);
            }
            let run = choreograph(files.path(), ["check"]);
            assert!(run.errors.contains("is a symbolic link"), "{link}: {}", run.errors);
        }
        // The folder itself may be one: its user names it.
        let here = folder(&[]);
        symlink(there, here.path().join("linked")).expect("a link");
        let run = choreograph(here.path(), ["check", "--schemas", "linked"]);
        assert!(!run.errors.contains("symbolic link"), "{run:?}");
    }

    #[test]
    fn a_pipe_in_the_folder_keeps_nobody_waiting() {
        let files = folder(&[("schemas/a.b/1.0.json", &good())]);
        let pipe = files.path().join("schemas/a.b/1.1.json");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
        assert!(made.success());
        let run = choreograph(files.path(), ["check"]);
        assert_eq!(run.code, 2);
        assert!(run.errors.contains("1.1.json: is no regular file"), "{}", run.errors);
    }

    /// Names from manifests and registries become paths nowhere but where they are harmless.
    #[test]
    fn no_name_leads_out_of_the_folder_that_is_written_into() {
        let files = folder(&[]);
        for name in ["../evil", "/tmp/evil", "..", ".", "a/b", "", "a\u{0}b", "Evil", "a.b"] {
            let manifest = json!({ "manifest": 1, "service": name });
            write(files.path(), "m.json", manifest.to_string());
            let run = choreograph(files.path(), ["topology", "asyncapi", "m.json", "--into", "out"]);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}: {run:?}");
            assert!(!files.path().join("out").exists(), "{name}");
        }
        let (server, registered) = crate::registry::memory::start();
        for (number, id) in
            ["../evil/1.0", "urn:contract:../../evil/1.0", "urn:contract:a/../1.0", "urn:contract:/etc/1.0"]
                .iter()
                .enumerate()
        {
            let schema = json!({ "$id": id, "type": "object" }).to_string();
            registered.lock().expect("no panic").insert(format!("s{number}"), vec![(number + 1, schema)]);
        }
        let run = choreograph(files.path(), ["registry", "pull", "--url", &server.url()]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.out.contains("0 written, 0 unchanged, 4 schemas that are no contracts"), "{}", run.out);
        assert!(!files.path().join("schemas").exists());
    }
}
