//! The loop's reading: from a poll to the runner, or back.

use std::time::Duration;

use rdkafka::message::{BorrowedMessage, Message as _};
use uuid::fmt::Hyphenated;

use super::super::commit::Commit;
use super::super::driven::{Driven, LoopError};
use super::super::poll::{Polled, poll};
use super::super::port::{KafkaPort, Seat};
use super::super::record::KafkaRecord;
use super::{LONGEST_BATCH_MS, Loop, RECORDS_A_LOOK, RECORDS_A_TURN};
use crate::clock::{self, Wall};
use crate::engine::{Slot, Time};
use crate::envelope::head::Known;
use crate::envelope::metadata::Identity;
use crate::runner::port::RawRecord;
use crate::telemetry::{Batch, Polled as PolledRecord, StepTelemetry};

/// What polls brought and took, where spans are made of them.
struct Watched {
    batch: Batch,
    from: Wall,
    in_client: Duration,
}

impl Watched {
    fn begin() -> Self {
        Self { batch: Batch::default(), from: clock::wall(), in_client: Duration::ZERO }
    }

    fn add(&mut self, telemetry: &StepTelemetry, record: &KafkaRecord) {
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = Identity::of(record, None, &mut stranger);
        let head = record.head();
        let polled = PolledRecord {
            topic: record.topic(),
            partition: record.partition(),
            offset: record.offset(),
            event_id: identity.id,
            workflow_id: identity.correlation,
            replay: head.has(Known::ReplayCount),
            parent: telemetry.trace_context(head.text(Known::TraceParent)),
        };
        self.batch.add(telemetry, &polled);
    }
}

impl<'c, D: Driven<KafkaPort<'c>>> Loop<'c, D> {
    /// Reads a batch. Answers whether the runner took anything.
    pub(super) fn read(&mut self, mut now: u64) -> Result<bool, LoopError> {
        let (began, mut taken, mut look_at) = (now, 0, 1);
        let mut watched = self.setup.status.telemetry().is_detailed().then(Watched::begin);
        while taken < RECORDS_A_TURN {
            if self.give_up_at.is_some() {
                return self.discard().map(|()| false);
            }
            if !self.driven.wants_records() {
                self.hold(now)?;
                break;
            }
            self.port.resume_all();
            let record = match self.held.next() {
                Some(record) => record,
                None => match self.poll(watched.as_mut()) {
                    Polled::Record(record) => record,
                    Polled::Nothing => break,
                    Polled::Fatal(error) => return Err(LoopError::Fatal(error)),
                },
            };
            let first = taken == 0;
            self.take(now, &record, first, watched.as_mut());
            taken += 1;
            // Soon after the first, as it may have been slow, and seldom where none was.
            if taken == look_at {
                look_at += taken.min(RECORDS_A_LOOK);
                now = clock::millis();
                if now.saturating_sub(began) >= LONGEST_BATCH_MS {
                    break;
                }
            }
            if taken.is_multiple_of(RECORDS_A_LOOK) {
                self.bring_reports(now);
            }
        }
        if let Some(Watched { batch, from, in_client }) = watched {
            self.setup.status.telemetry().polled(batch, from, in_client);
        }
        Ok(taken > 0)
    }

    /// One poll. What it takes is noted where somebody watches.
    fn poll(&self, watched: Option<&mut Watched>) -> Polled<'c> {
        let Some(watched) = watched else { return poll(self.consumer) };
        let began = clock::instant();
        let polled = poll(self.consumer);
        watched.in_client += began.elapsed();
        polled
    }

    /// Hands one record to the runner, if it is still ours.
    fn take(
        &mut self,
        now: u64,
        message: &BorrowedMessage<'c>,
        look_at_time: bool,
        watched: Option<&mut Watched>,
    ) {
        let Some(slot) = self.port.slots.find(message.topic(), message.partition()) else { return };
        let Some(seat) = self.port.seat(slot) else { return };
        if seat.leaving {
            return;
        }
        let offset = message.offset();
        if offset < seat.progress.position() {
            tracing::error!(
                workflow_step = self.setup.status.step(),
                slot = slot.0,
                offset,
                expected = seat.progress.position(),
                "the log went back: it was cut or made anew; reading on from where it is",
            );
            self.begin_again(now, slot, offset);
        }
        if let Some(seat) = self.port.seat(slot) {
            seat.progress.read(offset);
            if look_at_time {
                seat.behind.read(message.timestamp().to_millis());
            }
        }
        let spent = self.port.spent.take().unwrap_or_default();
        let record = KafkaRecord::copy(message, &self.port.slots.partition(slot).topic, spent);
        if let Some(watched) = watched {
            watched.add(self.setup.status.telemetry(), &record);
        }
        self.driven.take(Time(now), slot, record, &mut self.port);
    }

    /// Begins to read a partition anew whose log went back. The group is told before anything else: the log may come to
    /// outgrow what was committed of the one before it.
    #[cold]
    fn begin_again(&mut self, now: u64, slot: Slot, offset: i64) {
        let had = self.port.seat(slot).and_then(|seat| seat.before);
        let before = self.port.commits.highest(slot).or(had);
        self.driven.lost(&[slot]);
        self.port.set_seat(slot, Some(Seat::at(offset, Some(offset), before)));
        self.port.commits.forget(slot);
        self.port.forget_pauses([slot]);
        self.driven.assigned(Time(now), slot, Some(offset), None);
        self.port.commits.add(Commit { slot, offset, metadata: None });
    }

    /// The runner wants nothing: serves callbacks, and holds the few records in front of them.
    fn hold(&mut self, now: u64) -> Result<(), LoopError> {
        let all_stopped = self.held.refused(now);
        if all_stopped {
            self.port.stop_all();
        }
        for _ in 0..RECORDS_A_TURN {
            if !self.held.has_room(all_stopped) {
                break;
            }
            match poll(self.consumer) {
                Polled::Record(record) => self.held.keep(record),
                Polled::Nothing => break,
                Polled::Fatal(error) => return Err(LoopError::Fatal(error)),
            }
        }
        Ok(())
    }

    /// The step ends: serves callbacks, and leaves the records in front of them to the next owner.
    fn discard(&mut self) -> Result<(), LoopError> {
        for _ in 0..RECORDS_A_TURN {
            match poll(self.consumer) {
                Polled::Record(record) => drop(record),
                Polled::Nothing => break,
                Polled::Fatal(error) => return Err(LoopError::Fatal(error)),
            }
        }
        Ok(())
    }
}
