//! Dead letters, with their words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::id::Id;
use super::kept_bytes::BadState;
use super::room::text_bytes;
use super::save::{In, Saved, saved};
use super::turns::{Change, Turns};
use crate::fact::Millis;

/// The most actions that are kept of one dead letter.
const MAX_ACTIONS: usize = 20;
/// The share of all bytes of dead letters that actions on unseen ones may take: one in so many.
const UNSEEN_SHARE: usize = 4;
/// The share of the unseen ones that goes at once where there are too many: one in so many.
const ROOM_SHARE: usize = 64;
/// What the indexes take for one, in bytes.
const INDEXED: usize = 64;

/// A dead letter.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) id: Box<str>,
    pub(super) step: u16,
    pub(super) workflow: u16,
    pub(super) instance: Option<Box<str>>,
    pub(super) event: Option<Box<str>>,
    pub(super) event_type: Option<Box<str>>,
    pub(super) key: Option<Box<str>>,
    pub(super) reason: u16,
    pub(super) error: Box<str>,
    /// The error with numbers and ids taken out.
    pub(super) kind: Box<str>,
    pub(super) violations: Option<Box<str>>,
    pub(super) contract: Option<Box<str>>,
    pub(super) failed_at: Millis,
    pub(super) attempts: u32,
    pub(super) replays: u32,
    pub(super) topic: u16,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) origin: Option<Box<str>>,
    pub(super) trace: Option<(u64, u64)>,
    pub(super) actions: Vec<Action>,
}

saved!(Letter {
    id,
    step,
    workflow,
    instance,
    event,
    event_type,
    key,
    reason,
    error,
    kind,
    violations,
    contract,
    failed_at,
    attempts,
    replays,
    topic,
    partition,
    offset,
    origin,
    trace,
    actions
});

/// What an operator did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) id: Box<str>,
    /// `replayed`, `edited` or `discarded`.
    pub(super) deed: Box<str>,
    pub(super) by: Box<str>,
    pub(super) at: Millis,
}

saved!(Action { id, deed, by, at });

impl Letter {
    /// What it takes, in bytes.
    fn bytes(&self) -> usize {
        let texts =
            [&self.instance, &self.event, &self.event_type, &self.key, &self.violations, &self.contract];
        let texts =
            texts.into_iter().chain([&self.origin]).flatten().chain([&self.id, &self.error, &self.kind]);
        size_of::<Self>()
            + INDEXED
            + texts.map(|text| text_bytes(text)).sum::<usize>()
            + actions_bytes(&self.actions)
    }

    /// Whether nobody has replayed or discarded it yet.
    pub(super) fn is_open(&self) -> bool {
        self.actions.is_empty()
    }
}

/// How much may be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Dead letters, and as many of which only an action was seen yet.
    pub(super) letters: usize,
    /// What all of them may take, in bytes.
    pub(super) bytes: usize,
}

/// All dead letters that are kept.
#[derive(Debug, Default)]
pub(super) struct Letters {
    by_id: HashMap<Id, Letter>,
    /// By time, for pages and for what goes first.
    by_time: BTreeSet<(Millis, Id)>,
    /// Actions on dead letters that were not seen yet. Most are of letters that retention took.
    unseen: BTreeMap<Id, Vec<Action>>,
    /// What these take, in bytes.
    unseen_bytes: usize,
    /// When the newest of those was done that were forgotten for want of room.
    forgotten_until: Millis,
    /// Letters that came without an action after one was forgotten that may have been theirs.
    doubtful: u64,
    /// Open letters that were forgotten for want of room.
    dropped_open: u64,
    /// How many are open, by workflow and step.
    open: BTreeMap<(u16, u16), u64>,
    /// What they take.
    bytes: usize,
    /// What is to be saved.
    pub(super) turns: Turns<BTreeSet<Id>>,
}

impl Letters {
    /// Keeps a letter; one that was seen before changes nothing. Whether it is new.
    pub(super) fn insert(&mut self, id: Id, mut letter: Letter, bounds: Bounds) -> bool {
        if self.by_id.contains_key(&id) {
            return false;
        }
        self.before_change(id);
        if let Some(actions) = self.unseen.remove(&id) {
            self.unseen_bytes = self.unseen_bytes.saturating_sub(actions_bytes(&actions));
            letter.actions = actions;
        }
        if letter.is_open() {
            self.doubtful += u64::from(letter.failed_at <= self.forgotten_until);
        }
        self.put(id, letter);
        while self.by_id.len() > bounds.letters.max(1)
            || (self.bytes() > bounds.bytes && self.by_id.len() > 1)
        {
            self.drop_one();
        }
        true
    }

    fn put(&mut self, id: Id, letter: Letter) {
        if letter.is_open() {
            *self.open.entry((letter.workflow, letter.step)).or_default() += 1;
        }
        self.bytes += letter.bytes();
        self.by_time.insert((letter.failed_at, id));
        self.by_id.insert(id, letter);
    }

    /// To be called before a letter, or what was done with an unseen one, comes, changes or goes.
    fn before_change(&mut self, id: Id) {
        if self.turns.change(id) {
            self.turns.take_down(id, told(self.by_id.get(&id), self.unseen.get(&id)));
        }
    }

    /// The oldest of the closed ones goes first. Only the oldest hundred are looked through.
    fn drop_one(&mut self) {
        const LOOKED_THROUGH: usize = 100;
        let closed = |(_, id): &&(Millis, Id)| self.by_id.get(id).is_some_and(|letter| !letter.is_open());
        let found = self.by_time.iter().take(LOOKED_THROUGH).find(closed).or_else(|| self.by_time.first());
        let Some(&(at, id)) = found else { return };
        self.before_change(id);
        self.by_time.remove(&(at, id));
        let Some(letter) = self.by_id.remove(&id) else { return };
        self.bytes = self.bytes.saturating_sub(letter.bytes());
        if letter.is_open() {
            self.dropped_open += 1;
            self.count_closed(&letter);
        }
    }

    fn count_closed(&mut self, letter: &Letter) {
        if let Some(open) = self.open.get_mut(&(letter.workflow, letter.step)) {
            *open = open.saturating_sub(1);
        }
    }

    /// Takes an action down, once for each id.
    pub(super) fn act(&mut self, id: Id, action: Action, bounds: Bounds) {
        self.before_change(id);
        let Some(letter) = self.by_id.get_mut(&id) else { return self.act_on_unseen(id, action, bounds) };
        let was_open = letter.is_open();
        let before = letter.bytes();
        push(&mut letter.actions, action);
        self.bytes = self.bytes + letter.bytes() - before;
        if was_open {
            let place = (letter.workflow, letter.step);
            if let Some(open) = self.open.get_mut(&place) {
                *open = open.saturating_sub(1);
            }
        }
    }

    /// The audit topic may be read long before the topics of dead letters.
    fn act_on_unseen(&mut self, id: Id, action: Action, bounds: Bounds) {
        let actions = self.unseen.entry(id).or_default();
        let before = actions_bytes(actions);
        push(actions, action);
        self.unseen_bytes = self.unseen_bytes + actions_bytes(actions) - before;
        while self.unseen.len() > bounds.letters.max(1)
            || (self.unseen_bytes > bounds.bytes / UNSEEN_SHARE && self.unseen.len() > 1)
        {
            self.forget_unseen();
        }
    }

    /// Forgets the actions that were done longest ago.
    fn forget_unseen(&mut self) {
        let done = |actions: &Vec<Action>| actions.last().map_or(0, |action| action.at);
        let mut all: Vec<(Millis, Id)> =
            self.unseen.iter().map(|(id, actions)| (done(actions), *id)).collect();
        let going = (all.len() / ROOM_SHARE).max(1);
        all.select_nth_unstable(going - 1);
        for (at, id) in &all[..going] {
            self.before_change(*id);
            let actions = self.unseen.remove(id).unwrap_or_default();
            self.unseen_bytes = self.unseen_bytes.saturating_sub(actions_bytes(&actions));
            self.forgotten_until = self.forgotten_until.max(*at);
        }
    }

    /// How many letters are shown as open whose action may have been forgotten.
    pub(super) fn doubtful(&self) -> u64 {
        self.doubtful
    }

    /// How many open letters were forgotten for want of room.
    pub(super) fn dropped_open(&self) -> u64 {
        self.dropped_open
    }

    pub(super) fn get(&self, id: Id) -> Option<&Letter> {
        self.by_id.get(&id)
    }

    /// What they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.unseen_bytes
    }

    /// All, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = (Id, &Letter)> {
        self.by_time.iter().rev().filter_map(|(_, id)| self.by_id.get(id).map(|letter| (*id, letter)))
    }

    /// How many are open, by workflow and step.
    pub(super) fn open(&self) -> impl Iterator<Item = ((u16, u16), u64)> {
        self.open.iter().filter(|(_, open)| **open > 0).map(|(place, open)| (*place, *open))
    }
}

/// What actions take, in bytes.
fn actions_bytes(actions: &[Action]) -> usize {
    let bytes = actions.iter().map(|it| {
        let texts = [&it.id, &it.deed, &it.by].map(|text| text_bytes(text));
        size_of::<Action>() + texts.into_iter().sum::<usize>()
    });
    bytes.sum()
}

fn push(actions: &mut Vec<Action>, action: Action) {
    if let Some(same) = actions.iter_mut().find(|it| it.id.is_empty() || it.id == action.id) {
        // The mark in the audit topic says more than the replayed record does, and both more than that there is one.
        if same.id.is_empty() {
            *same = action;
        } else if &*same.deed == "replayed" {
            same.deed = action.deed;
        }
    } else if actions.len() < MAX_ACTIONS {
        actions.push(action);
    }
}

/// What stands before a letter.
const LETTER: u8 = 0;
/// What stands before what was done with one that was not seen.
const UNSEEN: u8 = 1;

/// A letter, or what was done with an unseen one, as bytes.
fn told(letter: Option<&Letter>, actions: Option<&Vec<Action>>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match (letter, actions) {
        (Some(letter), _) => {
            LETTER.save(&mut bytes);
            letter.save(&mut bytes);
        }
        (None, Some(actions)) => {
            UNSEEN.save(&mut bytes);
            actions.save(&mut bytes);
        }
        (None, None) => return None,
    }
    Some(bytes)
}

impl Letters {
    /// How many there are, with those of which only an action was seen.
    pub(super) fn len(&self) -> usize {
        self.by_id.len() + self.unseen.len()
    }

    /// The next of the save under way, see [`Turns::next`].
    pub(super) fn next_to_save(&mut self) -> Option<Vec<Change<Id>>> {
        let (letters, unseen) = (&self.by_id, &self.unseen);
        self.turns.next(|id| told(letters.get(&id), unseen.get(&id)))
    }

    /// All are to be saved.
    pub(super) fn all_changed(&mut self) {
        for id in self.by_id.keys().chain(self.unseen.keys()) {
            self.turns.change(*id);
        }
    }

    /// Adds what was saved of one.
    pub(super) fn restore(&mut self, id: Id, input: &mut In<'_>) -> Result<(), BadState> {
        match u8::load(input)? {
            LETTER => self.put(id, Saved::load(input)?),
            UNSEEN => {
                let actions: Vec<Action> = Saved::load(input)?;
                self.unseen_bytes += actions_bytes(&actions);
                self.unseen.insert(id, actions);
            }
            _ => return Err(BadState::Form("neither a dead letter nor an action")),
        }
        Ok(())
    }
}

impl Saved for Letters {
    fn save(&self, out: &mut Vec<u8>) {
        (self.forgotten_until, self.doubtful, self.dropped_open).save(out);
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        let (forgotten_until, doubtful, dropped_open) = Saved::load(input)?;
        Ok(Self { forgotten_until, doubtful, dropped_open, ..Self::default() })
    }
}

/// An error with numbers and ids replaced by `…`, so that equal ones are grouped.
pub(super) fn kind_of(error: &str) -> String {
    let mut kind = String::with_capacity(error.len());
    for word in
        error.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.' && c != '_')
    {
        let body = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if body.bytes().any(|byte| byte.is_ascii_digit()) {
            if !kind.ends_with('…') {
                kind.push('…');
            }
            kind.push_str(&word[body.len()..]);
        } else {
            kind.push_str(word);
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn numbers_and_ids_do_not_tell_errors_apart() {
        assert_eq!(kind_of("order 17 has no total"), "order … has no total");
        assert_eq!(
            kind_of("no answer within 3.5s from 2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85: again"),
            "no answer within … from …: again"
        );
        assert_eq!(kind_of("the card was declined"), "the card was declined");
    }
}
