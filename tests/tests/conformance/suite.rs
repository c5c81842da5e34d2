//! Runs every case on a platform and says which promises it keeps.

use std::{
    any::Any,
    collections::BTreeMap,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use super::{Platform, Promise, cases};

/// One case of the suite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What it shows.
    pub(crate) name: &'static str,
    /// The promises that it holds the platform to.
    pub(crate) promises: &'static [Promise],
    /// Runs it; it panics where a promise is broken.
    pub(crate) run: fn(&mut dyn Platform),
}

/// What became of the cases on one platform.
#[derive(Debug)]
pub(crate) struct Outcome {
    platform: String,
    /// By promise: why it cannot be kept here, or the cases with what broke.
    cannot: BTreeMap<Promise, &'static str>,
    cases: Vec<(Case, Result<(), String>, u128)>,
}

/// Cases that run at once: most of a case on Kafka is waiting for groups, retries and outages.
const AT_ONCE: usize = 4;

/// Runs every case for whose promises the platform stands, each on a platform of its own, some at once.
pub(crate) fn run(platform: &str, make: impl Fn(&Case) -> Box<dyn Platform> + Sync) -> Outcome {
    let probe = make(&cases::ALL[0]);
    let cannot: BTreeMap<_, _> =
        Promise::ALL.into_iter().filter_map(|promise| Some((promise, probe.cannot(promise)?))).collect();
    drop(probe);
    let runnable: Vec<&Case> = cases::ALL
        .iter()
        .filter(|case| !case.promises.iter().any(|promise| cannot.contains_key(promise)))
        .collect();
    let (next, ended) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = runnable.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begin = Instant::now();
                    let result = run_case(case, || make(case));
                    let ms = begin.elapsed().as_millis();
                    ended.lock().unwrap_or_else(PoisonError::into_inner).push((**case, result, ms));
                }
            });
        }
    });
    let mut cases = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    cases.sort_by_key(|(case, ..)| runnable.iter().position(|listed| listed.name == case.name));
    Outcome { platform: platform.to_owned(), cannot, cases }
}

fn run_case(case: &Case, make: impl FnOnce() -> Box<dyn Platform>) -> Result<(), String> {
    let mut platform = make();
    let ended = catch_unwind(AssertUnwindSafe(|| (case.run)(&mut *platform)));
    ended.map_err(|panic| {
        let journal = catch_unwind(AssertUnwindSafe(|| platform.journal())).unwrap_or_default();
        format!("{}\n{journal}", text(panic.as_ref()))
    })
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&'static str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a text")
}

impl Outcome {
    /// Which promise is kept, by which cases, in how many milliseconds.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{} keeps:\n", self.platform);
        for promise in Promise::ALL {
            let verdict = if let Some(reason) = self.cannot.get(&promise) {
                format!("not here: {reason}")
            } else {
                let cases = self.cases.iter().filter(|(case, ..)| case.promises.contains(&promise));
                cases
                    .map(|(case, result, ms)| {
                        format!("{}{} ({ms} ms)", if result.is_ok() { "" } else { "BROKEN: " }, case.name)
                    })
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            // Writing to a string does not fail.
            let _written = writeln!(table, "  {promise:<16} {verdict}");
        }
        table
    }

    /// Prints the table and fails where a promise was broken or never put to the test.
    ///
    /// # Panics
    ///
    /// With every broken case, and what happened in it.
    pub(crate) fn assert_kept(&self) {
        println!("{}", self.table());
        let mut broken = String::new();
        for (case, result, _) in &self.cases {
            if let Err(why) = result {
                let _written = writeln!(broken, "case {:?}: {why}", case.name);
            }
        }
        assert!(broken.is_empty(), "{} breaks its promises:\n{broken}\n{}", self.platform, self.table());
        for promise in Promise::ALL.into_iter().filter(|promise| !self.cannot.contains_key(promise)) {
            let tried = self.cases.iter().any(|(case, ..)| case.promises.contains(&promise));
            assert!(tried, "{}: no case puts the promise {promise} to the test", self.platform);
        }
    }
}
