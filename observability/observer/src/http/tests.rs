//! The routes as a client on the wire sees them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use choreograph::settings::{Secret, Settings};
use choreograph_topology::Manifest;
use serde_json::{Value, json};

use super::{ACTION_HEADER, Action, ActionKind, Alive, Operator, Server};
use crate::model::{Model, ModelSettings};
use crate::{Options, Shared};

/// How long anything that a test waits for may take on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// What is declared: a workflow and a step.
const DECLARED: &str = r#"{ "manifest": 1, "service": "a", "steps": [{ "name": "b", "group": "a.b",
    "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }] }],
    "publishes": [{ "type": "order.placed", "version": "1.0", "topic": "orders", "starts_workflow": "order",
        "schema": true }] }"#;

/// A server on a free port, on a runtime of its own.
struct Served {
    address: SocketAddr,
    alive: Alive,
    _server: Server,
    _runtime: tokio::runtime::Runtime,
}

fn options() -> Options {
    let mut options = Options::new(Settings::read([("KAFKA_BOOTSTRAP_SERVERS", "localhost:1")]).unwrap());
    options.listen = "127.0.0.1:0".parse().unwrap();
    options
}

fn serve(options: &Options) -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(super::listen(options)).unwrap();
    let (address, alive) = (listener.local_addr().unwrap(), Alive::new());
    let mut model = Model::new(ModelSettings::default());
    model.manifests(&[Manifest::read("a.json", DECLARED.as_bytes()).unwrap()], 0);
    let shared = Shared::new(model);
    let entered = runtime.enter();
    let server = Server::start(listener, options, shared, alive.clone());
    drop(entered);
    Served { address, alive, _server: server, _runtime: runtime }
}

/// One answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn error(&self) -> String {
        self.json()["error"].as_str().expect("an error").to_owned()
    }
}

impl Served {
    fn open(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let mut answer = String::new();
        self.open(&request).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "Host: localhost\r\n", "")
    }
}

#[test]
fn every_question_of_the_interface_has_a_route() {
    let served = serve(&options());
    for path in [
        "/api/overview",
        "/api/instances",
        "/api/instances?workflow=order&state=failed,lost&step=a/b&reason=no_consumer&attempt=2&error=x&older=60000&key=k&limit=9",
        "/api/instances?state=",
        "/api/where/order-17",
        "/api/failures?step=a/b&reason=rejected&error=x&open=true",
        "/api/contracts",
        "/api/drift",
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.json()["as_of"]["now"].as_u64().is_some_and(|now| now > 0), "{path}: {answer:?}");
    }
    for path in ["/api/workflows/nobody", "/api/instances/nobody", "/api/nothing", "/api"] {
        let answer = served.get(path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.error().is_empty(), "{path}");
    }
}

#[test]
fn a_question_that_means_nothing_is_told_what_would() {
    let served = serve(&options());
    for (path, told) in [
        ("/api/instances?state=gone", "`gone` is no state"),
        ("/api/instances?reason=gone", "`gone` is no reason"),
        ("/api/instances?limit=many", "`limit` is a number"),
        ("/api/instances?cursor=here", "no place in a list"),
        ("/api/instances?colour=red", "there is no filter `colour`"),
        ("/api/instances?stuck=here", "`here` is no place to be stuck at: any, path or side"),
        ("/api/failures?open=maybe", "`open` is `true` or `false`"),
        ("/api/instances?workflow=ordr", "no workflow `ordr` is declared or was seen: did you mean order?"),
        ("/api/instances?step=a/c", "no step `a/c` is declared or was seen: did you mean a/b?"),
        ("/api/instances?step=shipping", "no step `shipping` is declared or was seen"),
        ("/api/failures?step=a/c", "no step `a/c` is declared or was seen: did you mean a/b?"),
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.error().contains(told), "{path}: {answer:?}");
    }
    let long = "x".repeat(5_000);
    assert_eq!(served.get(&format!("/api/instances?key={long}")).status, 400);
    assert_eq!(served.get(&format!("/api/where/{long}")).status, 400);
}

#[test]
fn whoever_must_not_ask_learns_nothing() {
    let served = serve(&options());
    for path in ["/", "/api/overview", "/api/live", "/metrics", "/live", "/ready", "/instances/1"] {
        let evil = served.ask("GET", path, "Host: evil.example\r\n", "");
        assert_eq!(evil.status, 421, "{path}: {evil:?}");
        let foreign = served.ask("GET", path, "Host: localhost\r\nOrigin: http://evil.example\r\n", "");
        assert_eq!(foreign.status, 403, "{path}: {foreign:?}");
    }
    let answer = served.get("/api/overview");
    for header in [
        "content-security-policy: default-src 'self';",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
    ] {
        assert!(answer.head.contains(header), "{header}: {}", answer.head);
    }
    assert!(!answer.head.contains("access-control-"), "{}", answer.head);
}

#[test]
fn with_a_token_nobody_asks_without_it() {
    let mut options = options();
    options.token = Some(Secret::new("hunter2"));
    let served = serve(&options);
    let refused = served.get("/api/overview");
    assert_eq!(refused.status, 401);
    assert!(refused.head.contains("www-authenticate: bearer"), "{}", refused.head);
    let with = |token: &str| {
        served
            .ask("GET", "/api/overview", &format!("Host: localhost\r\nAuthorization: Bearer {token}\r\n"), "")
            .status
    };
    assert_eq!((with("hunter2"), with("hunter3")), (200, 401));
    for (path, status) in
        [("/metrics", 401), ("/api/live", 401), ("/api/nothing", 401), ("/", 200), ("/live", 200)]
    {
        assert_eq!(served.get(path).status, status, "{path}");
    }
}

#[test]
fn the_page_answers_for_its_own_addresses() {
    let served = serve(&options());
    for path in ["/", "/index.html", "/workflows/order", "/instances/a.b.c?tab=tree"] {
        let answer = served.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.head.contains("content-type: text/html"), "{path}: {}", answer.head);
        assert!(answer.head.contains("cache-control: no-cache"), "{path}: {}", answer.head);
    }
    assert_eq!(served.get("/assets/no-such-file.js").status, 404);
}

#[test]
fn a_page_is_told_at_once_and_again() {
    let served = serve(&options());
    let stream = served.open("GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line == "event: tick"));
    let data = lines.by_ref().find(|line| line.starts_with("data: ")).expect("data");
    let tick: Value = serde_json::from_str(&data["data: ".len()..]).expect("JSON");
    assert!(tick["as_of"]["now"].is_u64() && tick["generation"].is_u64(), "{tick}");
    assert!(lines.any(|line| line == "event: tick"), "told again though nothing changed");
}

#[test]
fn machines_are_told_whether_it_works() {
    let served = serve(&options());
    assert_eq!((served.get("/live").status, served.get("/ready").status), (200, 503));
    let metrics = served.get("/metrics");
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"), "{}", metrics.head);
    assert!(metrics.body.contains("# TYPE workflow_observer_lag_time_seconds gauge\n"), "{}", metrics.body);
    served.alive.is_not();
    assert_eq!(served.get("/live").status, 503);
}

/// Notes what it is asked for.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<Action>>);

impl Operator for Notes {
    fn act(&self, action: &Action) -> Result<Value, String> {
        self.0.lock().unwrap().push(action.clone());
        if action.actor == "nobody" { Err("nobody may not".to_owned()) } else { Ok(json!({ "done": 1 })) }
    }
}

const ACT: &str = "Host: localhost\r\nContent-Type: application/json\r\nx-choreograph: 1\r\n";

fn body(actor: &str, letters: usize) -> String {
    let letter = json!({ "id": "d1", "topic": "a.b.dlq", "partition": 0, "offset": 7 });
    json!({ "letters": vec![letter; letters], "actor": actor, "because": "of no use" }).to_string()
}

#[test]
fn an_observer_only_reads_unless_somebody_acts() {
    let served = serve(&options());
    let refused = served.ask("POST", "/api/dead-letters/replay", ACT, &body("ann", 1));
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.error().contains("--allow-actions"), "{refused:?}");
    for path in ["/api/instances/1/events/2/value", "/api/dead-letters/1/value"] {
        let value = served.get(path);
        assert_eq!(value.status, 403, "{value:?}");
        assert!(value.error().contains("--payloads"), "{value:?}");
    }
    assert_eq!(served.get("/api/abilities").json(), json!({ "payloads": false, "actions": false }));
}

#[test]
fn an_operator_is_asked_for_what_the_path_says() {
    let notes = Arc::new(Notes::default());
    let mut options = options();
    options.operator = Some(Arc::clone(&notes) as Arc<dyn Operator>);
    let served = serve(&options);
    let act = |kind: &str, headers: &str, body: &str| {
        served.ask("POST", &format!("/api/dead-letters/{kind}"), headers, body)
    };
    let done = act("discard", ACT, &body("ann", 2));
    assert_eq!((done.status, done.json()), (200, json!({ "done": 1 })), "{done:?}");
    let asked = notes.0.lock().unwrap().pop().expect("an action");
    assert_eq!((asked.kind, asked.letters.len(), asked.actor.as_str()), (ActionKind::Discard, 2, "ann"));

    let refused = act("replay", ACT, &body("nobody", 1));
    assert_eq!((refused.status, refused.error().as_str()), (409, "nobody may not"));
    notes.0.lock().unwrap().clear();
    let no_header = ACT.replace(&format!("{ACTION_HEADER}: 1\r\n"), "");
    for (status, answer) in [
        (403, act("replay", &no_header, &body("ann", 1))),
        (403, act("replay", &format!("{ACT}Origin: http://evil.example\r\n"), &body("ann", 1))),
        (400, act("replay", ACT, &body("ann", 0))),
        (400, act("replay", ACT, &body(" ", 1))),
        (400, act("edit", ACT, &body("ann", 1))),
        (400, act("discard", ACT, &body("ann", 1).replace("of no use", " "))),
        (404, act("burn", ACT, &body("ann", 1))),
        (400, act("replay", ACT, "{")),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(!answer.error().is_empty());
    }
    assert!(notes.0.lock().unwrap().is_empty(), "none of these was carried out");
}

/// The status of the answer to a request that says that so long a body follows, and sends nothing of it.
fn answered_unread(served: &Served, path: &str, headers: &str, length: usize) -> u16 {
    let request =
        format!("POST {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    served.open(&request).read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

#[test]
fn a_body_is_waited_for_only_where_it_is_wanted() {
    let mut options = options();
    let only_reads = serve(&options);
    options.token = Some(Secret::new("hunter2"));
    options.operator = Some(Arc::new(Notes::default()));
    let acts = serve(&options);
    let known = format!("{ACT}Authorization: Bearer hunter2\r\n");
    let replay = "/api/dead-letters/replay";
    for (status, served, path, headers, length) in [
        (405, &acts, "/", ACT, 2_000_000),
        (405, &acts, "/instances/1", ACT, 2_000_000),
        (405, &acts, "/live", ACT, 2_000_000),
        (405, &acts, "/api/overview", &known, 2_000_000),
        (405, &acts, "/api/live", &known, 2_000_000),
        (401, &acts, replay, ACT, 2_000_000),
        (403, &acts, replay, "Host: localhost\r\n", 2_000_000),
        (404, &acts, "/api/dead-letters/burn", &known, 2_000_000),
        (413, &acts, replay, &known, 3_000_000),
        (403, &only_reads, replay, ACT, 2_000_000),
    ] {
        assert_eq!(answered_unread(served, path, headers, length), status, "{path} {headers}");
    }
    let told = acts.ask("POST", "/", ACT, "");
    assert!(told.head.contains("allow: get,head") && told.error().contains("Allow"), "{told:?}");
}

#[test]
fn an_edit_goes_on_byte_by_byte() {
    let notes = Arc::new(Notes::default());
    let mut options = options();
    options.operator = Some(Arc::clone(&notes) as Arc<dyn Operator>);
    let served = serve(&options);
    for value in [
        r#"{"amount":12345678901234567890123,"rate":0.1000000000000000055511151231257827,"a":1,"a":2}"#,
        "{ \"spaces\" :\t[1.0,  1e2] }",
        "null",
    ] {
        let letter = r#"{"id":"d1","topic":"a.b.dlq","partition":0,"offset":7}"#;
        let body = format!(r#"{{"letters":[{letter}],"actor":"ann","value": {value} }}"#);
        let done = served.ask("POST", "/api/dead-letters/edit", ACT, &body);
        assert_eq!(done.status, 200, "{done:?}");
        let asked = notes.0.lock().unwrap().pop().expect("an action");
        assert_eq!(serde_json::to_string(&asked.value).unwrap(), value);
    }
}

/// Says when it begins, and ends when it is told to.
#[derive(Debug)]
struct Slow {
    begun: Mutex<Sender<String>>,
    end: Mutex<Receiver<()>>,
}

impl Operator for Slow {
    fn act(&self, action: &Action) -> Result<Value, String> {
        self.begun.lock().unwrap().send(action.actor.clone()).unwrap();
        self.end.lock().unwrap().recv().unwrap();
        Ok(json!({ "done": 1 }))
    }
}

#[test]
fn whoever_goes_away_does_not_let_the_next_in() {
    let ((begun, begins), (end, ends)) = (channel(), channel());
    let mut options = options();
    options.operator = Some(Arc::new(Slow { begun: Mutex::new(begun), end: Mutex::new(ends) }));
    let served = serve(&options);
    // Dropped before the server, should this fail: whoever acts is not waited for then.
    let end = end;
    let ask = |actor: &str| {
        let body = body(actor, 1);
        let length = body.len();
        served.open(&format!(
            "POST /api/dead-letters/replay HTTP/1.1\r\n{ACT}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
    };
    let first = ask("ann");
    assert_eq!(begins.recv_timeout(LONG).unwrap(), "ann");
    drop(first);
    let mut second = ask("bob");
    // A server that let the next one in would do so as soon as it hears that the first has gone.
    assert_eq!(
        begins.recv_timeout(Duration::from_secs(1)),
        Err(RecvTimeoutError::Timeout),
        "the first still acts"
    );
    end.send(()).unwrap();
    assert_eq!(begins.recv_timeout(LONG).unwrap(), "bob");
    end.send(()).unwrap();
    let mut answer = String::new();
    second.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn a_token_that_is_none_is_refused() {
    for token in ["", " ", "\t\n"] {
        for listen in ["0.0.0.0:0", "127.0.0.1:0"] {
            let mut options = options();
            options.token = Some(Secret::new(token));
            options.listen = listen.parse().unwrap();
            let refused = crate::observer::check(&options).unwrap_err().to_string();
            assert!(refused.contains("is empty"), "{refused}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_to_those_alone_who_know_the_token() {
    let mut options = options();
    let ready = |options: &Options, headers: &str| serve(options).ask("GET", "/ready", headers, "").json();
    let open = ready(&options, "Host: localhost\r\n");
    assert!(open["problems"].is_array(), "{open}");
    options.token = Some(Secret::new("hunter2"));
    let told = ready(&options, "Host: localhost\r\nAuthorization: Bearer hunter2\r\n");
    assert!(told["problems"].is_array(), "{told}");
    for headers in ["Host: localhost\r\n", "Host: localhost\r\nAuthorization: Bearer hunter3\r\n"] {
        let told = ready(&options, headers);
        assert!(told["ready"] == json!(false) && told.get("problems").is_none(), "{told}");
    }
}
