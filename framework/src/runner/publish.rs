//! Stages *publish* and *acknowledged*: emits and dead letters go out in order, and what could not go waits in
//! order until it can.

use std::collections::VecDeque;

use rapidhash::RapidHashMap;

use super::{
    letter::Letter,
    port::{Delivery, HeaderList, Outgoing, OwnedOutgoing, Port, PublishError, Tag},
};
use crate::engine::{Ticket, Time};

/// How often a topic that the set-up refuses is tried again, in milliseconds.
pub(crate) const SET_UP_RETRY_MS: u64 = 5_000;
/// The most publishes from the first unacknowledged one on that are kept in a row: more than a producer holds at once.
const MAX_IN_A_ROW: usize = 131_072;

/// What a publish is to its run.
#[derive(Debug)]
pub(crate) enum Kind {
    /// An emitted event.
    Emit {
        /// The index into the plan's emits.
        event: usize,
        /// Whether it ends its workflow.
        ends: bool,
    },
    /// A dead letter.
    DeadLetter(Box<Letter>),
}

/// A publish which the broker has not acknowledged. `S` is its span.
#[derive(Debug)]
pub(crate) struct InFlight<S> {
    pub(crate) ticket: Ticket,
    pub(crate) kind: Kind,
    pub(crate) span: S,
}

/// What became of a publish, for the run it belongs to.
#[derive(Debug)]
pub(crate) enum Told<S> {
    Acknowledged {
        of: InFlight<S>,
        partition: i32,
        offset: i64,
    },
    Refused {
        of: InFlight<S>,
        error: String,
    },
    /// It waits to be sent again; where the set-up is at fault, topic and error say so.
    Waits {
        fault: Option<(String, String)>,
    },
    /// Not ours, or told already.
    Unknown,
}

/// A topic that refused a record for the set-up's sake, and has taken none since.
#[derive(Debug)]
struct Fault {
    topic: String,
    /// The record with which the topic is being tried, if it is: the oldest that waits for it.
    probe: Option<Tag>,
}

/// The publishes of one step: what is under way, and what waits because it could not go.
#[derive(Debug)]
pub(crate) struct Publishing<S> {
    next: u64,
    /// By tag, from `first` on: deliveries come nearly in order, so that the front empties.
    in_flight: VecDeque<Option<InFlight<S>>>,
    first: u64,
    /// Those before `first`, which stay unacknowledged for long. Bounded by the records that are not settled.
    late: RapidHashMap<u64, InFlight<S>>,
    /// In the order of their tags, those among them with which a topic is being tried. Bounded: while anything waits,
    /// the engine starts nothing.
    unsent: VecDeque<(Tag, OwnedOutgoing)>,
    /// At most one for each topic to which the step publishes. While there is one, some record waits.
    faults: Vec<Fault>,
    /// While a topic is at fault: when to try it.
    retry_at: Option<Time>,
}

impl<S> Publishing<S> {
    pub(crate) fn new() -> Self {
        Self {
            next: 0,
            in_flight: VecDeque::new(),
            first: 0,
            late: RapidHashMap::default(),
            unsent: VecDeque::new(),
            faults: Vec::new(),
            retry_at: None,
        }
    }

    /// Whether records wait that could not be handed to the producer.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Whether the set-up refuses what goes to `topic`, as far as is known.
    pub(crate) fn is_at_fault(&self, topic: &str) -> bool {
        self.faults.iter().any(|fault| fault.topic == topic)
    }

    /// When waiting records are tried again.
    pub(crate) fn next_wake(&self) -> Option<Time> {
        self.retry_at
    }

    /// Publishes a record, or puts it behind those that wait. `Err`: the record itself is at fault, in words;
    /// what became of it has been told thereby.
    pub(crate) fn publish<P: Port>(
        &mut self,
        port: &mut P,
        record: &Outgoing<'_>,
        in_flight: InFlight<S>,
    ) -> Result<(), Box<(InFlight<S>, String)>> {
        let tag = Tag(self.next);
        if self.unsent.is_empty() {
            match port.publish(record, tag) {
                Ok(()) => {}
                Err(PublishError::Record(error)) => return Err(Box::new((in_flight, error))),
                Err(PublishError::QueueFull | PublishError::Producer(_)) => {
                    self.unsent.push_back((tag, record.owned()));
                }
            }
        } else {
            self.unsent.push_back((tag, record.owned()));
        }
        self.next += 1;
        self.in_flight.push_back(Some(in_flight));
        Ok(())
    }

    /// Takes what the driver says of a publish.
    pub(crate) fn delivered(&mut self, now: Time, tag: Tag, delivery: Delivery) -> Told<S> {
        match delivery {
            Delivery::Acknowledged { partition, offset } => {
                if self.is_blocked() {
                    self.proved(tag);
                }
                self.take(tag).map_or(Told::Unknown, |of| Told::Acknowledged { of, partition, offset })
            }
            Delivery::Refused { error } => {
                self.proved_nothing(now, tag);
                self.take(tag).map_or(Told::Unknown, |of| Told::Refused { of, error })
            }
            Delivery::Setup { topic, error, record } => {
                let told = self.wait(tag, *record, Some((topic.to_string(), error.into())));
                if !matches!(told, Told::Unknown) {
                    self.at_fault(now, &topic);
                }
                told
            }
            Delivery::Unsent { record } => self.wait(tag, *record, None),
        }
    }

    /// Hands waiting records to the producer, oldest first, until it takes no more; while topics are at fault, one record
    /// for each of them alone. What belongs to nobody who `is_live` any more is the next owner's, and forgotten. Returns
    /// those whose own fault shows now.
    pub(crate) fn send_waiting<P: Port>(
        &mut self,
        now: Time,
        port: &mut P,
        is_live: impl Fn(Ticket) -> bool,
    ) -> Vec<(InFlight<S>, String)> {
        let mut refused = Vec::new();
        if !self.faults.is_empty() {
            if self.retry_at.is_some_and(|at| now >= at) {
                self.probe(now, port, &is_live, &mut refused);
            }
            if !self.faults.is_empty() {
                return refused;
            }
        }
        while let Some((tag, record)) = self.unsent.front() {
            let tag = *tag;
            if !self.get(tag).is_some_and(|of| is_live(of.ticket)) {
                self.take(tag);
            } else if let Err(error) = hand_over(port, record, tag) {
                let PublishError::Record(error) = error else { break };
                refused.extend(self.take(tag).map(|of| (of, error)));
            }
            self.unsent.pop_front();
        }
        refused
    }

    /// Keeps a dead letter that the set-up refuses, to be tried again like any other.
    pub(crate) fn wait_for_set_up(&mut self, now: Time, in_flight: InFlight<S>, record: OwnedOutgoing) {
        self.at_fault(now, &record.topic);
        self.unsent.push_back((Tag(self.next), record));
        self.next += 1;
        self.in_flight.push_back(Some(in_flight));
    }

    /// Keeps what is in flight short, whatever stays unacknowledged. Once a turn is often enough.
    pub(crate) fn tidy(&mut self) {
        if self.in_flight.len() > MAX_IN_A_ROW {
            self.set_late_apart();
        }
    }

    #[cold]
    fn set_late_apart(&mut self) {
        while self.in_flight.len() > MAX_IN_A_ROW || matches!(self.in_flight.front(), Some(None)) {
            if let Some(Some(of)) = self.in_flight.pop_front() {
                self.late.insert(self.first, of);
            }
            self.first += 1;
        }
    }

    /// Tries each topic at fault with the oldest record that waits for it. One for which nothing waits is let go.
    fn probe<P: Port>(
        &mut self,
        now: Time,
        port: &mut P,
        is_live: impl Fn(Ticket) -> bool,
        refused: &mut Vec<(InFlight<S>, String)>,
    ) {
        let mut faults = std::mem::take(&mut self.faults);
        faults.retain_mut(|fault| {
            while fault.probe.is_none() {
                let waits = |(tag, record): &(Tag, OwnedOutgoing)| {
                    record.topic == fault.topic && self.get(*tag).is_some_and(|of| is_live(of.ticket))
                };
                let Some(place) = self.unsent.iter().position(waits) else { return false };
                let (tag, record) = &self.unsent[place];
                let tag = *tag;
                match hand_over(port, record, tag) {
                    Ok(()) => fault.probe = Some(tag),
                    Err(PublishError::Record(error)) => {
                        self.unsent.remove(place);
                        refused.extend(self.take(tag).map(|of| (of, error)));
                    }
                    Err(PublishError::QueueFull | PublishError::Producer(_)) => break,
                }
            }
            true
        });
        self.faults = faults;
        self.retry_at = (!self.faults.is_empty()).then_some(Time(now.0 + SET_UP_RETRY_MS));
    }

    /// The set-up refuses what goes to `topic`.
    fn at_fault(&mut self, now: Time, topic: &str) {
        self.retry_at = Some(Time(now.0 + SET_UP_RETRY_MS));
        if !self.is_at_fault(topic) {
            self.faults.push(Fault { topic: topic.to_owned(), probe: None });
        }
    }

    /// The broker took a record: if a topic was tried with it, that topic is there.
    #[cold]
    fn proved(&mut self, tag: Tag) {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.probe != Some(tag));
        if self.faults.is_empty() {
            self.retry_at = None;
        }
        if self.faults.len() < before
            && let Ok(place) = self.unsent.binary_search_by_key(&tag, |(waiting, _)| *waiting)
        {
            self.unsent.remove(place);
        }
    }

    /// A record is refused for its own sake, be it by the client: if a topic was tried with it, the next one that waits for
    /// that topic is tried at once.
    #[cold]
    fn proved_nothing(&mut self, now: Time, tag: Tag) {
        let Some(fault) = self.faults.iter_mut().find(|fault| fault.probe == Some(tag)) else { return };
        fault.probe = None;
        self.retry_at = Some(now);
        self.unsent.retain(|(waiting, _)| *waiting != tag);
    }

    fn wait(&mut self, tag: Tag, record: OwnedOutgoing, fault: Option<(String, String)>) -> Told<S> {
        if self.get(tag).is_none() {
            return Told::Unknown;
        }
        match self.unsent.binary_search_by_key(&tag, |(waiting, _)| *waiting) {
            Err(place) => self.unsent.insert(place, (tag, record)),
            // A topic was tried with it. Where its producer died, it is tried again when its time comes.
            Ok(_) => {
                for fault in self.faults.iter_mut().filter(|fault| fault.probe == Some(tag)) {
                    fault.probe = None;
                }
            }
        }
        Told::Waits { fault }
    }

    fn get(&self, tag: Tag) -> Option<&InFlight<S>> {
        match tag.0.checked_sub(self.first) {
            Some(index) => self.in_flight.get(index as usize)?.as_ref(),
            None => self.late.get(&tag.0),
        }
    }

    fn take(&mut self, tag: Tag) -> Option<InFlight<S>> {
        let Some(index) = tag.0.checked_sub(self.first) else { return self.late.remove(&tag.0) };
        let taken = self.in_flight.get_mut(index as usize)?.take();
        while let Some(None) = self.in_flight.front() {
            self.in_flight.pop_front();
            self.first += 1;
        }
        taken
    }
}

/// Hands a record that waited to the producer.
fn hand_over<P: Port>(port: &mut P, record: &OwnedOutgoing, tag: Tag) -> Result<(), PublishError> {
    let headers: Vec<_> =
        record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let borrowed = Outgoing {
        topic: &record.topic,
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        headers: HeaderList::of(&headers),
    };
    port.publish(&borrowed, tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{Command, Engine, Settings, Slot},
        envelope::head::tests::TestRecord,
    };

    /// A driver that takes everything.
    struct Sink;

    impl Port for Sink {
        type Record = TestRecord;

        fn publish(&mut self, _: &Outgoing<'_>, _: Tag) -> Result<(), PublishError> {
            Ok(())
        }
        fn pause(&mut self, _: Slot) {}
        fn resume(&mut self, _: Slot) {}
        fn commit(&mut self, _: Slot, _: i64, _: Option<String>) {}
        fn release(&mut self, _: &[Slot]) {}
    }

    fn ticket() -> Ticket {
        let mut engine: Engine<(), ()> = Engine::new(Settings::default());
        engine.assigned(Time(0), Slot(0), None, None);
        engine.take(Time(0), Slot(0), 0, None, ());
        let Some(Command::Run { ticket, .. }) = engine.next_command() else { panic!("it may start") };
        ticket
    }

    #[test]
    fn a_record_at_fault_itself_says_nothing_of_its_topic() {
        let (ticket, mut publishing) = (ticket(), Publishing::new());
        let record = Outgoing { topic: "t", key: None, value: None, headers: HeaderList::of(&[]) };
        let in_flight = || InFlight { ticket, kind: Kind::Emit { event: 0, ends: false }, span: () };
        assert!(publishing.publish(&mut Sink, &record, in_flight()).is_ok());
        let setup =
            Delivery::Setup { topic: "t".into(), error: "none".into(), record: Box::new(record.owned()) };
        assert!(matches!(publishing.delivered(Time(0), Tag(0), setup), Told::Waits { fault: Some(_) }));
        assert!(publishing.publish(&mut Sink, &record, in_flight()).is_ok());
        let now = publishing.next_wake().unwrap();
        assert!(publishing.send_waiting(now, &mut Sink, |_| true).is_empty());
        let refused = publishing.delivered(now, Tag(0), Delivery::Refused { error: "too large".to_owned() });
        assert!(matches!(refused, Told::Refused { .. }));
        assert!(publishing.is_at_fault("t") && publishing.is_blocked());
        // The next one is tried at once, and goes.
        assert_eq!(publishing.next_wake(), Some(now));
        assert!(publishing.send_waiting(now, &mut Sink, |_| true).is_empty());
        let acknowledged = Delivery::Acknowledged { partition: 0, offset: 0 };
        assert!(matches!(publishing.delivered(now, Tag(1), acknowledged), Told::Acknowledged { .. }));
        assert!(!publishing.is_at_fault("t") && !publishing.is_blocked());
    }

    #[test]
    fn one_that_is_never_acknowledged_keeps_no_room_for_those_behind_it() {
        let (ticket, mut publishing) = (ticket(), Publishing::new());
        let record = Outgoing { topic: "t", key: None, value: None, headers: HeaderList::of(&[]) };
        let acknowledged = || Delivery::Acknowledged { partition: 0, offset: 0 };
        for tag in 0..5 * MAX_IN_A_ROW as u64 {
            let in_flight = InFlight { ticket, kind: Kind::Emit { event: 0, ends: false }, span: () };
            assert!(publishing.publish(&mut Sink, &record, in_flight).is_ok());
            if tag != 7 {
                let told = publishing.delivered(Time(0), Tag(tag), acknowledged());
                assert!(matches!(told, Told::Acknowledged { .. }), "{told:?}");
            }
            publishing.tidy();
            assert!(publishing.in_flight.len() <= MAX_IN_A_ROW);
        }
        assert_eq!(publishing.late.len(), 1);
        let told = publishing.delivered(Time(0), Tag(7), acknowledged());
        assert!(matches!(told, Told::Acknowledged { .. }), "{told:?}");
        assert!(matches!(publishing.delivered(Time(0), Tag(7), acknowledged()), Told::Unknown));
        assert!(publishing.late.is_empty());
    }
}
