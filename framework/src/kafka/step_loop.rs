//! The loop of one step, on a thread of its own.
//!
//! One turn: serve what the callbacks left, read a batch and hand each record to the runner, poll the handlers
//! that are waiting, bring back delivery reports, send the turn's commits. Then sleep until librdkafka has
//! something, a handler wakes, a report comes, or a timer is due. Nothing in a turn waits for a broker.

mod ownership;
mod reading;
#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use rdkafka::consumer::Consumer;

use super::acknowledge::Report;
use super::commit::{Commit, CommitResult, Sent};
use super::context::{Rebalance, StepConsumer};
use super::driven::{Driven, LoopError, StepSetup, Stop};
use super::errands::{Answer, Errand, Errands};
use super::nap::nap;
use super::partition::Partition;
use super::poll::{Held, Polled, poll};
use super::port::KafkaPort;
use super::revoke::Leaving;
use super::rights::Right;
use super::sender::Sender;
use super::status::Side;
use crate::clock::{self, Wall};
use crate::engine::{Slot, Time};
use crate::telemetry::events::{CommitFailed, CommitsResumed};

/// The most records of one turn: the runtime's timers and sockets are served between turns.
const RECORDS_A_TURN: usize = 256;
/// Delivery reports are brought, and the clock is read, after so many records at the latest.
const RECORDS_A_LOOK: usize = 64;
/// How long a batch may take before the rest waits for the next turn: handlers run while their records are taken.
const LONGEST_BATCH_MS: u64 = 50;
/// The longest sleep: the heartbeat of `/live`, and the net under a wake-up that never came.
const LONGEST_NAP_MS: u64 = 100;
/// How often the step looks for topics that were missing.
const LOOK_AGAIN_MS: u64 = 5_000;
/// How often the step looks how things stand, and while something is amiss.
const WATCH_MS: (u64, u64) = (10_000, 1_000);
/// The wait before asking again where to start, and before the driver's own commit is sent again.
const ASK_AGAIN_MS: u64 = 500;
/// How long after the runner's own deadline the loop stops waiting for the runner.
const GRACE_MS: u64 = 2_000;
/// How long closing the clients may take, once the runner has stopped.
pub(super) const CLOSE_MS: u64 = 5_000;

/// Partitions that were assigned and wait for their starts.
struct Arriving {
    partitions: Vec<(Slot, Partition)>,
    /// When to ask again, on the steady clock; `None` while an answer is on its way.
    ask_at: Option<u64>,
    /// The group has its answer, and what is left waits for somebody who knows its log.
    answered: bool,
}

/// The state of a step's loop.
pub(super) struct Loop<'c, D> {
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
    /// Partitions of which no broker knew anything at the last watch.
    silent: HashSet<Slot>,
    /// When the next watch is due; `None` while one is on its way.
    watch_at: Option<u64>,
    /// Commits that were sent and not asked about. Bounded: at most two for each partition held.
    unconfirmed: Vec<Sent>,
    /// The question about commits is on its way.
    confirming: bool,
    /// The commits asked about last failed.
    commits_fail: bool,
    /// When the driver's own failed commits are sent again.
    commit_again_at: Option<u64>,
    /// When the loop ends whatever the runner says; set when the step is asked to end.
    give_up_at: Option<u64>,
    /// Room for delivery reports.
    reports: Vec<Report>,
}

impl<'c, D: Driven<KafkaPort<'c>>> Loop<'c, D> {
    pub(super) fn new(
        setup: &'c StepSetup,
        stop: &'c Stop,
        consumer: &'c StepConsumer,
        errands: &'c Errands,
        sender: Sender,
        driven: D,
    ) -> Self {
        Self {
            setup,
            stop,
            consumer,
            errands,
            driven,
            port: KafkaPort::new(consumer, sender),
            held: Held::default(),
            rebalances: VecDeque::new(),
            arriving: None,
            leaving: None,
            stale_start: false,
            silent: HashSet::new(),
            watch_at: Some(0),
            unconfirmed: Vec::new(),
            confirming: false,
            commits_fail: false,
            commit_again_at: None,
            give_up_at: None,
            reports: Vec::new(),
        }
    }

    /// Looks for topics, subscribes, turns until the runner has stopped.
    pub(super) async fn run(&mut self) -> Result<(), LoopError> {
        if !self.find_topics().await? {
            return Ok(());
        }
        let topics: Vec<&str> = self.setup.subscription.iter().map(String::as_str).collect();
        self.consumer.subscribe(&topics).map_err(LoopError::Subscription)?;
        loop {
            let now = clock::millis();
            if self.port.sender.turns(now) {
                self.setup.status.turned();
            }
            let mut busy = self.serve_callbacks(now);
            busy |= self.serve_answers(now)?;
            busy |= self.read(now)?;
            busy |= poll_fn(|cx| Poll::Ready(self.driven.turn(Time(now), cx, &mut self.port))).await;
            busy |= self.bring_reports(now);
            self.port.sender.hand_over();
            self.leave(now);
            self.flush_commits(now);
            self.chores(now)?;
            if self.ends(now)? {
                return Ok(());
            }
            if busy {
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
                    Err(error) => {
                        if let Some(right) = error.rdkafka_error_code().and_then(Right::of_consumer) {
                            self.setup.status.lacks(right);
                        } else {
                            tracing::debug!(%error, "no broker answered about the topics");
                        }
                    }
                }
            }
            nap(&self.stop.wake, Duration::from_millis(LONGEST_NAP_MS)).await;
        }
        Ok(false)
    }

    /// Does what the callbacks noted. Answers whether there was anything.
    fn serve_callbacks(&mut self, now: u64) -> bool {
        self.rebalances.append(&mut self.consumer.context().inbox().rebalances);
        let busy = !self.rebalances.is_empty();
        while let Some(rebalance) = self.rebalances.pop_front() {
            self.rebalance(now, rebalance);
        }
        busy
    }

    /// Tells whose commits they were what became of them, and the log where that changed.
    fn commit_results(&mut self, now: u64, results: Vec<CommitResult>) {
        let step = self.setup.status.step();
        let error = results.iter().find_map(|result| result.error.as_deref());
        match error {
            Some(error) if !self.commits_fail => CommitFailed { step, error }.emit(),
            None if self.commits_fail => CommitsResumed { step }.emit(),
            _ => {}
        }
        self.commits_fail = error.is_some();
        self.tell_commits(results.iter().map(|result| (&*result.topic, result.at, result.error.is_none())));
        for CommitResult { slot, offset, error, .. } in results {
            let ok = error.is_none();
            if ok {
                self.setup.status.reached(Side::Consumer);
                let unsettled = self.driven.oldest(slot);
                if let Some(seat) = self.port.seat(slot) {
                    seat.behind.committed(offset, unsettled);
                }
            }
            match self.port.seat(slot) {
                Some(seat) if seat.commit_first == Some(offset) => {
                    if ok {
                        seat.commit_first = None;
                    } else {
                        self.commit_again_at.get_or_insert(now + ASK_AGAIN_MS);
                    }
                }
                Some(_) => self.driven.committed(Time(now), slot, offset, ok),
                None => {}
            }
        }
    }

    /// Tells what became of commits: one request was sent at a time, for all its topics.
    fn tell_commits<'r>(&self, results: impl Iterator<Item = (&'r str, Wall, bool)>) {
        let mut requests: Vec<(&str, Wall, bool)> = Vec::new();
        for (topic, at, ok) in results {
            match requests.iter_mut().find(|(known, sent, _)| (*known, *sent) == (topic, at)) {
                Some((_, _, all)) => *all &= ok,
                None => requests.push((topic, at, ok)),
            }
        }
        let to = clock::wall();
        for (topic, from, ok) in requests {
            self.setup.status.telemetry().committed(topic, ok, from, to);
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
            Answer::Start(Ok(starts)) => self.arrive(now, &starts),
            Answer::Start(Err(error)) => {
                tracing::debug!(%error, "no broker answered where to start");
                if let Some(arriving) = &mut self.arriving {
                    arriving.ask_at = Some(now + ASK_AGAIN_MS);
                }
            }
            Answer::Confirm(results) => {
                self.confirming = false;
                self.commit_results(now, results);
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
                    self.miss(&marks);
                    self.pass(&marks);
                    for marks in marks {
                        self.compare(marks);
                    }
                }
                let well = self.setup.status.is_well() && self.silent.is_empty();
                self.watch_at = Some(now + if well { WATCH_MS.0 } else { WATCH_MS.1 });
            }
        }
        Ok(true)
    }

    /// Brings delivery reports to the runner. Answers whether there were any, or records are taken again.
    fn bring_reports(&mut self, now: u64) -> bool {
        let mut reports = std::mem::take(&mut self.reports);
        let took = self.port.sender.takes();
        self.port.sender.poll(&mut reports);
        let any = !reports.is_empty();
        for (tag, delivery) in reports.drain(..) {
            self.driven.delivered(Time(now), tag, delivery, &mut self.port);
        }
        self.reports = reports;
        self.port.sender.heard();
        any || (!took && self.port.sender.takes())
    }

    /// Asks what is due to be asked.
    fn chores(&mut self, now: u64) -> Result<(), LoopError> {
        if self.port.sender.is_gone() {
            return Err(LoopError::Sender);
        }
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
        if !self.confirming && !self.unconfirmed.is_empty() {
            self.confirming = true;
            self.errands.ask(Errand::Confirm(std::mem::take(&mut self.unconfirmed)))?;
        }
        self.try_rights();
        let reset = self.consumer.context().take_reset();
        if self.watch_at.is_some_and(|at| reset || now >= at) {
            self.watch_at = None;
            let producer =
                if self.setup.status.reaches(Side::Producer) { None } else { self.port.sender.producer() };
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

    /// Makes the clients try again what was refused, and listens whether it still is. The group is tried by librdkafka
    /// itself; a producer that lacks a right is replaced.
    fn try_rights(&mut self) {
        let setup = self.setup;
        let status = &setup.status;
        if !status.refuses() {
            return;
        }
        if status.is_refused(Right::Read) {
            if status.is_to_try(Right::Read) {
                // librdkafka tells of the same refusal again only where reading begins anew. A member without partitions
                // is refused nothing, and hears nothing: when it is given one, it is told again.
                self.port.stop_all();
                self.port.resume_all();
            }
            status.listen(Right::Read);
        }
        if status.is_refused(Right::Write) && status.reaches(Side::Producer) {
            status.listen(Right::Write);
        }
    }

    /// Sends the turn's commits.
    fn flush_commits(&mut self, now: u64) {
        if self.port.commits.is_empty() {
            return;
        }
        let at = clock::wall();
        let unsent = match self.port.commits.flush(self.consumer, &self.port.slots, at) {
            Ok(mut sent) => {
                for sent in &mut sent {
                    sent.before = self.port.seat(sent.slot).and_then(|seat| seat.before);
                }
                return self.unconfirmed.extend(sent);
            }
            Err(unsent) => unsent,
        };
        let topic = |unsent: &Commit| &*self.port.slots.partition(unsent.slot).topic;
        self.tell_commits(unsent.iter().map(|unsent| (topic(unsent), at, false)));
        for failed in unsent {
            if self.port.seat(failed.slot).is_some_and(|seat| seat.commit_first == Some(failed.offset)) {
                self.commit_again_at.get_or_insert(now + ASK_AGAIN_MS);
            } else {
                self.driven.committed(Time(now), failed.slot, failed.offset, false);
            }
        }
    }

    /// Whether the loop ends now. An error means that it does, and that work is left unsettled.
    fn ends(&self, now: u64) -> Result<bool, LoopError> {
        let Some(give_up_at) = self.give_up_at else { return Ok(false) };
        if self.driven.stopped() {
            return if self.driven.left_behind() == 0 { Ok(true) } else { Err(LoopError::Unsettled) };
        }
        if now >= give_up_at {
            tracing::warn!(
                workflow_step = self.setup.status.step(),
                "the step ends with work unsettled; it will be read again"
            );
            return Err(LoopError::Unsettled);
        }
        Ok(false)
    }

    /// How long to sleep at most.
    fn nap_for(&mut self, now: u64) -> Duration {
        let mut nap = LONGEST_NAP_MS;
        if let Some(Time(at)) = self.driven.next_wake() {
            // A timer that is due needs another turn, never a spin.
            nap = nap.min(at.saturating_sub(now).max(1));
        }
        Duration::from_millis(nap)
    }

    /// Ends the producer and everything that holds records. Answers whether the group waits for an answer.
    pub(super) fn end(self) -> bool {
        let Self { driven, port, held, arriving, leaving, rebalances, consumer, .. } = self;
        drop((driven, held));
        let KafkaPort { sender, .. } = port;
        let unsettled = sender.close(clock::millis() + CLOSE_MS);
        if unsettled > 0 {
            tracing::debug!(unsettled, "publishes were reported after the step had ended");
        }
        let noted = !consumer.context().inbox().rebalances.is_empty();
        let unanswered = arriving.is_some_and(|arriving| !arriving.answered);
        noted || unanswered || leaving.is_some() || !rebalances.is_empty()
    }
}
