//! What the observer's page tells of orders in a real browser. The ordinary tests need no browser: whoever has one names
//! the program that opens the page, as `npm run real` in `observability/page` does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use choreograph_observer::answer::StallReason;
use choreograph_tests::process::Service;
use serde_json::{Value, json};

use super::orders::{Order, Verdict};
use super::shop::{Shop, WITHIN};
use super::sight::Sight;

/// The variable with the program for Node that opens the page.
const OPENED_BY: &str = "TEST_OPENS_PAGE";

/// What the page was seen to tell wrongly, by workflow id.
#[derive(Debug)]
pub(crate) struct Told(BTreeMap<String, String>);

impl Told {
    /// Opens the page of each order, of which `verdict` has to be said; nothing where nobody named a program.
    #[track_caller]
    pub(crate) fn of(
        orders: &[Order],
        verdict: impl Fn(&Order) -> Verdict,
        shop: &Shop,
        sight: &Sight,
    ) -> Option<Self> {
        let program = PathBuf::from(env::var_os(OPENED_BY)?);
        let oracle = json!({
            "url": sight.url(),
            "orders": orders.iter().map(|order| wanted(order, &verdict(order))).collect::<Vec<Value>>(),
        });
        let (oracle, answer) = (shop.file("oracle.json", &oracle), shop.file("told.json", &Value::Null));
        let mut command = Command::new("node");
        command.args([program.as_os_str(), oracle.as_ref(), answer.as_ref()]);
        let mut browser = Service::start("the browser", command).expect("a process");
        let status = browser.wait(WITHIN).expect("ended");
        assert!(status.success(), "{status}: {}", browser.log().unwrap_or_default());
        let answer = fs::read_to_string(answer).expect("an answer");
        Some(Self(serde_json::from_str(&answer).expect("what was wrong, by id")))
    }

    /// Whether the page of an order told what it had to.
    pub(crate) fn is_right(&self, order: &Order) -> Result<(), String> {
        self.0.get(&order.id).cloned().map_or(Ok(()), Err)
    }
}

fn wanted(order: &Order, verdict: &Verdict) -> Value {
    json!({
        "id": order.id,
        "key": order.key,
        "state": verdict.state.word(),
        "reason": verdict.reason.map(StallReason::word),
        "step": verdict.step,
        "words": verdict.words,
    })
}
