//! What is said of orders: by the observer's HTTP interface, of which the page shows the words, and by `where`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use choreograph_observer::answer::{Instance, InstanceState, InstanceSummary, Instances};
use choreograph_tests::eventually;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::judge::Truth;
use super::orders::{Fault, Order, Verdict};
use super::shop::{Running, Shop, WITHIN};

/// An observer that runs.
pub(crate) struct Sight {
    _running: Running,
    url: String,
    agent: ureq::Agent,
}

/// What a list says of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) summary: InstanceSummary,
}

impl Sight {
    /// Waits until the observer says where it answers.
    pub(crate) fn of(running: Running) -> Self {
        let url = eventually("the observer answers", WITHIN, || {
            let out = running.out();
            let url = out.split_whitespace().find(|word| word.starts_with("http://"));
            url.map(str::to_owned).ok_or_else(|| running.told())
        });
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)));
        Self { _running: running, url, agent: config.build().into() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let body = self.text(path)?;
        serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))
    }

    /// The observer's own metrics.
    pub(crate) fn metrics(&self) -> Result<String, String> {
        self.text("/metrics")
    }

    fn text(&self, path: &str) -> Result<String, String> {
        let mut answer =
            self.agent.get(format!("{}{path}", self.url)).call().map_err(|error| error.to_string())?;
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_string();
        let body = body.map_err(|error| error.to_string())?;
        if answer.status() == 200 { Ok(body) } else { Err(format!("{}: {body}", answer.status())) }
    }

    /// What the list of instances says of each, by workflow id.
    pub(crate) fn all(&self) -> Result<BTreeMap<String, Said>, String> {
        let listed: Instances = self.get("/api/instances?workflow=order&limit=1000")?;
        Ok(listed.items.into_iter().map(|summary| (summary.id.clone(), Said { summary })).collect())
    }

    /// How many the list filters out for this state, reason and step, as the page asks.
    pub(crate) fn filtered(&self, query: &str) -> Result<BTreeSet<String>, String> {
        let listed: Instances = self.get(&format!("/api/instances?limit=1000&{query}"))?;
        Ok(listed.items.into_iter().map(|summary| summary.id).collect())
    }

    /// What the page of one instance shows.
    pub(crate) fn instance(&self, id: &str) -> Result<Instance, String> {
        self.get(&format!("/api/instances/{id}"))
    }

    /// Whether the page of an order says just what it has to.
    pub(crate) fn is_right(&self, order: &Order) -> Result<(), String> {
        let verdict = order.fault.verdict();
        let instance = self.instance(&order.id)?;
        verdict.is_said(&instance.summary)?;
        if let (Some(step), true) = (verdict.step, verdict.state == InstanceState::Stalled) {
            let first = instance.frontier.first().ok_or("nothing is owed")?;
            let told = (first.step.as_str(), first.stalled, first.evidence.is_empty());
            if told != (step, verdict.reason, false) {
                return Err(format!("what is owed first is {first:?}"));
            }
        }
        if order.fault == Fault::Contract {
            let of_shipping = instance.dead_letters.iter().find(|letter| letter.step == "shipping/ship");
            let letter = of_shipping.ok_or("no dead letter is shown")?;
            let violations = letter.violations.as_ref().ok_or("no violation is shown")?;
            let first = &violations[0];
            if (&first["instance_path"], &first["keyword"]) != (&"/country".into(), &"type".into()) {
                return Err(format!("the violations are {violations}"));
            }
        }
        Ok(())
    }
}

/// Whether `choreograph where`, asked for the order's own id, says just this.
pub(crate) fn where_is_right(
    order: &Order,
    shop: &Shop,
    sight: &Sight,
    verdict: &Verdict,
) -> Result<(), String> {
    is_right(order, shop.ask(&["where", &order.key], Some(sight.url())), verdict)
}

/// Asks `choreograph where` without an observer for one order of each fault. All are asked for at once: where something
/// stands still, the command watches it for a while.
pub(crate) fn ask_alone<'o>(orders: &'o [Order], shop: &Shop) -> Vec<(&'o Order, Running)> {
    let manifests = shop.manifests();
    let first = |fault| orders.iter().find(|order| order.fault == fault);
    let ask = |order: &'o Order| (order, shop.begin(&["where", &order.key, "--manifests", &manifests], None));
    Fault::ALL.into_iter().filter_map(first).map(ask).collect()
}

/// The orders that were asked for so of which it is not said what has to be.
pub(crate) fn wrong_alone(asked: Vec<(&Order, Running)>) -> Vec<String> {
    let answered = asked.into_iter().map(|(order, running)| (order, running.finish()));
    answered.filter_map(|(order, answer)| is_right(order, answer, &order.fault.verdict()).err()).collect()
}

/// Whether an answer of `where` tells of this order alone, says just this, and ends with the right code.
fn is_right(order: &Order, (code, told): (i32, Value), verdict: &Verdict) -> Result<(), String> {
    let instances: Vec<Instance> =
        serde_json::from_value(told["instances"].clone()).map_err(|error| error.to_string())?;
    let [instance] = &instances[..] else { return Err(format!("{} are found", instances.len())) };
    if instance.summary.id != order.id {
        return Err(format!("another is found: {}", instance.summary.id));
    }
    verdict.is_said(&instance.summary)?;
    let stuck = i32::from(instance.summary.state != InstanceState::Completed);
    if code != stuck || told["stuck"] != (stuck == 1) {
        return Err(format!("the exit code is {code}, and `stuck` {}", told["stuck"]));
    }
    Ok(())
}

/// What was ever said of orders, on the way.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Orders that were said to be failed or lost, and were not.
    wrong: BTreeSet<String>,
    /// Slow orders that were said to be stalled.
    slow: BTreeMap<String, String>,
}

impl Claims {
    /// Takes down what is said of an order now.
    pub(crate) fn hear(&mut self, order: &Order, said: Option<&Said>) {
        let Some(Said { summary }) = said else { return };
        let told = || format!("{}: {:?} {:?} {:?}", order.key, summary.state, summary.reason, summary.step);
        let own = summary.state == order.fault.verdict().state;
        match summary.state {
            InstanceState::Failed | InstanceState::Lost if !own => drop(self.wrong.insert(told())),
            InstanceState::Stalled if order.fault == Fault::Slow => {
                self.slow.insert(order.key.clone(), format!("{}: {}", told(), summary.sentence));
            }
            _ => {}
        }
    }

    /// Nobody is said to be failed or lost who is not; nobody stalled who was in time, as far as the machine let it.
    #[track_caller]
    pub(crate) fn judge(&self, orders: &[Order], truth: &Truth) {
        assert!(self.wrong.is_empty(), "said wrongly: {:#?}", self.wrong);
        for order in orders {
            let Some(told) = self.slow.get(&order.key) else { continue };
            assert!(truth.was_late(order), "it was in time: {told}");
        }
    }
}
