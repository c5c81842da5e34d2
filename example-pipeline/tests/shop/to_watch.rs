//! `--watch`, as a person looks at it: a customer orders on the page and sees the order travel, and the observer knows where
//! it is.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use choreograph_tests::eventually;
use choreograph_tests::otlp::{Receiver, Span, unresolved};
use choreograph_tests::process::Service;
use example_pipeline::services;
use serde_json::{Value, json};

/// The invoice of the first order of the shop.
const FIRST_INVOICE: &str = "700001";
const PATIENCE: Duration = Duration::from_secs(90);

/// An answer's body, to be read as it comes. HTTP/1.0 has no chunks to take apart.
fn ask(address: &str, method: &str, path: &str, body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("it takes the request");
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    while answer.read_line(&mut line).expect("it answers") > 2 {
        line.clear();
    }
    answer
}

fn json(address: &str, method: &str, path: &str, body: &str) -> Option<Value> {
    let mut text = String::new();
    ask(address, method, path, body).read_to_string(&mut text).expect("a whole answer");
    serde_json::from_str(&text).ok()
}

/// The status of an answer to a request that names `host`.
fn status(address: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(stream, "GET /api/shop HTTP/1.0\r\nHost: {host}\r\n\r\n").expect("it takes the request");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("it answers");
    line.split(' ').nth(1).expect("a status").to_owned()
}

/// The data of the next server-sent event of that name.
fn next(events: &mut impl BufRead, name: &str) -> Value {
    let mut named = false;
    for line in events.lines() {
        let line = line.expect("the stream goes on");
        if let Some(data) = line.strip_prefix("data: ").filter(|_| named) {
            return serde_json::from_str(data).expect("JSON");
        }
        named = line == format!("event: {name}");
    }
    panic!("the stream ended without `{name}`")
}

/// The spans of the order, once all of its way has been told of: one tree, whose root is the click.
fn tree(collector: &Receiver, workflow: &str) -> Vec<Span> {
    let of_order = |span: &Span| span.attributes.get("workflow.id").is_some_and(|id| id == workflow);
    eventually("all spans of the order are there", PATIENCE, || {
        let all = collector.spans();
        let Some(trace) = all.iter().find(|span| of_order(span)).map(|span| span.id.trace.clone()) else {
            return Err("none".to_owned());
        };
        let spans: Vec<Span> = all.into_iter().filter(|span| span.id.trace == trace).collect();
        let told = |step: &str| {
            let is_step = |span: &&Span| span.attributes.get("workflow.step").is_some_and(|of| of == step);
            spans.iter().filter(is_step).any(|span| span.name.starts_with("process "))
        };
        let missing: Vec<&str> =
            ["site/checkout", "site/follow", "payment/charge", "orders/settle", "mail/tell"]
                .into_iter()
                .filter(|step| !told(step))
                .collect();
        let open = unresolved(&spans);
        if missing.is_empty() && open.is_empty() { Ok(spans) } else { Err(format!("{missing:?} {open:?}")) }
    })
}

#[test]
fn a_customer_orders_and_sees_the_order_travel() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let collector = Receiver::start().expect("a collector");
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-pipeline"));
    command.args(["--watch", "--folder"]).arg(folder.path());
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http()).env("OTEL_BSP_SCHEDULE_DELAY", "200");
    let mut shop = Service::start("shop", command).expect("the shop's command starts");
    let (site, observer) = eventually("it says where its pages are", PATIENCE, || {
        let log = shop.log().expect("its log");
        let whole = log.rsplit_once('\n').map(|(whole, _)| whole.to_owned()).unwrap_or_default();
        let mut addresses = whole.lines().filter_map(|line| Some(line.rsplit_once("http://")?.1));
        let mut address = || addresses.next().map(|address| address.trim_end_matches('/').to_owned());
        address().zip(address()).ok_or(log)
    });

    let shelf = eventually("the first products are for sale", PATIENCE, || {
        let shop = json(&site, "GET", "/api/shop", "").unwrap_or_default();
        if shop["products"].as_object().is_some_and(|all| !all.is_empty()) { Ok(shop) } else { Err(shop) }
    });
    let code = shelf["products"].as_object().expect("products").keys().next().expect("one").clone();
    let catalogue = shelf["catalogue"].as_str().expect("an address").trim_start_matches("http://").to_owned();
    eventually("the catalogue knows how many there are", PATIENCE, || {
        let quantities = json(&catalogue, "GET", "/products", "").unwrap_or_default();
        if quantities[&code].is_i64() { Ok(()) } else { Err(quantities) }
    });
    for address in [&site, &catalogue, &observer] {
        // As a page would ask whose name was made to point here.
        assert_eq!(status(address, "evil.example"), "421", "{address}");
    }
    let mut quantities = ask(&catalogue, "GET", "/live", "");
    assert!(next(&mut quantities, "products")[&code].is_i64());

    let click = |request: &str| {
        json!({
            "request": request,
            "placed_at": "2026-01-31T12:00:00Z",
            "stock_code": code,
            "quantity": 1,
        })
        .to_string()
    };
    let order = click("a-click-of-a-test");
    let placed = json(&site, "POST", "/api/orders", &order).expect("it is placed");
    assert_eq!(
        json(&site, "POST", "/api/orders", &order).as_ref(),
        Some(&placed),
        "the same click is the same order"
    );
    let id = placed["order_id"].as_str().expect("an id");
    let mut live = ask(&site, "GET", &format!("/api/orders/live?ids=nobody,{id}"), "");
    let stages = loop {
        let order = next(&mut live, "order");
        let stages: Vec<String> = order["stages"]
            .as_array()
            .expect("stages")
            .iter()
            .filter_map(|stage| stage[0].as_str().map(str::to_owned))
            .collect();
        if stages.last().is_some_and(|last| last == "delivered" || last == "cancelled") {
            break stages;
        }
    };
    assert_eq!(stages[..2], ["placed", "reserved"], "{stages:?}");
    // Every order that is sent changes a quantity, this one or the next.
    assert!(next(&mut quantities, "product")["quantity"].is_i64());

    let workflow = placed["workflow_id"].as_str().expect("a workflow");
    let completed = eventually("the observer sees its end", PATIENCE, || {
        let instance = json(&observer, "GET", &format!("/api/instances/{workflow}"), "").unwrap_or_default();
        if instance["summary"]["state"] == "completed" { Ok(instance) } else { Err(instance) }
    });
    assert_eq!(completed["summary"]["workflow"], "order");
    for invoice in [completed["summary"]["keys"][0].as_str().expect("its invoice"), FIRST_INVOICE] {
        eventually("its order is found by its invoice", PATIENCE, || {
            let found = json(&observer, "GET", &format!("/api/where/{invoice}"), "").unwrap_or_default();
            let one = (&found["total"], &found["items"][0]["keys"]);
            if one == (&json!(1), &json!([invoice])) { Ok(()) } else { Err(found) }
        });
    }
    let another = json(&site, "POST", "/api/orders", &click("a-click-sent-once")).expect("it is placed");
    let spans = tree(&collector, another["workflow_id"].as_str().expect("a workflow"));
    let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_none()).collect();
    let [click] = roots[..] else { panic!("one tree has one root: {roots:?}") };
    assert!(click.name.starts_with("send ") && click.resource["service.name"] == "site", "{click:?}");

    let versions: BTreeMap<_, _> =
        services::manifests("any").into_iter().map(|manifest| (manifest.service, manifest.version)).collect();
    for Span { resource, .. } in &spans {
        assert_eq!(versions[&resource["service.name"]].as_ref(), Some(&resource["service.version"]));
    }

    shop.interrupt().expect("interrupted");
    assert!(shop.wait(PATIENCE).expect("it ends").success());
}
