//! From options to a report.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use choreograph::telemetry::{SetupError, Telemetry};
use choreograph::{EmbeddedError, Manifest, Publisher, StartError, settings};
use tokio::sync::mpsc;

use super::broker::Broker;
use super::children::{self, Children, LEAVE};
use super::declared;
use super::feed::{self, Feed, Outside};
use super::interrupts::Interrupts;
use super::kafka::{self, BrokenTill, Cluster, Groups, Watch, wait_for};
use super::options::Options;
use super::run::{self, Channels, Run};
use super::telemetry;
use super::window::Window;
use crate::intake::{self, Counts, Intake, Invoice, Refused};
use crate::report::Report;
use crate::services;

/// The longest wait for the services to make their topics.
pub(super) const TOPICS: Duration = Duration::from_mins(1);
/// How many invoices wait to be fed.
const INVOICES: usize = 64;
/// How much of what the feed did waits to be taken down.
const FED: usize = 1_024;
/// Once the run has ended, the longest wait for what reads the orders: it may wait itself, for bytes that do not come.
const READ: Duration = Duration::from_secs(5);
/// How often it is looked whether it has ended.
const EVERY: Duration = Duration::from_millis(20);
/// The sample, in the run's folder.
const SAMPLE: &str = "sample.csv";

/// Why there is no report, or one of a run that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    #[error("a setting cannot be used")]
    Settings(#[from] settings::Error),
    /// The embedded broker did not start.
    #[error("the embedded broker is at fault")]
    Embedded(#[from] EmbeddedError),
    /// Kafka refused or did not answer.
    #[error("Kafka is at fault")]
    Kafka(#[from] kafka::Error),
    /// Nothing can be told to the collector.
    #[error("the collector's exporter is at fault")]
    Telemetry(#[from] SetupError),
    /// No workflow can be published.
    #[error("the publisher is at fault")]
    Publisher(#[from] StartError),
    /// The orders could not be read.
    #[error("the orders could not be read to their end")]
    Intake(#[from] intake::Error),
    /// The orders are what the run writes.
    #[error("`{}` is where this run writes down the refused rows: name another file of orders, or another folder", path.display())]
    Own {
        /// The file.
        path: PathBuf,
    },
    /// The reader of orders waits for bytes that do not come.
    #[error(
        "the orders are not at their end, and no more of them came: how many rows were read is not known"
    )]
    Unread,
    /// There is nothing to place.
    #[error("no row of the orders became an order: refused.csv in {} has each with its reason", folder.display())]
    NoOrders {
        /// The run's folder.
        folder: PathBuf,
    },
    /// The feed ended early.
    #[error("the orders could not be placed to their end")]
    Feed(#[from] feed::Error),
    /// The observer does not start.
    #[error("the observer does not start")]
    Observer(#[from] choreograph_observer::StartError),
    /// A service ended.
    #[error(transparent)]
    Service(#[from] children::Ended),
    /// Topics are missing.
    #[error("no service made these topics within {} s: {}; see the services' logs in {}", TOPICS.as_secs(), missing.join(", "), logs.display())]
    Topics {
        /// The topics without namespace.
        missing: Vec<String>,
        /// Where the logs are.
        logs: PathBuf,
    },
    /// A process, thread or file could not be had.
    #[error("the run could not be set up in {}", folder.display())]
    SetUp {
        /// The run's folder.
        folder: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

/// What a run is called, and where it leaves its files.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) run: String,
    pub(super) namespace: String,
    pub(super) folder: PathBuf,
}

impl Place {
    pub(super) fn of(options: &Options) -> Result<Self, Error> {
        // The end of such an id is random.
        let id = uuid::Uuid::now_v7().simple().to_string();
        let run = format!("r{}", &id[id.len() - 10..]);
        let namespace = options.namespace.clone().unwrap_or_else(|| format!("shop-{run}"));
        let folder =
            options.folder.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("shop-{run}")));
        let place = Self { run, namespace, folder };
        fs::create_dir_all(&place.folder).map_err(place.set_up())?;
        Ok(place)
    }

    /// What the services of this run declare, written down where somebody wants it.
    pub(super) fn manifests(&self, options: &Options) -> Result<Vec<Manifest>, Error> {
        let manifests = services::manifests(&self.run);
        if let Some(folder) = &options.manifests {
            declared::write(&manifests, folder)
                .map_err(|source| Error::SetUp { folder: folder.clone(), source })?;
        }
        Ok(manifests)
    }

    fn refused(&self) -> PathBuf {
        self.folder.join("refused.csv")
    }

    /// The files of these orders, but for what the shop itself writes into its folder.
    fn files(&self, orders: &Path) -> Result<Vec<PathBuf>, Error> {
        let (refused, sample) = (self.refused(), self.folder.join(SAMPLE));
        if !orders.is_dir() && intake::is_same(orders, &refused) {
            return Err(Error::Own { path: orders.to_owned() });
        }
        let mut files = intake::files(orders)?;
        if orders.is_dir() {
            files.retain(|file| !intake::is_same(file, &refused) && !intake::is_same(file, &sample));
        }
        if files.is_empty() {
            return Err(intake::Error::NoFiles { path: orders.to_owned() }.into());
        }
        Ok(files)
    }

    pub(super) fn set_up(&self) -> impl Fn(io::Error) -> Error + use<> {
        let folder = self.folder.clone();
        move |source| Error::SetUp { folder: folder.clone(), source }
    }
}

/// Runs the shop for these orders, until everything has come to its end.
///
/// Blocks; it has a runtime of its own. Ctrl-C ends it early, with a report of what was done.
///
/// # Errors
/// [`Error`], each saying what to do, where the shop could not be opened. Afterwards there is a report in any case:
/// [`Report::failure`] says what went wrong.
pub fn start(options: &Options) -> Result<Report, Error> {
    let begun = Instant::now();
    let place = Place::of(options)?;
    let intake = intake(options, &place)?;
    let manifests = place.manifests(options)?;
    let (events, all) = topics(&manifests);

    let broker = Broker::find()?;
    let environment = broker.environment(&place.namespace, &place.run);
    let settings = Broker::settings(&environment)?;
    broker.create(&place.namespace, &all)?;
    let children = Children::start(&services::NAMES, &environment, &place.folder).map_err(place.set_up())?;

    let cluster = Cluster::new(settings.kafka.clone(), &place.namespace);
    let missing = wait_for(&cluster, &all, Instant::now() + TOPICS)?;
    if !missing.is_empty() {
        return Err(Error::Topics { missing, logs: place.folder });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(place.set_up())?;
    let shop = Shop {
        place: &place,
        manifests: &manifests,
        cluster: &cluster,
        settings: &settings,
        events: &events,
    };
    let report = runtime.block_on(shop.run(intake, Window::new(broker.window_kib()), children))?;
    Ok(Report { seconds: begun.elapsed().as_secs_f64(), ..report })
}

/// What a run needs once the services are there.
struct Shop<'a> {
    place: &'a Place,
    manifests: &'a [Manifest],
    cluster: &'a Cluster,
    settings: &'a settings::Settings,
    events: &'a BTreeSet<String>,
}

impl Shop<'_> {
    async fn run(
        &self,
        intake: Intake<BufWriter<File>>,
        window: Window,
        mut children: Children,
    ) -> Result<Report, Error> {
        let mut interrupts = Interrupts::listen();
        eprintln!("the shop is open; the services' logs are in {}", self.place.folder.display());
        let watch = Watch::open(self.cluster, self.events.iter().map(String::as_str))?;
        let groups = Groups::of(self.cluster, self.manifests)?;
        let (position, stop) = (watch.position(), Arc::new(AtomicBool::new(false)));
        let (news_to, news) = mpsc::channel(FED);
        let (channels, threads) = Channels::open(watch, groups, news).map_err(self.place.set_up())?;
        let (invoices, reader) = read(intake.until(Arc::clone(&stop))).map_err(self.place.set_up())?;

        let telemetry = telemetry::begin(self.settings)?;
        let outside = outside(self.settings, self.cluster, &telemetry)?;
        let feed = Feed::new(&self.place.run, outside, self.manifests, window.clone(), news_to);
        let no_more = Arc::clone(&stop);
        let feed = tokio::spawn(async move { feed.run(invoices, &no_more).await });
        let run = Run::new(&self.place.run, window, position, feed);
        let ended = run.until_the_end(channels, &mut interrupts, &stop, || children.check()).await;
        stop.store(true, Ordering::Relaxed);
        let is_hurried = interrupts.hurry();
        threads.join(&is_hurried);
        telemetry::end(telemetry).await;
        for name in children.stop(LEAVE, &is_hurried) {
            eprintln!("the service {name} did not leave in order; see {}", self.place.folder.display());
        }
        Ok(self.report(ended, joined(reader, READ)))
    }

    fn report(&self, ended: run::Ended, (counts, read): (Counts, Result<(), Error>)) -> Report {
        let run::Ended { report, rows, failure } = ended;
        let failure = failure.as_ref().map(with_causes);
        Report {
            failure: failure.or_else(|| read.as_ref().err().map(with_causes)),
            namespace: self.place.namespace.clone(),
            rows_read: counts.read,
            rows_ordered: rows.ordered,
            rows_returned: rows.returned,
            rows_refused: counts.refused,
            rows_not_fed: counts.read.saturating_sub(counts.refused + rows.ordered + rows.returned),
            refused_by_reason: counts.refused_by_reason,
            refused_file: self.place.refused().display().to_string(),
            ..report
        }
    }
}

/// Everybody outside of the services who publishes something.
pub(super) fn outside(
    settings: &settings::Settings,
    cluster: &Cluster,
    telemetry: &Telemetry,
) -> Result<Outside, Error> {
    let publisher = |service| Publisher::connect(service, settings, telemetry);
    Ok(Outside {
        till: publisher("site")?,
        desk: publisher("customers")?,
        dock: publisher("warehouse")?,
        broken_till: BrokenTill::new(cluster)?,
    })
}

pub(super) fn intake(options: &Options, place: &Place) -> Result<Intake<BufWriter<File>>, Error> {
    // Listed before anything is written, so that no run reads what it writes.
    let files = match &options.orders {
        Some(orders) => place.files(orders)?,
        None => vec![sample(&place.folder).map_err(place.set_up())?],
    };
    let file = File::create(place.refused()).map_err(place.set_up())?;
    let refused = Refused::new(BufWriter::new(file)).map_err(intake::Error::from)?;
    Ok(Intake::of(files, refused))
}

/// The topics of events with the dead letters', and all that the services need.
pub(super) fn topics(manifests: &[Manifest]) -> (BTreeSet<String>, BTreeSet<String>) {
    let all: BTreeSet<String> =
        manifests.iter().flat_map(|manifest| &manifest.topics).map(|topic| topic.name.clone()).collect();
    let events = all.iter().filter(|topic| topic.strip_suffix(".retry").is_none()).cloned().collect();
    (events, all)
}

/// What a thread reads: invoices, and at its end the counts, however it ended.
type Reader = JoinHandle<(Counts, Result<(), intake::Error>)>;

/// Reads invoices on a thread of its own, until nobody wants more.
fn read(mut intake: Intake<BufWriter<File>>) -> io::Result<(mpsc::Receiver<Invoice>, Reader)> {
    let (tell, invoices) = mpsc::channel(INVOICES);
    let reader = thread::Builder::new().name("intake".to_owned()).spawn(move || {
        let read = loop {
            match intake.next() {
                Some(Ok(invoice)) => {
                    if tell.blocking_send(invoice).is_err() {
                        break Ok(());
                    }
                }
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        (intake.counts().clone(), read)
    })?;
    Ok((invoices, reader))
}

/// What the reader came to, once it was told to stop; a panic goes on.
fn joined(reader: Reader, wait: Duration) -> (Counts, Result<(), Error>) {
    let until = Instant::now() + wait;
    while !reader.is_finished() {
        if Instant::now() >= until {
            return (Counts::default(), Err(Error::Unread));
        }
        thread::sleep(EVERY);
    }
    match reader.join() {
        Ok((counts, read)) => (counts, read.map_err(Error::from)),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// An error with its causes.
fn with_causes(error: &impl std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The sample that ships with the shop, written where the run leaves its files.
fn sample(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(SAMPLE);
    crate::sample::write(File::create(&path)?)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> Place {
        Place { run: "r".to_owned(), namespace: "n".to_owned(), folder: folder.to_owned() }
    }

    #[test]
    fn what_the_shop_writes_is_not_read_as_orders() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let at = |name| folder.path().join(name);
        for name in ["orders.csv", "refused.csv", "sample.csv"] {
            fs::write(at(name), "a row without its header\n").expect("written");
        }
        fs::hard_link(at("refused.csv"), at("also-refused.csv")).expect("linked");
        let options = Options { orders: Some(folder.path().join(".")), ..Options::default() };
        let mut intake = intake(&options, &place(folder.path())).expect("opens");
        assert!(intake.next().is_none());
        assert_eq!(intake.counts().read, 1);
        let refused = fs::read_to_string(at("refused.csv")).expect("read");
        drop(intake);
        assert!(refused.contains("orders.csv,1,no_header"), "{refused}");
    }

    #[test]
    fn orders_that_the_run_would_write_over_are_left_alone() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let refused = folder.path().join("refused.csv");
        fs::write(&refused, "of an earlier run").expect("written");
        for (orders, wanted) in
            [(refused.clone(), "refused.csv"), (folder.path().to_owned(), "holds no orders")]
        {
            let options = Options { orders: Some(orders), ..Options::default() };
            let error = intake(&options, &place(folder.path())).map(drop).expect_err("refused");
            assert!(with_causes(&error).contains(wanted), "{error}");
        }
        assert_eq!(fs::read_to_string(refused).expect("read"), "of an earlier run");
    }

    #[test]
    fn a_reader_that_waits_for_bytes_is_not_waited_for() {
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let reader = thread::spawn(move || {
            let _ended = wait.recv();
            (Counts::default(), Ok(()))
        });
        assert!(matches!(joined(reader, Duration::ZERO), (_, Err(Error::Unread))));
        drop(end);
    }
}
