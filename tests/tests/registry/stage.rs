//! The topics of a service's step, and the service beside them.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph::{Service, step};
use choreograph_tests::eventually;
use choreograph_tests::kafka;
use choreograph_tests::topics::{self, Message, Record, Topic};
use serde_json::json;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::charge;

/// How long anything may take on a busy machine.
const WITHIN: Duration = Duration::from_secs(90);

/// A namespace with the topics of payment's step, and the service in it.
pub(crate) struct Stage {
    pub(crate) namespace: String,
    stop: Option<oneshot::Sender<()>>,
    service: Option<JoinHandle<()>>,
}

impl Stage {
    pub(crate) fn start(more: &[(&str, &str)]) -> Self {
        Self::of(more, |_| Service::new("payment", ()).step(step("charge", charge)))
    }

    /// With the service that `make` makes.
    pub(crate) fn of<S: Send + Sync + 'static>(
        more: &[(&str, &str)],
        make: impl FnOnce(&Settings) -> Service<S> + Send + 'static,
    ) -> Self {
        let namespace = topics::namespace("registry");
        let names = [
            "orders",
            "payments",
            "payment.charge.retry",
            "payment.charge.dlq",
            "carts",
            "site.open.retry",
            "site.open.dlq",
        ];
        let all = names.map(|name| Topic::new(&format!("{namespace}.{name}"), 1));
        topics::create(kafka::shared(), &all).expect("topics");
        let own = [
            ("KAFKA_BOOTSTRAP_SERVERS", kafka::shared()),
            ("KAFKA_SESSION_TIMEOUT_MS", "6000"),
            ("CHOREOGRAPH_NAMESPACE", namespace.as_str()),
            ("CHOREOGRAPH_DRAIN_DEADLINE", "5s"),
        ];
        let settings = Settings::read(own.iter().chain(more).copied()).expect("settings");
        let (stop, asked) = oneshot::channel::<()>();
        let service = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let shutdown = async { drop(asked.await) };
            let service = make(&settings);
            runtime.block_on(service.run(&settings, &Telemetry::quiet(), shutdown)).expect("it runs");
        });
        Self { namespace, stop: Some(stop), service: Some(service) }
    }

    /// Places an order whose value begins with `prefix`.
    pub(crate) fn order(&self, id: &str, prefix: &[u8]) {
        let json = json!({ "order_id": id }).to_string();
        let record = Record::to(&format!("{}.orders", self.namespace))
            .key(id)
            .value([prefix, json.as_bytes()].concat())
            .header("ce_id", format!("event-{id}"))
            .header("ce_type", "order.placed.v1");
        topics::write(kafka::shared(), &[record]).expect("acknowledged");
    }

    /// The payments, once there are so many.
    pub(crate) fn payments(&self, count: usize) -> Vec<Message> {
        self.records("payments", count)
    }

    /// The records of a topic, once there are so many.
    pub(crate) fn records(&self, topic: &str, count: usize) -> Vec<Message> {
        eventually(topic, WITHIN, || {
            let read = topics::read_all(kafka::shared(), &format!("{}.{topic}", self.namespace));
            let read = read.map_err(|error| error.to_string())?;
            if read.len() >= count { Ok(read) } else { Err(format!("{} so far", read.len())) }
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(service) = self.service.take() {
            drop(service.join());
        }
    }
}
