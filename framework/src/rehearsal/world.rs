//! All services of a rehearsal and their broker: draws who moves next, and lets time pass when nobody can.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    Error, Written,
    clock::Clock,
    cluster::{Cluster, Shared},
    journal::Happening,
    member::{Member, Move},
    record::Body,
    start::Starts,
};
use crate::{
    engine::Time,
    runner::Plan,
    telemetry::{PublisherTelemetry, Telemetry},
};

/// The most moves that one settling, or one stretch of time between two timers, may take in any case. A move is a record
/// taken, a turn of a step, a write, an acknowledgement or a commit.
const MAX_MOVES: u64 = 20_000;
/// How many moves more there may be for each record that the log has when it begins.
const MAX_MOVES_A_RECORD: u64 = 1_000;
/// How often settling looks again because a handler, woken from outside, went on.
const MAX_QUIET_TICKS: u64 = 10_000;
/// How long tokio's clock goes on to find out that nothing is at work: it only does when nothing is, not even
/// on the threads of `spawn_blocking`. The rehearsal's clock does not see it.
const QUIET_TICK: Duration = Duration::from_millis(1);
/// The longest that stopping a service may take on the rehearsal's clock.
const MAX_STOP: Duration = Duration::from_mins(10);

/// Who writes the records that a test publishes itself, as the journal names it.
const TEST: &str = "test";

/// A service of the rehearsal.
struct Hosted {
    name: String,
    plans: Vec<Arc<Plan>>,
    /// The steps at work; empty while the service is stopped.
    members: Vec<Member>,
}

/// The whole of a rehearsal, on the rehearsal's own thread.
pub(crate) struct World {
    pub(crate) cluster: Shared,
    /// Exports nothing; what it says of traces goes from event to event all the same.
    telemetry: Telemetry,
    /// The test's own, as somebody who starts workflows.
    pub(crate) publisher: PublisherTelemetry,
    /// What publishers that the test handed out are starting.
    pub(crate) starts: Starts,
    services: Vec<Hosted>,
    /// Room for the moves that are drawn among.
    moves: Vec<(usize, usize, Move)>,
}

impl World {
    /// A world with no services. Must be called inside the rehearsal's runtime.
    pub(crate) fn new(seed: u64) -> Self {
        let cluster = Rc::new(RefCell::new(Cluster::new(seed, Clock::start())));
        let telemetry = Telemetry::rehearsing();
        let publisher = telemetry.publisher(TEST);
        let starts = Starts::default();
        Self { cluster, telemetry, publisher, starts, services: Vec::new(), moves: Vec::new() }
    }

    pub(crate) fn now(&self) -> Time {
        self.cluster.borrow().clock.now()
    }

    pub(crate) fn did(&self, what: String) {
        self.cluster.borrow_mut().note(Happening::Did(what));
    }

    /// Writes a record for the test itself.
    pub(crate) fn write(&self, topic: &str, body: Body) -> Written {
        let who: Arc<str> = TEST.into();
        let mut cluster = self.cluster.borrow_mut();
        let partition = cluster.place(topic, body.key());
        let written = cluster.write(&who, topic, partition, body);
        // `place` made the topic, and its answer is one of the topic's partitions.
        Written::new(&written.unwrap_or_else(|| unreachable!("{topic}/{partition} was just named")))
    }

    /// Adds a service and lets it join.
    pub(crate) fn host(&mut self, name: String, plans: Vec<Arc<Plan>>) -> Result<(), Error> {
        if self.services.iter().any(|hosted| hosted.name == name && !hosted.members.is_empty()) {
            return Err(Error::RunsAlready { service: name });
        }
        self.did(format!("{name} starts"));
        let members = self.join(&plans);
        self.services.retain(|hosted| hosted.name != name);
        self.services.push(Hosted { name, plans, members });
        Ok(())
    }

    fn join(&self, plans: &[Arc<Plan>]) -> Vec<Member> {
        let join = |plan| Member::join(Arc::clone(plan), Shared::clone(&self.cluster), &self.telemetry);
        plans.iter().map(join).collect()
    }

    fn hosted(&mut self, service: &str) -> Result<&mut Hosted, Error> {
        let known = || self.services.iter().map(|hosted| hosted.name.as_str()).collect::<Vec<_>>().join(", ");
        match self.services.iter().position(|hosted| hosted.name == service) {
            Some(at) => Ok(&mut self.services[at]),
            None => Err(Error::UnknownService { service: service.to_owned(), known: known() }),
        }
    }

    fn members(&mut self) -> impl Iterator<Item = &mut Member> {
        self.services.iter_mut().flat_map(|hosted| &mut hosted.members)
    }

    /// Starts a stopped service again: its groups go on from what they committed.
    pub(crate) fn restart(&mut self, service: &str) -> Result<(), Error> {
        let hosted = self.hosted(service)?;
        if !hosted.members.is_empty() {
            return Err(Error::RunsAlready { service: service.to_owned() });
        }
        let plans = hosted.plans.clone();
        let members = self.join(&plans);
        self.hosted(service)?.members = members;
        self.did(format!("{service} starts again"));
        Ok(())
    }

    /// Ends a service at once, as SIGKILL does: what it had not written is gone, nothing more is committed.
    pub(crate) fn kill(&mut self, service: &str) -> Result<(), Error> {
        self.hosted(service)?.members.clear();
        self.did(format!("{service} is killed"));
        Ok(())
    }

    /// Lets a service leave in order, as SIGTERM does.
    pub(crate) async fn stop(&mut self, service: &str) -> Result<(), Error> {
        let now = self.now();
        self.hosted(service)?.members.iter_mut().for_each(|member| member.leave(now));
        self.did(format!("{service} is asked to stop"));
        let deadline = Time(now.0 + MAX_STOP.as_millis() as u64);
        self.move_on();
        loop {
            self.settle().await?;
            let hosted = self.hosted(service)?;
            hosted.members.retain(|member| !member.stopped());
            if hosted.members.is_empty() {
                self.did(format!("{service} stopped"));
                return Ok(());
            }
            let wake = self.next_wake().filter(|wake| *wake < deadline).unwrap_or(deadline);
            if self.now() >= deadline {
                return Err(Error::NeverStops { service: service.to_owned(), seconds: MAX_STOP.as_secs() });
            }
            self.pass(wake).await?;
        }
    }

    /// Takes every partition from the steps of a service and gives them back.
    pub(crate) fn rebalance(&mut self, service: &str) -> Result<(), Error> {
        let now = self.now();
        self.hosted(service)?.members.iter_mut().for_each(|member| member.revoke(now));
        self.did(format!("{service} has its partitions revoked"));
        Ok(())
    }

    /// Throws a service out of its groups; it joins again.
    pub(crate) fn lose(&mut self, service: &str) -> Result<(), Error> {
        self.hosted(service)?.members.iter_mut().for_each(Member::lose);
        self.did(format!("{service} loses its partitions"));
        Ok(())
    }

    /// Lets the broker go away or come back.
    pub(crate) fn set_broker(&mut self, down: bool) {
        let was_down = std::mem::replace(&mut self.cluster.borrow_mut().down, down);
        if was_down && !down {
            self.members().for_each(Member::broker_is_back);
        }
        self.did(format!("the broker {}", if down { "goes away" } else { "is back" }));
    }

    /// Whether every group of every running step committed everything.
    pub(crate) fn settled(&self) -> bool {
        self.services.iter().flat_map(|hosted| &hosted.members).all(Member::settled)
    }

    fn next_wake(&self) -> Option<Time> {
        let members = self.services.iter().flat_map(|hosted| &hosted.members);
        members.filter_map(Member::next_wake).chain(self.starts.next_wake(self.now())).min()
    }

    /// Lets everything happen that can happen without time passing.
    pub(crate) async fn settle(&mut self) -> Result<(), Error> {
        for _ in 0..MAX_QUIET_TICKS {
            let quiet_since = Instant::now();
            let moved = self.until(quiet_since + QUIET_TICK).await;
            self.cluster.borrow_mut().clock.unsee(quiet_since);
            if !moved? {
                return Ok(());
            }
        }
        Err(Error::NeverQuiet { ticks: MAX_QUIET_TICKS })
    }

    /// Lets time pass, and everything happen that is due by then.
    pub(crate) async fn advance(&mut self, by: Duration) -> Result<(), Error> {
        self.did(format!("{by:?} pass"));
        let end = Time(self.now().0.saturating_add(by.as_millis() as u64));
        self.settle().await?;
        while self.now() < end {
            let wake = self.next_wake().map_or(end, |wake| wake.clamp(Time(self.now().0 + 1), end));
            self.pass(wake).await?;
        }
        self.settle().await
    }

    /// Lets time pass to the next timer, of a step or of a handler, at most to `until`.
    async fn pass(&mut self, until: Time) -> Result<bool, Error> {
        let until = self.cluster.borrow().clock.instant(until);
        let moved = self.until(until).await;
        self.move_on();
        moved
    }

    /// Lets every step look around, for the time is another one.
    fn move_on(&mut self) {
        self.members().for_each(Member::wake);
    }

    /// Moves until nothing can move and tokio's clock has come to `instant`. Returns whether anything moved.
    async fn until(&mut self, instant: Instant) -> Result<bool, Error> {
        let mut sleep: Pin<Box<Sleep>> = Box::pin(sleep_until(instant));
        let records = self.cluster.borrow().written().len() as u64;
        let most = MAX_MOVES + records * MAX_MOVES_A_RECORD;
        let mut moves = 0;
        poll_fn(|cx| {
            // Whatever woke this, some handler may be able to go on.
            self.move_on();
            loop {
                let before = moves;
                if let Err(error) = self.play(cx, &mut moves, most) {
                    return Poll::Ready(Err(error));
                }
                match sleep.as_mut().poll(cx) {
                    Poll::Ready(()) => return Poll::Ready(Ok(moves > 0)),
                    Poll::Pending if moves == before => return Poll::Pending,
                    Poll::Pending => {}
                }
            }
        })
        .await
    }

    /// Makes moves, drawn from the seed, until none is left.
    fn play(&mut self, cx: &mut Context<'_>, moves: &mut u64, most: u64) -> Result<(), Error> {
        let now = self.now();
        loop {
            *moves += u64::from(self.play_starts());
            let Some((service, member, made)) = self.draw() else { return Ok(()) };
            let member = self.services.get_mut(service).and_then(|hosted| hosted.members.get_mut(member));
            if member.is_some_and(|member| member.make(made, now, cx)) {
                *moves += 1;
            }
            if *moves > most {
                let circle = self.cluster.borrow().journal.circle();
                return Err(Error::NeverSettles { moves: *moves, circle });
            }
        }
    }

    /// Takes the starts that wait to the log; whether there were any.
    pub(crate) fn play_starts(&self) -> bool {
        self.starts.play(self)
    }

    /// Draws the next move among all that could be made.
    fn draw(&mut self) -> Option<(usize, usize, Move)> {
        self.moves.clear();
        let mut found = Vec::new();
        for (service, hosted) in self.services.iter().enumerate() {
            for (number, member) in hosted.members.iter().enumerate() {
                member.moves(&mut found);
                self.moves.extend(found.drain(..).map(|made| (service, number, made)));
            }
        }
        let drawn = self.cluster.borrow_mut().random.below(self.moves.len());
        self.moves.get(drawn).copied()
    }
}
