//! A runner at a time that the test moves.

use std::{
    sync::Arc,
    task::{Context, Waker},
};

use super::{
    super::{Runner, plan::tests::plan_of, port::Delivery},
    driver::{Driver, Record},
    shop::{Shop, charge},
};
use crate::{
    Retry, Service,
    engine::{Slot, Time},
    envelope::head::Head,
    ops::Health,
    step,
    telemetry::Telemetry,
};

/// A runner of `charge` on one partition, at a time that the test moves.
pub(super) struct Bench {
    pub(super) runner: Runner<Driver>,
    pub(super) driver: Driver,
    pub(super) shop: Shop,
    pub(super) now: Time,
    pub(super) next: i64,
}

pub(super) const SLOT: Slot = Slot(0);
const DAY_MS: u64 = 86_400_000;

impl Bench {
    pub(super) fn new() -> Self {
        Self::watched(&Telemetry::quiet())
    }

    /// One that tells `telemetry` what happens.
    pub(super) fn watched(telemetry: &Telemetry) -> Self {
        Self::of(telemetry, 64)
    }

    pub(super) fn with_concurrency(concurrency: usize) -> Self {
        Self::of(&Telemetry::quiet(), concurrency)
    }

    fn of(telemetry: &Telemetry, concurrency: usize) -> Self {
        let shop = Shop::default();
        let charge = step("charge", charge).retry(Retry::exponential(3)).concurrency(concurrency);
        let service = Service::new("payment", shop.clone()).step(charge);
        let plan = plan_of(service);
        let told = telemetry.step(&plan.service, &plan.step, &plan.group);
        let health = Health::new().step(plan.source.clone());
        let mut runner = Runner::watched(Arc::new(plan), Arc::new(told), health);
        let now = Time(20_000 * DAY_MS);
        runner.assigned(now, SLOT, Some(0), None);
        Self { runner, driver: Driver::default(), shop, now, next: 0 }
    }

    pub(super) fn take(&mut self, headers: &[(&str, &str)], value: Option<&str>) {
        self.take_keyed(b"k", headers, value);
    }

    pub(super) fn take_keyed(&mut self, key: &[u8], headers: &[(&str, &str)], value: Option<&str>) {
        let record = Record {
            offset: self.next,
            key: Some(key.to_vec()),
            value: value.map(|value| value.as_bytes().to_vec()),
            topic: "test.orders".into(),
            head: Head::of(headers.len(), headers.iter().map(|(n, v)| (*n, Some(v.as_bytes())))),
            is_away: false,
        };
        self.next += 1;
        self.runner.take(self.now, SLOT, record, &mut self.driver);
    }

    pub(super) fn order(&mut self, value: &str) {
        self.order_keyed(b"k", value);
    }

    pub(super) fn order_keyed(&mut self, key: &[u8], value: &str) {
        let id = format!("event-{}", self.next);
        let headers = [
            ("ce_type", "order.placed.v1"),
            ("ce_id", &id),
            ("ce_correlationid", "c"),
            ("wf", "name=order;started=1;hops=0"),
        ];
        self.take_keyed(key, &headers, Some(value));
    }

    /// Lets `ms` pass in steps as long as something may happen.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now.0 + ms;
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..100_000 {
            while self.runner.turn(self.now, &mut cx, &mut self.driver) {}
            for offset in self.driver.commits.split_off(self.driver.told) {
                self.driver.commits.push(offset);
                self.driver.told += 1;
                self.runner.committed(self.now, SLOT, offset, true);
            }
            for (tag, delivery) in std::mem::take(&mut self.driver.reports) {
                self.runner.delivered(self.now, tag, delivery, &mut self.driver);
            }
            match self.runner.next_wake() {
                Some(wake) if wake.0 <= end => self.now = Time(wake.0.max(self.now.0 + 1)),
                _ => break,
            }
        }
        self.now = Time(end);
        while self.runner.turn(self.now, &mut cx, &mut self.driver) {}
    }

    pub(super) fn acknowledge_all(&mut self) {
        let tags: Vec<_> = self.driver.sent.iter().map(|(tag, _)| *tag).collect();
        for tag in tags {
            let delivery = Delivery::Acknowledged { partition: 0, offset: 0 };
            self.runner.delivered(self.now, tag, delivery, &mut self.driver);
        }
    }

    pub(super) fn header(&self, index: usize, name: &str) -> Option<&str> {
        let (_, value) = self.driver.sent[index].1.headers.iter().find(|(n, _)| n == name)?;
        Some(std::str::from_utf8(value.as_deref()?).unwrap())
    }

    /// The reason of the only dead letter, which must be all that was sent.
    pub(super) fn reason(&self) -> Option<&str> {
        assert_eq!(self.driver.sent.len(), 1, "{:?}", self.driver.sent);
        assert_eq!(self.driver.sent[0].1.topic, "test.payment.charge.dlq");
        self.header(0, "dlq-reason")
    }
}
