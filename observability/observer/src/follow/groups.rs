//! What groups have committed, and how they are. Waits for brokers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use choreograph::wire;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::Partition;
use super::client::{Clients, Reader};
use super::foreign::foreign;
use crate::fact::{Committed, GroupState, Held, Progress, Repeated};

/// Groups that are asked about: each costs a client with its threads. Further ones are told of as a problem.
pub const MAX_GROUPS: usize = 500;

/// Groups that are asked about at the same time.
const AT_ONCE: usize = 8;

/// The longest wait for one answer of a broker.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Errors that a client has for whoever polls it, looked through for why it gives no answer.
const MAX_ERRORS: usize = 100;

/// Looks that pass before a broker that tells no states is asked for them again.
const STATES_AGAIN_AFTER: u32 = 30;

/// One client for each group, made when the group is first asked about and kept: none of them joins.
pub(super) struct Groups {
    clients: Clients,
    prefix: String,
    readers: BTreeMap<Arc<str>, GroupReader>,
    /// Looks to go until states are asked for again; 0 asks.
    states_in: u32,
}

/// The client that asks about one group.
struct GroupReader {
    reader: Reader,
    /// Whether brokers refuse to tell who coordinates the group.
    refused: AtomicBool,
}

/// What became of asking about groups.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) committed: Vec<Committed>,
    pub(super) states: Vec<(Arc<str>, GroupState)>,
    /// The groups that could not be asked about, with the reason.
    pub(super) failed: Vec<(Arc<str>, String)>,
}

/// What one group answered.
struct Answer {
    committed: Result<Vec<Committed>, String>,
    state: Option<GroupState>,
}

impl Groups {
    pub(super) fn new(clients: Clients, prefix: &str) -> Self {
        Self { clients, prefix: prefix.to_owned(), readers: BTreeMap::new(), states_in: 0 }
    }

    /// Asks about each group what it has committed for `partitions`, and how it is.
    pub(super) fn ask(&mut self, wanted: &BTreeMap<Arc<str>, Vec<Partition>>) -> Answers {
        let mut answers = Answers::default();
        self.readers.retain(|group, _| wanted.contains_key(group));
        for group in wanted.keys().skip(MAX_GROUPS) {
            answers
                .failed
                .push((Arc::clone(group), format!("no more than {MAX_GROUPS} groups are asked about")));
        }
        for group in wanted.keys().take(MAX_GROUPS) {
            if self.readers.contains_key(group) {
                continue;
            }
            match self.clients.reader(&format!("{}{group}", self.prefix)) {
                Ok(reader) => {
                    let reader = GroupReader { reader, refused: AtomicBool::new(false) };
                    self.readers.insert(Arc::clone(group), reader);
                }
                Err(error) => answers.failed.push((Arc::clone(group), error.to_string())),
            }
        }
        let with_states = self.states_in == 0;
        for (group, answer) in self.ask_all(wanted, with_states) {
            answers.take(group, answer);
        }
        let told = answers.states.iter().any(|(_, state)| *state != GroupState::Unknown);
        self.states_in = match (with_states, told || answers.states.is_empty()) {
            (true, true) => 0,
            (true, false) => STATES_AGAIN_AFTER,
            (false, _) => self.states_in - 1,
        };
        answers
    }

    /// Asks [`AT_ONCE`] groups at a time.
    fn ask_all(
        &self,
        wanted: &BTreeMap<Arc<str>, Vec<Partition>>,
        with_states: bool,
    ) -> Vec<(Arc<str>, Answer)> {
        let work: Vec<(&Arc<str>, &GroupReader)> = self.readers.iter().collect();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(work.len())));
        let ask = || {
            while let Some((group, reader)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                let partitions = wanted.get(*group).map_or(&[][..], Vec::as_slice);
                let committed = committed(&reader.reader, group, partitions, &self.prefix);
                let committed = reader.in_words(committed);
                // Who does not answer the one question is not asked the other: each waits for its time limit.
                let asks = with_states && committed.is_ok();
                let state = asks.then(|| state(&reader.reader, &format!("{}{group}", self.prefix)));
                let answer = Answer { committed, state };
                done.lock().unwrap_or_else(PoisonError::into_inner).push((Arc::clone(group), answer));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..AT_ONCE.min(work.len()) {
                scope.spawn(ask);
            }
            ask();
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroupReader {
    /// Says in words why there is no answer. Whoever may not describe a group waits for one in vain: librdkafka looks for
    /// its coordinator again and again, and tells why only whoever polls, and only once.
    fn in_words<T>(&self, answer: Result<T, KafkaError>) -> Result<T, String> {
        if answer.is_ok() {
            self.refused.store(false, Ordering::Relaxed);
        }
        answer.map_err(|error| {
            let told = std::iter::from_fn(|| self.reader.poll(Duration::ZERO)).take(MAX_ERRORS);
            let refusal = RDKafkaErrorCode::GroupAuthorizationFailed;
            if told.filter_map(Result::err).any(|error| error.rdkafka_error_code() == Some(refusal)) {
                self.refused.store(true, Ordering::Relaxed);
            }
            let timed_out = error.rdkafka_error_code() == Some(RDKafkaErrorCode::OperationTimedOut);
            if timed_out && self.refused.load(Ordering::Relaxed) {
                words(&KafkaError::MessageConsumption(refusal))
            } else {
                words(&error)
            }
        })
    }
}

impl Answers {
    fn take(&mut self, group: Arc<str>, answer: Answer) {
        match answer.committed {
            Ok(committed) => self.committed.extend(committed),
            // Of what cannot be asked about the last that was heard holds.
            Err(why) => return self.failed.push((group, why)),
        }
        self.states.push((group, answer.state.unwrap_or(GroupState::Unknown)));
    }
}

/// What a group has committed for each of `partitions`.
fn committed(
    reader: &Reader,
    group: &Arc<str>,
    partitions: &[Partition],
    prefix: &str,
) -> Result<Vec<Committed>, KafkaError> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(&partition.full(prefix), partition.number);
    }
    let list = reader.committed_offsets(list, ANSWER_WITHIN)?;
    let mut committed = Vec::with_capacity(partitions.len());
    for (element, partition) in list.elements().iter().zip(partitions) {
        element.error()?;
        let offset = match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        // Somebody else's metadata may be any bytes: then there is none.
        let metadata = foreign(|| element.metadata().to_owned()).unwrap_or_default();
        let progress = offset.and_then(|offset| wire::Progress::read(&metadata, offset)).map(progress);
        let (group, topic) = (Arc::clone(group), Arc::clone(&partition.topic));
        committed.push(Committed { group, topic, partition: partition.number, offset, progress });
    }
    Ok(committed)
}

/// What stands beside a commit, as the model is told it.
fn progress(read: wire::Progress) -> Progress {
    let held = read.held.iter().map(|held| Held {
        offset: held.offset,
        attempts: held.attempts,
        due: held.due,
        first_failed_at: held.first_failed_at,
        outage: held.outage,
    });
    let repeated = read.repeated.iter().map(|it| Repeated {
        offset: it.offset,
        attempts: it.attempts,
        first_failed_at: it.first_failed_at,
        settled_at: it.settled_at,
    });
    Progress { held: held.collect(), repeated: repeated.collect(), settled: read.settled }
}

/// How a group is. `group` is its name on the broker.
fn state(reader: &Reader, group: &str) -> GroupState {
    let Ok(list) = reader.fetch_group_list(Some(group), ANSWER_WITHIN) else { return GroupState::Unknown };
    let found = foreign(|| {
        let of = list.groups().iter().find(|found| found.name() == group);
        of.map(|found| (found.state().to_owned(), found.members().len()))
    });
    match found {
        Some(Some((word, members))) => of_word(&word, members),
        Some(None) => GroupState::Dead,
        None => GroupState::Unknown,
    }
}

/// The state that the broker's word stands for.
fn of_word(word: &str, members: usize) -> GroupState {
    match word {
        "Stable" if members > 0 => GroupState::Stable,
        "Stable" | "Empty" => GroupState::Empty,
        "PreparingRebalance" | "CompletingRebalance" | "AwaitingSync" | "Assigning" | "Reconciling" => {
            GroupState::Rebalancing
        }
        "Dead" => GroupState::Dead,
        _ => GroupState::Unknown,
    }
}

/// An error in words for people.
fn words(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
            "the right to describe it is missing (GROUP_AUTHORIZATION_FAILED): grant it to the observer's user".to_owned()
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
            "the right to describe one of its topics is missing (TOPIC_AUTHORIZATION_FAILED)".to_owned()
        }
        Some(code) => code.to_string(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_off_the_brokers_words() {
        assert_eq!(of_word("Stable", 2), GroupState::Stable);
        assert_eq!(of_word("Stable", 0), GroupState::Empty);
        assert_eq!(of_word("PreparingRebalance", 1), GroupState::Rebalancing);
        assert_eq!(of_word("Reconciling", 1), GroupState::Rebalancing);
        assert_eq!(of_word("Dead", 0), GroupState::Dead);
        assert_eq!(of_word("Napping", 1), GroupState::Unknown);
    }
}
