//! The looking thread: manifests, topics, groups and ends, every two seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use choreograph::wire::AUDIT_TOPIC;
use choreograph_topology::Manifest;

use super::client::Clients;
use super::ends::{self, Topic};
use super::groups::Groups;
use super::hollow::Hollow;
use super::keep::Keeper;
use super::problems::{About, Problems};
use super::reading::Failed;
use super::stop::Stop;
use super::{OWN_GROUP, Partition, client::Reader, prefix, reading};
use crate::fact::{self, Ends, Millis, PartitionEnds};
use crate::manifests::Manifests;
use crate::model::Model;
use crate::state_folder::StateFolder;
use crate::{Options, Shared, clock};

/// How often topics are looked at again for new ones and for new partitions, in milliseconds.
const TOPICS_EVERY: Millis = 5_000;

/// Topics that are followed; further ones are told of as a problem.
const MAX_TOPICS: usize = 5_000;

/// The shortest pause between two looks, where a look takes as long as they are apart.
const MIN_PAUSE: Duration = Duration::from_millis(200);

/// For so long everything that was there may be unread until it is told why reading failed, in milliseconds: the client
/// tries again by itself.
const UNREAD_TOLD_MS: Millis = 10_000;

/// The wait before a new client is made in place of one that can do nothing more.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The threads that follow a Kafka. They end when it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Begins to follow the Kafka of `options` into `shared`.
    pub(crate) fn start(
        options: &Options,
        shared: Shared,
        state: Option<StateFolder>,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let mut looking = Looking::new(options, shared, state, Arc::clone(&stop));
        let thread = thread::Builder::new().name("observer look".to_owned()).spawn(move || looking.run())?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Whether its threads run.
    pub(crate) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends it, with a last save where state is kept. Waits for what is under way: some seconds at most.
    pub(crate) fn stop(&mut self) {
        self.stop.say();
        if let Some(thread) = self.thread.take() {
            // One that has panicked has told why.
            drop(thread.join());
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the looking thread keeps.
struct Looking {
    shared: Shared,
    clients: Clients,
    prefix: String,
    manifests: Manifests,
    given: Vec<Manifest>,
    groups: Groups,
    hollow: Hollow,
    problems: Problems,
    /// What is read, as of the last look at topics.
    partitions: BTreeSet<Partition>,
    /// Whether that is all that there is of what is declared: until the brokers have told, nothing is proved.
    topics_told: bool,
    /// When topics are to be looked at again.
    topics_due: Millis,
    /// When their partitions were last asked for, and all were told.
    partitions_at: Millis,
    /// Whether the model knows which Kafka this is.
    cluster_told: bool,
    keeper: Option<Keeper>,
    every: Duration,
    stop: Arc<Stop>,
}

impl Looking {
    fn new(options: &Options, shared: Shared, state: Option<StateFolder>, stop: Arc<Stop>) -> Self {
        let prefix = prefix(options.settings.namespace.as_deref());
        let clients = Clients::new(&options.settings.kafka);
        let own = format!("{prefix}{OWN_GROUP}");
        Self {
            shared,
            manifests: Manifests::new(options.manifests.clone()),
            given: options.given.clone(),
            groups: Groups::new(clients.clone(), &prefix),
            hollow: Hollow::new(clients.clone(), &prefix, &own),
            problems: Problems::default(),
            partitions: BTreeSet::new(),
            topics_told: false,
            topics_due: 0,
            partitions_at: 0,
            cluster_told: false,
            keeper: state.map(|state| Keeper::new(state, options.save_every)),
            every: options.look_every,
            clients,
            prefix,
            stop,
        }
    }

    /// Follows until it is told to stop, with saves beside it and a last one at the end.
    fn run(&mut self) {
        let Some(keeper) = self.keeper.take() else { return self.follow_on(None) };
        let (shared, stop) = (self.shared.clone(), Arc::clone(&self.stop));
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("observer keep".to_owned());
            if let Err(error) = thread.spawn_scoped(scope, || keeper.run(&shared, &stop)) {
                self.problems.of(About::State, [format!("no thread can be started: {error}")]);
            }
            self.follow_on(Some(&keeper));
        });
        keeper.save(&self.shared);
    }

    /// Follows, with a new client whenever one can do nothing more.
    fn follow_on(&mut self, keeper: Option<&Keeper>) {
        self.declare(true);
        while !self.stop.is_said() {
            let own = format!("{}{OWN_GROUP}", self.prefix);
            match self.clients.reader(&own).and_then(|reader| Ok((reader, self.clients.asker(&own)?))) {
                Ok((reader, asker)) => self.follow(&reader, &asker, keeper),
                Err(error) => self.problems.of(About::Client, [error.to_string()]),
            }
            self.problems.tell(&self.shared);
            if !self.stop.is_said() {
                self.stop.wait(AGAIN_AFTER);
            }
        }
    }

    /// Reads with `reader` on a thread of its own, and looks, until it is told to stop or the client has failed.
    fn follow(&mut self, reader: &Reader, asker: &Reader, keeper: Option<&Keeper>) {
        self.problems.of(About::Client, []);
        self.partitions.clear();
        (self.topics_told, self.topics_due) = (false, 0);
        let ended = Arc::new(AtomicBool::new(false));
        let (shared, prefix, stop) = (self.shared.clone(), self.prefix.clone(), Arc::clone(&ended));
        let failed = Failed::default();
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("observer read".to_owned());
            let told = &failed;
            let read = thread.spawn_scoped(scope, move || {
                // Whatever ends reading, a panic too, ends looking.
                let _ended = Ended(Arc::clone(&stop));
                reading::read(reader, &shared, &prefix, told, &stop)
            });
            match read {
                Ok(read) => {
                    // Whatever ends looking, a panic too, ends reading.
                    let looks = Ended(Arc::clone(&ended));
                    while !self.stop.is_said() && !ended.load(Ordering::Relaxed) {
                        let begun = Instant::now();
                        let behind = self.shared.read(|model| model.overview(clock::now()).as_of.behind_ms);
                        if behind <= UNREAD_TOLD_MS {
                            self.problems.of(About::Cluster, []);
                        }
                        let mut refused: Vec<String> = self.hollow.refused().collect();
                        if refused.is_empty() {
                            refused.extend(failed.reason(behind <= UNREAD_TOLD_MS));
                        }
                        self.problems.of(About::Reading, refused);
                        self.turn(reader, asker, keeper);
                        // What a look takes belongs to the time between two.
                        self.stop.wait(self.every.saturating_sub(begun.elapsed()).max(MIN_PAUSE));
                    }
                    drop(looks);
                    let failed = match read.join() {
                        Ok(done) => done.err().map(|error| format!("the Kafka client failed: {error}")),
                        Err(_) => Some("reading failed at a record, and is begun again".to_owned()),
                    };
                    self.problems.of(About::Client, failed);
                }
                Err(error) => self.problems.of(About::Client, [format!("no thread can be started: {error}")]),
            }
        });
    }

    /// One look at everything.
    fn turn(&mut self, reader: &Reader, asker: &Reader, keeper: Option<&Keeper>) {
        self.declare(false);
        if clock::now() >= self.topics_due {
            self.tell_cluster(asker);
        }
        if !self.topics_told {
            self.look_for_topics(reader, asker);
        }
        let unread = if self.topics_told { self.look_at_groups_and_ends(reader, asker) } else { Vec::new() };
        if let Some(keeper) = keeper {
            self.problems.of(About::State, keeper.problem());
        }
        self.problems.tell(&self.shared);
        self.shared.tick(clock::now());
        // Last, for it may wait for seconds: what it finds is for the next look.
        self.pass_over_hollow_ends(&unread);
    }

    /// Tells the model which Kafka is followed, once it answers: the last save may be of another one.
    fn tell_cluster(&mut self, asker: &Reader) {
        if self.cluster_told {
            return;
        }
        let Some(cluster) = ends::cluster(asker) else { return };
        self.cluster_told = true;
        if self.shared.write(|model| model.follows(&cluster)) {
            let told = "the state was of another Kafka cluster, and is forgotten: give each its own folder";
            self.problems.of(About::Cluster, [told.to_owned()]);
            self.declare(true);
        }
    }

    /// Tells the model what is declared, if that has changed.
    fn declare(&mut self, first: bool) {
        if !self.manifests.look() && !first {
            return;
        }
        self.problems.of(About::Manifests, self.manifests.problems().map(str::to_owned));
        let all: Vec<Manifest> = self.given.iter().chain(self.manifests.good()).cloned().collect();
        self.shared.write(|model| model.manifests(&all, clock::now()));
        (self.topics_told, self.topics_due) = (false, 0);
    }

    /// Reads what is new, and reads no longer what is gone.
    fn look_for_topics(&mut self, reader: &Reader, asker: &Reader) {
        let began = clock::now();
        let wanted = self.shared.read(Model::topics);
        let mut faults = Vec::new();
        if wanted.len() > MAX_TOPICS {
            faults.push(format!(
                "{} topics are declared, and no more than {MAX_TOPICS} are read",
                wanted.len()
            ));
        }
        let (mut found, mut gone) = (BTreeSet::new(), Vec::new());
        let mut unseen: Vec<&str> = wanted.iter().skip(MAX_TOPICS).map(|topic| &**topic).collect();
        for topic in wanted.iter().take(MAX_TOPICS) {
            match ends::topic(asker, &format!("{}{topic}", self.prefix)) {
                Ok(Topic::Partitions(numbers, more)) => {
                    if more > 0 {
                        unseen.push(topic);
                        faults.push(format!("topic {}{topic}: {more} partitions are not read", self.prefix));
                    }
                    found.extend(
                        numbers.into_iter().map(|number| Partition { topic: Arc::clone(topic), number }),
                    );
                }
                Ok(Topic::Gone) => gone.push(topic),
                Ok(Topic::Refused(why)) => {
                    unseen.push(topic);
                    faults.push(format!("topic {}{topic}: {why}", self.prefix));
                }
                Err(error) => {
                    self.topics_due = 0;
                    self.problems.of(About::Brokers, [format!("no broker tells of topics: {error}")]);
                    return;
                }
            }
        }
        // That of actions is made with the first action of an operator.
        for topic in gone.iter().filter(|topic| ****topic != *AUDIT_TOPIC) {
            faults.push(format!("topic {}{topic}: it does not exist", self.prefix));
        }
        self.problems.of(About::Topics, faults);
        unseen.extend(gone.iter().map(|topic| &***topic));
        self.shared.write(|model| model.unseen(unseen));
        self.topics_told = self.change_to(reader, found);
        if self.topics_told {
            self.partitions_at = began;
        }
        if self.topics_told && !gone.is_empty() {
            self.shared.write(|model| gone.iter().for_each(|topic| model.topic_is_gone(topic)));
        }
    }

    /// Reads just these partitions. Whether that could be begun.
    fn change_to(&mut self, reader: &Reader, found: BTreeSet<Partition>) -> bool {
        let gone: Vec<Partition> = self.partitions.difference(&found).cloned().collect();
        let new: Vec<Partition> = found.difference(&self.partitions).cloned().collect();
        if !gone.is_empty()
            && let Err(error) = reading::unassign(reader, &gone, &self.prefix)
        {
            self.problems.of(About::Topics, [format!("partitions cannot be let go: {error}")]);
            return false;
        }
        self.partitions.retain(|partition| found.contains(partition));
        let done = self.take_up(reader, &new);
        if done {
            self.partitions = found;
        }
        done
    }

    /// Reads partitions, each from where the model wants to go on. Whether that could be begun.
    fn take_up(&mut self, reader: &Reader, partitions: &[Partition]) -> bool {
        if partitions.is_empty() {
            return true;
        }
        let starts: Vec<(Partition, Option<i64>)> = self.shared.read(|model| {
            let next = |it: &Partition| (it.clone(), model.next_offset(&it.topic, it.number));
            partitions.iter().map(next).collect()
        });
        let done = reading::assign(reader, &starts, &self.prefix);
        if let Err(error) = &done {
            self.problems.of(About::Topics, [format!("partitions cannot be taken up: {error}")]);
        }
        done.is_ok()
    }

    /// Commits first, then ends, which it gives: what the commits speak of lies below the ends. Between the two, every now
    /// and then, the partitions: those that were made before the commits are then among the ends, and what lies there is
    /// not taken for missing.
    fn look_at_groups_and_ends(&mut self, reader: &Reader, asker: &Reader) -> Vec<PartitionEnds> {
        let wanted = self.groups_wanted();
        let at = clock::now();
        let answers = self.groups.ask(&wanted);
        let failed = answers.failed.iter().map(|(group, why)| format!("group {}{group}: {why}", self.prefix));
        self.problems.of(About::Groups, failed);
        let groups = fact::Groups { at, committed: answers.committed, states: answers.states };

        let now = clock::now();
        if now >= self.topics_due {
            self.topics_due = now.saturating_add(TOPICS_EVERY);
            self.look_for_topics(reader, asker);
            if !self.topics_told {
                self.tell_groups_alone(&groups);
                return Vec::new();
            }
        }
        let asked_at = clock::now();
        self.shared.write(Model::ends_asked_for);
        let partitions: Vec<Partition> = self.partitions.iter().cloned().collect();
        match ends::ends(asker, &partitions, &self.prefix) {
            Ok(Some(found)) => {
                self.problems.of(About::Brokers, []);
                let ends = Ends { at: asked_at, partitions_at: self.partitions_at, partitions: found };
                let anew = self.let_go_what_was_made_anew(reader, &ends.partitions);
                self.shared.write(|model| {
                    model.groups(&groups);
                    model.ends(&ends);
                });
                self.take_up(reader, &anew);
                return ends.partitions;
            }
            Ok(None) => {
                self.tell_groups_alone(&groups);
                self.topics_due = 0;
                self.problems
                    .of(About::Brokers, ["a partition has no broker that tells where it ends".to_owned()]);
            }
            Err(error) => {
                self.tell_groups_alone(&groups);
                self.topics_due = 0;
                self.problems.of(About::Brokers, [format!("no broker tells where topics end: {error}")]);
            }
        }
        Vec::new()
    }

    /// Without ends nothing is proved, but what stands still is seen all the same.
    fn tell_groups_alone(&self, groups: &fact::Groups) {
        if !groups.committed.is_empty() {
            self.shared.write(|model| model.groups(groups));
        }
    }

    /// Reads no longer what ends before it ended before, which are other logs of the same names: they are read from
    /// their beginnings once the model knows, and what is read until then it would take for told before.
    fn let_go_what_was_made_anew(&mut self, reader: &Reader, found: &[PartitionEnds]) -> Vec<Partition> {
        let anew: Vec<Partition> = self.shared.read(|model| {
            let anew = found.iter().filter(|ends| model.is_made_anew(ends));
            anew.map(|ends| Partition { topic: Arc::clone(&ends.topic), number: ends.partition }).collect()
        });
        if !anew.is_empty()
            && let Err(error) = reading::unassign(reader, &anew, &self.prefix)
        {
            self.problems.of(About::Topics, [format!("partitions cannot be let go: {error}")]);
        }
        anew
    }

    /// Each step's group, with the partitions that it reads.
    fn groups_wanted(&self) -> BTreeMap<Arc<str>, Vec<Partition>> {
        let wanted = self.shared.read(Model::groups_wanted);
        let partitions_of = |topic: &Arc<str>| {
            let first = Partition { topic: Arc::clone(topic), number: i32::MIN };
            self.partitions.range(first..).take_while(|one| one.topic == *topic).cloned().collect::<Vec<_>>()
        };
        wanted
            .into_iter()
            .map(|(group, topics)| (group, topics.iter().flat_map(partitions_of).collect()))
            .collect()
    }

    /// Tells the model of ends that no record will bring it to.
    fn pass_over_hollow_ends(&mut self, found: &[PartitionEnds]) {
        let unread = self.shared.read(|model| {
            let next = |ends: &PartitionEnds| {
                let next = model.next_offset(&ends.topic, ends.partition).unwrap_or(0).max(ends.start);
                let partition = Partition { topic: Arc::clone(&ends.topic), number: ends.partition };
                (next < ends.end).then_some((partition, (next, ends.end)))
            };
            found.iter().filter_map(next).collect()
        });
        for (partition, end) in self.hollow.find(unread) {
            self.shared.write(|model| model.read_to(&partition.topic, partition.number, end));
        }
    }
}

/// Says that one of the two has ended, when it is dropped.
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
