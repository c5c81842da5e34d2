//! `where`, `instances`, `topology drift` and `observe`, against an observer that a test plays.

use serde_json::{Value, json};

use crate::registry::server::{Answer, Request, Server};
use crate::support::{Run, binary, folder, of};

fn as_of() -> Value {
    json!({ "now": 1_767_225_600_000_u64, "behind_ms": 1_234, "caught_up": true })
}

/// An instance in a list. One that is stuck has a reason, told or not.
fn summary(id: &str, state: &str, reason: Option<&str>) -> Value {
    let reason = reason.or(match state {
        "failed" => Some("dead_letter"),
        "lost" => Some("lost"),
        "stalled" => Some("backlog"),
        _ => None,
    });
    json!({
        "id": id, "workflow": "order", "key": "key-\u{1b}[2J1", "keys": ["536365", "c-2", "c-3", "c-4"],
        "state": state, "reason": reason, "step": "payment/charge",
        "sentence": "waiting 4 min at payment/charge: 312 ahead of it in partition 2, moving", "attempts": 0,
        "error": null, "started": 1_767_225_000_000_u64, "updated": 1_767_225_001_000_u64, "finished": null,
        "events": 1, "dead_letters": 1
    })
}

fn instance(id: &str, state: &str, reason: Option<&str>) -> Value {
    let queued = json!({ "state": "queued", "partition": 2, "ahead": 312, "moving": true });
    json!({
        "as_of": as_of(),
        "summary": summary(id, state, reason),
        "frontier": [{
            "event": "e1", "event_type": "order.placed.v1", "step": "payment/charge", "path": true, "state": queued,
            "since": 1_767_225_360_000_u64, "deadline_ms": 30_000, "stalled": reason, "sentence": "312 ahead of it",
            "evidence": ["offset 400, committed 88\u{1b}]0;evil\u{7}"]
        }],
        "events": [{
            "id": "e1", "event_type": "order.placed.v1", "source": null, "causation": null, "hops": 0,
            "at": 1_767_225_000_000_u64, "topic": "orders", "partition": 2, "offset": 400, "key": "k",
            "contract_version": "1.0", "trace": null, "span": null, "duplicates": 1,
            "steps": [
                { "step": "payment/charge", "path": true, "state": queued },
                { "step": "mail/send", "path": false, "state": { "state": "done", "at": null },
                  "attempts": attempts(), "attempts_left_out": 7 }
            ]
        }],
        "dead_letters": [{
            "id": "d1", "step": "mail/send", "instance": id, "event": "e1", "event_type": "order.placed.v1", "key": "k",
            "reason": "rejected", "error": "no address", "violations": null, "contract": null,
            "failed_at": 1_767_225_001_000_u64, "attempts": 5, "replays": 0, "topic": "mail.send.dlq", "partition": 0,
            "offset": 3, "origin": "orders/2/400", "trace": null, "open": true, "actions": []
        }],
        "traces": [{ "id": "0af7651916cd43dd8448eb211c80319c", "from": 1, "to": 2, "events": 1, "url": null }]
    })
}

/// Attempts of every kind.
fn attempts() -> Value {
    let at = 1_767_225_000_000_u64;
    json!([
        { "number": 8, "outcome": "failed", "at": at, "due": at + 100 },
        { "number": 8, "outcome": "outage", "at": at + 200 },
        { "number": 1, "replays": 1, "outcome": "failed", "at": null, "after": at + 300, "before": at + 400 },
        { "number": 2, "replays": 1, "outcome": "failed", "at": null },
        { "number": 3, "replays": 1, "outcome": "succeeded", "at": at + 400 }
    ])
}

fn page(items: &[Value], state: &str) -> Value {
    let by_reason = items.iter().filter_map(|item| item["reason"].as_str());
    let by_reason: Vec<Value> = by_reason.map(|reason| json!({ "name": reason, "count": 1 })).collect();
    json!({
        "as_of": as_of(), "items": items, "total": items.len(), "next": null,
        "by_state": [{ "name": state, "count": items.len() }], "stuck": by_reason.len(), "side_stuck": 0,
        "by_reason": by_reason, "by_step": []
    })
}

/// Plays an observer that knows one instance, `o-1`, in this state.
fn observer(state: &'static str, reason: Option<&'static str>) -> Server {
    Server::start(move |request: &Request| -> Answer {
        let known = [summary("o-1", state, reason)];
        let answer = match request.line.split(['?', ' ']).nth(1) {
            Some("/api/where/o%2F1" | "/api/where/o-1" | "/api/instances") => page(&known, state),
            Some("/api/instances/o-1") => instance("o-1", state, reason),
            Some(_) => page(&[], state),
            None => return (400, json!({ "error": "what?" }).to_string()),
        };
        (200, answer.to_string())
    })
}

fn asked(url: &str, args: &[&str]) -> Run {
    let folder = folder(&[]);
    of(&binary(folder.path())
        .args(args)
        .env("CHOREOGRAPH_OBSERVER", url)
        .output()
        .expect("the binary starts"))
}

#[test]
fn where_names_step_and_reason_and_says_by_its_code_whether_it_is_stuck() {
    let stuck = observer("stalled", Some("backlog"));
    let run = asked(&stuck.url(), &["where", "o-1"]);
    assert_eq!((run.code, run.errors.as_str()), (1, ""), "{}", run.out);
    for told in [
        "o-1 (key-\\u{1b}[2J1, 536365, c-2, c-3) order stalled: backlog\n",
        "waiting 4 min at payment/charge: 312 ahead of it in partition 2, moving\n",
        "owed by payment/charge for 4 min: order.placed.v1, 312 ahead of it\n",
        "offset 400, committed 88",
        "payment/charge: queued, 312 ahead of it in partition 2, moving\n",
        "dead letter d1 (open) at mail/send: rejected\n",
        "as of 1.2 s ago",
        "    mail/send: done\n      7 earlier attempts\n      2025-12-31T23:50:00Z attempt 8 failed, the next due 2025-12-31T23:50:00.1Z\n",
        "      2025-12-31T23:50:00.2Z the step went into outage after 8 attempts\n",
        "      between 2025-12-31T23:50:00.3Z and 2025-12-31T23:50:00.4Z replay 1, attempt 1 failed\n",
        "      at an unknown time replay 1, attempt 2 failed\n",
        "      2025-12-31T23:50:00.4Z replay 1, attempt 3 succeeded\n",
    ] {
        assert!(run.out.contains(told), "{told}: {}", run.out);
    }
    assert!(!run.out.chars().any(|character| character.is_control() && character != '\n'), "{:?}", run.out);
    let json = asked(&stuck.url(), &["where", "o/1", "--format", "json"]);
    assert_eq!(json.code, 1);
    let json = json.json("where");
    assert_eq!((&json["total"], &json["stuck"]), (&json!(1), &json!(true)));
    assert_eq!(json["instances"][0]["frontier"][0]["step"], "payment/charge");

    let well = observer("running", None);
    assert_eq!(asked(&well.url(), &["where", "o-1"]).code, 0);
}

/// Plays an observer that knows 25 instances of one key, of which the one that changed longest ago is in this state, and
/// the others are `other`.
fn many(last: &'static str, other: &'static str) -> Server {
    Server::start(move |request: &Request| -> Answer {
        let state = |number: usize| if number == 24 { last } else { other };
        let path = request.line.split(['?', ' ']).nth(1).unwrap_or_default();
        let answer = if let Some(number) = path.strip_prefix("/api/instances/o-") {
            instance(&format!("o-{number}"), state(number.parse().expect("a number")), None)
        } else {
            let all = (0..25).map(|number| summary(&format!("o-{number}"), state(number), None));
            let mut page = page(&all.collect::<Vec<Value>>(), other);
            page["by_state"] = json!([{ "name": last, "count": 1 }, { "name": other, "count": 24 }]);
            page
        };
        (200, answer.to_string())
    })
}

#[test]
fn of_many_that_a_key_names_those_that_are_stuck_are_told_first_and_all_decide() {
    let observer = many("failed", "running");
    let run = asked(&observer.url(), &["where", "customer-1"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.starts_with("o-24 "), "{}", run.out);
    assert!(run.out.ends_with("25 in all, and the first 20 are told\n"), "{}", run.out);
    let run = asked(&observer.url(), &["where", "customer-1", "--watch"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert_eq!(asked(&many("completed", "running").url(), &["where", "customer-1"]).code, 0);
    let over = many("failed", "completed");
    assert_eq!(asked(&over.url(), &["where", "customer-1", "--watch"]).code, 1);
}

#[test]
fn what_waits_longer_than_it_may_while_nothing_says_where_it_is_may_be_stuck() {
    for (waits_ms, code) in [(30_000, 0), (36_000, 1)] {
        let observer = Server::start(move |request: &Request| -> Answer {
            let answer = if request.line.contains("/api/instances/") {
                let mut instance = instance("o-1", "running", None);
                let now = instance["as_of"]["now"].as_u64().expect("a time");
                instance["frontier"][0]["state"] = json!({ "state": "unknown", "why": "behind another" });
                instance["frontier"][0]["since"] = json!(now - waits_ms);
                instance
            } else {
                page(&[summary("o-1", "running", None)], "running")
            };
            (200, answer.to_string())
        });
        let run = asked(&observer.url(), &["where", "o-1"]);
        assert_eq!(run.code, code, "{}", run.out);
    }
}

#[test]
fn a_side_step_that_is_stuck_is_told_by_the_list_and_changes_no_order() {
    let mail = json!({ "step": "mail/tell", "path": false, "reason": "no_consumer" });
    let observer = Server::start(move |request: &Request| -> Answer {
        let mut done = summary("o-1", "completed", None);
        (done["step"], done["steps"]) = (Value::Null, json!([mail]));
        let mut page = page(&[done.clone()], "completed");
        (page["side_stuck"], page["by_reason"]) = (json!(1), json!([{ "name": "no_consumer", "count": 1 }]));
        let answer = if request.line.contains("/api/instances/") {
            let mut instance = instance("o-1", "completed", None);
            (instance["summary"], instance["frontier"]) = (done, json!([]));
            instance
        } else {
            page
        };
        (200, answer.to_string())
    });
    for filters in [&[][..], &["--step", "mail/tell"], &["--state", "completed"]] {
        let run = asked(&observer.url(), &[&["instances"], filters].concat());
        assert_eq!((run.code, run.errors.as_str()), (1, ""), "{filters:?}: {run:?}");
        assert!(run.out.contains("\n  stuck at mail/tell (side step): no_consumer\n"), "{}", run.out);
        assert!(run.out.contains("1 in all: 1 completed; a side step of 1 is stuck; as of"), "{}", run.out);
    }
    let json = asked(&observer.url(), &["instances", "--format", "json"]).json("instances");
    assert_eq!((&json["side_stuck"], &json["stuck"]), (&json!(1), &json!(0)));
    assert_eq!(json["items"][0]["steps"][0]["step"], "mail/tell");
    for ask in [&["where", "o-1"][..], &["where", "o-1", "--watch"]] {
        let run = asked(&observer.url(), ask);
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "the order came to its end: {run:?}");
    }
}

#[test]
fn what_a_person_gave_up_is_not_stuck() {
    let given_up = Server::start(|request: &Request| -> Answer {
        let failed = |mut summary: Value| {
            summary["reason"] = Value::Null;
            summary
        };
        let answer = if request.line.contains("/api/instances/") {
            let mut instance = instance("o-1", "failed", None);
            instance["summary"] = failed(instance["summary"].clone());
            instance["frontier"] = json!([]);
            instance
        } else {
            page(&[failed(summary("o-1", "failed", None))], "failed")
        };
        (200, answer.to_string())
    });
    for ask in [&["where", "o-1"][..], &["where", "o-1", "--watch"], &["instances"]] {
        let run = asked(&given_up.url(), ask);
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "{ask:?}: {run:?}");
    }
}

#[test]
fn watching_ends_when_there_is_nothing_more_to_see() {
    for (state, code) in [("completed", 0), ("failed", 1)] {
        let ended = observer(state, None);
        let run = asked(&ended.url(), &["where", "o-1", "--watch"]);
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(run.out.matches("payment/charge: queued").count(), 1, "told once: {}", run.out);
    }
}

/// `choreograph where o-1 --watch | head -1`
#[test]
fn watching_ends_when_nobody_reads() {
    let running = observer("running", None);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let folder = folder(&[]);
    let mut command = binary(folder.path());
    command.args(["where", "o-1", "--watch", "--observer", &running.url()]).stdout(writer);
    let run = of(&command.output().expect("the binary starts"));
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
}

/// Plays an observer of which every answer is as of this, and which says what hinders it.
fn as_of_observer(as_of: Value, state: &'static str, drifts: Vec<Value>) -> Server {
    Server::start(move |request: &Request| -> Answer {
        let mut answer = match request.line.split(['?', ' ']).nth(1) {
            Some("/api/instances/o-1") => instance("o-1", state, None),
            Some("/api/drift") => json!({ "window_ms": 86_400_000, "drifts": drifts }),
            Some("/api/overview") => json!({
                "workflows": [], "dead_letters_open": 0, "events": 0, "instances": 0, "unreadable": 0,
                "problems": ["no broker \u{1b}[2J answers"]
            }),
            _ => page(&[summary("o-1", state, None)], state),
        };
        answer["as_of"] = as_of.clone();
        (200, answer.to_string())
    })
}

#[test]
fn that_a_blind_observer_tells_of_nothing_stuck_is_no_proof_that_nothing_is() {
    let asks = [&["where", "o-1"][..], &["where", "o-1", "--watch"], &["instances"], &["topology", "drift"]];
    let as_of = |behind_ms: u64, caught_up: bool| json!({ "now": 1_767_225_600_000_u64, "behind_ms": behind_ms, "caught_up": caught_up });
    for (as_of, why) in [
        (as_of(30_001, true), "the observer last saw topics and groups 30 s ago, and 30 s is the most"),
        (as_of(10_800_000, true), "the observer last saw topics and groups 3 h ago"),
        (as_of(1_767_225_600_000, false), "the observer still reads what is there"),
    ] {
        let blind = as_of_observer(as_of.clone(), "completed", vec![]);
        for ask in asks {
            let run = asked(&blind.url(), ask);
            assert_eq!(run.code, 3, "{ask:?}: {run:?}");
            assert!(run.errors.contains(why) && !run.out.is_empty(), "{run:?}");
            assert!(run.errors.contains("no broker \\u{1b}[2J answers"), "{run:?}");
        }
        let json = |ask: &[&str]| asked(&blind.url(), &[ask, &["--format", "json"]].concat());
        assert_eq!(json(&["where", "o-1"]).json("where")["stuck"], Value::Null);
        assert_eq!(json(&["instances"]).json("instances")["as_of"], as_of);
        assert_eq!(json(&["topology", "drift"]).json("drift")["holds"], json!(false));

        let drift = json!({
            "kind": "undeclared", "from": "payment/charge", "event_type": "payment.confirmed.v1", "to": null,
            "contract_version": null, "sentence": "it is undeclared"
        });
        let seen = as_of_observer(as_of, "failed", vec![drift]);
        for ask in asks {
            let run = asked(&seen.url(), ask);
            assert_eq!((run.code, run.errors.as_str()), (1, ""), "{ask:?}: {run:?}");
        }
    }
    let sees = as_of_observer(as_of(30_000, true), "completed", vec![]);
    for ask in asks {
        assert_eq!(asked(&sees.url(), ask).code, 0, "{ask:?}");
    }
}

#[test]
fn watching_is_given_up_where_the_observer_stays_blind() {
    let as_of = json!({ "now": 1_767_225_600_000_u64, "behind_ms": 60_000, "caught_up": true });
    let blind = as_of_observer(as_of, "running", vec![]);
    let run = asked(&blind.url(), &["where", "o-1", "--watch"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.errors.contains("proves nothing"), "{run:?}");
}

#[test]
fn what_nobody_knows_is_three_and_said() {
    let observer = observer("running", None);
    let run = asked(&observer.url(), &["where", "o-2"]);
    assert_eq!((run.code, run.out.as_str()), (3, ""));
    assert!(run.errors.contains("nobody knows `o-2`"), "{}", run.errors);
}

#[test]
fn instances_are_asked_for_by_their_filters() {
    let observer = observer("lost", None);
    let filters = [
        "instances",
        "--workflow",
        "order",
        "--state",
        "lost,failed",
        "--step",
        "payment/charge",
        "--reason",
        "backlog",
        "--attempt",
        "2",
        "--error",
        "no & money",
        "--older",
        "15m",
        "--key",
        "k",
        "--limit",
        "7",
        "--cursor",
        "5-1",
    ];
    let run = asked(&observer.url(), &filters);
    assert_eq!((run.code, run.errors.as_str()), (1, ""), "{}", run.out);
    assert!(run.out.contains("1 in all: 1 lost; as of 1.2 s ago\n"), "{}", run.out);
    let line = &observer.lines()[0];
    for part in
        ["workflow=order", "state=lost%2Cfailed", "attempt=2", "older=900000", "limit=7", "cursor=5-1"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(line.contains("error=no%20%26%20money") || line.contains("error=no+%26+money"), "{line}");
    let json = asked(&observer.url(), &["instances", "--format", "json"]);
    assert_eq!(json.json("instances")["items"][0]["id"], "o-1");
    let wrong = asked(&observer.url(), &["instances", "--format", "junit"]);
    assert!(wrong.code == 2 && wrong.out.contains("<error "), "{wrong:?}");
    assert_eq!(asked(&observer.url(), &["instances", "--older", "soon"]).code, 2);
    assert_eq!(asked(&observer.url(), &["instances", "--limit", "1001"]).code, 2);
}

#[test]
fn a_name_that_nobody_has_is_wrong_usage_and_not_nothing() {
    let told = "no step `payment/chrage` is declared or was seen: did you mean payment/charge?";
    let observer =
        Server::start(move |_: &Request| -> Answer { (400, json!({ "error": told }).to_string()) });
    let run = asked(&observer.url(), &["instances", "--step", "payment/chrage"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
    assert!(run.errors.contains(told), "{run:?}");
}

#[test]
fn drift_is_findings_with_rules_that_are_explained() {
    let drift = |kind: &str| {
        json!({
            "kind": kind, "from": "payment/charge", "event_type": "payment.confirmed.v1", "to": null,
            "contract_version": null, "sentence": format!("payment.confirmed.v1 is {kind}")
        })
    };
    let answer = |drifts: Vec<Value>| {
        let answer = json!({ "as_of": as_of(), "window_ms": 86_400_000, "drifts": drifts }).to_string();
        Server::start(move |_| (200, answer.clone()))
    };
    let none = asked(&answer(vec![]).url(), &["topology", "drift"]);
    assert_eq!(
        (none.code, none.out.as_str()),
        (0, "what is declared and what is seen agree, over the last 24 h; as of 1.2 s ago\n")
    );
    let cut = json!({
        "as_of": as_of(), "window_ms": 86_400_000, "drifts": [drift("silent")], "left_off": 3
    });
    let cut = Server::start(move |_| (200, cut.to_string()));
    let told = asked(&cut.url(), &["topology", "drift"]).out;
    assert!(
        told.contains("1 difference, and 3 more which the observer leaves off, over the last 24 h"),
        "{told}"
    );
    assert_eq!(asked(&cut.url(), &["topology", "drift", "--format", "json"]).json("drift")["left_off"], 3);
    let silent = asked(&answer(vec![drift("silent")]).url(), &["topology", "drift"]);
    assert_eq!(silent.code, 0, "it may be rare: {}", silent.out);
    let grave = answer(vec![drift("undeclared"), drift("version_skew")]);
    let run = asked(&grave.url(), &["topology", "drift"]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.starts_with("error[DRIFT_UNDECLARED]: payment.confirmed.v1 is undeclared\n"),
        "{}",
        run.out
    );
    let json = asked(&grave.url(), &["topology", "drift", "--format", "json"]);
    assert_eq!(json.json("drift")["holds"], json!(false));
    for rule in ["DRIFT_SILENT", "DRIFT_UNDECLARED", "DRIFT_VERSION_SKEW"] {
        assert_eq!(asked("http://127.0.0.1:1", &["explain", rule]).code, 0, "{rule}");
    }
}

#[test]
fn an_observer_that_is_away_or_none_is_three_and_says_what_to_do() {
    let gone = observer("running", None).url();
    for args in [&["where", "o-1"][..], &["instances"], &["topology", "drift"]] {
        let run = asked(&gone, args);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{args:?}");
        assert!(run.errors.contains(&gone) && run.errors.contains("choreograph observe"), "{}", run.errors);
    }
    for (status, body, told) in [
        (200, "<html>", "is no observer"),
        (200, "{}", "is no observer"),
        (500, "<html>", "is no observer"),
        (401, r#"{"error":"the token is missing or wrong"}"#, "CHOREOGRAPH_OBSERVER_TOKEN"),
        (503, r#"{"error":"too \u001b[2J busy"}"#, "refuses: too \\u{1b}[2J busy"),
    ] {
        let other = Server::start(move |_| (status, body.to_owned()));
        let run = asked(&other.url(), &["instances"]);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{body}");
        assert!(run.errors.contains(told), "{}", run.errors);
    }
    let refused = Server::start(|_| (400, r#"{"error":"`gone` is no state"}"#.to_owned()));
    let run = asked(&refused.url(), &["instances", "--state", "gone"]);
    assert_eq!((run.code, run.errors.contains("`gone` is no state")), (2, true), "{}", run.errors);
    let wrong = asked("http://ann:hunter2@localhost", &["instances"]);
    assert_eq!((wrong.code, wrong.errors.contains("hunter2")), (2, false), "{}", wrong.errors);
}

#[test]
fn the_token_goes_to_the_observer_and_nowhere_else() {
    let observer = observer("running", None);
    let folder = folder(&[("token", "hunter2\n")]);
    let mut command = binary(folder.path());
    command
        .args(["instances", "--observer", &observer.url()])
        .env("CHOREOGRAPH_OBSERVER_TOKEN_FILE", "token");
    let run = of(&command.output().expect("the binary starts"));
    assert_eq!(run.code, 0, "{}", run.errors);
    assert_eq!(observer.requests()[0].authorization.as_deref(), Some("Bearer hunter2"));
    assert!(!format!("{run:?}").contains("hunter2"));
}

#[test]
fn a_file_of_a_token_that_is_empty_is_refused() {
    for text in ["", "\n", " \r\n"] {
        let observer = observer("running", None);
        let folder = folder(&[("token", text)]);
        let mut command = binary(folder.path());
        command
            .args(["instances", "--observer", &observer.url()])
            .env("CHOREOGRAPH_OBSERVER_TOKEN_FILE", "token");
        let run = of(&command.output().expect("the binary starts"));
        assert_eq!(run.code, 2, "{text:?}: {run:?}");
        assert!(
            run.errors.contains("the file that CHOREOGRAPH_OBSERVER_TOKEN_FILE names is empty"),
            "{run:?}"
        );
        assert!(observer.requests().is_empty(), "{text:?}");
    }
}

#[test]
fn an_observer_is_not_started_on_what_cannot_work() {
    let folder = folder(&[("a.json", r#"{"manifest":1,"service":"a"}"#)]);
    let start = |settings: &[(&str, &str)], more: &[&str]| {
        let mut command = binary(folder.path());
        command.args(["observe", "--manifests", "a.json"]).args(more).envs(settings.iter().copied());
        of(&command.output().expect("the binary starts"))
    };
    let kafka = ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1");
    for (settings, more, told) in [
        (&[][..], &[][..], "KAFKA_BOOTSTRAP_SERVERS"),
        (&[kafka, ("CHOREOGRAPH_NAMESPCE", "a")], &[], "did you mean CHOREOGRAPH_NAMESPACE"),
        (&[kafka], &["--listen", "0.0.0.0:0"], "set CHOREOGRAPH_OBSERVER_TOKEN"),
        (&[kafka], &["--allow-actions", "--listen", "127.0.0.1:0"], "actions need a token"),
        (&[kafka], &["--listen", "here"], "--listen"),
        (&[kafka], &["--state", "a.json", "--listen", "127.0.0.1:0"], "state cannot be kept in a.json"),
        (
            &[kafka, ("CHOREOGRAPH_OBSERVER_TOKEN", "x"), ("CHOREOGRAPH_OBSERVER_TOKEN_FILE", "y")],
            &[],
            "both set",
        ),
    ] {
        let run = start(settings, more);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{more:?}: {}", run.errors);
        assert!(run.errors.contains(told), "{told}: {}", run.errors);
    }
}
