//! All that the model knows, as bytes.

use rapidhash::RapidHashMap;

use super::cut::{Cut, Saved as SavedCut};
use super::id::Id;
use super::kept::{Kept, List, More, Row, Standing};
use super::save::{In, Saved};
use super::saving::Held;
use super::seats::Seat;
use super::settings::ModelSettings;
use super::slab::NOWHERE;
use super::state::Model;
use super::store::Store;
use super::turns::Change;
use super::words::STATES;
use crate::fact::Millis;

/// The version of the form; another one is not read.
const FORM: u32 = 13;

/// A save that cannot be read: the observer begins from the beginning.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadState {
    /// It is none, or of another version.
    #[error("this is no state of form {FORM}; an observer of another version wrote it, or something else")]
    Other,
    /// It is of another environment.
    #[error("it is of {of}, and this observer follows {here}: give each its own folder")]
    Elsewhere {
        /// The namespace of which it is.
        of: String,
        /// The namespace that is followed.
        here: String,
    },
    /// Something in it cannot be.
    #[error("it says something that cannot be: {0}")]
    Form(&'static str),
}

/// An environment in words.
fn environment(namespace: &str) -> String {
    if namespace.is_empty() { "no namespace".to_owned() } else { format!("the namespace {namespace}") }
}

impl Model {
    /// The namespace, empty where there is none.
    fn namespace(&self) -> Box<str> {
        self.settings.namespace.as_deref().unwrap_or_default().into()
    }

    /// All but instances and dead letters, and how many of these there are.
    pub(super) fn save_small(&self, out: &mut Vec<u8>) {
        FORM.save(out);
        self.namespace().save(out);
        self.cluster.save(out);
        self.names.save(out);
        self.declared_since.save(out);
        self.was_declared.save(out);
        self.fingerprint.save(out);
        self.places.save(out);
        self.groups.save(out);
        self.cut.saved().save(out);
        self.letters.save(out);
        self.flows.save(out);
        self.sketches.save(out);
        self.lately.save(out);
        (self.unreadable, self.generation, self.looked_at, self.watching_since).save(out);
        self.is_to_look_again().save(out);
        self.held().save(out);
    }

    /// Reads what [`save_small`](Self::save_small) wrote, and how much else there is to be. The manifests are not in it:
    /// they are told next.
    pub(super) fn load_small(input: &mut In<'_>, settings: ModelSettings) -> Result<(Self, Held), BadState> {
        if u32::load(input)? != FORM {
            return Err(BadState::Other);
        }
        let mut model = Self::new(settings);
        let (of, here) = (Box::<str>::load(input)?, model.namespace());
        if of != here {
            return Err(BadState::Elsewhere { of: environment(&of), here: environment(&here) });
        }
        model.cluster = Saved::load(input)?;
        model.names = Saved::load(input)?;
        model.declared_since = Saved::load(input)?;
        model.was_declared = Saved::load(input)?;
        model.fingerprint = Saved::load(input)?;
        model.places = Saved::load(input)?;
        model.groups = Saved::load(input)?;
        model.cut = Cut::restored(&SavedCut::load(input)?);
        model.letters = Saved::load(input)?;
        model.flows = Saved::load(input)?;
        model.sketches = Saved::load(input)?;
        model.lately = Saved::load(input)?;
        (model.unreadable, model.generation, model.looked_at, model.watching_since) = Saved::load(input)?;
        model.looks_again = Saved::load(input)?;
        Ok((model, Saved::load(input)?))
    }

    pub(super) fn load_instance(&mut self, slot: u32, input: &mut In<'_>) -> Result<(), BadState> {
        let (id, started, updated, read, finished): (Id, Millis, Millis, Millis, Millis) =
            Saved::load(input)?;
        let (trace, workflow, standing, list): (_, _, Standing, u8) = Saved::load(input)?;
        let (key, further): (Option<Box<str>>, Vec<Box<str>>) = Saved::load(input)?;
        let seats: Vec<Seat> = Saved::load(input)?;
        let mut more: Option<More> = Saved::load(input)?;
        if usize::from(standing.state) >= STATES {
            return Err(BadState::Form("no state of an instance"));
        }
        let kept = Kept { started, updated, read, finished, trace, workflow, standing, ..Kept::new(id) };
        if !self.store.restore_instance(slot, kept) {
            return Err(BadState::Form("instances out of order"));
        }
        self.store.set_seats(slot, &seats);
        if let Some(key) = &key {
            self.store.set_key(slot, key);
        }
        for key in &further {
            self.store.keep_further_key(slot, key);
        }
        let (mut numbers, mut later) = (Vec::new(), Vec::new());
        for _ in 0..u32::load(input)? {
            let row = Row::load(input)?;
            if row.place != NOWHERE && !self.places.knows(row.place) {
                return Err(BadState::Form("an event in a partition that is not in it"));
            }
            later.push(row.later);
            numbers.push(self.store.add_row(Row { instance: slot, next: NOWHERE, later: NOWHERE, ..row }));
        }
        for (at, later) in later.into_iter().enumerate().filter(|(_, later)| *later != NOWHERE) {
            let Some(&later) = numbers.get(later as usize) else {
                return Err(BadState::Form("an event beside one that is not in it"));
            };
            self.store.rows[numbers[at]].later = later;
        }
        self.store.twins += more.as_ref().map_or(0, |more| u64::from(more.twins));
        if let Some(more) = &mut more {
            more.notes.retain(|note| (note.row as usize) < numbers.len() && self.places.knows(note.place));
            for note in &mut more.notes {
                note.row = numbers[note.row as usize];
            }
        }
        self.store.instances[slot].more = more.map(Box::new);
        self.store.extra += self.store.instances[slot].extra_bytes();
        self.store.instances[slot].settled = list_of(list);
        match list_of(list) {
            List::Open | List::Free => self.look_again(slot),
            List::Aside => {
                self.store.instances[slot].list = List::Aside;
                self.put_aside(slot);
            }
            List::Closed => self.store.instances[slot].list = List::Closed,
        }
        Ok(())
    }
}

impl Store {
    /// An instance with its events, as bytes.
    pub(super) fn save_instance(&self, slot: u32) -> Vec<u8> {
        let (mut bytes, it) = (Vec::new(), &self.instances[slot]);
        let out = &mut bytes;
        (it.id, it.started, it.updated, it.read, it.finished).save(out);
        (it.trace, it.workflow, it.standing, list_number(it.settled)).save(out);
        let further: Vec<Box<str>> = self.further_keys(slot).into_iter().map(Into::into).collect();
        (self.keys.text(it.key).map(Box::<str>::from), further).save(out);
        self.seats(slot).to_vec().save(out);
        // What few instances have is called by the place of its event among all.
        let mut places = RapidHashMap::default();
        if it.more.is_some() {
            places.extend(self.rows_of(slot).zip(0_u32..));
        }
        let place = |row: u32| places.get(&row).copied().unwrap_or(NOWHERE);
        let more = it.more.as_ref().map(|more| {
            let mut more = More::clone(more);
            more.notes.iter_mut().for_each(|note| note.row = place(note.row));
            more
        });
        more.save(out);
        it.events.save(out);
        for row in self.rows_of(slot) {
            let row = &self.rows[row];
            Row { later: place(row.later), ..row.clone() }.save(out);
        }
        bytes
    }

    /// The next instances of the save under way, see [`Turns::next`](super::turns::Turns::next).
    pub(super) fn next_to_save(&mut self) -> Option<Vec<Change<u32>>> {
        let mut turns = std::mem::take(&mut self.turns);
        let next = turns.next(|slot| self.is_kept(slot).then(|| self.save_instance(slot)));
        self.turns = turns;
        next
    }

    /// All that are kept are to be saved.
    pub(super) fn all_changed(&mut self) {
        let slots: Vec<u32> = self.slots().collect();
        for slot in slots {
            self.turns.change(slot);
        }
    }
}

fn list_of(number: u8) -> List {
    match number {
        0 => List::Open,
        1 => List::Aside,
        _ => List::Closed,
    }
}

fn list_number(list: List) -> u8 {
    match list {
        List::Open | List::Free => 0,
        List::Aside => 1,
        List::Closed => 2,
    }
}
