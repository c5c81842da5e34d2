//! What a test holds in its hand.

use std::{panic::Location, time::Duration};

use super::{
    DeadLetter, Error, Fault, Recorded, Retrying, Story, Written, plans,
    record::{Body, LogRecord},
    stage::Stage,
    start::{self, RehearsedStarts},
    world::World,
};
use crate::{
    envelope::Metadata,
    event::{Event, StartingEvent},
    publisher::Publisher,
    runner::port::{HeaderList, RawRecord},
    service::Service,
};

/// Services at work in memory, on a clock that stands until the test moves it.
///
/// See the [module](crate::rehearsal) for what it is and an example. A failing test prints what happened.
#[derive(Debug)]
pub struct Rehearsal {
    stage: Stage,
    seed: u64,
}

impl Rehearsal {
    /// A rehearsal without services. The seed decides in which order things happen that may happen in any order; the
    /// same seed and the same calls give the same run.
    ///
    /// # Panics
    ///
    /// Where the system gives no thread.
    pub fn new(seed: u64) -> Self {
        Self { stage: Stage::new(seed), seed }
    }

    /// The seed that it was made with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Gives a topic so many partitions, at least one, instead of 3. A topic that is there already keeps its own, so say
    /// it before a service or a record needs the topic.
    #[must_use]
    pub fn partitions(mut self, topic: impl Into<String>, partitions: usize) -> Self {
        let topic = topic.into();
        self.stage.ask(move |world, _| world.cluster.borrow_mut().log.ensure(&topic, partitions));
        self
    }

    /// Adds a service and starts it. One that is added later catches up, as its steps' `from` says; one of the name of a
    /// stopped service takes its place, as a new version does.
    ///
    /// # Panics
    ///
    /// Where the service cannot run (the text says why), or one of its name runs already.
    #[must_use]
    #[track_caller]
    pub fn service<S: Send + Sync + 'static>(mut self, service: Service<S>) -> Self {
        let name = service.name().to_owned();
        if let Err(error) = service.check() {
            panic!("{}", Error::Unusable { service: name, problem: error.to_string() });
        }
        let definition = service.into_definition();
        let seed = self.seed;
        let added = self.stage.ask(move |world, _| world.host(name, plans::of(&definition, seed)?));
        self.expect(added);
        self
    }

    /// A publisher to this rehearsal's log, for the state of a service whose steps start workflows, or for code outside
    /// any step that is tested with it. Its events have `service` as their source.
    ///
    /// A handler's start is on the log at the rehearsal's next move; one from outside as soon as the rehearsal is asked
    /// nothing else. While the broker is down it waits, for 30 s of the rehearsal's time at most.
    ///
    /// ```
    /// # use choreograph::{Event, In, Publisher, Service, State, StepError, rehearsal::Rehearsal, step};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Event, Serialize, Deserialize, JsonSchema)]
    /// # #[event(type = "stock.low", version = "1.0", topic = "stock", key = "code", starts = "stock")]
    /// # struct StockLow { code: String }
    /// # #[derive(Event, Serialize, Deserialize, JsonSchema)]
    /// # #[event(type = "supply.asked", version = "1.0", topic = "supply", key = "code", starts = "supply")]
    /// # struct SupplyAsked { code: String }
    /// async fn ask(low: In<StockLow>, State(supply): State<Publisher>) -> Result<(), StepError> {
    ///     let asked = SupplyAsked { code: low.code.clone() };
    ///     supply.start_with_id(low.metadata().id(), &asked).await?;
    ///     Ok(())
    /// }
    ///
    /// # fn main() -> Result<(), choreograph::rehearsal::Error> {
    /// let mut rehearsal = Rehearsal::new(7);
    /// let supply = rehearsal.publisher("warehouse");
    /// let asks = step("ask", ask).starts::<SupplyAsked>();
    /// let mut rehearsal = rehearsal.service(Service::new("warehouse", supply).step(asks));
    /// rehearsal.start(&StockLow { code: "a".to_owned() })?;
    /// rehearsal.settle();
    /// assert_eq!(rehearsal.emitted::<SupplyAsked>()[0].metadata.source(), Some("warehouse"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn publisher(&mut self, service: &str) -> Publisher {
        let starts = self.stage.ask(|world, _| world.starts.clone());
        Publisher::rehearsed(RehearsedStarts::new(service, starts, self.stage.jobs()))
    }

    /// Starts a workflow with this event, as a publisher outside any step does. What it says has the new correlation id.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] where the event breaks its own contract or has no key.
    pub fn start<E: StartingEvent>(&mut self, event: &E) -> Result<Metadata, Error> {
        self.start_with(event, None)
    }

    /// The same with an idempotency id: the same id gives the same event and the same workflow.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_as<E: StartingEvent>(
        &mut self,
        id: impl Into<String>,
        event: &E,
    ) -> Result<Metadata, Error> {
        self.start_with(event, Some(id.into()))
    }

    fn start_with<E: StartingEvent>(&mut self, event: &E, id: Option<String>) -> Result<Metadata, Error> {
        let encoded = start::encode(event).map_err(|error| Error::Start {
            event_type: format!("{}.v{}", E::NAME, E::MAJOR),
            problem: error.to_string(),
        })?;
        Ok(self.stage.ask(move |world, _| start::start(&encoded, id.as_deref(), world).metadata()))
    }

    /// Publishes any record: garbage, a tombstone, a stranger's event. Without a key its partition is drawn.
    pub fn publish_raw(
        &mut self,
        topic: &str,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> Written {
        let (topic, body) = (topic.to_owned(), Body::new(key, value, HeaderList::of(headers)));
        self.stage.ask(move |world, _| world.write(&topic, body))
    }

    /// Lets everything happen that can happen without time passing: until each step waits for another record, for a
    /// time, or for something outside. Work on `spawn_blocking` is waited for; real I/O is not.
    ///
    /// To find out that nothing is at work, each look lets `tokio::time` in the handlers go on by 1 ms, which the
    /// rehearsal's clock does not count: what a handler waits for comes that much early.
    ///
    /// # Panics
    ///
    /// Where it never ends, with the circle's name; see [`try_settle`](Self::try_settle).
    #[track_caller]
    pub fn settle(&mut self) {
        let settled = self.try_settle();
        self.expect(settled);
    }

    /// As [`settle`](Self::settle), and says why where it never ends.
    ///
    /// # Errors
    ///
    /// [`Error::NeverSettles`] after 20,000 moves at the same time, and 1,000 more for each record of the log, [`Error::NeverQuiet`] where a handler keeps
    /// working without an end.
    pub fn try_settle(&mut self) -> Result<(), Error> {
        self.stage.ask(|world, runtime| runtime.block_on(world.settle()))
    }

    /// Lets time pass: retries that fall due, timeouts and commits, each at its time, and `tokio::time` in the handlers,
    /// which each call brings 2 ms or more ahead (see [`settle`](Self::settle)): pass time in few steps where that counts.
    ///
    /// # Panics
    ///
    /// Where things never come to rest, with the circle's name.
    #[track_caller]
    pub fn advance(&mut self, by: Duration) {
        let advanced = self.stage.ask(move |world, runtime| runtime.block_on(world.advance(by)));
        self.expect(advanced);
    }

    /// How much time passed since the rehearsal began, at 2026-01-01T00:00:00Z.
    pub fn elapsed(&mut self) -> Duration {
        self.stage.ask(|world, _| Duration::from_millis(world.cluster.borrow().clock.elapsed()))
    }

    /// Every event of the type, in the order in which they were written: started, emitted and published ones. What does
    /// not deserialize is no event.
    pub fn emitted<E: Event>(&mut self) -> Vec<Recorded<E>> {
        self.written(Recorded::read)
    }

    /// Every dead letter of every step, in the order in which they were written.
    pub fn dead_letters(&mut self) -> Vec<DeadLetter> {
        self.written(DeadLetter::read)
    }

    /// Every attempt that failed and was to be made again, in the order in which they failed.
    pub fn retries(&mut self) -> Vec<Retrying> {
        self.stage.ask(|world, _| world.cluster.borrow().retries.clone())
    }

    /// Every record of a topic, in the order in which they were written.
    pub fn records(&mut self, topic: &str) -> Vec<Written> {
        let topic = topic.to_owned();
        self.written(move |record| (**record.topic() == *topic).then(|| Written::new(record)))
    }

    fn written<T: Send + 'static>(
        &mut self,
        read: impl Fn(&LogRecord) -> Option<T> + Send + 'static,
    ) -> Vec<T> {
        self.stage.ask(move |world, _| world.cluster.borrow().written().iter().filter_map(read).collect())
    }

    /// The workflow of a correlation id: its events, printed as a tree of causes.
    pub fn workflow(&mut self, correlation_id: &str) -> Story {
        let id = correlation_id.to_owned();
        self.stage.ask(move |world, _| Story::tell(&id, world.cluster.borrow().written().iter()))
    }

    /// The next offset that a group reads in a partition, as it committed it; `None` before its first commit.
    pub fn committed(&mut self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        let (group, topic) = (group.to_owned(), topic.to_owned());
        self.stage.ask(move |world, _| {
            world.cluster.borrow().log.committed(&group, &topic, partition).map(|committed| committed.offset)
        })
    }

    /// Sets what a group committed on a topic back to the log's start, as an operator may while the group is stopped: it
    /// handles everything again.
    pub fn rewind(&mut self, group: &str, topic: &str) {
        let (group, topic) = (group.to_owned(), topic.to_owned());
        self.stage.ask(move |world, _| {
            world.cluster.borrow_mut().log.rewind(&group, &topic);
            world.did(format!("{group} is set back on {topic}"));
        });
    }

    /// Whether every step that runs has committed every record of its topics: nothing is waiting, nothing is held back.
    /// Commits are made every 200 ms, so [`advance`](Self::advance) first.
    pub fn is_settled(&mut self) -> bool {
        self.stage.ask(|world, _| world.settled())
    }

    /// Stops a service in order, as SIGTERM does: it ends what it began and commits. Its clock goes on as far as that
    /// takes.
    ///
    /// # Panics
    ///
    /// Where there is no such service, or it does not leave.
    #[track_caller]
    pub fn stop(&mut self, service: &str) {
        let service = service.to_owned();
        let stopped = self.stage.ask(move |world, runtime| runtime.block_on(world.stop(&service)));
        self.expect(stopped);
    }

    /// Ends a service at once, as SIGKILL does: nothing more is published or committed.
    ///
    /// # Panics
    ///
    /// Where there is no such service.
    #[track_caller]
    pub fn kill(&mut self, service: &str) {
        self.tell(service, World::kill);
    }

    /// Starts a stopped or killed service again: it goes on after what its groups committed.
    ///
    /// # Panics
    ///
    /// Where there is no such service, or it runs.
    #[track_caller]
    pub fn restart(&mut self, service: &str) {
        self.tell(service, World::restart);
    }

    /// Revokes all partitions of a service, as a rebalance does, and gives them back once it let go of them.
    ///
    /// # Panics
    ///
    /// Where there is no such service.
    #[track_caller]
    pub fn rebalance(&mut self, service: &str) {
        self.tell(service, World::rebalance);
    }

    /// Throws a service out of its groups, as happens to a member that was not heard of for too long, and lets it join
    /// again: what it had not committed it handles once more.
    ///
    /// # Panics
    ///
    /// Where there is no such service.
    #[track_caller]
    pub fn lose(&mut self, service: &str) {
        self.tell(service, World::lose);
    }

    #[track_caller]
    fn tell(
        &mut self,
        service: &str,
        what: impl FnOnce(&mut World, &str) -> Result<(), Error> + Send + 'static,
    ) {
        let service = service.to_owned();
        let told = self.stage.ask(move |world, _| what(world, &service));
        self.expect(told);
    }

    /// Lets the next publish of any step to `topic` fail in this way. Said twice, the next two fail.
    pub fn fail_next_publish(&mut self, topic: &str, fault: Fault) {
        let topic = topic.to_owned();
        self.stage.ask(move |world, _| world.cluster.borrow_mut().will_fail(&topic, fault));
    }

    /// Takes the broker away: nothing is read, written or committed until it is back. The test itself still publishes.
    pub fn broker_down(&mut self) {
        self.stage.ask(|world, _| world.set_broker(true));
    }

    /// Brings the broker back. Commits that were under way have failed.
    pub fn broker_up(&mut self) {
        self.stage.ask(|world, _| world.set_broker(false));
    }

    /// What happened so far, a line each, without payloads.
    pub fn journal(&mut self) -> String {
        self.stage.ask(|world, _| world.cluster.borrow().journal.print())
    }

    #[track_caller]
    fn expect<T>(&self, result: Result<T, Error>) -> T {
        result.unwrap_or_else(|error| panic!("{error} (asked at {}, seed {})", Location::caller(), self.seed))
    }
}

impl Drop for Rehearsal {
    /// Tells what happened where the test fails.
    #[expect(clippy::disallowed_macros, reason = "the test that fails shows its standard error")]
    fn drop(&mut self) {
        if std::thread::panicking() && self.stage.is_alive() {
            let journal = self.journal();
            eprintln!("what happened in the rehearsal with seed {}:\n{journal}", self.seed);
        }
    }
}
