use std::path::Path;

use serde_json::Value;

use super::memory::{self, GUID, REASON};
use crate::support::{Run, choreograph, contract, folder, write};

fn titled(id: &str, title: &str, more: &str) -> String {
    contract(id, more).replace("\"An order.\"", &format!("\"An order.\",\n  \"title\": \"{title}\""))
}

/// Two versions of one contract, and another contract.
fn contracts() -> tempfile::TempDir {
    folder(&[
        ("schemas/order.placed/1.0.json", &titled("order.placed/1.0", "OrderPlaced", "")),
        ("schemas/order.placed/1.1.json", &titled("order.placed/1.1", "OrderPlaced", r#", "note": {}"#)),
        ("schemas/order.paid/1.0.json", &titled("order.paid/1.0", "OrderPaid", "")),
    ])
}

fn registry(folder: &Path, args: &[&str], url: &str) -> Run {
    choreograph(folder, ["registry"].iter().chain(args).chain(&["--url", url]))
}

fn text<'a>(one: &'a Value, name: &str) -> &'a str {
    one[name].as_str().expect("a text")
}

fn states(json: &Value) -> Vec<(&str, &str)> {
    let contracts = json["contracts"].as_array().expect("a list");
    contracts.iter().map(|one| (text(one, "subject"), text(one, "state"))).collect()
}

#[test]
fn push_writes_in_order_and_once() {
    let (server, registered) = memory::start();
    let folder = contracts();
    let json = registry(folder.path(), &["check", "--format", "json"], &server.url()).json("registry");
    assert_eq!(
        states(&json),
        [("OrderPaid", "pending"), ("OrderPlaced", "pending"), ("OrderPlaced", "pending")]
    );
    assert!(registered.lock().unwrap().is_empty());

    let run = registry(folder.path(), &["push"], &server.url());
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
    assert!(run.out.contains("wrote order.placed 1.1 as OrderPlaced"), "{}", run.out);
    let placed = registered.lock().unwrap()["OrderPlaced"].clone();
    assert!(placed[0].1.contains("order.placed/1.0") && placed[1].1.contains("order.placed/1.1"));

    let writes = || {
        server
            .lines()
            .iter()
            .filter(|line| line.starts_with("POST /subjects/") && line.ends_with("/versions"))
            .count()
    };
    let before = writes();
    let json = registry(folder.path(), &["push", "--format", "json"], &server.url()).json("registry");
    assert!(states(&json).iter().all(|(_, state)| *state == "registered"), "{json:#}");
    assert_eq!(writes(), before);
}

#[test]
fn nothing_is_written_if_one_is_refused() {
    let (server, registered) = memory::start();
    let folder = contracts();
    write(folder.path(), "schemas/order.placed/1.1.json", titled("order.placed/1.1", "OrderPlaced", ""));
    assert_eq!(registry(folder.path(), &["push"], &server.url()).code, 0);
    let text = titled("order.placed/1.2", "OrderPlaced", r#", "forbidden": {}"#);
    write(folder.path(), "schemas/order.placed/1.2.json", text);
    let text = titled("order.paid/1.1", "OrderPaid", r#", "note": {}"#);
    write(folder.path(), "schemas/order.paid/1.1.json", text);
    let before = registered.lock().unwrap().clone();
    let run = registry(folder.path(), &["push"], &server.url());
    assert_eq!(run.code, 1);
    assert!(run.out.contains("error[REGISTRY_REFUSES]") && run.out.contains(REASON), "{}", run.out);
    assert_eq!(*registered.lock().unwrap(), before);
}

/// The registry, asked before anything is written, knows nothing of a version that is to be written first.
#[test]
fn nothing_is_written_if_one_breaks_another_that_is_to_be_written() {
    let (server, registered) = memory::start();
    let note = |kind: &str| format!(r#", "note": {{ "type": "{kind}" }}"#);
    let text =
        |version: &str, kind: &str| titled(&format!("order.placed/{version}"), "OrderPlaced", &note(kind));
    let folder = folder(&[
        ("schemas/order.paid/1.0.json", &titled("order.paid/1.0", "OrderPaid", "")),
        ("schemas/order.placed/1.0.json", &text("1.0", "string")),
        ("schemas/order.placed/1.1.json", &text("1.1", "integer")),
    ]);
    for command in ["check", "push"] {
        let run = registry(folder.path(), &[command, "--format", "json"], &server.url());
        let json = run.json("registry");
        assert_eq!((run.code, &json["holds"]), (1, &false.into()), "{json:#}");
        let expected = [("OrderPaid", "pending"), ("OrderPlaced", "pending"), ("OrderPlaced", "refused")];
        assert_eq!(states(&json), expected);
        assert_eq!(json["findings"][0]["rule"], "CONTRACT_MISSING_BUMP", "{json:#}");
        assert!(registered.lock().unwrap().is_empty());
    }
    // One that the folder does not have is compared too.
    std::fs::rename(folder.path().join("schemas/order.placed/1.1.json"), folder.path().join("1.1.json"))
        .unwrap();
    assert_eq!(registry(folder.path(), &["push"], &server.url()).code, 0);
    std::fs::remove_file(folder.path().join("schemas/order.placed/1.0.json")).unwrap();
    std::fs::rename(folder.path().join("1.1.json"), folder.path().join("schemas/order.placed/1.1.json"))
        .unwrap();
    let before = registered.lock().unwrap().clone();
    let run = registry(folder.path(), &["push"], &server.url());
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains("`order.placed 1.1` breaks 1.0"), "{}", run.out);
    assert!(run.out.contains(&format!("only {} has 1.0", server.url())), "{}", run.out);
    assert_eq!(*registered.lock().unwrap(), before);
    // A break that was agreed on is written, and so is one that the level allows.
    let json = registry(folder.path(), &["check", "--format", "json"], &server.url()).json("registry");
    let fingerprint = json["findings"][0]["fingerprint"].as_str().expect("a text");
    let approval = format!(
        "[[approval]]\nfingerprint = \"{fingerprint}\"\nreason = \"never read\"\nexpires = 9999-12-31\n"
    );
    let approvals = write(folder.path(), "schemas/approvals.toml", approval);
    assert_eq!(registry(folder.path(), &["check"], &server.url()).code, 0);
    std::fs::remove_file(approvals).unwrap();
    assert_eq!(registry(folder.path(), &["check"], &server.url()).code, 1);
    assert_eq!(registry(folder.path(), &["push", "--level", "none"], &server.url()).code, 0);
    assert_eq!(registered.lock().unwrap()["OrderPlaced"].len(), 2);
}

#[test]
fn pull_writes_what_is_missing_and_contradicts_nothing() {
    let (server, _registered) = memory::start();
    let (there, here) = (contracts(), tempfile::tempdir().unwrap());
    assert_eq!(registry(there.path(), &["push"], &server.url()).code, 0);
    let json = registry(here.path(), &["pull", "--format", "json"], &server.url()).json("registry");
    assert_eq!(json["written"].as_array().unwrap().len(), 3);
    let url = format!("registry:{}", server.url());
    assert_eq!(choreograph(here.path(), ["check", "--against", &url]).code, 0);
    let json = registry(here.path(), &["pull", "--format", "json"], &server.url()).json("registry");
    assert_eq!(json["unchanged"], 3);

    write(
        here.path(),
        "schemas/order.placed/1.0.json",
        titled("order.placed/1.0", "OrderPlaced", r#", "x": {}"#),
    );
    std::fs::remove_dir_all(here.path().join("schemas/order.paid")).unwrap();
    let run = registry(here.path(), &["pull"], &server.url());
    assert_eq!(run.code, 1);
    assert!(run.out.contains("nothing was written"), "{}", run.out);
    assert!(!here.path().join("schemas/order.paid").exists());
    let run = choreograph(here.path(), ["check", "--against", &url]);
    assert!(run.out.contains("CONTRACT_MUTATED") && !run.out.contains("CONTRACT_DELETED"), "{}", run.out);
    assert!(run.out.contains("1 version there of events that this folder has no contract of"), "{}", run.out);
}

/// What a folder says in its own words is the folder's: another description, other blanks, nothing but the meaning is compared.
#[test]
fn pull_leaves_alone_what_the_folder_has() {
    let (server, _registered) = memory::start();
    let (there, here) = (contracts(), contracts());
    assert_eq!(registry(there.path(), &["push"], &server.url()).code, 0);
    let described =
        titled("order.placed/1.0", "OrderPlaced", "").replace("An order.", "Another word for it.");
    write(here.path(), "schemas/order.placed/1.0.json", &described);
    let schema: Value = serde_json::from_str(&titled("order.paid/1.0", "OrderPaid", "")).unwrap();
    write(here.path(), "schemas/order.paid/1.0.json", schema.to_string());
    std::fs::remove_file(here.path().join("schemas/order.placed/1.1.json")).unwrap();

    let json = registry(here.path(), &["pull", "--format", "json"], &server.url()).json("registry");
    assert_eq!(
        (&json["written"], &json["unchanged"]),
        (&serde_json::json!(["schemas/order.placed/1.1.json"]), &2.into()),
        "{json:#}"
    );
    let read = |path: &str| std::fs::read_to_string(here.path().join(path)).unwrap();
    assert_eq!(read("schemas/order.placed/1.0.json"), described);
    assert_eq!(read("schemas/order.paid/1.0.json"), schema.to_string());
}

#[test]
fn subjects_may_begin_with_the_topic() {
    let (server, registered) = memory::start();
    let folder = contracts();
    let run = registry(folder.path(), &["push", "--subjects", "topic-record-name"], &server.url());
    assert_eq!(run.code, 2);
    assert!(run.errors.contains("--manifests"), "{}", run.errors);
    let emitted = |name: &str| {
        serde_json::json!({
            "type": name, "version": "1.0", "topic": "orders", "schema": true,
        })
    };
    let manifest = serde_json::json!({
        "manifest": 1, "service": "shop", "publishes": [emitted("order.placed"), emitted("order.paid")],
    });
    write(folder.path(), "shop.json", manifest.to_string());
    let args = ["push", "--subjects", "topic-record-name", "--manifests", "shop.json"];
    assert_eq!(registry(folder.path(), &args, &server.url()).code, 0);
    assert!(registered.lock().unwrap().contains_key("orders-OrderPlaced"));
}

#[test]
fn lists_gets_and_deletes_only_when_it_is_meant() {
    let (server, registered) = memory::start();
    let folder = contracts();
    assert_eq!(registry(folder.path(), &["push"], &server.url()).code, 0);
    let list = registry(folder.path(), &["list", "--format", "json"], &server.url()).json("registry");
    assert_eq!(list["subjects"][1]["versions"].as_array().unwrap().len(), 2);
    let args = ["get", "--subject", "OrderPlaced", "--version", "1", "--format", "json"];
    let one = registry(folder.path(), &args, &server.url()).json("registry");
    assert_eq!(one["schema"]["$id"], "urn:contract:order.placed/1.0");
    let by_id =
        registry(folder.path(), &["get", "--id", "1", "--format", "json"], &server.url()).json("registry");
    assert_eq!(by_id["schema"]["$id"], "urn:contract:order.paid/1.0");

    let by_guid =
        registry(folder.path(), &["get", "--guid", GUID, "--format", "json"], &server.url()).json("registry");
    assert_eq!((&by_guid["guid"], &by_guid["schema"]), (&Value::from(GUID), &by_id["schema"]));
    let run = registry(folder.path(), &["get", "--guid", "../../x"], &server.url());
    assert_eq!(run.code, 3);
    assert!(run.errors.contains("it has no such schema (40403"), "{}", run.errors);
    assert_eq!(server.lines().pop().as_deref(), Some("GET /schemas/guids/..%2F..%2Fx"));
    for which in [&[][..], &["--id", "1", "--guid", GUID], &["--guid", ""], &["--id", "x"]] {
        let args: Vec<&str> = ["get"].iter().chain(which).copied().collect();
        assert_eq!(registry(folder.path(), &args, &server.url()).code, 2, "{which:?}");
    }

    let before = server.lines().len();
    let run = registry(folder.path(), &["delete", "--subject", "OrderPaid"], &server.url());
    assert_eq!(run.code, 2);
    assert!(run.errors.contains("nothing was deleted") && run.errors.contains("--yes"), "{}", run.errors);
    assert_eq!(server.lines().len(), before);
    assert_eq!(
        registry(folder.path(), &["delete", "--subject", "OrderPaid", "--yes"], &server.url()).code,
        0
    );
    assert!(!registered.lock().unwrap().contains_key("OrderPaid"));
}

/// Whether there was something, nobody knows where the first answer was lost.
#[test]
fn what_was_never_there_is_not_said_to_be_deleted() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = super::server::Server::start(move |_| {
        match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => (503, "busy".to_owned()),
            _ => memory::error(404, 40401, "Subject 'typo' not found."),
        }
    });
    let folder = contracts();
    let run = registry(folder.path(), &["delete", "--subject", "typo", "--yes"], &server.url());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("`typo` with all its versions is not there (any more)"), "{}", run.out);
    assert!(!run.out.contains("deleted"), "{}", run.out);
}
