//! The model's parts, and what it is told beside records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use choreograph_topology::Manifest;

use super::cut::Cut;
use super::declared::{AllNames, Declared, Role};
use super::flows::Flows;
use super::groups::Group;
use super::kept::List;
use super::letters::Letters;
use super::places::Places;
use super::rate::{Rate, Sketch};
use super::repeats::Repeats;
use super::room::Forgetting;
use super::save::saved;
use super::saving::Stamp;
use super::settings::{MAX_PROBLEMS, ModelSettings};
use super::store::Store;
use super::tally::Tally;
use super::tick::Round;
use crate::answer::AsOf;
use crate::fact::{self, Millis};

/// The projection of facts: what it was told, and what follows. The [module](super) says how it is told and asked.
#[derive(Debug)]
pub struct Model {
    pub(super) settings: ModelSettings,
    /// The Kafka of which everything is; `None` where nobody told.
    pub(super) cluster: Option<Box<str>>,
    pub(super) names: AllNames,
    pub(super) declared: Declared,
    /// When each step was first declared; zero for those that were declared from the beginning.
    pub(super) declared_since: BTreeMap<Arc<str>, Millis>,
    /// Whether manifests were ever told.
    pub(super) was_declared: bool,
    /// Tells whether the manifests changed since the last save.
    pub(super) fingerprint: u64,
    pub(super) places: Places,
    /// By the number of their names.
    pub(super) groups: Vec<Group>,
    pub(super) cut: Cut,
    pub(super) store: Store,
    pub(super) letters: Letters,
    /// What commits told of that no instance was found for yet.
    pub(super) repeats: Repeats,
    pub(super) forgetting: Forgetting,
    /// The save that the file holds of it; `None` before the first.
    pub(super) saved_as: Option<Stamp>,
    /// Whether all instances are to be looked at by the next tick.
    pub(super) looks_again: bool,
    pub(super) flows: Flows,
    /// How long steps take, from an event to what it caused.
    pub(super) sketches: BTreeMap<u16, Sketch>,
    /// How long each step may take, as of the last tick.
    pub(super) deadlines: Vec<Millis>,
    /// By workflow.
    pub(super) lately: BTreeMap<u16, Lately>,
    /// Instances that go on.
    pub(super) open: Vec<u32>,
    /// The tick under way.
    pub(super) round: Option<Round>,
    /// Instances of which only side steps owe, each with its turn; one with an older turn counts no more.
    pub(super) aside: Vec<(u32, u32)>,
    /// Where the turn through them is.
    pub(super) aside_at: usize,
    pub(super) tally: Tally,
    pub(super) aside_tally: Tally,
    pub(super) aside_next: Tally,
    pub(super) unreadable: u64,
    /// Declared topics that are not read now, as far as the driver has said.
    pub(super) unseen: BTreeSet<u16>,
    pub(super) problems: Vec<String>,
    pub(super) generation: u64,
    /// When the newest commits were fetched, of whichever group.
    pub(super) looked_at: Millis,
    /// The time of the oldest record that was seen.
    pub(super) watching_since: Millis,
    /// When finished instances were last looked through.
    pub(super) aged_at: Millis,
}

/// What happened in a workflow lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Lately {
    pub(super) started: Rate,
    pub(super) finished: Rate,
    pub(super) durations: Sketch,
}

saved!(Lately { started, finished, durations });

/// Steps declared later than the first ones owe nothing for events that are older than this before; a manifest that
/// was only told late is not taken for a new step.
const DECLARED_LATE_MS: Millis = 10 * 60 * 1_000;

impl Model {
    /// A model that was told nothing yet.
    pub fn new(settings: ModelSettings) -> Self {
        Self {
            settings,
            cluster: None,
            names: AllNames::default(),
            declared: Declared::default(),
            declared_since: BTreeMap::new(),
            was_declared: false,
            fingerprint: 0,
            places: Places::default(),
            groups: Vec::new(),
            cut: Cut::default(),
            store: Store::default(),
            letters: Letters::default(),
            repeats: Repeats::default(),
            forgetting: Forgetting::default(),
            saved_as: None,
            looks_again: false,
            flows: Flows::default(),
            sketches: BTreeMap::new(),
            deadlines: Vec::new(),
            lately: BTreeMap::new(),
            open: Vec::new(),
            round: None,
            aside: Vec::new(),
            aside_at: 0,
            tally: Tally::default(),
            aside_tally: Tally::default(),
            aside_next: Tally::default(),
            unreadable: 0,
            unseen: BTreeSet::new(),
            problems: Vec::new(),
            generation: 0,
            looked_at: 0,
            watching_since: 0,
            aged_at: 0,
        }
    }

    /// Tells all that is declared now; it replaces what was declared before. Steps that are declared no longer owe
    /// nothing.
    pub fn manifests(&mut self, manifests: &[Manifest], now: Millis) {
        let since = if self.was_declared { now.saturating_sub(DECLARED_LATE_MS) } else { 0 };
        // A folder that is still empty declares nothing: what comes into it was not declared late.
        self.was_declared |= !manifests.is_empty();
        for manifest in manifests {
            for step in &manifest.steps {
                self.declare_since(&format!("{}/{}", manifest.service, step.name), &step.group, since);
            }
        }
        let before = std::mem::take(&mut self.declared);
        self.declared = Declared::of(manifests, &mut self.names, &self.declared_since);
        if self.declared.topics != before.topics && !before.topics.is_empty() {
            self.cut.begin_again();
        }
        if self.declared.fingerprint != self.fingerprint {
            self.fingerprint = self.declared.fingerprint;
            self.generation += 1;
            self.rename_steps();
            self.looks_again = true;
        }
    }

    /// Takes down since when a step is declared: under its name, or with its group under another.
    fn declare_since(&mut self, title: &str, group: &str, since: Millis) {
        let keys = [Arc::<str>::from(title), format!("group {group}").into()];
        let known = keys.iter().filter_map(|key| self.declared_since.get(key)).min().copied();
        for key in keys {
            self.declared_since.insert(key, known.unwrap_or(since));
        }
    }

    /// What a step wrote under a name that is declared no longer is that of the step which reads and writes there now.
    fn rename_steps(&mut self) {
        for slot in self.store.slots().collect::<Vec<_>>() {
            let notes = self.store.instances[slot].notes();
            let renamed: Vec<(usize, u16)> = notes
                .iter()
                .enumerate()
                .filter(|(_, note)| self.declared.step(note.step).is_none())
                .filter_map(|(at, note)| match self.declared.role(self.places.get(note.place).topic) {
                    Role::Retry(step) | Role::DeadLetters(step) => Some((at, step)),
                    Role::Events | Role::Audit => None,
                })
                .collect();
            if renamed.is_empty() {
                continue;
            }
            self.store.before_change(slot);
            for (at, step) in renamed {
                self.store.more(slot).notes[at].step = step;
            }
        }
    }

    /// Tells the id of the Kafka cluster whose facts are told from now on. What is known of another one, from the state file,
    /// is forgotten, what is declared as well; whether that was so.
    pub fn follows(&mut self, cluster: &str) -> bool {
        let is_other = self.cluster.as_deref().is_some_and(|known| known != cluster);
        if is_other {
            let generation = self.generation + 1;
            *self = Self { generation, ..Self::new(self.settings.clone()) };
        }
        self.cluster = Some(cluster.into());
        is_other
    }

    /// The topics to read: declared inputs and outputs, retry and dead-letter topics, the audit topic. Without the
    /// namespace, ordered.
    pub fn topics(&self) -> Vec<Arc<str>> {
        self.declared.topics.iter().map(Arc::clone).collect()
    }

    /// Tells which of the [topics](Self::topics) are not read, wholly or in part: because there are none of these names
    /// yet, or because brokers refuse them. A step that may have emitted there, or set something aside, has not lost it.
    pub fn unseen<'t>(&mut self, topics: impl IntoIterator<Item = &'t str>) {
        let unseen = topics.into_iter().filter_map(|topic| self.names.topics.find(topic)).collect();
        if self.unseen != unseen {
            self.unseen = unseen;
            self.generation += 1;
            self.looks_again = true;
        }
    }

    /// The groups to ask about, and the topics (retry topics too) for which their committed offsets are wanted.
    pub fn groups_wanted(&self) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        let wanted = self.declared.groups.iter();
        wanted.map(|(group, topics)| (Arc::clone(group), topics.iter().map(Arc::clone).collect())).collect()
    }

    /// The offset at which reading goes on; `None` where nothing was read yet: begin at the log's start.
    pub fn next_offset(&self, topic: &str, partition: i32) -> Option<i64> {
        let place = self.places.find(self.names.topics.find(topic)?, partition)?;
        self.places.get(place).next()
    }

    /// Whether a partition ends before it ended before, or before what was read when the ends were
    /// [asked for](Self::ends_asked_for), as it does without data loss only where the topic was deleted and made anew: once
    /// these ends are told, it is to be read from its beginning.
    pub fn is_made_anew(&self, ends: &fact::PartitionEnds) -> bool {
        let place = self.names.topics.find(&ends.topic);
        let place = place.and_then(|topic| self.places.find(topic, ends.partition));
        place.is_some_and(|place| self.places.get(place).is_made_anew(ends))
    }

    /// Tells that everything below `next` was read, whether there was a record or not: the marks of transactions take
    /// offsets too, and without this the model would wait for a record that never comes. To be told at each end of a
    /// partition.
    pub fn read_to(&mut self, topic: &str, partition: i32, next: i64) {
        let topic = self.names.topics.of(topic);
        if let Some(place) = self.places.of(topic, partition) {
            self.places.get_mut(place).read_to(next);
        }
    }

    /// Tells that ends are being fetched from now on: no log ends before what was read until now, unless it is another.
    pub fn ends_asked_for(&mut self) {
        self.places.ends_asked_for();
    }

    /// Tells that a topic does not exist: one that is made of the same name is read from its beginning.
    pub fn topic_is_gone(&mut self, topic: &str) {
        if let Some(topic) = self.names.topics.find(topic) {
            self.places.topic_is_gone(topic);
            self.cut.let_go(|place| self.places.get(place).topic == topic);
            self.generation += 1;
        }
    }

    /// Tells the ends of all partitions, fetched after the groups that were told last.
    pub fn ends(&mut self, ends: &fact::Ends) {
        let mut targets = Vec::with_capacity(ends.partitions.len());
        let mut anew = Vec::new();
        for partition in &ends.partitions {
            let topic = self.names.topics.of(&partition.topic);
            if let Some(place) = self.places.of(topic, partition.partition) {
                anew.extend(self.places.get(place).is_made_anew(partition).then_some(place));
                self.places.told(place, partition, ends.at);
                targets.push((place, partition.end));
            }
        }
        self.cut.let_go(|place| anew.contains(&place));
        self.cut.ends(ends.at, ends.partitions_at, targets);
        self.generation += 1;
    }

    /// Tells committed offsets and the states of groups.
    pub fn groups(&mut self, groups: &fact::Groups) {
        for committed in groups.committed.iter().filter(|committed| committed.progress.is_some()) {
            group_mut(&mut self.groups, self.names.groups.of(&committed.group)).tells = true;
        }
        let mut settled = Vec::with_capacity(groups.committed.len());
        // The groups that have committed anything, and whether more than before.
        let mut commits: BTreeMap<u16, bool> = BTreeMap::new();
        for committed in &groups.committed {
            let number = self.names.groups.of(&committed.group);
            let topic = self.names.topics.of(&committed.topic);
            let Some(place) = self.places.of(topic, committed.partition) else { continue };
            let group = group_mut(&mut self.groups, number);
            group.looked_at = group.looked_at.max(groups.at);
            let commit = group.commits.entry(place).or_default();
            let moves = commit.told(committed, self.places.get(place).reach(), group.tells, groups.at);
            if commit.offset.is_some() {
                *commits.entry(number).or_default() |= moves;
            }
            let repeated = committed.progress.as_ref().map_or(&[][..], |it| &it.repeated);
            self.repeats.told((number, place), repeated, groups.at);
            let (offset, runs) = commit.settled_now();
            settled.push((number, place, offset, runs));
        }
        for (name, state) in &groups.states {
            let number = self.names.groups.of(name);
            let (moves, commits) = (commits.get(&number) == Some(&true), commits.contains_key(&number));
            let group = group_mut(&mut self.groups, number);
            group.looked_at = group.looked_at.max(groups.at);
            group.told(*state, moves, commits, groups.at);
        }
        self.cut.groups(groups.at, settled);
        self.looked_at = self.looked_at.max(groups.at);
        self.generation += 1;
    }

    /// Tells what the driver cannot see now, each in a sentence, for
    /// [`Overview::problems`](crate::answer::Overview::problems); it replaces what was told before. At most
    /// [`MAX_PROBLEMS`] are kept.
    pub fn problems(&mut self, mut problems: Vec<String>) {
        problems.truncate(MAX_PROBLEMS);
        if self.problems != problems {
            self.problems = problems;
            self.generation += 1;
        }
    }

    /// When the newest commits were fetched that it was told; zero before any.
    pub(crate) fn looked_at(&self) -> Millis {
        self.looked_at
    }

    /// Grows with every change of anything that can be asked for.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Has an instance that changed looked at by the next tick.
    pub(super) fn reopen(&mut self, slot: u32) {
        self.store.instances[slot].settled = List::Open;
        self.look_again(slot);
    }

    /// Has an instance looked at by the next tick.
    pub(super) fn look_again(&mut self, slot: u32) {
        let instance = &mut self.store.instances[slot];
        if instance.list != List::Open {
            instance.list = List::Open;
            self.open.push(slot);
        }
    }

    /// A group that was asked about or declared.
    pub(super) fn group(&self, number: u16) -> Option<&Group> {
        self.groups.get(usize::from(number))
    }

    /// How long a step may take.
    pub(super) fn deadline(&self, step: u16) -> Millis {
        self.deadlines.get(usize::from(step)).copied().unwrap_or(self.settings.deadline_floor_ms)
    }

    /// How far the observer has read.
    pub(super) fn as_of(&self, now: Millis) -> AsOf {
        AsOf { now, behind_ms: now.saturating_sub(self.cut.proved_at), caught_up: self.cut.caught_up }
    }
}

fn group_mut(groups: &mut Vec<Group>, number: u16) -> &mut Group {
    let at = usize::from(number);
    if groups.len() <= at {
        groups.resize_with(at + 1, Group::default);
    }
    &mut groups[at]
}
