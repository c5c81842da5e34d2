//! Whatever a command is given: its JSON keeps its committed schema and says what the exit code says, and each other format can be
//! read too. In this process, for there are many inputs.

use std::path::Path;
use std::sync::LazyLock;

use choreograph_cli::{Console, run};
use choreograph_contracts::compat;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::examples::{Example, rules_with_one};
use crate::support::{Run, folder, write};
use crate::vectors;

static SARIF: LazyLock<Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(include_str!("../sarif-subset.schema.json")).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
});

/// Runs the command without a process of its own.
fn here(args: &[&str], format: &str) -> Run {
    let args = ["choreograph"].iter().chain(args).copied().chain(["--format", format]);
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let exit = run(args, &mut Console::new(&mut out, &mut errors));
    let [out, errors] = [out, errors].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    Run { code: i32::from(exit.code()), out, errors }
}

/// What a command says as JSON of the form `form`, after every other format was found to say as much. `found` are the findings
/// of its JSON. `None` where the input is refused.
fn told(what: &str, args: &[&str], form: &str, found: impl Fn(&Value) -> Vec<Value>) -> Option<Value> {
    let run = here(args, "json");
    if run.code == 2 {
        assert!(run.errors.starts_with("error: "), "{what}: {run:?}");
        assert_refusal(what, args);
        return None;
    }
    assert_eq!(run.errors, "", "{what}");
    let json = run.json(form);
    let found = found(&json);
    let errors = found.iter().filter(|finding| finding["severity"] == "error").count();
    assert_eq!(run.code, i32::from(errors > 0), "{what}: {json:#}");

    let junit = here(args, "junit");
    let document = roxmltree::Document::parse(&junit.out).unwrap_or_else(|error| panic!("{what}: {error}"));
    let counted = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!(
        (counted("testcase"), counted("failure")),
        (found.len().max(1), errors),
        "{what}: {}",
        junit.out
    );

    let log: Value = serde_json::from_str(&here(args, "sarif").out).expect("JSON");
    let faults: Vec<String> = SARIF.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{what}: {faults:?}");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let rules = |list: &[Value], name: &str| list.iter().map(|one| one[name].to_string()).collect::<Vec<_>>();
    assert_eq!(rules(results, "ruleId"), rules(&found, "rule"), "{what}");

    for format in ["text", "markdown", "github"] {
        assert_eq!(here(args, format).code, run.code, "{what} as {format}");
    }
    Some(json)
}

/// What keeps a command from its answer is a document in every format for programs: a report that is empty says nothing went wrong.
fn assert_refusal(what: &str, args: &[&str]) {
    let run = here(args, "json");
    let json = run.json("error");
    let problems = json["error"]["problems"].as_array().expect("a list").len();
    assert_eq!(json["error"]["exit_code"], run.code, "{what}");
    let others = ["junit", "sarif", "markdown", "github"].map(|format| here(args, format));
    for other in &others {
        // Whatever the format, a person is told the same, unless the format is what is refused.
        assert_eq!((other.code, other.errors.as_str()), (run.code, run.errors.as_str()), "{what}");
    }
    let [junit, sarif, markdown, github] = others.map(|run| run.out);
    let document = roxmltree::Document::parse(&junit).unwrap_or_else(|error| panic!("{what}: {error}"));
    let counted = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
    assert_eq!(
        (counted("testcase"), counted("error"), counted("failure")),
        (problems, problems, 0),
        "{what}: {junit}"
    );
    assert_eq!(suite.attribute("errors"), Some(problems.to_string().as_str()), "{what}: {junit}");
    let log: Value = serde_json::from_str(&sarif).expect("JSON");
    let faults: Vec<String> = SARIF.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{what}: {faults:?}");
    let run = &log["runs"][0];
    let invocation = &run["invocations"][0];
    assert_eq!((&run["results"], &invocation["executionSuccessful"]), (&json!([]), &false.into()), "{what}");
    assert_eq!(invocation["toolExecutionNotifications"].as_array().map(Vec::len), Some(problems), "{what}");
    assert!(markdown.starts_with("## choreograph") && markdown.contains("\n- ❌ "), "{what}: {markdown}");
    assert!(github.starts_with("::error"), "{what}: {github}");
}

#[test]
fn what_keeps_a_command_from_its_answer_is_a_document_too() {
    let files =
        folder(&[("torn.json", "{\n"), ("schemas/a.b/1.0.json", "{\n"), ("schemas/a.b/1.1.json", "7")]);
    let path = |name: &str| files.path().join(name).display().to_string();
    let (torn, schemas) = (path("torn.json"), path("schemas"));
    for args in [
        &["diff", &torn, &torn][..],
        &["diff", &torn],
        &["check", "--schemas", &schemas],
        &["check", "--schemas", &schemas, "--against", "git:HEAD"],
        &["check", "--schemas", "/nowhere"],
        &["check", "--level", "some"],
        &["registry", "list", "--url", "http://127.0.0.1:1"],
        &["topology", "check", &torn],
        &["explain", "NO_RULE"],
        &["no-such-command"],
        &[],
    ] {
        assert_refusal(&format!("{args:?}"), args);
    }
    let run = here(&["diff", &torn, &torn], "json").json("error");
    let said = &run["error"];
    assert_eq!((&said["command"], &said["exit_code"]), (&"diff".into(), &2.into()), "{run:#}");
    assert_eq!(
        (&said["problems"][0]["file"], &said["problems"][0]["line"]),
        (&torn.as_str().into(), &2.into())
    );
    assert_eq!(here(&["diff", &torn, &torn], "text").out, "");
    // What can be said in two formats only is refused in the others, and says so in them.
    for args in [&["instances"][..], &["dlq", "list"]] {
        let junit = here(args, "junit");
        assert_eq!(junit.code, 2, "{args:?}: {junit:?}");
        assert!(junit.out.contains("<error type=\"unreadable\""), "{args:?}: {junit:?}");
    }
}

/// The pair of every rule of compatibility, other projects' pairs where they are at hand, and pairs made for the form: names that a
/// JSON Pointer escapes, names that are none, numbers without an end, schemas that are no objects.
fn pairs() -> Vec<(String, Value, Value)> {
    let rules = compat::rules().iter().map(|rule| (rule.id.to_owned(), rule.old.clone(), rule.new.clone()));
    // Each pair is asked in both directions: the second question is the first one turned round.
    let others = vectors::questions().into_iter().flatten().step_by(2);
    let mut pairs: Vec<_> = rules.chain(others.map(|it| (it.name, it.writer, it.reader))).collect();
    for name in ["a/b~c", "", " ", "\u{0}\u{1b}[2J", "ä\u{202e}😀", "~01", "\"", "$ref"] {
        let object = |kind: &str| json!({ "type": "object", "properties": { name: { "type": kind } }, "required": [name] });
        pairs.push((format!("{name:?}"), object("string"), object("integer")));
        pairs.push((format!("{name:?} added"), json!({ "type": "object" }), object("integer")));
    }
    let draft = |number: &str, mut schema: Value| {
        schema["$schema"] = json!(format!("http://json-schema.org/draft-{number}/schema#"));
        schema
    };
    let (list, mixed) = (json!({ "items": [{ "type": "string" }] }), json!({ "items": [{}, false] }));
    let more = [
        ("true and false", json!(true), json!(false)),
        ("an object and false", json!({ "type": "object" }), json!(false)),
        ("bounds", json!({ "maximum": 1e308 }), json!({ "exclusiveMaximum": -1e308, "multipleOf": 0.1 })),
        ("large numbers", json!({ "const": u64::MAX }), json!({ "const": i64::MIN })),
        ("drafts", draft("07", list), draft("06", mixed)),
        ("a loop", json!({ "$ref": "#" }), json!({ "anyOf": [{ "$ref": "#" }, { "type": "null" }] })),
        ("a reference that leads nowhere", json!({ "$ref": "#/$defs/gone" }), json!({})),
        ("no schema", json!([]), json!(1)),
        ("a pattern that is none", json!({ "pattern": "(" }), json!({ "pattern": "a" })),
    ];
    pairs.extend(more.map(|(name, old, new)| (name.to_owned(), old, new)));
    pairs
}

/// The findings in both directions.
fn both(json: &Value) -> Vec<Value> {
    ["backward", "forward"]
        .iter()
        .flat_map(|way| json[way]["findings"].as_array().expect("a list"))
        .cloned()
        .collect()
}

#[test]
fn every_comparison_keeps_its_form() {
    let files = folder(&[]);
    let (mut answered, mut broken) = (0, 0);
    for (name, old, new) in pairs() {
        let old = write(files.path(), "old.json", format!("{old:#}")).display().to_string();
        let new = write(files.path(), "new.json", format!("{new:#}")).display().to_string();
        for semantics in ["contract", "plain"] {
            let args = ["diff", old.as_str(), new.as_str(), "--semantics", semantics];
            let Some(json) = told(&name, &args, "diff", both) else { continue };
            let holds = ["backward", "forward"].map(|way| json[way]["compatible"] == true);
            let silent = ["backward", "forward"].map(|way| json[way]["findings"] == json!([]));
            assert_eq!(holds, silent, "{name}: {json:#}");
            assert_eq!(json["bump"] == "major", holds != [true, true], "{name}: {json:#}");
            answered += 1;
            broken += usize::from(holds != [true, true]);
        }
    }
    assert!(answered > 100 && broken > 60, "{answered} of which {broken} break");
}

#[test]
fn every_rule_is_explained_in_its_form() {
    let all = here(&["explain"], "json").json("explain");
    let rules = all["rules"].as_array().expect("a list");
    assert!(rules.len() > 60, "{}", rules.len());
    for rule in rules {
        let id = rule["id"].as_str().expect("a name");
        assert_eq!(here(&["explain", id], "json").json("explain"), *rule);
    }
}

/// Each rule that is not about schemas, in all that the command says of its example: the pairs of schemas are compared above.
#[test]
fn every_finding_keeps_its_form() {
    for rule in rules_with_one() {
        let example = Example::of(rule);
        let mut rules = Vec::new();
        for (_, form, args) in example.commands.iter().filter(|(time, ..)| *time != "old") {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let what = format!("{}: {args:?}", rule.id);
            if *form == "drift" {
                // Its JSON is the observer's answer, which has no findings.
                rules.extend(here(&args, "json").json(form)["drifts"].as_array().map(|_| rule.id.to_owned()));
                continue;
            }
            let json = told(&what, &args, form, |json| json["findings"].as_array().expect("a list").clone());
            let json = json.unwrap_or_else(|| panic!("{what}: refused"));
            let found = json["findings"].as_array().expect("a list");
            rules.extend(found.iter().filter_map(|finding| finding["rule"].as_str().map(str::to_owned)));
            assert_eq!(json["holds"], found.iter().all(|finding| finding["severity"] != "error"), "{what}");
            if *form == "topology" && !args.contains(&"--against") {
                let graph: Vec<&str> =
                    ["topology", "graph"].into_iter().chain(args[2..].iter().copied()).collect();
                assert_is_drawn(&graph);
            }
        }
        assert!(rules.iter().any(|it| it == rule.id), "{}: {rules:?}", rule.id);
    }
}

/// The JSON of a picture keeps its form, and each edge joins two nodes.
fn assert_is_drawn(args: &[&str]) {
    let picture = here(args, "json").json("graph");
    let nodes: Vec<&Value> =
        picture["nodes"].as_array().expect("a list").iter().map(|node| &node["id"]).collect();
    for edge in picture["edges"].as_array().expect("a list") {
        assert!(nodes.contains(&&edge["from"]) && nodes.contains(&&edge["to"]), "{edge}");
    }
}

#[test]
fn the_shop_is_drawn_in_its_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../example-pipeline/choreography/manifests");
    let files = std::fs::read_dir(folder).expect("the manifests").map(|file| file.expect("a file").path());
    let files: Vec<String> = files.map(|path| path.display().to_string()).collect();
    let args: Vec<&str> = ["topology", "graph"].into_iter().chain(files.iter().map(String::as_str)).collect();
    assert_is_drawn(&args);
}
