//! The loop of one step, on a thread of its own.
//!
//! One turn: serve what the callbacks left, read a batch and hand each record to the runner, poll the handlers
//! that are waiting, bring back delivery reports, send the turn's commits. Then sleep until librdkafka has
//! something, a handler wakes, or a timer is due. Nothing in a turn waits for a broker.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use tokio::sync::Notify;

use super::acknowledge::Report;
use super::assign::{Begin, Start};
use super::client::{ClientError, Connection};
use super::close::close;
use super::commit::Commit;
use super::context::{Rebalance, StepConsumer, StepContext};
use super::errands::{Answer, Clerk, Errand, Errands, Gone};
use super::partition::{Partition, list_at};
use super::poll::{Held, Polled, poll};
use super::port::{KafkaPort, Seat};
use super::publish::Outlet;
use super::record::KafkaRecord;
use super::revoke::{Leave, Leaving, give_up};
use super::status::{Side, Status};
use super::topics::TopicPlan;
use crate::clock;
use crate::engine::{Slot, Time};
use crate::runner::port::{Delivery, Port, RawRecord, Tag};

/// The most records of one turn: the runtime's timers and sockets are served between turns.
const RECORDS_A_TURN: usize = 256;
/// Delivery reports are served, and the clock is read, after so many records.
const RECORDS_A_LOOK: usize = 64;
/// The longest sleep: the heartbeat of `/live`, and the net under a wake-up that never came.
const LONGEST_NAP_MS: u64 = 100;
/// The first and the longest sleep while delivery reports are due, which wake nobody.
const REPORT_NAP_MS: (u64, u64) = (2, 50);
/// How often the step looks for topics that were missing.
const LOOK_AGAIN_MS: u64 = 5_000;
/// How often the step looks how things stand, and while something is amiss.
const WATCH_MS: (u64, u64) = (10_000, 1_000);
/// The wait before asking again where to start, and before the driver's own commit is sent again.
const ASK_AGAIN_MS: u64 = 500;
/// How long after the runner's own deadline the loop stops waiting for the runner.
const GRACE_MS: u64 = 2_000;
/// How long closing the clients may take, once the runner has stopped.
const CLOSE_MS: u64 = 5_000;

/// What drives a step's records: the runner, or a test's stand-in.
pub(crate) trait Driven<P: Port> {
    /// See [`Runner`](crate::runner::Runner).
    fn wants_records(&self) -> bool;
    /// A partition is ours.
    fn assigned(&mut self, now: Time, slot: Slot, committed: Option<i64>, metadata: Option<&str>);
    /// A record was read.
    fn take(&mut self, now: Time, slot: Slot, record: P::Record, port: &mut P);
    /// Handlers and timers may go on; answers whether anything happened.
    fn turn(&mut self, now: Time, cx: &mut Context<'_>, port: &mut P) -> bool;
    /// What became of a publish.
    fn delivered(&mut self, now: Time, tag: Tag, delivery: Delivery, port: &mut P);
    /// What became of a commit.
    fn committed(&mut self, now: Time, slot: Slot, offset: i64, ok: bool);
    /// Partitions are to be released.
    fn revoked(&mut self, now: Time, slots: &[Slot]);
    /// Partitions are gone.
    fn lost(&mut self, slots: &[Slot]);
    /// The step ends.
    fn shutdown(&mut self, now: Time);
    /// When the next timer is due.
    fn next_wake(&self) -> Option<Time>;
    /// Everything is settled or given up after [`shutdown`](Self::shutdown).
    fn stopped(&self) -> bool;
}

/// Makes the driven part once the consumer is there, from which it borrows its records.
pub(crate) trait Drive: Send + 'static {
    /// The driven part.
    type Driven<'c>: Driven<KafkaPort<'c>>;
    /// Makes it.
    fn drive<'c>(self) -> Self::Driven<'c>;
}

/// What the loop of one step needs to know.
#[derive(Debug)]
pub(crate) struct StepSetup {
    /// `service.step`: the thread's and the clients' name.
    pub(crate) name: String,
    /// The consumer group on the broker.
    pub(crate) group: String,
    /// The topics to subscribe to.
    pub(crate) subscription: Vec<String>,
    /// The topics that must be there.
    pub(crate) topics: TopicPlan,
    /// Where a group without commits begins.
    pub(crate) begin: Begin,
    /// How long the runner may take to leave.
    pub(crate) drain: Duration,
    pub(crate) connection: Connection,
    pub(crate) status: Arc<Status>,
}

/// Ends a step's loop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
    wake: Arc<Notify>,
}

impl Stop {
    /// Asks the loop to drain and end.
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Why a step's loop ended before it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LoopError {
    /// A client could not be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A thread could not be started.
    #[error("no thread for the step: {0}")]
    Thread(#[from] std::io::Error),
    /// The consumer is beyond help.
    #[error("the consumer can do nothing more: {0}")]
    Fatal(#[source] KafkaError),
    /// The topics cannot be subscribed to.
    #[error("the topics cannot be subscribed to: {0}")]
    Subscription(#[source] KafkaError),
    /// The errand thread ended.
    #[error("the thread that asks the brokers has ended")]
    Errands,
    /// The step's thread panicked, which is an error of the framework: handlers' panics become dead letters.
    #[error("the step's thread panicked")]
    Panicked,
}

impl From<Gone> for LoopError {
    fn from(_: Gone) -> Self {
        Self::Errands
    }
}

/// Starts a step's loop on a thread of its own.
pub(crate) fn spawn<D: Drive>(
    setup: StepSetup,
    drive: D,
    stop: Stop,
) -> std::io::Result<std::thread::JoinHandle<Result<(), LoopError>>> {
    std::thread::Builder::new().name(setup.name.clone()).spawn(move || {
        let mut ended = Ended { status: Arc::clone(&setup.status), why: "its thread panicked".to_owned() };
        let result = run(&setup, drive, &stop);
        match &result {
            Ok(()) => ended.why = "it was asked to".to_owned(),
            Err(error) => {
                tracing::error!(workflow.step = %setup.name, %error, "the step ended");
                ended.why = error.to_string();
            }
        }
        result
    })
}

/// Says that the thread ended, however it did.
struct Ended {
    status: Arc<Status>,
    why: String,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.status.end(std::mem::take(&mut self.why));
    }
}

/// The whole life of a step on its thread.
///
/// The order of drops is the point: the runner holds records, records borrow from the consumer; the errand
/// thread holds the consumer too. So the runner goes first, then the errand thread, then the consumer.
fn run<D: Drive>(setup: &StepSetup, drive: D, stop: &Stop) -> Result<(), LoopError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let context = StepContext::new(Arc::clone(&setup.status));
    let consumer = setup.connection.consumer(&setup.name, &setup.group, context, Arc::clone(&stop.wake))?;
    let clerk = Clerk {
        connection: setup.connection.clone(),
        topics: setup.topics.clone(),
        begin: setup.begin,
        wake: Arc::clone(&stop.wake),
    };
    let errands = Errands::start(&setup.name, Arc::clone(&consumer), clerk)?;
    let _farewell = Farewell(Arc::clone(consumer.context()));
    let (result, unanswered) = {
        let outlet = Outlet::open(&setup.connection, &setup.name, &setup.status);
        match outlet {
            Ok(outlet) => {
                let mut turning = Loop::new(setup, stop, &consumer, &errands, outlet, drive.drive());
                let result = runtime.block_on(tokio::task::unconstrained(turning.run()));
                (result, turning.end())
            }
            Err(error) => (Err(error.into()), false),
        }
    };
    // Handlers' own tasks may hold anything but records.
    runtime.shutdown_background();
    errands.end();
    close(consumer, unanswered, clock::millis() + CLOSE_MS);
    result
}

/// Lets the consumer go though the loop panicked: nobody is left to answer the group.
struct Farewell(Arc<StepContext>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Partitions that were assigned and wait for their starts.
struct Arriving {
    partitions: Vec<(Slot, Partition)>,
    /// When to ask again, on the steady clock; `None` while an answer is on its way.
    ask_at: Option<u64>,
}

/// The state of a step's loop.
struct Loop<'c, D> {
    setup: &'c StepSetup,
    stop: &'c Stop,
    consumer: &'c StepConsumer,
    errands: &'c Errands,
    driven: D,
    port: KafkaPort<'c>,
    held: Held<'c>,
    /// What the callbacks left and the loop has not come to.
    rebalances: VecDeque<Rebalance>,
    arriving: Option<Arriving>,
    leaving: Option<Leaving>,
    /// The answer about starts that is on its way belongs to partitions that are gone.
    stale_start: bool,
    /// When the next watch is due; `None` while one is on its way.
    watch_at: Option<u64>,
    /// When the driver's own failed commits are sent again.
    commit_again_at: Option<u64>,
    /// When the loop ends whatever the runner says; set when the step is asked to end.
    give_up_at: Option<u64>,
    /// The present sleep while delivery reports are due.
    report_nap: u64,
    /// Room for delivery reports.
    reports: Vec<Report>,
}

impl<'c, D: Driven<KafkaPort<'c>>> Loop<'c, D> {
    fn new(
        setup: &'c StepSetup,
        stop: &'c Stop,
        consumer: &'c StepConsumer,
        errands: &'c Errands,
        outlet: Outlet,
        driven: D,
    ) -> Self {
        Self {
            setup,
            stop,
            consumer,
            errands,
            driven,
            port: KafkaPort::new(consumer, outlet),
            held: Held::default(),
            rebalances: VecDeque::new(),
            arriving: None,
            leaving: None,
            stale_start: false,
            watch_at: Some(0),
            commit_again_at: None,
            give_up_at: None,
            report_nap: REPORT_NAP_MS.0,
            reports: Vec::new(),
        }
    }

    /// Looks for topics, subscribes, turns until the runner has stopped.
    async fn run(&mut self) -> Result<(), LoopError> {
        if !self.find_topics().await? {
            return Ok(());
        }
        let topics: Vec<&str> = self.setup.subscription.iter().map(String::as_str).collect();
        self.consumer.subscribe(&topics).map_err(LoopError::Subscription)?;
        loop {
            let now = clock::millis();
            self.setup.status.turned();
            let mut busy = self.serve_callbacks(now);
            busy |= self.serve_answers(now)?;
            busy |= self.read(now)?;
            busy |= poll_fn(|cx| Poll::Ready(self.driven.turn(Time(now), cx, &mut self.port))).await;
            busy |= self.bring_reports(now);
            self.leave(now);
            self.chores(now)?;
            self.flush_commits(now);
            if self.ends(now) {
                return Ok(());
            }
            if busy {
                self.report_nap = REPORT_NAP_MS.0;
                tokio::task::yield_now().await;
            } else {
                let nap_for = self.nap_for(clock::millis());
                nap(&self.stop.wake, nap_for).await;
            }
        }
    }

    /// Waits until every topic is there; false if the step was asked to end first.
    async fn find_topics(&mut self) -> Result<bool, LoopError> {
        let mut look_at = 0;
        let mut asked = false;
        while !self.stop.asked() {
            let now = clock::millis();
            self.setup.status.turned();
            if !asked && now >= look_at {
                self.errands.ask(Errand::Topics)?;
                asked = true;
            }
            // Nothing is subscribed to: only logs and errors come.
            if let Polled::Fatal(error) = poll(self.consumer) {
                return Err(LoopError::Fatal(error));
            }
            self.bring_reports(now);
            if let Some(Answer::Topics(found)) = self.errands.answer()? {
                asked = false;
                look_at = now + LOOK_AGAIN_MS;
                match found {
                    Ok(faults) => {
                        self.setup.status.reached(Side::Consumer);
                        let found = faults.is_empty();
                        self.setup.status.looked(faults);
                        if found {
                            return Ok(true);
                        }
                    }
                    Err(error) => tracing::debug!(%error, "no broker answered about the topics"),
                }
            }
            nap(&self.stop.wake, Duration::from_millis(LONGEST_NAP_MS)).await;
        }
        Ok(false)
    }

    /// Does what the callbacks noted. Answers whether there was anything.
    fn serve_callbacks(&mut self, now: u64) -> bool {
        let commits = {
            let mut inbox = self.consumer.context().inbox();
            self.rebalances.append(&mut inbox.rebalances);
            std::mem::take(&mut inbox.commits)
        };
        let busy = !commits.is_empty() || !self.rebalances.is_empty();
        for result in commits {
            let Some(slot) = self.port.slots.find(&result.partition.topic, result.partition.number) else {
                continue;
            };
            match self.port.seat(slot) {
                Some(seat) if seat.commit_first == Some(result.offset) => {
                    if result.ok {
                        seat.commit_first = None;
                    } else {
                        self.commit_again_at.get_or_insert(now + ASK_AGAIN_MS);
                    }
                }
                Some(_) => self.driven.committed(Time(now), slot, result.offset, result.ok),
                None => {}
            }
        }
        while let Some(rebalance) = self.rebalances.pop_front() {
            self.rebalance(now, rebalance);
        }
        busy
    }

    fn rebalance(&mut self, now: u64, rebalance: Rebalance) {
        self.setup.status.rebalanced();
        match rebalance {
            Rebalance::Assigned(partitions) => {
                self.setup.status.joined(true);
                let partitions =
                    partitions.into_iter().map(|partition| (self.port.slots.of(&partition), partition));
                self.arriving = Some(Arriving { partitions: partitions.collect(), ask_at: Some(now) });
            }
            Rebalance::Revoked(partitions) => {
                let slots = self.slots_of(&partitions);
                for slot in &slots {
                    if let Some(seat) = self.port.seat(*slot) {
                        seat.leaving = true;
                    }
                }
                tracing::info!(workflow.step = %self.setup.name, ?partitions, "the group wants partitions back");
                self.driven.revoked(Time(now), &slots);
                let drain = u64::try_from(self.setup.drain.as_millis()).unwrap_or(u64::MAX);
                let deadline = now.saturating_add(drain).saturating_add(GRACE_MS);
                self.leaving = Some(Leaving::begin(partitions, slots, deadline));
            }
            Rebalance::Lost(partitions) => {
                tracing::warn!(workflow.step = %self.setup.name, ?partitions, "partitions are lost to the group");
                self.setup.status.joined(false);
                let slots = self.slots_of(&partitions);
                self.driven.lost(&slots);
                self.gone(&slots, &partitions);
            }
        }
    }

    /// The slots of those partitions that are ours.
    fn slots_of(&mut self, partitions: &[Partition]) -> Vec<Slot> {
        let slots = partitions
            .iter()
            .filter_map(|partition| self.port.slots.find(&partition.topic, partition.number));
        let slots: Vec<Slot> = slots.collect();
        slots.into_iter().filter(|slot| self.port.seat(*slot).is_some()).collect()
    }

    /// Ends what is left of partitions, and tells the group.
    fn gone(&mut self, slots: &[Slot], partitions: &[Partition]) {
        for slot in slots {
            self.port.set_seat(*slot, None);
            self.setup.status.gone(self.port.slots.partition(*slot));
        }
        self.held.forget(&self.port.slots, slots);
        if self.arriving.take().is_some_and(|arriving| arriving.ask_at.is_none()) {
            self.stale_start = true;
        }
        give_up(self.consumer, partitions);
    }

    /// Goes on leaving what the group wants back.
    fn leave(&mut self, now: u64) {
        let released = std::mem::take(&mut self.port.released);
        let Some(leaving) = &mut self.leaving else { return };
        leaving.released(&released);
        let stands = leaving.stands(now, self.consumer.assignment_lost());
        if stands == Leave::Waiting {
            return;
        }
        self.flush_commits(now);
        if let Some(leaving) = self.leaving.take() {
            if stands == Leave::Forced {
                tracing::warn!(partitions = ?leaving.partitions, "partitions left with work unsettled");
                self.driven.lost(&leaving.slots);
            }
            self.gone(&leaving.slots, &leaving.partitions);
        }
    }

    /// Does what the errand thread found out. Answers whether there was anything.
    fn serve_answers(&mut self, now: u64) -> Result<bool, LoopError> {
        let Some(answer) = self.errands.answer()? else { return Ok(false) };
        match answer {
            Answer::Topics(_) => {}
            Answer::Start(_) if std::mem::take(&mut self.stale_start) => {
                if let Some(arriving) = &mut self.arriving {
                    arriving.ask_at = Some(now);
                }
            }
            Answer::Start(Ok(starts)) => self.arrive(now, starts),
            Answer::Start(Err(error)) => {
                tracing::debug!(%error, "no broker answered where to start");
                if let Some(arriving) = &mut self.arriving {
                    arriving.ask_at = Some(now + ASK_AGAIN_MS);
                }
            }
            Answer::Watch { marks, joined, producer } => {
                if producer {
                    self.setup.status.reached(Side::Producer);
                }
                if joined {
                    self.setup.status.joined(true);
                }
                if let Ok(marks) = marks {
                    self.setup.status.reached(Side::Consumer);
                    for marks in marks {
                        self.compare(marks);
                    }
                }
                let well = self.setup.status.is_well();
                self.watch_at = Some(now + if well { WATCH_MS.0 } else { WATCH_MS.1 });
            }
        }
        Ok(true)
    }

    /// Compares where a partition's log begins and ends with where the step stands.
    fn compare(&mut self, marks: super::marks::Marks) {
        let Some(seat) = self.port.seat(marks.slot) else { return };
        let lost = seat.progress.lost(marks.low);
        let lag = marks.high.saturating_sub(seat.progress.position()).max(0);
        let wall = i64::try_from(clock::wall().as_millis()).unwrap_or(i64::MAX);
        let seat_age = seat.seen.map(|seen| Duration::from_millis(u64::try_from(wall - seen).unwrap_or(0)));
        let partition = self.port.slots.partition(marks.slot);
        if let Some(range) = lost {
            self.setup.status.lost(partition, &range);
        }
        // Nothing waits: the record read last has no age to speak of.
        let age = seat_age.filter(|_| lag > 0).unwrap_or_default();
        self.setup.status.lag(partition, lag, age);
    }

    /// Begins to read what the group assigned.
    fn arrive(&mut self, now: u64, starts: Vec<Start>) {
        if self.arriving.take().is_none() {
            return;
        }
        for start in &starts {
            if let Some(range) = &start.lost {
                self.setup.status.lost(&start.partition, range);
            }
            if start.beyond {
                tracing::error!(
                    workflow.step = %self.setup.name, partition = %start.partition, from = start.offset,
                    "the group's commit lies beyond the log's end: the topic was made anew or cut; reading all of it",
                );
            }
            let commit_first = start.committed.filter(|_| start.commit_first);
            self.port.set_seat(start.slot, Some(Seat::at(start.offset, commit_first)));
            self.driven.assigned(Time(now), start.slot, start.committed, start.metadata.as_deref());
            if let Some(offset) = commit_first {
                self.port.commits.add(Commit { slot: start.slot, offset, metadata: None });
            }
        }
        let list = list_at(starts.iter().map(|start| (&start.partition, start.offset)));
        let assigned = self.consumer.incremental_assign(&list);
        drop(list);
        if let Err(error) = assigned {
            tracing::warn!(%error, "the group refused that partitions are taken");
        }
        for start in &starts {
            self.port.settle_in(start.slot);
        }
    }

    /// Reads a batch. Answers whether the runner took anything.
    fn read(&mut self, mut now: u64) -> Result<bool, LoopError> {
        let mut taken = 0;
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
                None => match poll(self.consumer) {
                    Polled::Record(record) => record,
                    Polled::Nothing => break,
                    Polled::Fatal(error) => return Err(LoopError::Fatal(error)),
                },
            };
            let first = taken == 0;
            self.take(now, record, first);
            taken += 1;
            if taken.is_multiple_of(RECORDS_A_LOOK) {
                now = clock::millis();
                self.bring_reports(now);
            }
        }
        Ok(taken > 0)
    }

    /// Hands one record to the runner, if it is still ours.
    fn take(&mut self, now: u64, record: KafkaRecord<'c>, look_at_time: bool) {
        let Some(slot) = self.port.slots.find(record.topic(), record.partition()) else { return };
        let Some(seat) = self.port.seat(slot) else { return };
        if seat.leaving {
            return;
        }
        let offset = record.offset();
        if offset < seat.progress.position() {
            tracing::error!(
                workflow.step = %self.setup.name, slot = slot.0, offset, expected = seat.progress.position(),
                "the log went back: it was cut or made anew; reading on from where it is",
            );
            self.driven.lost(&[slot]);
            self.port.set_seat(slot, Some(Seat::at(offset, None)));
            self.port.commits.forget(slot);
            self.driven.assigned(Time(now), slot, Some(offset), None);
        }
        if let Some(seat) = self.port.seat(slot) {
            seat.progress.read(offset);
            if look_at_time {
                seat.seen = record.timestamp();
            }
        }
        self.driven.take(Time(now), slot, record, &mut self.port);
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

    /// Brings delivery reports to the runner. Answers whether there were any.
    fn bring_reports(&mut self, now: u64) -> bool {
        let mut reports = std::mem::take(&mut self.reports);
        self.port.outlet.poll(&mut reports);
        let any = !reports.is_empty();
        for (tag, delivery) in reports.drain(..) {
            self.driven.delivered(Time(now), tag, delivery, &mut self.port);
        }
        self.reports = reports;
        any
    }

    /// Asks what is due to be asked.
    fn chores(&mut self, now: u64) -> Result<(), LoopError> {
        if self.stop.asked() && self.give_up_at.is_none() {
            let drain = u64::try_from(self.setup.drain.as_millis()).unwrap_or(u64::MAX);
            self.give_up_at = Some(now.saturating_add(drain).saturating_add(GRACE_MS));
            self.held.clear();
            self.port.stop_all();
            self.driven.shutdown(Time(now));
        }
        if let Some(arriving) = &mut self.arriving
            && !self.stale_start
            && arriving.ask_at.is_some_and(|at| now >= at)
        {
            arriving.ask_at = None;
            self.errands.ask(Errand::Start(arriving.partitions.clone()))?;
        }
        let reset = self.consumer.context().take_reset();
        if self.watch_at.is_some_and(|at| reset || now >= at) {
            self.watch_at = None;
            let producer =
                if self.setup.status.reaches(Side::Producer) { None } else { self.port.outlet.producer() };
            self.errands.ask(Errand::Watch { partitions: self.port.held(), producer })?;
        }
        if self.commit_again_at.is_some_and(|at| now >= at) {
            self.commit_again_at = None;
            let owed: Vec<(Slot, i64)> =
                self.port.seats().filter_map(|(slot, seat)| Some((slot, seat.commit_first?))).collect();
            for (slot, offset) in owed {
                self.port.commits.add(Commit { slot, offset, metadata: None });
            }
        }
        Ok(())
    }

    /// Sends the turn's commits.
    fn flush_commits(&mut self, now: u64) {
        for failed in self.port.commits.flush(self.consumer, &self.port.slots) {
            if self.port.seat(failed.slot).is_some_and(|seat| seat.commit_first == Some(failed.offset)) {
                self.commit_again_at.get_or_insert(now + ASK_AGAIN_MS);
            } else {
                self.driven.committed(Time(now), failed.slot, failed.offset, false);
            }
        }
    }

    /// Whether the loop ends now.
    fn ends(&self, now: u64) -> bool {
        let Some(give_up_at) = self.give_up_at else { return false };
        if self.driven.stopped() {
            return true;
        }
        if now >= give_up_at {
            tracing::warn!(workflow.step = %self.setup.name, "the step ends with work unsettled; it will be read again");
            return true;
        }
        false
    }

    /// How long to sleep at most.
    fn nap_for(&mut self, now: u64) -> Duration {
        let mut nap = LONGEST_NAP_MS;
        if self.port.outlet.unreported() > 0 {
            nap = nap.min(self.report_nap);
            self.report_nap = (self.report_nap * 2).min(REPORT_NAP_MS.1);
        }
        if let Some(Time(at)) = self.driven.next_wake() {
            // A timer that is due needs another turn, never a spin.
            nap = nap.min(at.saturating_sub(now).max(1));
        }
        Duration::from_millis(nap)
    }

    /// Ends the producer and everything that holds records. Answers whether the group waits for an answer.
    fn end(self) -> bool {
        let Self { driven, port, held, arriving, leaving, rebalances, consumer, .. } = self;
        drop((driven, held));
        let KafkaPort { outlet, .. } = port;
        let unsettled = outlet.close(clock::millis() + CLOSE_MS).len();
        if unsettled > 0 {
            tracing::debug!(unsettled, "publishes were reported after the step had ended");
        }
        let noted = !consumer.context().inbox().rebalances.is_empty();
        noted || arriving.is_some() || leaving.is_some() || !rebalances.is_empty()
    }
}

/// Sleeps until `wake` is notified, `longest` has passed, or anything else wakes this task: the handlers which
/// the runner polls share its waker.
async fn nap(wake: &Notify, longest: Duration) {
    let mut notified = pin!(wake.notified());
    let mut timer = pin!(tokio::time::sleep(longest));
    let mut asleep = false;
    poll_fn(|cx| {
        let notified = notified.as_mut().poll(cx).is_ready();
        let due = timer.as_mut().poll(cx).is_ready();
        if notified || due || asleep {
            return Poll::Ready(());
        }
        asleep = true;
        Poll::Pending
    })
    .await;
}
