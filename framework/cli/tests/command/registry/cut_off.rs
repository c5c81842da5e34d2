//! A push through a proxy that dies in the middle of it, and what a registry may say instead of an answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::memory::{error, start_behind};
use super::server::{Request, Server};
use crate::support::{Run, choreograph, contract, folder};

fn titled(id: &str, title: &str) -> String {
    contract(id, "").replace("\"An order.\"", &format!("\"x\", \"title\": \"{title}\""))
}

/// Three contracts, registered in this order as A, B and C.
fn contracts() -> tempfile::TempDir {
    folder(&[
        ("schemas/a/1.0.json", &titled("a/1.0", "A")),
        ("schemas/b/1.0.json", &titled("b/1.0", "B")),
        ("schemas/c/1.0.json", &titled("c/1.0", "C")),
    ])
}

fn push(folder: &tempfile::TempDir, server: &Server) -> Run {
    choreograph(folder.path(), ["registry", "push", "--url", &server.url()])
}

fn registers_b(request: &Request) -> bool {
    request.line == "POST /subjects/B/versions"
}

#[test]
fn an_answer_that_is_lost_once_is_asked_for_again() {
    let asked = AtomicUsize::new(0);
    let (server, registered) = start_behind(move |request, answer| {
        let first = registers_b(request) && asked.fetch_add(1, Ordering::SeqCst) == 0;
        if first { answer[..answer.len() / 2].to_vec() } else { answer }
    });
    let run = push(&contracts(), &server);
    assert_eq!((run.code, run.errors.as_str()), (0, ""), "{run:?}");
    assert!(run.out.contains("3 written, 0 not written yet, 0 refused"), "{}", run.out);
    assert_eq!(registered.lock().expect("no panic")["B"].len(), 1);
}

#[test]
fn what_was_written_although_no_answer_came_is_written() {
    let (server, registered) =
        start_behind(|request, answer| if registers_b(request) { Vec::new() } else { answer });
    let run = push(&contracts(), &server);
    assert_eq!((run.code, run.errors.as_str()), (0, ""), "{run:?}");
    assert!(run.out.contains("wrote b 1.0 as B (schema 2)"), "{}", run.out);
    assert_eq!(registered.lock().expect("no panic").keys().collect::<Vec<_>>(), ["A", "B", "C"]);
}

#[test]
fn a_proxy_that_dies_leaves_it_open_what_was_written_last() {
    let dead = AtomicUsize::new(0);
    let (server, registered) = start_behind(move |request, answer| {
        let dying = registers_b(request) || dead.load(Ordering::SeqCst) > 0;
        dead.fetch_add(usize::from(dying), Ordering::SeqCst);
        if dying { Vec::new() } else { answer }
    });
    let folder = contracts();
    let run = push(&folder, &server);
    assert_eq!((run.code, run.out.as_str()), (3, ""), "{run:?}");
    let says =
        "cut off at b 1.0, of which it is not known whether it was written; written before: a 1.0 as A";
    assert!(run.errors.contains(says), "{}", run.errors);
    assert!(run.errors.contains("push again"), "{}", run.errors);

    // Once more, with the registry itself.
    let (again, all) = start_behind(|_, answer| answer);
    registered.lock().expect("no panic").clone_into(&mut all.lock().expect("no panic"));
    let run = push(&folder, &again);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("2 registered before, 1 written"), "{}", run.out);
}

/// What stops a push in the middle is told in words, with what was written; and what was not is not claimed.
#[test]
fn whatever_a_registry_says_in_the_middle_is_a_sentence() {
    for (status, code, says) in [
        (401, 40101, "it does not know who asks"),
        (403, 40301, "who asks may not do this"),
        (403, 40399, "who asks may not do this"),
        (404, 404, "is the URL that of the API?"),
        (429, 42901, "it is asked too often"),
        (500, 50002, "its store took too long"),
        (503, 503, "it is not ready"),
        (507, 507, "it failed: try again"),
    ] {
        let server = Server::start(move |request| match request.line.as_str() {
            "POST /subjects/A/versions" => (200, "{\"id\":1}".to_owned()),
            "POST /subjects/B/versions" => error(status, code, "in its own words"),
            line if line.contains(" /subjects/") => error(404, 40401, "Subject not found."),
            "GET /subjects" => (200, "[]".to_owned()),
            _ => (200, "{\"is_compatible\":true}".to_owned()),
        });
        let run = push(&contracts(), &server);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{status}: {run:?}");
        assert!(run.errors.contains(says) && run.errors.contains("in its own words"), "{}", run.errors);
        let where_it_is = "cut off at b 1.0, which was not written; written before: a 1.0 as A";
        assert!(run.errors.contains(where_it_is), "{status}: {}", run.errors);
        let asked = server.lines().iter().filter(|line| *line == "POST /subjects/B/versions").count();
        assert_eq!(asked, if status >= 500 { 4 } else { 1 }, "{status}");
    }
    // It has an opinion of the schema: that is a finding.
    for (status, code, says) in [
        (409, 40901, "incompatible with what the subject has"),
        (409, 409, "incompatible with what the subject has"),
        (422, 42201, "does it know JSON Schema 2020-12?"),
    ] {
        let server = Server::start(move |request| match request.line.as_str() {
            "POST /subjects/A/versions" => (200, "{\"id\":1}".to_owned()),
            "POST /subjects/B/versions" => error(status, code, "in its own words"),
            line if line.contains(" /subjects/") => error(404, 40401, "Subject not found."),
            "GET /subjects" => (200, "[]".to_owned()),
            _ => (200, "{\"is_compatible\":true}".to_owned()),
        });
        let run = push(&contracts(), &server);
        assert_eq!((run.code, run.errors.as_str()), (1, ""), "{status}: {run:?}");
        assert!(run.out.contains(says) && run.out.contains("in its own words"), "{}", run.out);
        assert!(run.out.contains("wrote a 1.0 as A"), "{}", run.out);
        assert!(run.out.contains("1 written, 1 not written yet, 1 refused"), "{}", run.out);
    }
}

#[test]
fn what_stands_before_a_registry_keeps_its_own_words() {
    for (status, body, says) in [
        (401, "{\"message\":\"no token\"}", "it does not know who asks"),
        (403, "{\"message\":\"no token\"}", "who asks may not do this"),
        (404, "{\"message\":\"no token\"}", "it has nothing under this address"),
        (403, "<html>Forbidden</html>", "who asks may not do this"),
        (502, "<html>Bad gateway</html>", "what stands before it cannot reach it"),
    ] {
        let server = Server::start(move |_| (status, body.to_owned()));
        let run = choreograph(std::path::Path::new("."), ["registry", "list", "--url", &server.url()]);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{body}");
        assert!(run.errors.contains(says), "{body}: {}", run.errors);
        assert_eq!(run.errors.contains("no token"), body.contains("no token"), "{}", run.errors);
    }
}
