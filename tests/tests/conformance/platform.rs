//! What a case needs of the platform it runs on.

use std::time::Duration;

use choreograph::Service;

use super::{Lab, Promise};

/// How long anything that a case waits for may take.
pub(crate) const WITHIN: Duration = Duration::from_mins(1);

/// A record to be published, byte by byte. Topics are named without a namespace; the platform adds its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Raw {
    /// The topic.
    pub(crate) topic: String,
    /// The key's bytes.
    pub(crate) key: Option<Vec<u8>>,
    /// The value's bytes.
    pub(crate) value: Option<Vec<u8>>,
    /// The headers in their order.
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Raw {
    /// The last header of this name as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rev().find(|(found, _)| found == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }
}

/// Something on which services run: the rehearsal, the embedded broker, Kafka. Every case gets one of its own, with
/// topics of its own; everything is torn down when it is dropped.
pub(crate) trait Platform {
    /// Why the platform cannot keep a promise; `None` where it keeps it. Cases of such promises are not run.
    fn cannot(&self, promise: Promise) -> Option<&'static str>;

    /// Starts a service, or starts it again after a stop.
    fn start(&mut self, service: Service<Lab>);

    /// Stops a service in order, and returns when it has left.
    fn stop(&mut self, service: &str);

    /// Publishes records, in order, and returns when the broker has them.
    fn publish(&mut self, records: Vec<Raw>);

    /// Everything on a topic: partition by partition, each by offset.
    fn records(&mut self, topic: &str) -> Vec<Raw>;

    /// How many records of a topic a group has not committed.
    fn lag(&mut self, group: &str, topic: &str) -> u64;

    /// Sets what a stopped group committed on a topic back to its start, as an operator may.
    fn rewind(&mut self, group: &str, topic: &str);

    /// Takes the broker away.
    fn broker_down(&mut self);

    /// Brings the broker back.
    fn broker_up(&mut self);

    /// Looks until `done`, while time passes on the platform's clock.
    ///
    /// # Panics
    ///
    /// When [`WITHIN`] is over, with `what` and the state last seen.
    fn until(&mut self, what: &str, done: &mut dyn FnMut(&mut dyn Platform) -> Result<(), String>);

    /// What happened, for the print of a failing case; empty where the platform keeps no journal.
    fn journal(&mut self) -> String {
        String::new()
    }
}

/// Waits until a group committed everything on its topics.
pub(crate) fn settled(platform: &mut dyn Platform, group: &str, topics: &[&str]) {
    platform.until(&format!("{group} settles {topics:?}"), &mut |platform| match topics
        .iter()
        .map(|topic| platform.lag(group, topic))
        .sum::<u64>()
    {
        0 => Ok(()),
        lag => Err(format!("{lag} records not committed")),
    });
}
