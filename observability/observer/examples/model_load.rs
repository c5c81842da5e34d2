//! What the observer's model costs: events a second on one core, bytes an instance, and the time of its answers.
//!
//! Run with: `taskset -c 0 cargo run --release -p choreograph-observer --example model_load -- 1000000`
//!
//! The number is that of instances, each with ten events in a chain of ten types; a thousand go on at any time. Every
//! 60,000 records (two seconds at 30,000 a second) groups and ends are told and the model ticks. Making the records up
//! is not counted, ticks are. Then everything is saved while more is told, 256 records under one lock as the
//! observer does, with the making up counted in both figures; then what was told meanwhile, then a hundredth that changed;
//! and that is loaded again.
//!
//! With `open` behind the number, all instances stand still after five events, at a step whose group commits nothing; then it
//! looks and ticks ten times while somebody asks, and tells how long who asks waits.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use choreograph_observer::answer::InstanceState;
use choreograph_observer::fact::{Committed, Ends, GroupState, Groups, PartitionEnds, Record};
use choreograph_observer::model::{InstanceFilter, Model, ModelSettings};
use choreograph_observer::{Saved, Shared, StateFolder};
use choreograph_topology::Manifest;

const EVENTS: u64 = 10;
const AT_ONCE: u64 = 1_000;
const PARTITIONS: u64 = 12;
const BETWEEN_LOOKS: u64 = 60_000;
const START: u64 = 1_767_225_600_000;
/// Records that are told under one lock.
const UNDER_ONE_LOCK: u64 = 256;
/// One instance in so many is changed before a save.
const CHANGED: usize = 100;
/// The events of an instance that stays open.
const OPEN_EVENTS: u64 = 5;
/// How often is looked while somebody asks.
const OPEN_LOOKS: usize = 10;
/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(5);
/// For how long is told without a save.
const WITHOUT: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let instances: u64 = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let before = resident()?;
    let mut load = Load::new(instances)?;
    if std::env::args().nth(2).is_some_and(|text| text == "open") {
        load.last = OPEN_EVENTS;
        load.run();
        return load.ask_while_all_are_open();
    }
    load.run();
    let bytes = resident()?.saturating_sub(before);
    let events = instances * EVENTS;
    println!("{instances} instances, {events} events");
    println!(
        "{:.0} events/s (looks and ticks are {:.1} % of the time)",
        events as f64 / load.spent.as_secs_f64(),
        load.in_looks.as_secs_f64() / load.spent.as_secs_f64() * 100.0
    );
    println!("{:.0} bytes an instance, {} MiB resident", bytes as f64 / instances as f64, resident()? >> 20);
    load.ask();
    load.save_and_load()
}

/// The log, which is made up as it is told.
struct Load {
    shared: Shared,
    instances: u64,
    /// How many of its events each instance comes to.
    last: u64,
    next: [[i64; PARTITIONS as usize]; EVENTS as usize],
    now: u64,
    spent: Duration,
    in_looks: Duration,
}

impl Load {
    fn new(instances: u64) -> Result<Self, Box<dyn std::error::Error>> {
        let steps: Vec<String> = (0..EVENTS - 1)
            .map(|at| {
                let next = at + 1;
                format!(
                    r#"{{ "name": "s{at}", "group": "chain.s{at}",
                    "consumes": [{{ "type": "e{at}", "major": 1, "topic": "t{at}", "schema": true }}],
                    "emits": [{{ "type": "e{next}", "version": "1.0", "topic": "t{next}", "schema": true,
                                 "terminal": {} }}] }}"#,
                    next == EVENTS - 1
                )
            })
            .collect();
        let text = format!(
            r#"{{ "manifest": 1, "service": "chain", "steps": [{}], "publishes": [{{ "type": "e0", "version": "1.0",
            "topic": "t0", "external": true, "starts_workflow": "chain", "schema": true }}] }}"#,
            steps.join(",")
        );
        let mut model = Model::new(ModelSettings::default());
        model.manifests(&[Manifest::read("chain.json", text.as_bytes())?], START);
        let next = [[0; PARTITIONS as usize]; EVENTS as usize];
        Ok(Self {
            shared: Shared::new(model),
            instances,
            last: EVENTS,
            next,
            now: START,
            spent: Duration::ZERO,
            in_looks: Duration::ZERO,
        })
    }

    fn run(&mut self) {
        let mut told = 0;
        for turn in 0..self.instances + (EVENTS - 1) * AT_ONCE {
            for event in 0..self.last {
                if let Some(instance) = turn.checked_sub(event * AT_ONCE).filter(|it| *it < self.instances) {
                    self.tell(instance, event);
                    told += 1;
                    if told % BETWEEN_LOOKS == 0 {
                        self.look();
                    }
                }
            }
        }
        self.look();
        self.look();
    }

    fn tell(&mut self, instance: u64, event: u64) {
        let (shared, now) = (self.shared.clone(), self.now);
        let mut spent = Duration::ZERO;
        self.record(instance, event, |record| {
            let begin = Instant::now();
            shared.write(|model| model.record(record, now));
            spent = begin.elapsed();
        });
        self.spent += spent;
    }

    /// Makes the next record up.
    fn record(&mut self, instance: u64, event: u64, tell: impl FnOnce(&Record<'_>)) {
        let id = uuid(instance, event);
        let correlation = uuid(instance, 0);
        let cause = uuid(instance, event.saturating_sub(1));
        let workflow = format!("name=chain;started={START};hops={event}");
        let trace = format!("00-{:032x}-{:016x}-01", instance + 1, event + 1);
        let (event_type, topic) = (format!("e{event}.v1"), format!("t{event}"));
        let source = format!("chain/s{}", event.saturating_sub(1));
        let key = format!("order-{instance}");
        let headers = [
            ("traceparent", trace.as_str()),
            ("ce_specversion", "1.0"),
            ("ce_id", &id),
            ("ce_source", &source),
            ("ce_type", &event_type),
            ("ce_time", "2026-01-01T00:00:00.000Z"),
            ("ce_dataschema", "urn:contract:e/1.0"),
            ("ce_correlationid", &correlation),
            ("content-type", "application/json"),
            ("wf", &workflow),
            ("ce_causationid", &cause),
        ];
        let partition = instance % PARTITIONS;
        let next = &mut self.next[event as usize][partition as usize];
        let record = Record {
            topic: &topic,
            partition: partition as i32,
            offset: *next,
            timestamp: Some(self.now),
            key: Some(key.as_bytes()),
            headers: &headers[..if event == 0 { 10 } else { 11 }],
            value_bytes: 300,
            tombstone: false,
        };
        *next += 1;
        tell(&record);
    }

    /// Every step has handled everything, but that at which open instances stand.
    fn look(&mut self) {
        self.now += 2_000;
        let ends = |event: u64| (0..PARTITIONS).map(move |partition| (event, partition));
        let all = (0..EVENTS).flat_map(ends);
        let committed =
            all.clone().filter(|(event, _)| *event < EVENTS - 1).map(|(event, partition)| Committed {
                group: format!("chain.s{event}").into(),
                topic: format!("t{event}").into(),
                partition: partition as i32,
                offset: Some(if event + 1 == self.last {
                    0
                } else {
                    self.next[event as usize][partition as usize]
                }),
                progress: None,
            });
        let states = (0..EVENTS - 1).map(|event| (format!("chain.s{event}").into(), GroupState::Stable));
        let groups = Groups { at: self.now, committed: committed.collect(), states: states.collect() };
        let partitions = all.map(|(event, partition)| PartitionEnds {
            topic: format!("t{event}").into(),
            partition: partition as i32,
            start: 0,
            end: self.next[event as usize][partition as usize],
        });
        let ends = Ends { at: self.now + 1, partitions_at: self.now + 1, partitions: partitions.collect() };
        let begin = Instant::now();
        self.shared.write(|model| {
            model.groups(&groups);
            model.ends(&ends);
        });
        self.shared.tick(self.now + 2);
        self.spent += begin.elapsed();
        self.in_looks += begin.elapsed();
    }

    /// Looks while somebody asks, and tells how long who asks waits, and for an answer.
    fn ask_while_all_are_open(mut self) -> Result<(), Box<dyn std::error::Error>> {
        let (shared, now) = (self.shared.clone(), self.now);
        let over = AtomicBool::new(false);
        let (mut waits, mut answers, mut looks) = (Vec::new(), Vec::new(), Vec::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                looks.extend((0..OPEN_LOOKS).map(|_| timed(|| self.look()).1));
                over.store(true, Ordering::Relaxed);
            });
            let filters = open_filters();
            for filter in filters.iter().cycle().take_while(|_| !over.load(Ordering::Relaxed)) {
                waits.push(timed(|| shared.read(|_| ())).1);
                answers.push(timed(|| shared.read(|model| _ = black_box(model.instances(filter, now)))).1);
                std::thread::sleep(ASK_EVERY);
            }
        });
        println!("{} instances are open, {} MiB resident", self.instances, resident()? >> 20);
        for (what, mut times) in
            [("a look and its tick", looks), ("a wait for the lock", waits), ("an answered filter", answers)]
        {
            times.sort_unstable();
            let ms = |at: usize| times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
            println!(
                "{what}: median {:.1} ms, slowest of {} {:.1} ms",
                ms(times.len() / 2),
                times.len(),
                ms(times.len().saturating_sub(1))
            );
        }
        Ok(())
    }

    fn ask(&self) {
        let now = self.now + 10;
        self.shared.read(|model| self.ask_model(model, now));
    }

    fn ask_model(&self, model: &Model, now: u64) {
        let time = |what: &str, question: &dyn Fn()| {
            let begin = Instant::now();
            question();
            println!("{what}: {:.1} ms", begin.elapsed().as_secs_f64() * 1_000.0);
        };
        let all = InstanceFilter::default();
        let completed =
            InstanceFilter { states: vec![InstanceState::Completed], ..InstanceFilter::default() };
        let none = InstanceFilter { error: Some("refused".to_owned()), ..InstanceFilter::default() };
        let id = uuid(self.instances / 2, 0);
        let key = format!("order-{}", self.instances / 3);
        time("list of all", &|| _ = black_box(model.instances(&all, now)));
        time("list of the completed", &|| _ = black_box(model.instances(&completed, now)));
        time("list by error", &|| _ = black_box(model.instances(&none, now)));
        time("one instance", &|| _ = black_box(model.instance(&id, now)));
        time("found by key", &|| _ = black_box(model.find(&key, now)));
        time("overview", &|| _ = black_box(model.overview(now)));
        time("picture", &|| _ = black_box(model.workflow("chain", now)));
    }

    /// Saves everything while more is told, then what a hundredth of the instances changed, and loads it again.
    fn save_and_load(mut self) -> Result<(), Box<dyn std::error::Error>> {
        let folder = std::env::temp_dir().join(format!("model_load.{}", std::process::id()));
        let saved = self.save_twice(&folder);
        drop(self);
        let loaded = saved.and_then(|()| load(&folder));
        std::fs::remove_dir_all(&folder)?;
        loaded
    }

    fn save_twice(&mut self, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let (state, shared) = (StateFolder::new(folder)?, self.shared.clone());
        let mut next = self.instances;
        let begin = Instant::now();
        let without = self.tell_while(&mut next, || begin.elapsed() < WITHOUT);
        let over = AtomicBool::new(false);
        let (saved, with) = std::thread::scope(|scope| {
            let saver = scope.spawn(|| {
                let saved = timed(|| state.save(&shared));
                over.store(true, Ordering::Relaxed);
                saved
            });
            let with = self.tell_while(&mut next, || !over.load(Ordering::Relaxed));
            (saver.join(), with)
        });
        let (saved, took) = saved.map_err(|_| "saving panicked")?;
        tell_save("everything, while facts came in", &saved?, took, folder)?;
        for (what, (events, time, longest)) in [("without", without), ("with", with)] {
            println!(
                "{what} a save under way: {:.0} events/s told, the longest wait of {UNDER_ONE_LOCK} {:.1} ms",
                events as f64 / time.as_secs_f64(),
                longest.as_secs_f64() * 1_000.0
            );
        }
        let (saved, took) = timed(|| state.save(&shared));
        tell_save("what was told meanwhile", &saved?, took, folder)?;
        for instance in (0..next).rev().take(self.instances as usize).step_by(CHANGED) {
            self.tell(instance, EVENTS - 1);
        }
        let (saved, took) = timed(|| state.save(&shared));
        tell_save("the last event of each hundredth, seen again", &saved?, took, folder)?;
        println!("resident: {} MiB, at most {} MiB", resident()? >> 20, peak()? >> 20);
        Ok(())
    }

    /// Tells whole instances for as long as it is to: how many events, in what time, and the longest that
    /// [`UNDER_ONE_LOCK`] of them took.
    fn tell_while(&mut self, next: &mut u64, go_on: impl Fn() -> bool) -> (u64, Duration, Duration) {
        let (begin, mut events, mut longest) = (Instant::now(), 0, Duration::ZERO);
        while go_on() {
            let batch = Instant::now();
            let shared = self.shared.clone();
            shared.write(|model| {
                for _ in 0..UNDER_ONE_LOCK / EVENTS {
                    let now = self.now;
                    (0..EVENTS)
                        .for_each(|event| self.record(*next, event, |record| model.record(record, now)));
                    *next += 1;
                }
            });
            events += UNDER_ONE_LOCK / EVENTS * EVENTS;
            longest = longest.max(batch.elapsed());
        }
        (events, begin.elapsed(), longest)
    }
}

/// Loads what was saved.
fn load(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let state = StateFolder::new(folder)?;
    let (loaded, took) = timed(|| state.load(&ModelSettings::default()));
    let (model, notice) = loaded?;
    println!(
        "loaded {} instances in {:.1} s{}",
        model.overview(START).instances,
        took.as_secs_f64(),
        notice.unwrap_or_default()
    );
    Ok(())
}

/// What a page asks for.
fn open_filters() -> [InstanceFilter; 5] {
    let all = InstanceFilter::default;
    [
        all(),
        InstanceFilter { states: vec![InstanceState::Stalled], ..all() },
        InstanceFilter { step: Some(format!("chain/s{}", OPEN_EVENTS - 1)), ..all() },
        InstanceFilter { error: Some("refused".to_owned()), ..all() },
        InstanceFilter { key: Some("order-7".to_owned()), ..all() },
    ]
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    (work(), begin.elapsed())
}

fn tell_save(what: &str, saved: &Saved, took: Duration, folder: &Path) -> std::io::Result<()> {
    let mut file = 0;
    for entry in std::fs::read_dir(folder)? {
        file += entry?.metadata()?.len();
    }
    println!(
        "saved {what}: {} instances and {} forgotten, {} MiB in {:.1} s, the file has {} MiB",
        saved.instances,
        saved.forgotten,
        saved.bytes >> 20,
        took.as_secs_f64(),
        file >> 20
    );
    Ok(())
}

/// An id that looks like those on the wire.
fn uuid(instance: u64, event: u64) -> String {
    let mixed = (instance * EVENTS + event + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-8{:03x}-a{:03x}-{:012x}",
        mixed >> 32,
        mixed & 0xffff,
        event,
        instance & 0xfff,
        instance
    )
}

/// The most memory that was resident at any time, in bytes.
fn peak() -> Result<usize, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? << 10)
}

/// The process's resident memory, in bytes.
fn resident() -> Result<usize, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = text.split(' ').nth(1).ok_or("no resident pages")?.parse()?;
    Ok(pages * 4_096)
}
