//! The suite's platform in memory.

use std::{collections::BTreeMap, time::Duration};

use choreograph::{Service, rehearsal::Rehearsal};

use super::{Lab, Platform, Promise, Raw, WITHIN};

/// How far the clock goes between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A rehearsal as a platform.
pub(crate) struct InRehearsal {
    /// Taken out only while a service is added.
    rehearsal: Option<Rehearsal>,
}

impl InRehearsal {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rehearsal: Some(Rehearsal::new(seed)) }
    }

    fn rehearsal(&mut self) -> &mut Rehearsal {
        self.rehearsal.as_mut().expect("it is there but for the moment when a service is added")
    }
}

impl Platform for InRehearsal {
    fn cannot(&self, _: Promise) -> Option<&'static str> {
        None
    }

    fn start(&mut self, service: Service<Lab>) {
        self.rehearsal = self.rehearsal.take().map(|rehearsal| rehearsal.service(service));
    }

    fn stop(&mut self, service: &str) {
        self.rehearsal().stop(service);
    }

    fn publish(&mut self, records: Vec<Raw>) {
        for Raw { topic, key, value, headers } in records {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            self.rehearsal().publish_raw(&topic, key.as_deref(), value.as_deref(), &headers);
        }
    }

    fn records(&mut self, topic: &str) -> Vec<Raw> {
        let mut records = self.rehearsal().records(topic);
        records.sort_by_key(|record| (record.partition(), record.offset()));
        let raw = records.iter().map(|record| Raw {
            topic: topic.to_owned(),
            key: record.key().map(<[u8]>::to_vec),
            value: record.value().map(<[u8]>::to_vec),
            headers: record
                .headers()
                .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
                .collect(),
        });
        raw.collect()
    }

    fn lag(&mut self, group: &str, topic: &str) -> u64 {
        let mut ends = BTreeMap::<i32, i64>::new();
        for record in self.rehearsal().records(topic) {
            let end = ends.entry(record.partition()).or_default();
            *end = record.offset().max(*end - 1) + 1;
        }
        let lags = ends
            .into_iter()
            .map(|(partition, end)| end - self.rehearsal().committed(group, topic, partition).unwrap_or(0));
        lags.sum::<i64>().try_into().expect("nothing is committed past the end")
    }

    fn rewind(&mut self, group: &str, topic: &str) {
        self.rehearsal().rewind(group, topic);
    }

    fn broker_down(&mut self) {
        self.rehearsal().broker_down();
        self.rehearsal().advance(Duration::from_secs(10));
    }

    fn broker_up(&mut self) {
        self.rehearsal().broker_up();
    }

    fn until(&mut self, what: &str, done: &mut dyn FnMut(&mut dyn Platform) -> Result<(), String>) {
        let end = self.rehearsal().elapsed() + WITHIN;
        self.rehearsal().settle();
        while let Err(state) = done(self) {
            assert!(self.rehearsal().elapsed() < end, "not within {WITHIN:?}: {what}; last seen: {state}");
            self.rehearsal().advance(LOOK_EVERY);
        }
    }

    fn journal(&mut self) -> String {
        self.rehearsal().journal()
    }
}
