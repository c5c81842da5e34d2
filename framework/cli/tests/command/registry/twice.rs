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
