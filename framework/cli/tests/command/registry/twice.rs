//! One `$id`, two texts: a registry numbers them, and nobody knows which of them an event means.

use std::sync::atomic::{AtomicBool, Ordering};

use super::memory;
use super::server::whole;
use crate::check::{check, rules};
use crate::support::{Run, choreograph, contract, folder, write};

const FILE: &str = "schemas/order.placed/1.0.json";

fn titled(id: &str, more: &str) -> String {
    contract(id, more).replace("\"An order.\"", "\"An order.\",\n  \"title\": \"OrderPlaced\"")
}

fn registry(folder: &tempfile::TempDir, args: &[&str], url: &str) -> Run {
    choreograph(folder.path(), ["registry"].iter().chain(args).chain(&["--url", url]))
}

#[test]
fn an_edited_version_is_not_registered_a_second_time() {
    let (server, registered) = memory::start();
    let folder = folder(&[(FILE, &titled("order.placed/1.0", ""))]);
    let (url, against) = (server.url(), format!("registry:{}", server.url()));
    assert_eq!(registry(&folder, &["push"], &url).code, 0);
    write(folder.path(), FILE, titled("order.placed/1.0", r#", "note": { "type": "string" }"#));
    let before = registered.lock().unwrap().clone();
    for action in ["check", "push"] {
        let run = registry(&folder, &[action, "--format", "json"], &url);
        let json = run.json("registry");
        assert_eq!((run.code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
        assert_eq!(json["contracts"][0]["state"], "refused", "{json:#}");
    }
    assert_eq!(*registered.lock().unwrap(), before);
    let (code, json) = check(folder.path(), &["--against", &against]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
    // Another word for it may be written again, there as here.
    write(folder.path(), FILE, titled("order.placed/1.0", "").replace("An order.", "A word."));
    assert_eq!(registry(&folder, &["push"], &url).code, 0);
    assert_eq!(check(folder.path(), &["--against", &against]).0, 0);
}

#[test]
fn two_that_are_there_are_found_and_neither_is_pulled() {
    let (server, registered) = memory::start();
    let edited = titled("order.placed/1.0", r#", "note": { "type": "string" }"#);
    let texts = vec![(1, titled("order.placed/1.0", "")), (2, edited.clone())];
    registered.lock().unwrap().insert("OrderPlaced".to_owned(), texts);
    let folder = folder(&[(FILE, &edited)]);
    let (code, json) = check(folder.path(), &["--against", &format!("registry:{}", server.url())]);
    // The file is not what was published first, and the registry contradicts itself.
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED", "CONTRACT_MUTATED"]), "{json:#}");
    let run = registry(&folder, &["pull", "--schemas", "pulled", "--format", "json"], &server.url());
    let json = run.json("registry");
    assert_eq!((run.code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
    assert_eq!(json["findings"][0]["places"][0]["file"], "order.placed 1.0 (version 2 of OrderPlaced)");
    assert!(!folder.path().join("pulled").exists());
}

#[test]
fn a_version_that_comes_behind_a_newer_one_is_told() {
    let (server, _registered) = memory::start();
    let folder = folder(&[("schemas/order.placed/1.1.json", &titled("order.placed/1.1", ""))]);
    assert_eq!(registry(&folder, &["push"], &server.url()).code, 0);
    write(folder.path(), FILE, titled("order.placed/1.0", ""));
    let run = registry(&folder, &["check"], &server.url());
    assert!(run.out.contains("the latest of OrderPlaced would be order.placed 1.0"), "{}", run.out);
    let run = registry(&folder, &["push"], &server.url());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("the latest of OrderPlaced is order.placed 1.0 now"), "{}", run.out);
}

/// What restores a file that was published to a registry is a pull from it.
#[test]
fn a_deleted_file_is_restored_from_where_it_was_published() {
    let (server, _registered) = memory::start();
    let folder = folder(&[
        (FILE, &titled("order.placed/1.0", "")),
        ("schemas/order.placed/1.1.json", &titled("order.placed/1.1", r#", "note": {}"#)),
    ]);
    assert_eq!(registry(&folder, &["push"], &server.url()).code, 0);
    std::fs::remove_file(folder.path().join(FILE)).unwrap();
    let (code, json) = check(folder.path(), &["--against", &format!("registry:{}", server.url())]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DELETED"]), "{json:#}");
    let told = format!("restore it: `choreograph registry pull --url {} --schemas schemas`", server.url());
    assert_eq!(json["findings"][0]["help"][0], told);
    assert_eq!(registry(&folder, &["pull", "--schemas", "schemas"], &server.url()).code, 0);
    assert!(folder.path().join(FILE).exists());
}

/// The first answer says that it failed, though it did not; the second that there is nothing to delete.
#[test]
fn what_is_deleted_when_it_is_asked_for_again_is_deleted() {
    let lost = AtomicBool::new(false);
    let (server, registered) = memory::start_behind(move |request, answer| {
        if request.line.starts_with("DELETE") && !lost.swap(true, Ordering::SeqCst) {
            return whole((503, "<html>".to_owned()));
        }
        answer
    });
    let folder = folder(&[(FILE, &titled("order.placed/1.0", ""))]);
    assert_eq!(registry(&folder, &["push"], &server.url()).code, 0);
    let args = ["delete", "--subject", "OrderPlaced", "--yes"];
    let run = registry(&folder, &args, &server.url());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(registered.lock().unwrap().is_empty());
    assert_eq!(registry(&folder, &args, &server.url()).code, 3);
}

/// A major keeps its title: under another one a registry compares it with nothing.
#[test]
fn a_new_title_hides_no_edit() {
    let (server, registered) = memory::start();
    let folder = folder(&[(FILE, &titled("order.placed/1.0", ""))]);
    let url = server.url();
    assert_eq!(registry(&folder, &["push"], &url).code, 0);
    let renamed = |text: &str| text.replace("OrderPlaced", "OrderPlacedAnew");
    let refused = |place: &str| {
        let before = registered.lock().unwrap().clone();
        for action in ["check", "push"] {
            let run = registry(&folder, &[action, "--format", "json"], &url);
            let json = run.json("registry");
            assert_eq!((run.code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
            assert_eq!(json["findings"][0]["places"][0]["file"], place, "{json:#}");
        }
        assert_eq!(*registered.lock().unwrap(), before);
    };
    let edited = titled("order.placed/1.0", r#", "note": { "type": "string" }"#);
    write(folder.path(), FILE, renamed(&edited));
    refused(FILE);
    write(folder.path(), FILE, renamed(&titled("order.placed/1.0", "")));
    refused(FILE);
    write(folder.path(), FILE, titled("order.placed/1.0", ""));
    let next = "schemas/order.placed/1.1.json";
    write(folder.path(), next, renamed(&titled("order.placed/1.1", "")));
    refused(next);
    // So is one of which the registry has nothing yet.
    registered.lock().unwrap().clear();
    refused(next);
    // Another major has another title.
    write(folder.path(), next, titled("order.placed/1.1", ""));
    write(folder.path(), "schemas/order.placed/2.0.json", renamed(&titled("order.placed/2.0", "")));
    assert_eq!(registry(&folder, &["push"], &url).code, 0);
}

/// Two pipelines that name their subjects differently have one `$id` for one text all the same.
#[test]
fn a_text_under_another_kind_of_subject_is_found() {
    let (server, registered) = memory::start();
    let (first, next) = (titled("order.placed/1.0", ""), "schemas/order.placed/1.1.json");
    let theirs = folder(&[(FILE, &first), (next, &titled("order.placed/1.1", ""))]);
    assert_eq!(registry(&theirs, &["push"], &server.url()).code, 0);
    // The other pipeline has the major's first version already, under its own subject.
    registered.lock().unwrap().insert("orders-OrderPlaced".to_owned(), vec![(1, first.clone())]);

    let ours =
        folder(&[(FILE, &first), (next, &titled("order.placed/1.1", r#", "note": { "type": "string" }"#))]);
    let event =
        serde_json::json!({ "type": "order.placed", "version": "1.1", "topic": "orders", "schema": true });
    let manifest = serde_json::json!({ "manifest": 1, "service": "shop", "publishes": [event] });
    write(ours.path(), "shop.json", manifest.to_string());
    for action in ["check", "push"] {
        let named = ["--subjects", "topic-record-name", "--manifests", "shop.json", "--format", "json"];
        let run = registry(&ours, &[&[action][..], &named].concat(), &server.url());
        let json = run.json("registry");
        assert_eq!((run.code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
    }
    assert_eq!(registered.lock().unwrap()["orders-OrderPlaced"].len(), 1);
}

/// A registry is shared: what a folder has no version of is somebody else's.
#[test]
fn what_others_have_published_is_not_missed() {
    let (server, registered) = memory::start();
    let theirs = titled("order.paid/1.0", "").replace("OrderPlaced", "OrderPaid");
    let folder = folder(&[(FILE, &titled("order.placed/1.0", ""))]);
    assert_eq!(registry(&folder, &["push"], &server.url()).code, 0);
    registered.lock().unwrap().insert("OrderPaid".to_owned(), vec![(7, theirs)]);
    let none = titled("order.placed/0.9", "").replace("2020-12", "2019-09").replace("0.9", "1.9");
    registered.lock().unwrap().insert("Draft".to_owned(), vec![(8, none)]);
    let against = format!("registry:{}", server.url());
    let run = choreograph(folder.path(), ["check", "--against", &against]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("2 versions there"), "{}", run.out);
    let own = titled("order.placed/1.1", "");
    registered.lock().unwrap().get_mut("OrderPlaced").unwrap().push((9, own));
    let (code, json) = check(folder.path(), &["--against", &against]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DELETED"]), "{json:#}");
}

/// What somebody deletes while it is read is not there any more.
#[test]
fn what_is_deleted_meanwhile_is_passed_over() {
    let (server, registered) = memory::start_behind(|request, answer| match request.line.as_str() {
        "GET /subjects" => whole((200, r#"["Gone", "Going", "OrderPlaced"]"#.to_owned())),
        "GET /subjects/Going/versions" => whole((200, "[1]".to_owned())),
        _ => answer,
    });
    let folder = folder(&[(FILE, &titled("order.placed/1.0", ""))]);
    assert_eq!(registry(&folder, &["push"], &server.url()).code, 0);
    assert!(registered.lock().unwrap().contains_key("OrderPlaced"));
    assert_eq!(check(folder.path(), &["--against", &format!("registry:{}", server.url())]).0, 0);
}

/// With topics in their names, each major is where it is written, and nowhere else.
#[test]
fn each_major_is_under_its_own_topics() {
    let (server, registered) = memory::start();
    let renamed = |text: &str| text.replace("OrderPlaced", "OrderPlaced2");
    let folder = folder(&[
        (FILE, &titled("order.placed/1.0", "")),
        ("schemas/order.placed/2.0.json", &renamed(&titled("order.placed/2.0", ""))),
        (
            "schemas/order.placed/3.0.json",
            &titled("order.placed/3.0", "").replace("OrderPlaced", "OrderPlaced3"),
        ),
    ]);
    let event = |version: &str, topic: &str| serde_json::json!({ "type": "order.placed", "version": version, "topic": topic, "schema": true });
    let events = [event("1.0", "t1"), event("2.0", "t2"), event("2.0", "t3")];
    let manifest = serde_json::json!({ "manifest": 1, "service": "shop", "publishes": events });
    write(folder.path(), "shop.json", manifest.to_string());
    let args = ["push", "--subjects", "topic-record-name", "--manifests", "shop.json"];
    let run = registry(&folder, &args, &server.url());
    assert_eq!(run.code, 0, "{run:?}");
    let subjects: Vec<String> = registered.lock().unwrap().keys().cloned().collect();
    assert_eq!(subjects, ["t1-OrderPlaced", "t2-OrderPlaced2", "t3-OrderPlaced2"]);
    assert!(run.out.contains("order.placed 3.0 is written to no topic"), "{}", run.out);
}
