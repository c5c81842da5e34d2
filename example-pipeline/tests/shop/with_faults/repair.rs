//! What teams and operators do about it, with the commands that they have.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::orders::{Fault, Order};
use super::shop::Shop;

/// Who replays, for the audit topic.
const BY: [&str; 2] = ["--by", "operator"];

/// Deploys what was good, but for the service that swallows, and brings back what was set aside.
pub(crate) fn set_aside(shop: &mut Shop, orders: &[Order]) {
    let of = |fault: Fault| orders.iter().filter(move |order| order.fault == fault);
    shop.start("carrier");
    // It would wait for the orders over which it hangs.
    shop.kill("payment");
    shop.start("payment");
    shop.stop("warehouse");
    shop.start("warehouse");
    poisoned(shop, of(Fault::Poisoned).count());
    broken(shop, of(Fault::Contract).count());
    garbled(shop, &of(Fault::Garbled).map(|order| (order.id.as_str(), order)).collect());
    let (code, left) = shop.dlq(&["list"]);
    assert_eq!((code, &left["open"]), (0, &json!(0)), "{left:#}");
}

/// What was swallowed nobody set aside, so the good version reads its input again. What it says of the others it has
/// said before, under the same ids.
pub(crate) fn swallowed(shop: &mut Shop) {
    shop.stop("orders");
    shop.rewind("orders.settle", "payments");
    shop.start("orders");
}

/// The mended step takes what the bad one set aside, as it was; once.
fn poisoned(shop: &Shop, count: usize) {
    let chosen = ["replay", "--step", "payment/charge", "--reason", "panic", "--yes", "--create-topics"];
    let replay = || shop.dlq(&[&chosen[..], &BY].concat());
    let (code, report) = replay();
    assert_eq!((code, &report["done"]), (0, &json!(count)), "{report:#}");
    let (code, report) = replay();
    assert_eq!((code, &report["chosen"], &report["done"]), (0, &json!(0), &json!(0)), "{report:#}");
}

/// What broke its contract breaks it still, so nobody replays it as it is: it is set right first.
fn broken(shop: &Shop, count: usize) {
    let (code, report) = shop.dlq(&[&["replay", "--step", "shipping/ship", "--yes"], &BY[..]].concat());
    let told = (code, &report["done"], &report["refused_for"]["still_violates"]);
    assert_eq!(told, (1, &json!(0), &json!(count)), "{report:#}");
    let letters = letters(shop, "shipping/ship", Some("contract_violation"));
    assert_eq!(letters.len(), count, "{letters:#?}");
    for letter in &letters {
        assert_eq!(letter["violations"][0]["instance_path"], "/country", "{letter:#}");
        let value = letter["value"].as_str().expect("text");
        let mut value: Value = serde_json::from_str(value).expect("JSON");
        value["country"] = json!("United Kingdom");
        edit(shop, letter, &value);
    }
}

/// What cannot be read is written again for the step on the order's way; the mail and the page go without.
fn garbled(shop: &Shop, orders: &BTreeMap<&str, &Order>) {
    let letters = letters(shop, "site/checkout", Some("undecodable"));
    assert_eq!(letters.len(), orders.len(), "{letters:#?}");
    for letter in &letters {
        let order = orders[letter["instance"].as_str().expect("an instance")];
        edit(shop, letter, &serde_json::to_value(order.placed()).expect("JSON"));
    }
    let aside =
        ["discard", "--step", "mail/tell", "--step", "site/follow", "--because", "placed by hand", "--yes"];
    let (code, report) = shop.dlq(&[&aside[..], &BY].concat());
    assert_eq!((code, &report["done"]), (0, &json!(2 * orders.len())), "{report:#}");
}

/// The open dead letters of a step, with their values.
fn letters(shop: &Shop, step: &str, reason: Option<&str>) -> Vec<Value> {
    let (_, listed) = shop.dlq(&["list", "--step", step, "--payloads"]);
    let letters = listed["items"].as_array().expect("a list").clone();
    for letter in &letters {
        assert_eq!(letter["reason"].as_str(), reason, "{letter:#}");
    }
    letters
}

fn edit(shop: &Shop, letter: &Value, value: &Value) {
    let id = letter["id"].as_str().expect("an id");
    let file = shop.file(&format!("{id}.json"), value);
    let (code, report) = shop.dlq(&[&["edit", id, "--value", &file], &BY[..]].concat());
    assert_eq!((code, &report["done"]), (0, &json!(1)), "{report:#}");
}
