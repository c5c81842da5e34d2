use serde_json::{Value, json};

use crate::support::{choreograph, folder, write};

/// payment writes `payment.confirmed` with these fields, all required.
pub(crate) fn payment(version: &str, fields: &[&str]) -> String {
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": fields, "additionalProperties": false });
    let event = json!({
        "type": "payment.confirmed", "version": version, "topic": "payments", "key": "order_id", "external": true,
        "schema": schema,
    });
    format!("{:#}", json!({ "manifest": 1, "service": "payment", "owner": "Payments", "publishes": [event] }))
}

/// billing requires these fields of it.
pub(crate) fn billing(fields: &[&str]) -> String {
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": fields });
    let consumes =
        json!([{ "type": "payment.confirmed", "major": 1, "topic": "payments", "schema": schema }]);
    let step = json!({ "name": "invoice", "group": "billing.invoice", "consumes": consumes });
    format!("{:#}", json!({ "manifest": 1, "service": "billing", "owner": "Finance", "steps": [step] }))
}

fn files() -> tempfile::TempDir {
    folder(&[
        ("now/payment.json", &payment("1.0", &["order_id", "currency"])),
        ("now/billing.json", &billing(&["order_id", "currency"])),
        ("next/payment.json", &payment("1.1", &["order_id"])),
    ])
}

#[test]
fn a_choreography_that_holds_is_zero() {
    let files = files();
    let run = choreograph(files.path(), ["topology", "check", "now/payment.json", "now/billing.json"]);
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
    assert_eq!(run.out, "the choreography holds; 2 services, 1 step, 1 event\n");
}

#[test]
fn a_break_names_both_teams_and_shows_an_event() {
    let files = files();
    let args = ["topology", "check", "next/payment.json", "now/billing.json"];
    let run = choreograph(files.path(), args);
    assert_eq!((run.code, run.errors.as_str()), (1, ""), "{}", run.out);
    assert!(
        run.out.starts_with("error[NOT_COVERED]: payment (team Payments) does not write `currency`"),
        "{}",
        run.out
    );
    assert!(run.out.contains("billing.invoice (team Finance)"), "{}", run.out);
    assert!(run.out.contains("--> now/billing.json:"), "{}", run.out);
    assert!(run.out.contains("witness"), "{}", run.out);
    let json = choreograph(files.path(), args.into_iter().chain(["--format", "json"])).json("topology");
    assert_eq!(json["findings"][0]["rule"], "NOT_COVERED");
    assert_eq!(json["findings"][0]["witness"]["event"]["currency"], Value::Null);
    for format in ["github", "junit", "sarif", "markdown"] {
        let run = choreograph(files.path(), args.into_iter().chain(["--format", format]));
        assert_eq!(run.code, 1, "{format}");
        assert!(run.out.replace('\\', "").contains("NOT_COVERED"), "{format}: {}", run.out);
    }
}

#[test]
fn a_change_is_told_whom_it_breaks() {
    let files = files();
    let now = ["--against", "now/payment.json", "now/billing.json"];
    let run = choreograph(files.path(), ["topology", "check", "next/payment.json"].into_iter().chain(now));
    assert_eq!((run.code, run.errors.as_str()), (1, ""), "{}", run.out);
    let first = "error[BREAKS_CONSUMER]: payment (team Payments) stops writing `currency` in payment.confirmed 1.1 \
                 (before: 1.0); billing.invoice (team Finance) requires it\n";
    assert!(run.out.starts_with(first), "{}", run.out);
    assert!(run.out.contains("before: now/billing.json:"), "{}", run.out);
    assert!(run.out.ends_with("1 finding: it breaks billing\nas before: billing\n"), "{}", run.out);
    let same = ["topology", "check", "now/payment.json"].into_iter().chain(now);
    let json = choreograph(files.path(), same.chain(["--format", "json"])).json("topology");
    assert_eq!((&json["holds"], &json["unchanged"]), (&json!(true), &json!(["billing"])));
}

/// A service that is taken away is a change too, where it is said that it is.
#[test]
fn a_service_that_is_gone_breaks_who_needs_it() {
    let files = files();
    let ask = |manifests: &[&str], more: &[&str]| {
        let before = ["--against", "now/payment.json", "now/billing.json"];
        let args = ["topology", "check"].iter().chain(manifests).chain(&before).chain(more).copied();
        let args: Vec<&str> = args.collect();
        let json = choreograph(files.path(), args.iter().chain(&["--format", "json"])).json("topology");
        (choreograph(files.path(), args), json)
    };
    // Some of them: the others go on.
    let (run, json) = ask(&["now/billing.json"], &[]);
    assert_eq!(
        (run.code, &json["unchanged"], &json["gone"]),
        (0, &json!(["payment"]), &json!([])),
        "{run:?}"
    );
    // All of them, or said by name: nobody writes what billing reads.
    for (manifests, more) in [
        (&["now/billing.json"][..], &["--complete"][..]),
        (&["now/billing.json"], &["--gone", "payment"]),
        (&[], &["--gone", "payment"]),
    ] {
        let (run, json) = ask(manifests, more);
        assert_eq!((run.code, &json["gone"]), (1, &json!(["payment"])), "{run:?}");
        assert_eq!(json["findings"][0]["rule"], "CONSUMED_BUT_NOT_EMITTED", "{json:#}");
        assert!(run.out.contains("billing.invoice (team Finance)"), "{}", run.out);
        let who = "gone is who wrote payment.confirmed until now: payment (team Payments)";
        assert!(run.out.contains(who), "{}", run.out);
        assert!(run.out.contains("\ngone: payment\n"), "{}", run.out);
    }
    // The only reader.
    let (run, json) = ask(&["now/payment.json"], &["--complete"]);
    assert_eq!((run.code, &json["findings"][0]["rule"]), (1, &"EMITTED_BUT_NOT_CONSUMED".into()), "{run:?}");
    // Under another name it is another service, which does the same.
    let renamed = payment("1.0", &["order_id", "currency"]).replace("\"payment\"", "\"payments\"");
    write(files.path(), "next/payments.json", renamed);
    let (run, json) = ask(&["next/payments.json", "now/billing.json"], &["--complete"]);
    assert_eq!((run.code, &json["gone"]), (0, &json!(["payment"])), "{run:?}");
    // Whoever gives several may think that they are all.
    let (run, _) = ask(&["next/payments.json", "now/billing.json"], &[]);
    assert!(run.out.contains("as before: payment; with `--complete` they would be gone"), "{}", run.out);
}

#[test]
fn who_is_gone_was_there_and_is_not() {
    let files = files();
    let before = ["--against", "now/payment.json", "now/billing.json"];
    for (args, told) in [
        (&["now/billing.json", "--gone", "billing"][..], "is said to be gone, and its manifest is given"),
        (&["now/billing.json", "--gone", "paymnt"], "there are billing, payment"),
        (&["now/billing.json", "--gone", "payment", "--complete"], "cannot be used with"),
    ] {
        let args = ["topology", "check"].iter().chain(args).chain(&before);
        let run = choreograph(files.path(), args);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.errors.contains(told), "{run:?}");
    }
    for alone in [&["now/billing.json", "--complete"][..], &["--gone", "payment"], &[]] {
        let run = choreograph(files.path(), ["topology", "check"].iter().chain(alone));
        assert_eq!(run.code, 2, "{run:?}");
    }
}

#[test]
fn pictures_and_documents_are_printed() {
    let files = files();
    let manifests = ["now/payment.json", "now/billing.json"];
    let graph = |form: &[&str]| {
        let args = ["topology", "graph"].into_iter().chain(manifests).chain(form.iter().copied());
        let run = choreograph(files.path(), args);
        assert_eq!((run.code, run.errors.as_str()), (0, ""));
        run.out
    };
    assert!(graph(&[]).starts_with("flowchart TD\n"));
    assert!(graph(&["--as", "dot"]).starts_with("digraph "));
    assert!(graph(&["--as", "svg"]).starts_with("<svg "));
    assert_eq!(graph(&["--as", "json"]), graph(&["--format", "json"]));

    let asyncapi = |more: &[&str]| {
        let args = ["topology", "asyncapi"].into_iter().chain(manifests).chain(more.iter().copied());
        choreograph(files.path(), args)
    };
    let whole: Value = serde_json::from_str(&asyncapi(&[]).out).expect("JSON");
    assert_eq!(whole["info"]["title"], "choreography");
    let one: Value = serde_json::from_str(&asyncapi(&["--service", "billing"]).out).expect("JSON");
    assert_eq!(one["info"]["title"], "billing");
    assert_eq!(asyncapi(&["--service", "nobody"]).code, 2);
    assert_eq!(asyncapi(&["--into", "docs"]).out, "3 documents written into docs\n");
    let written = std::fs::read_to_string(files.path().join("docs/billing.asyncapi.json")).expect("written");
    assert_eq!(serde_json::from_str::<Value>(&written).expect("JSON"), one);
    let json = asyncapi(&["--into", "docs", "--format", "json"]).json("asyncapi");
    assert_eq!((&json["written"][1], &json["removed"]), (&"docs/billing.asyncapi.json".into(), &json!([])));
    let fenced = |language: &str, text: &str| format!("```{language}\n{}\n```\n", text.trim_end());
    assert_eq!(graph(&["--format", "markdown"]), fenced("mermaid", &graph(&[])));
    assert_eq!(graph(&["--format", "markdown", "--as", "dot"]), fenced("dot", &graph(&["--as", "dot"])));
    assert_eq!(graph(&["--format", "github"]), graph(&[]));
    assert_eq!(asyncapi(&["--format", "markdown"]).out, fenced("json", &asyncapi(&[]).out));
    // Nothing is found, and nothing is said to be.
    for args in [&["--format", "sarif"][..], &["--into", "docs", "--format", "sarif"]] {
        let log: Value = serde_json::from_str(&asyncapi(args).out).expect("JSON");
        assert_eq!(log["runs"][0]["results"], json!([]), "{log:#}");
    }
    assert!(graph(&["--format", "junit"]).contains("failures=\"0\""));
    let args = ["topology", "graph"].into_iter().chain(manifests).chain(["--as", "dot", "--format", "json"]);
    let run = choreograph(files.path(), args);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.errors.contains("`--format json` draws no dot"), "{run:?}");
}

/// A service that is gone leaves no document behind; whatever else lies there stays.
#[test]
fn documents_of_services_that_are_gone_go_too() {
    let manifest = |service: &str, more: &str| format!(r#"{{"manifest":1,"service":"{service}"{more}}}"#);
    let folder = folder(&[
        ("a.json", &manifest("a", "")),
        ("b.json", &manifest("b", r#","owner":"Team B""#)),
        ("c.json", &manifest("c", "")),
    ]);
    let into = |files: &[&str], more: &[&str]| {
        let args = ["topology", "asyncapi"].iter().chain(files).chain(&["--into", "docs"]).chain(more);
        let run = choreograph(folder.path(), args);
        assert_eq!((run.code, run.errors.as_str()), (0, ""));
        run
    };
    into(&["a.json", "b.json", "c.json"], &[]);
    let theirs = r#"{"asyncapi":"3.0.0","info":{"title":"theirs","description":"What we wrote"}}"#;
    write(folder.path(), "docs/theirs.asyncapi.json", theirs);
    write(folder.path(), "docs/torn.asyncapi.json", "{");
    write(folder.path(), "docs/README.md", "x");
    std::fs::rename(folder.path().join("docs/c.asyncapi.json"), folder.path().join("docs/d.asyncapi.json"))
        .unwrap();
    let run = into(&["a.json"], &[]);
    let told = "docs/b.asyncapi.json removed: no manifest is of its service\n";
    assert_eq!(run.out, format!("2 documents written into docs\n{told}"));
    let left = std::fs::read_dir(folder.path().join("docs")).unwrap();
    let mut left: Vec<String> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    let expected =
        ["README.md", "a.asyncapi.json", "asyncapi.json", "d.asyncapi.json", "theirs.asyncapi.json"];
    assert_eq!(left, [&expected[..], &["torn.asyncapi.json"]].concat());
    into(&["a.json", "b.json"], &[]);
    let json = into(&["a.json"], &["--format", "json"]).json("asyncapi");
    assert_eq!(json["removed"], json!(["docs/b.asyncapi.json"]));
}

#[test]
fn bad_manifests_are_two_with_file_and_line() {
    let deep = format!(r#"{{"manifest":1,"service":"a","steps":{}"#, "[".repeat(100_000));
    let evil = r#"{"manifest":1,"service":"../evil"}"#;
    let folder = folder(&[
        ("torn.json", "{\n\"manifest\": 1,"),
        ("newer.json", r#"{"manifest": 9, "service": "a"}"#),
        ("list.json", "[]"),
        ("deep.json", &deep),
        ("evil.json", evil),
    ]);
    for (file, told) in [
        ("torn.json", "torn.json:2: not JSON"),
        ("newer.json", "newer.json:1: a manifest of form 9, and this program reads forms up to 1"),
        ("list.json", "list.json:1: a list"),
        ("deep.json", "deep.json:1: "),
        ("gone.json", "gone.json: cannot be read"),
        (".", "is a folder"),
    ] {
        for command in ["check", "graph", "asyncapi"] {
            let run = choreograph(folder.path(), ["topology", command, file]);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{command} {file}");
            assert!(run.errors.contains(told), "{command} {file}: {}", run.errors);
        }
    }
    assert_eq!(choreograph(folder.path(), ["topology", "check"]).code, 2);
    let run = choreograph(folder.path(), ["topology", "asyncapi", "evil.json", "--into", "out"]);
    assert_eq!(run.code, 2);
    assert!(run.errors.contains("cannot be a file's name"), "{}", run.errors);
    assert!(!folder.path().join("out").exists());
}

/// payment writes both majors, and says when the older one ends.
fn ending(sunset: &str) -> String {
    let mut manifest: Value = serde_json::from_str(&payment("1.0", &["order_id"])).expect("JSON");
    manifest["version"] = json!("2.1.0");
    let old = &mut manifest["publishes"][0];
    old["deprecated"] =
        json!({ "from": "2026-03-01", "sunset": sunset, "migration": "https://wiki.example.org/payment-2" });
    let mut new = old.clone();
    new["version"] = json!("2.0");
    new["majors"] = json!([1, 2]);
    new["deprecated"] = Value::Null;
    new["terminal"] = json!(true);
    manifest["publishes"].as_array_mut().expect("a list").push(new);
    manifest.to_string()
}

#[test]
fn who_reads_what_ends_is_warned_and_nothing_fails() {
    let folder = folder(&[
        ("before.json", &payment("1.0", &["order_id"])),
        ("payment.json", &ending("9000-12-31")),
        ("late.json", &ending("2000-12-31")),
        ("vague.json", &ending("soon")),
        ("billing.json", &billing(&["order_id"])),
    ]);
    let check = |payment: &str, more: &[&str]| {
        let args = ["topology", "check", payment].into_iter().chain(more.iter().copied());
        choreograph(folder.path(), args)
    };
    let run = check("payment.json", &["billing.json"]);
    assert_eq!((run.code, run.errors.as_str()), (0, ""), "{}", run.out);
    let first = "warning[EVENT_DEPRECATED]: billing.invoice (team Finance) consumes payment.confirmed.v1, which payment 2.1.0 \
                 (team Payments) has deprecated since 2026-03-01; it may end on 9000-12-31\n --> billing.json:";
    assert!(run.out.starts_with(first), "{}", run.out);
    let help = "= help: read major 2, which is written already; how is written at https://wiki.example.org/payment-2\n";
    assert!(run.out.contains(help), "{}", run.out);
    assert!(
        run.out.ends_with("the choreography holds, 1 warning; 2 services, 1 step, 2 events\n"),
        "{}",
        run.out
    );
    let json = check("payment.json", &["billing.json", "--format", "json"]).json("topology");
    assert_eq!((&json["holds"], &json["findings"][0]["severity"]), (&json!(true), &json!("warning")));

    let run = check("late.json", &["billing.json"]);
    assert!(run.out.contains("its last day was 2000-12-31, and it may be gone any day"), "{}", run.out);
    assert_eq!(run.code, 0);
    assert!(check("vague.json", &["billing.json"]).out.contains("it may end on soon"));

    // A change that deprecates tells whom; what was deprecated before is told by the check of the whole.
    let run = check("payment.json", &["--against", "before.json", "billing.json"]);
    assert!(run.out.contains("the change breaks nobody, 1 warning\n"), "{}", run.out);
    let run = check("late.json", &["--against", "payment.json", "billing.json"]);
    assert!(run.out.starts_with("the change breaks nobody\n"), "{}", run.out);

    // Who reads the later major too has moved.
    let mut moved: Value = serde_json::from_str(&billing(&["order_id"])).expect("JSON");
    let mut later = moved["steps"][0]["consumes"][0].clone();
    later["major"] = json!(2);
    moved["steps"][0]["consumes"].as_array_mut().expect("a list").push(later);
    crate::support::write(folder.path(), "billing.json", moved.to_string());
    let run = check("payment.json", &["billing.json"]);
    assert!(run.out.starts_with("the choreography holds; "), "{}", run.out);
}

#[test]
fn every_rule_of_manifests_is_explained() {
    let run = choreograph(std::path::Path::new("."), ["explain", "NEVER_ENDS"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("can never reach an end"), "{}", run.out);
}
