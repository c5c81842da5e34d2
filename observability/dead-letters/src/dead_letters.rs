//! The dead letters of a namespace, found and looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use choreograph::settings::Settings;
use choreograph::wire::AUDIT_TOPIC;
use choreograph_topology::Manifest;
use uuid::Uuid;

use crate::action::{Action, Actions};
use crate::contracts::{Contracts, dead_letter_topic};
use crate::error::Error;
use crate::filter::Filter;
use crate::kafka::{AUDIT_SETTINGS, Connection, End, Log, Ranges, Topics};
use crate::known::Known;
use crate::letter::DeadLetter;
use crate::limits::{MAX_ACTIONS, MAX_CHOSEN, MAX_READ};
use crate::list::{Cursor, List, Pager};
use crate::retries::Retries;
use crate::watch::{Progress, Stage, Watch};

/// The dead letters of one namespace.
///
/// Everything here blocks its thread; in an async program call it where blocking is allowed. Several values may act at
/// the same time, in one process or many: on one dead-letter topic the last one to begin ends the others
/// ([`Error::Fenced`]), and nothing is done twice.
#[derive(Debug)]
pub struct DeadLetters {
    pub(crate) connection: Connection,
    pub(crate) topics: Topics,
    pub(crate) contracts: Option<Contracts>,
    pub(crate) retries: Retries,
    /// The dead-letter topics of the manifests; `None` where there are no manifests, and the brokers are asked.
    declared: Option<Vec<String>>,
    known: Known,
}

/// Dead letters that are to be acted upon.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// By topic without the namespace, then by place.
    pub(crate) places: BTreeMap<String, BTreeMap<(i32, i64), Uuid>>,
    ids: HashSet<Uuid>,
}

impl Chosen {
    /// Adds the dead letter `id` at a place that is known from elsewhere; what lies there is compared before it is acted
    /// upon. `topic` is without the namespace.
    ///
    /// A dead letter that was written twice is acted upon once: of the places of one id the first that is named counts,
    /// and of several ids at one place the last.
    pub fn add(&mut self, topic: &str, partition: i32, offset: i64, id: Uuid) {
        if !self.ids.insert(id) {
            return;
        }
        if !self.places.contains_key(topic) {
            self.places.insert(topic.to_owned(), BTreeMap::new());
        }
        let places = self.places.get_mut(topic);
        if let Some(other) = places.and_then(|places| places.insert((partition, offset), id)) {
            self.ids.remove(&other);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The dead-letter topics they are on, without the namespace, and how many on each.
    pub fn topics(&self) -> impl Iterator<Item = (&str, usize)> {
        self.places.iter().map(|(topic, places)| (topic.as_str(), places.len()))
    }
}

impl DeadLetters {
    /// Connects to where `settings` say. With manifests their dead-letter topics are looked at, and replays are held
    /// against what their steps read; without, the brokers are asked for topics, and nothing can be checked.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] or [`Error::Client`] when the settings make no client, [`Error::Contract`] when a schema in a
    /// manifest is none.
    pub fn open(settings: &Settings, manifests: &[Manifest]) -> Result<Self, Error> {
        let connection = Connection::new(settings)?;
        let contracts = Contracts::of(manifests, settings.max_event_bytes)?;
        let declared = || {
            let steps = manifests.iter().flat_map(|manifest| &manifest.steps);
            let mut topics: Vec<_> = steps.map(dead_letter_topic).collect();
            topics.sort_unstable();
            topics.dedup();
            topics
        };
        let declared = (!manifests.is_empty()).then(declared);
        let retries = Retries::of(manifests);
        let known = Known::of(manifests);
        Ok(Self { topics: Topics::new(&connection)?, connection, contracts, retries, declared, known })
    }

    /// Whether there are manifests, against which replays are held.
    pub fn can_check(&self) -> bool {
        self.contracts.is_some()
    }

    /// One page of the fitting dead letters, newest first: at most `limit` (and [`MAX_PAGE`](crate::MAX_PAGE), and
    /// [`MAX_PAGE_BYTES`](crate::MAX_PAGE_BYTES)) behind `after`. Their values are there where `filter` asks for payloads.
    ///
    /// # Errors
    ///
    /// What reading the topics says.
    pub fn list(
        &self,
        filter: &Filter,
        limit: usize,
        after: Option<Cursor>,
        watch: &mut dyn Watch,
    ) -> Result<List, Error> {
        let mut pager = Pager::new(limit, after, filter.payloads);
        let strangers = self.look(filter, watch, &mut |letter| {
            pager.take(letter);
            Ok(())
        })?;
        Ok(pager.finish(strangers))
    }

    /// One dead letter, open or not.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or what reading the topics says.
    pub fn one(&self, id: Uuid, watch: &mut dyn Watch) -> Result<DeadLetter, Error> {
        let mut found = None;
        self.look(&Filter::id(id), watch, &mut |letter| {
            found.get_or_insert(letter);
            Ok(())
        })?;
        found.ok_or_else(|| Error::NotFound(vec![id]))
    }

    /// The fitting dead letters, to be acted upon: of ids that `filter` names, every one.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for ids that nobody knows, [`Error::TooMany`] beyond [`MAX_CHOSEN`], or what reading the topics
    /// says.
    pub fn choose(&self, filter: &Filter, watch: &mut dyn Watch) -> Result<Chosen, Error> {
        let mut chosen = Chosen::default();
        let prefix = self.connection.prefix();
        self.look(filter, watch, &mut |letter| {
            if chosen.len() == MAX_CHOSEN {
                let advice = "act on fewer at a time, by step or by time";
                return Err(Error::TooMany {
                    what: "dead letters are chosen",
                    limit: MAX_CHOSEN as u64,
                    advice,
                });
            }
            let record = &letter.record;
            let topic = record.topic.strip_prefix(&prefix).unwrap_or(&record.topic);
            chosen.add(topic, record.partition, record.offset, letter.id);
            Ok(())
        })?;
        let missing: Vec<Uuid> = filter.ids.iter().copied().filter(|id| !chosen.ids.contains(id)).collect();
        // Who is told to stop has not seen all.
        if missing.is_empty() || watch.cancelled() { Ok(chosen) } else { Err(Error::NotFound(missing)) }
    }

    /// Hands every fitting dead letter to `each`, in the order of their topics, each once however often it was written.
    /// Returns how many records on dead-letter topics are none.
    ///
    /// # Errors
    ///
    /// What reading the topics says, and what `each` does; [`Error::UnknownName`] where `filter` names a step that neither
    /// a manifest, a topic nor a dead letter has, an event type that neither a manifest nor a dead letter has, or a reason that
    /// there is not; [`Error::NoTopics`] where none of the declared topics is there.
    pub fn look(
        &self,
        filter: &Filter,
        watch: &mut dyn Watch,
        each: &mut dyn FnMut(DeadLetter) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let mut actions = self.actions(End::Stable, None, watch)?;
        let (mut done, mut strangers) = (0_u64, 0_u64);
        let mut seen = HashSet::new();
        let logs = self.logs()?;
        let mut known = self.known_with(&logs);
        let sizes =
            logs.iter().flat_map(|(_, ranges)| ranges.values()).map(|(from, to)| (to - from).max(0) as u64);
        let total = sizes.sum();
        for (topic, ranges) in &logs {
            let mut log = Log::ranges(&self.connection, topic, ranges)?;
            while let Some(record) = log.next()? {
                done += 1;
                watch.told(Progress { stage: Stage::Letters, done, total });
                if watch.cancelled() {
                    return Ok(strangers);
                }
                if done > MAX_READ {
                    let advice =
                        "delete old records of the dead-letter topics, or look at one service's manifest";
                    return Err(Error::TooMany { what: "dead letters", limit: MAX_READ, advice });
                }
                let Some(mut letter) = DeadLetter::read(record) else {
                    strangers += 1;
                    continue;
                };
                known.see(&letter, filter);
                if seen.insert(letter.id) {
                    letter.actions = actions.remove(&letter.id).unwrap_or_default();
                    if filter.fits(&letter) {
                        each(letter)?;
                    }
                }
            }
        }
        known.check(filter)?;
        Ok(strangers)
    }

    /// What is declared, and without manifests the steps after which the topics are named.
    fn known_with(&self, logs: &[(String, Ranges)]) -> Known {
        let mut known = self.known.clone();
        if self.declared.is_none() {
            let prefix = self.connection.prefix();
            let own = logs.iter().map(|(topic, _)| topic.strip_prefix(&prefix).unwrap_or(topic));
            own.for_each(|topic| known.add_step(self.retries.step(topic)));
        }
        known
    }

    /// The dead-letter topics that there are, as the brokers name them, and where each partition starts and ends.
    fn logs(&self) -> Result<Vec<(String, Ranges)>, Error> {
        let names = match &self.declared {
            Some(declared) => declared.clone(),
            None => self.topics.dead_letters()?,
        };
        let full = names.iter().map(|name| self.connection.full(name));
        let logs: Vec<(String, Ranges)> = full
            .map(|name| self.topics.ends(&name, End::Stable).map(|ends| (name, ends)))
            .collect::<Result<_, Error>>()?;
        match logs.first() {
            // Who looks in the wrong place would be told that nothing is open.
            Some((topic, _)) if logs.iter().all(|(_, ranges)| ranges.is_empty()) => {
                Err(Error::NoTopics { topic: topic.clone() })
            }
            _ => Ok(logs),
        }
    }

    /// What operators did, with the dead letters of `of` or with all of them. A missing audit topic tells of nothing.
    pub(crate) fn actions(
        &self,
        end: End,
        of: Option<&HashSet<Uuid>>,
        watch: &mut dyn Watch,
    ) -> Result<Actions, Error> {
        let mut log = Log::whole(&self.connection, &self.topics, &self.audit_topic(), end)?;
        let mut actions: HashMap<Uuid, Vec<Action>> = HashMap::new();
        let (mut done, mut kept) = (0, 0);
        while let Some(record) = log.next()? {
            done += 1;
            watch.told(Progress { stage: Stage::Actions, done, total: log.total() });
            let Some((letter, action)) = Action::read(&record) else { continue };
            if of.is_none_or(|of| of.contains(&letter)) {
                kept += 1;
                if kept > MAX_ACTIONS {
                    let advice = "this tool keeps no more of them in memory";
                    return Err(Error::TooMany {
                        what: "actions on the audit topic",
                        limit: MAX_ACTIONS as u64,
                        advice,
                    });
                }
                actions.entry(letter).or_default().push(action);
            }
        }
        Ok(actions)
    }

    /// The audit topic's name on the brokers.
    pub fn audit_topic(&self) -> Arc<str> {
        self.connection.full(AUDIT_TOPIC).into()
    }

    /// Makes the audit topic; returns whether it was not there.
    ///
    /// # Errors
    ///
    /// When a right is missing or no broker answers.
    pub fn create_audit_topic(&self) -> Result<bool, Error> {
        self.topics.create_audit(&self.audit_topic())
    }

    /// Whether the audit topic, where it is there, still tells of all that was ever done, and will.
    pub(crate) fn check_memory(&self) -> Result<(), Error> {
        let topic = self.audit_topic().to_string();
        match self.topics.forgets(&topic)? {
            Some(why) => Err(Error::Forgets { topic, why }),
            None => Ok(()),
        }
    }

    /// Whether everything is there that an action needs which replays to `retry_topics` (without the namespace).
    pub(crate) fn check_topics(&self, retry_topics: &BTreeSet<String>) -> Result<(), Error> {
        let audit = self.audit_topic();
        if !self.topics.exists(&audit)? {
            let settings = AUDIT_SETTINGS.map(|(name, value)| format!("{name}={value}")).join(", ");
            return Err(Error::MissingTopic { topic: audit.to_string(), settings });
        }
        for retry in retry_topics.iter().map(|retry| self.connection.full(retry)) {
            if !self.topics.exists(&retry)? {
                let settings = "one partition: it is the step's own, from which it reads its replays";
                return Err(Error::MissingTopic { topic: retry, settings: settings.to_owned() });
            }
        }
        Ok(())
    }
}
