//! Stages *publish* and *acknowledged*: emits and dead letters go out in order, and what could not go waits in
//! order until it can.

use std::collections::VecDeque;

use super::port::{Delivery, Outgoing, OwnedOutgoing, Port, PublishError, Tag};
use crate::engine::{Ticket, Time};

/// How often records that the set-up refused are tried again, in milliseconds.
pub(crate) const SET_UP_RETRY_MS: u64 = 5_000;

/// What a publish is to its run.
#[derive(Debug)]
pub(crate) enum Kind {
    /// An emitted event: the index into the plan's emits.
    Emit(usize),
    /// A dead letter, kept so that it can go without its value if the broker refuses it.
    DeadLetter(Box<OwnedOutgoing>),
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

/// The publishes of one step: what is under way, and what waits because it could not go.
#[derive(Debug)]
pub(crate) struct Publishing<S> {
    next: u64,
    /// By tag, from `first` on: deliveries come nearly in order, so that the front empties.
    in_flight: VecDeque<Option<InFlight<S>>>,
    first: u64,
    /// In the order of their tags. Bounded: while anything waits, the engine starts nothing.
    unsent: VecDeque<(Tag, OwnedOutgoing)>,
    /// While the set-up is at fault: when to try again.
    retry_at: Option<Time>,
}

impl<S> Publishing<S> {
    pub(crate) fn new() -> Self {
        Self { next: 0, in_flight: VecDeque::new(), first: 0, unsent: VecDeque::new(), retry_at: None }
    }

    /// Whether records wait that could not be handed to the producer.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
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
                    self.unsent.push_back((tag, owned(record)));
                }
            }
        } else {
            self.unsent.push_back((tag, owned(record)));
        }
        self.next += 1;
        self.in_flight.push_back(Some(in_flight));
        Ok(())
    }

    /// Takes what the driver says of a publish.
    pub(crate) fn delivered(&mut self, now: Time, tag: Tag, delivery: Delivery) -> Told<S> {
        match delivery {
            Delivery::Acknowledged { partition, offset } => {
                self.take(tag).map_or(Told::Unknown, |of| Told::Acknowledged { of, partition, offset })
            }
            Delivery::Refused { error } => {
                self.take(tag).map_or(Told::Unknown, |of| Told::Refused { of, error })
            }
            Delivery::Setup { topic, error, record } => {
                self.retry_at = Some(Time(now.0 + SET_UP_RETRY_MS));
                self.wait(tag, *record, Some((topic.into(), error.into())))
            }
            Delivery::Unsent { record } => self.wait(tag, *record, None),
        }
    }

    /// Hands waiting records to the producer, oldest first, until it takes no more. Returns those whose own fault
    /// shows now.
    pub(crate) fn send_waiting<P: Port>(&mut self, now: Time, port: &mut P) -> Vec<(InFlight<S>, String)> {
        let mut refused = Vec::new();
        if let Some(at) = self.retry_at {
            if now < at {
                return refused;
            }
            if !port.set_up_mended() {
                self.retry_at = Some(Time(now.0 + SET_UP_RETRY_MS));
                return refused;
            }
            self.retry_at = None;
        }
        while let Some((tag, record)) = self.unsent.front() {
            let tag = *tag;
            let headers: Vec<_> =
                record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            let borrowed = Outgoing {
                topic: &record.topic,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            };
            match port.publish(&borrowed, tag) {
                Ok(()) => {}
                Err(PublishError::Record(error)) => refused.extend(self.take(tag).map(|of| (of, error))),
                Err(PublishError::QueueFull | PublishError::Producer(_)) => break,
            }
            self.unsent.pop_front();
        }
        refused
    }

    /// Keeps a dead letter that the set-up refuses, to be tried again like any other.
    pub(crate) fn wait_for_set_up(&mut self, now: Time, in_flight: InFlight<S>, record: OwnedOutgoing) {
        self.retry_at = Some(Time(now.0 + SET_UP_RETRY_MS));
        self.unsent.push_back((Tag(self.next), record));
        self.next += 1;
        self.in_flight.push_back(Some(in_flight));
    }

    fn wait(&mut self, tag: Tag, record: OwnedOutgoing, fault: Option<(String, String)>) -> Told<S> {
        let known = tag.0.checked_sub(self.first).and_then(|index| self.in_flight.get(index as usize));
        if !matches!(known, Some(Some(_))) {
            return Told::Unknown;
        }
        let at = self.unsent.partition_point(|(waiting, _)| *waiting < tag);
        self.unsent.insert(at, (tag, record));
        Told::Waits { fault }
    }

    fn take(&mut self, tag: Tag) -> Option<InFlight<S>> {
        let index = tag.0.checked_sub(self.first)?;
        let taken = self.in_flight.get_mut(index as usize)?.take();
        while let Some(None) = self.in_flight.front() {
            self.in_flight.pop_front();
            self.first += 1;
        }
        taken
    }
}

pub(super) fn owned(record: &Outgoing<'_>) -> OwnedOutgoing {
    OwnedOutgoing {
        topic: record.topic.to_owned(),
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers: record.headers.iter().map(|(n, v)| ((*n).to_owned(), v.map(<[u8]>::to_vec))).collect(),
    }
}
