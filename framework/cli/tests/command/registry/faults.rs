use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use choreograph_cli::Exit;
use choreograph_cli::registry::{Client, Credentials, Limits};

use super::memory::error;
use super::server::Server;
use crate::support::{binary, choreograph, contract, folder, of};

const LIST: [&str; 3] = ["registry", "list", "--url"];

fn list(url: &str) -> crate::support::Run {
    choreograph(std::path::Path::new("."), LIST.iter().chain(&[url]))
}

#[test]
fn what_is_no_registry_is_said_to_be_none() {
    for (status, body, kind) in [
        (200, "<html>Welcome</html>", "HTML"),
        (404, "<html>Not found</html>", "HTML"),
        (200, "{\"hello\":1}", "other JSON"),
        (200, "{\"hello\":", "no JSON"),
        (200, "", "nothing"),
        (302, "moved", "no JSON"),
    ] {
        let server = Server::start(move |_| (status, body.to_owned()));
        let run = list(&server.url());
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{body}");
        assert!(
            run.errors.contains(&format!("is no schema registry: it says {status} and {kind}")),
            "{}",
            run.errors
        );
        let help = if status == 302 { "it leads elsewhere" } else { "ccompat" };
        assert!(run.errors.contains(help), "{}", run.errors);
    }
}

#[test]
fn a_registry_that_fails_is_asked_four_times() {
    let server = Server::start(|_| error(500, 50001, "Error in the backend data store"));
    let run = list(&server.url());
    assert_eq!(run.code, 3);
    assert!(run.errors.contains("it failed in its store") && run.errors.contains("50001"), "{}", run.errors);
    assert_eq!(server.lines().len(), 4);
}

#[test]
fn a_registry_that_recovers_is_no_fault() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => (503, "<html>starting</html>".to_owned()),
        _ => (200, "[]".to_owned()),
    });
    assert_eq!(list(&server.url()).code, 0);
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_registry_that_never_answers_is_asked_twice() {
    // It takes connections, and that is all.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let limits = Limits { attempt: Duration::from_millis(200), attempts: 4, first_wait: Duration::ZERO };
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::new(&url, Credentials::default(), limits).unwrap();
    let failure = client.subjects().unwrap_err();
    assert_eq!(failure.exit(), Exit::Incomplete);
    assert!(failure.to_string().contains("did not answer within 0.2 s"), "{failure}");
    listener.set_nonblocking(true).unwrap();
    assert_eq!(std::iter::from_fn(|| listener.accept().ok()).count(), 2);
}

#[test]
fn a_request_that_the_registry_loses_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let over = std::thread::spawn(move || {
        let (lost, _) = listener.accept().unwrap();
        let (mut next, _) = listener.accept().unwrap();
        next.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[\"a\"]").unwrap();
        // Closed before the request is read, they would reset what was written.
        (lost, next)
    });
    let limits = Limits { attempt: Duration::from_millis(200), attempts: 4, first_wait: Duration::ZERO };
    let client = Client::new(&url, Credentials::default(), limits).unwrap();
    assert_eq!(client.subjects().unwrap(), ["a"]);
    over.join().unwrap();
}

#[test]
fn a_registry_that_stops_in_the_middle_of_its_answer_is_not_believed() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[\"a\"";
    let server = Server::raw(|_| half.to_vec());
    let run = list(&server.url());
    assert_eq!((run.code, run.out.as_str()), (3, ""));
    assert!(run.errors.contains("was cut off"), "{}", run.errors);
    assert_eq!(server.lines().len(), 4);

    for said in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Le", b"hello\r\n\r\n", b"\x16\x03\x01\x00\x05hello"] {
        let server = Server::raw(|_| said.to_vec());
        let run = list(&server.url());
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{said:?}");
        assert!(run.errors.starts_with("error: "), "{}", run.errors);
    }
}

#[test]
fn a_registry_that_falls_silent_in_the_middle_of_its_answer_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let over = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[").unwrap();
        // Until the client has had enough of it.
        drop(std::io::copy(&mut stream, &mut std::io::sink()));
    });
    let limits = Limits { attempt: Duration::from_millis(200), attempts: 1, first_wait: Duration::ZERO };
    let client = Client::new(&url, Credentials::default(), limits).unwrap();
    let failure = client.subjects().unwrap_err();
    assert_eq!(failure.exit(), Exit::Incomplete);
    assert!(failure.to_string().contains("did not answer within 0.2 s"), "{failure}");
    drop(client);
    over.join().unwrap();
}

#[test]
fn a_registry_that_sends_elsewhere_is_not_followed() {
    let elsewhere = Server::start(|_| (200, "[]".to_owned()));
    for target in [&elsewhere.url(), "file:///etc/passwd", "//127.0.0.1/", "/subjects", "not a place"] {
        for status in [301, 302, 307, 308] {
            let moved = format!("HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
            let server = Server::raw(move |_| moved.clone().into_bytes());
            let mut command = binary(std::path::Path::new("."));
            command.args(LIST).arg(server.url()).env("CHOREOGRAPH_REGISTRY_TOKEN", "hunter2");
            let run = of(&command.output().unwrap());
            assert_eq!((run.code, run.out.as_str()), (3, ""), "{target}");
            assert!(run.errors.contains("is no schema registry: it says 30"), "{target}: {}", run.errors);
            assert!(!run.errors.contains("root:") && !run.errors.contains("hunter2"), "{}", run.errors);
            assert_eq!(server.lines().len(), 1, "{target}");
        }
    }
    assert_eq!(elsewhere.lines(), Vec::<String>::new());
}

#[test]
fn more_than_is_read_is_said_to_be_too_much() {
    let subjects: Vec<String> = (0..10_001).map(|number| format!("\"s{number}\"")).collect();
    let answer = format!("[{}]", subjects.join(","));
    let server = Server::start(move |_| (200, answer.clone()));
    let run = list(&server.url());
    assert_eq!((run.code, run.out.as_str()), (3, ""));
    assert!(run.errors.contains("has 10001 subjects"), "{}", run.errors);
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn nobody_there_is_said_so() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = list(&format!("http://{port}"));
    assert_eq!(run.code, 3);
    assert!(run.errors.contains("cannot be reached"), "{}", run.errors);
}

#[test]
fn secrets_come_from_the_environment_and_are_never_shown() {
    let server = Server::start(|request| {
        error(
            401,
            40101,
            &format!("who is {}? not hunter2", request.authorization.clone().unwrap_or_default()),
        )
    });
    let url = server.url();
    let folder = folder(&[("password", "hunter2\n")]);
    let run = |variables: &[(&str, &str)]| {
        let mut command = binary(folder.path());
        command.args(LIST).arg(&url).envs(variables.iter().copied());
        of(&command.output().unwrap())
    };
    let user = ("CHOREOGRAPH_REGISTRY_USER", "anna");
    for variables in [
        [user, ("CHOREOGRAPH_REGISTRY_PASSWORD", "hunter2")],
        [user, ("CHOREOGRAPH_REGISTRY_PASSWORD_FILE", "password")],
    ] {
        let shown = run(&variables);
        assert_eq!(shown.code, 3);
        assert!(shown.errors.contains("it does not know who asks"), "{}", shown.errors);
        assert!(
            !shown.errors.contains("hunter2") && !shown.errors.contains("Basic YW5uYTpodW50ZXIy"),
            "{}",
            shown.errors
        );
        let sent = server.requests().pop().unwrap().authorization;
        assert_eq!(sent.as_deref(), Some("Basic YW5uYTpodW50ZXIy"));
    }
    let shown = run(&[("CHOREOGRAPH_REGISTRY_TOKEN", "hunter2")]);
    assert!(!shown.errors.contains("hunter2"), "{}", shown.errors);
    assert_eq!(server.requests().pop().unwrap().authorization.as_deref(), Some("Bearer hunter2"));
    for variables in [
        &[user][..],
        &[user, ("CHOREOGRAPH_REGISTRY_PASSWORD", "a"), ("CHOREOGRAPH_REGISTRY_TOKEN", "b")],
        &[("CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE", "password")],
        &[("CHOREOGRAPH_REGISTRY_CA_FILE", "password")],
    ] {
        assert_eq!(run(variables).code, 2, "{variables:?}");
    }
    let shown = list("http://anna:hunter2@localhost:1");
    assert_eq!(shown.code, 2);
    assert!(!shown.errors.contains("hunter2"), "{}", shown.errors);
}

#[test]
fn two_contracts_never_share_a_subject() {
    let titled = |id: &str| contract(id, "").replace("\"An order.\"", "\"x\", \"title\": \"Same\"");
    let folder =
        folder(&[("schemas/a/1.0.json", &titled("a/1.0")), ("schemas/b/1.0.json", &titled("b/1.0"))]);
    let run = choreograph(folder.path(), ["registry", "push", "--url", "http://localhost:1"]);
    assert_eq!(run.code, 2);
    assert!(run.errors.contains("give it another title"), "{}", run.errors);
}
