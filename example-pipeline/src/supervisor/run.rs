//! One run: from the first order to the report.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use super::children;
use super::feed::{self, Fed};
use super::interrupts::Interrupts;
use super::kafka::{Ends, Groups, Position, Watch};
use super::progress::Progress;
use super::seen::Seen;
use super::tally::Tally;
use super::window::Window;
use crate::report::Report;

/// How often the run looks at itself.
const TICK: Duration = Duration::from_millis(100);
/// With nothing seen for so long, the run ends with what is unfinished.
pub const STALLED: Duration = Duration::from_mins(2);
/// After Ctrl-C, so long at most until the run ends with what is unfinished.
pub const DRAIN: Duration = Duration::from_secs(30);
/// How many records wait for the run to look at them.
const SEEN: usize = 10_000;
/// How many records are looked at before the run looks elsewhere.
const AT_ONCE: usize = 1_000;
/// The longest wait for one record.
const POLL: Duration = Duration::from_millis(100);

/// Where everything comes together. One task owns it; threads that may block tell it what they saw.
#[derive(Debug)]
pub(crate) struct Run {
    tally: Tally,
    window: Window,
    position: Position,
    /// What each unfinished workflow took of the window.
    weights: HashMap<String, u32>,
    /// What ended workflows took, to be given back once every group has read all of them.
    ended: Vec<u32>,
    /// The same for those that the question under way is about.
    asked: Option<Question>,
    /// The answer that stands when the feed and all workflows have ended.
    final_ends: Option<Ends>,
    fed_rows: FedRows,
    feed: Option<JoinHandle<Result<(), feed::Error>>>,
    progress_at: Instant,
    interrupted_at: Option<Instant>,
    is_hurried: bool,
}

/// Rows of invoices that were fed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FedRows {
    /// Rows of orders.
    pub ordered: u64,
    /// Rows of returns.
    pub returned: u64,
}

#[derive(Debug)]
struct Question {
    weights: Vec<u32>,
    /// Asked when nothing more was under way.
    is_final: bool,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The counts.
    pub report: Report,
    /// The rows that were fed.
    pub rows: FedRows,
    /// What went wrong first.
    pub failure: Option<Failure>,
}

/// Why a run ends before everything has come to its end, uninterrupted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The feed ended early.
    #[error("the orders could not be placed to their end")]
    Feed(#[from] feed::Error),
    /// A service ended.
    #[error(transparent)]
    Service(#[from] children::Ended),
    /// Nobody does anything any more.
    #[error("nothing happened for {} s: see the services' logs", STALLED.as_secs())]
    Stalled,
}

/// What happens to a run.
enum Event {
    Seen,
    Fed(Fed),
    CaughtUp(Ends),
    FeedEnded(Result<(), feed::Error>),
    Tick,
    Interrupt,
}

impl Run {
    /// A run whose feed is already under way.
    pub(crate) fn new(
        run: &str,
        window: Window,
        position: Position,
        feed: JoinHandle<Result<(), feed::Error>>,
    ) -> Self {
        Self {
            tally: Tally::new(run),
            window,
            position,
            weights: HashMap::new(),
            ended: Vec::new(),
            asked: None,
            final_ends: None,
            fed_rows: FedRows::default(),
            feed: Some(feed),
            progress_at: Instant::now(),
            interrupted_at: None,
            is_hurried: false,
        }
    }

    /// Goes on until everything that was fed has come to its end; `check` says whether the services still run.
    pub(crate) async fn until_the_end(
        mut self,
        mut channels: Channels,
        interrupts: &mut Interrupts,
        stop: &AtomicBool,
        mut check: impl FnMut() -> Result<(), children::Ended>,
    ) -> Ended {
        let mut tick = tokio::time::interval(TICK);
        let mut progress = Progress::default();
        let mut seen = Vec::with_capacity(AT_ONCE);
        let mut failure = None;
        loop {
            let event = tokio::select! {
                // What was fed is known before what is seen of it, as far as possible.
                biased;
                () = interrupts.next() => Event::Interrupt,
                Some(fed) = channels.fed.recv() => Event::Fed(fed),
                ended = feed_ended(&mut self.feed) => Event::FeedEnded(ended),
                Some(ends) = channels.caught_up.recv() => Event::CaughtUp(ends),
                1.. = channels.seen.recv_many(&mut seen, AT_ONCE) => Event::Seen,
                _ = tick.tick() => Event::Tick,
            };
            match event {
                Event::Seen => self.see(&mut seen),
                Event::Fed(fed) => self.fed(fed),
                Event::CaughtUp(ends) => self.caught_up(ends),
                Event::FeedEnded(ended) => failure = ended.err().map(Failure::Feed),
                Event::Interrupt => self.interrupt(stop),
                Event::Tick => {
                    if let Err(ended) = check() {
                        return self.end(Some(ended.into()));
                    }
                    self.tick(&channels.ask).await;
                    progress.show(&self.tally);
                }
            }
            if self.is_at_its_end() {
                return self.end(failure);
            }
            if self.progress_at.elapsed() > STALLED {
                return self.end(failure.or(Some(Failure::Stalled)));
            }
        }
    }

    fn see(&mut self, seen: &mut Vec<Seen>) {
        self.progress_at = Instant::now();
        seen.drain(..).for_each(|seen| self.tally.see(seen));
        self.collect_ended();
    }

    fn fed(&mut self, fed: Fed) {
        self.progress_at = Instant::now();
        match fed {
            Fed::Started { correlation, started, weight, rows } => {
                match started {
                    super::Started::Order(_) => self.fed_rows.ordered += rows,
                    _ => self.fed_rows.returned += rows,
                }
                self.weights.insert(correlation.clone(), weight);
                self.tally.started(&correlation, started);
                self.collect_ended();
            }
            Fed::Garbage(dead_letters) => self.tally.garbage(dead_letters),
        }
    }

    fn collect_ended(&mut self) {
        let weights = &mut self.weights;
        self.ended
            .extend(self.tally.take_ended().iter().filter_map(|correlation| weights.remove(correlation)));
    }

    /// Every group has read what was written before the question.
    fn caught_up(&mut self, ends: Ends) {
        let Some(question) = self.asked.take() else { return };
        question.weights.iter().for_each(|weight| self.window.release(*weight));
        if question.is_final {
            self.final_ends = Some(ends);
        }
    }

    /// The first interrupt stops the feed, the second everything.
    fn interrupt(&mut self, stop: &AtomicBool) {
        if self.interrupted_at.is_some() {
            self.is_hurried = true;
            return;
        }
        eprintln!(
            "interrupted: no more orders are placed; those under way go on for at most {} s",
            DRAIN.as_secs()
        );
        stop.store(true, Ordering::Relaxed);
        self.interrupted_at = Some(Instant::now());
        // The feed may wait for room: let it in, so that it sees that it shall stop.
        self.window.open();
    }

    async fn tick(&mut self, ask: &Sender<()>) {
        self.tally.look_again();
        self.collect_ended();
        let is_final = self.feed.is_none() && self.tally.unfinished() == 0;
        let is_worth_it = !self.ended.is_empty() || (is_final && self.final_ends.is_none());
        if self.asked.is_none() && is_worth_it && ask.send(()).await.is_ok() {
            self.asked = Some(Question { weights: std::mem::take(&mut self.ended), is_final });
        }
    }

    fn is_at_its_end(&self) -> bool {
        let is_done = self.feed.is_none()
            && self.tally.has_expected_dead_letters()
            && self.final_ends.as_ref().is_some_and(|ends| self.position.has_reached(ends));
        let is_late = self.interrupted_at.is_some_and(|at| at.elapsed() > DRAIN);
        is_done || is_late || self.is_hurried
    }

    fn end(mut self, failure: Option<Failure>) -> Ended {
        // It may wait for room that nobody gives back any more.
        if let Some(feed) = self.feed.take() {
            feed.abort();
        }
        self.tally.look_again();
        let report = Report { interrupted: self.interrupted_at.is_some(), ..self.tally.report() };
        Ended { report, rows: self.fed_rows, failure }
    }
}

/// The feed's end, once; pending before and after.
async fn feed_ended(feed: &mut Option<JoinHandle<Result<(), feed::Error>>>) -> Result<(), feed::Error> {
    let Some(handle) = feed else { return std::future::pending().await };
    let ended = handle.await;
    *feed = None;
    match ended {
        Ok(ended) => ended,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Ok(()),
        },
    }
}

/// What the threads tell.
#[derive(Debug)]
pub(crate) struct Channels {
    /// What the feed did.
    pub fed: Receiver<Fed>,
    /// Records.
    seen: Receiver<Seen>,
    /// To ask whether every group has caught up.
    ask: Sender<()>,
    /// The answers.
    caught_up: Receiver<Ends>,
}

/// The threads behind the [`Channels`].
#[derive(Debug)]
pub(crate) struct Threads {
    over: Arc<AtomicBool>,
    handles: [thread::JoinHandle<()>; 2],
}

impl Threads {
    /// Waits for their end, unless in a hurry: a broker that is away keeps them for a while. The channels must be gone.
    pub(crate) fn join(self, is_hurried: &AtomicBool) {
        self.over.store(true, Ordering::Relaxed);
        for handle in self.handles {
            while !handle.is_finished() {
                if is_hurried.load(Ordering::Relaxed) {
                    return;
                }
                thread::sleep(TICK);
            }
            if let Err(panic) = handle.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

impl Channels {
    /// Starts the threads that watch topics and groups.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub(crate) fn open(watch: Watch, groups: Groups, fed: Receiver<Fed>) -> std::io::Result<(Self, Threads)> {
        let (tell, seen) = mpsc::channel(SEEN);
        let (ask, asked) = mpsc::channel(1);
        let (answer, caught_up) = mpsc::channel(1);
        let over = Arc::new(AtomicBool::new(false));
        let (watch_over, groups_over) = (Arc::clone(&over), Arc::clone(&over));
        let topics = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch_topics(&watch, &tell, &watch_over))?;
        let groups = thread::Builder::new()
            .name("groups".to_owned())
            .spawn(move || watch_groups(&groups, asked, &answer, &groups_over))?;
        Ok((Self { fed, seen, ask, caught_up }, Threads { over, handles: [topics, groups] }))
    }
}

fn watch_topics(watch: &Watch, tell: &Sender<Seen>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        if let Some(seen) = watch.next(POLL)
            && tell.blocking_send(seen).is_err()
        {
            return;
        }
    }
}

/// Answers each question once every group has read what was there when it was asked.
fn watch_groups(groups: &Groups, mut asked: Receiver<()>, answer: &Sender<Ends>, over: &AtomicBool) {
    while asked.blocking_recv().is_some() {
        let ends = loop {
            match groups.ends() {
                Ok(ends) => break ends,
                Err(_) if over.load(Ordering::Relaxed) => return,
                // A broker that is away is waited for: each answer has a bound of its own.
                Err(_) => {}
            }
        };
        let behind = groups.wait_for(&ends, || over.load(Ordering::Relaxed));
        if !behind.is_empty() || answer.blocking_send(ends).is_err() {
            return;
        }
    }
}
