//! What an action came to.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::action::{Action, Deed};
use crate::limits::MAX_REFUSALS;
use crate::refusal::Refusal;

/// What an action came to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The action's id; in a dry run nothing bears it.
    pub action: Uuid,
    /// What was asked.
    pub deed: Deed,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Whether values were held against the contracts of manifests.
    pub checked: bool,
    /// How many were chosen.
    pub chosen: u64,
    /// How many were acted upon; in a dry run, how many would be.
    pub done: u64,
    /// How many of those only because that was forced.
    pub forced: u64,
    /// How many had been acted upon before.
    pub already: u64,
    /// How many are not on their topic any more.
    pub gone: u64,
    /// How many were refused.
    pub refused: u64,
    /// How many were refused for which kind of reason.
    pub refused_for: BTreeMap<&'static str, u64>,
    /// The first [`MAX_REFUSALS`] of them.
    pub refusals: Vec<(Uuid, Refusal)>,
    /// The first [`MAX_REFUSALS`] that had been acted upon before, and by whom.
    pub before: Vec<(Uuid, Action)>,
    /// Whether it was stopped before its end. Run again, it goes on.
    pub cancelled: bool,
}

impl Report {
    pub(crate) fn new(action: Uuid, deed: Deed, chosen: u64) -> Self {
        Self {
            action,
            deed,
            dry_run: false,
            checked: false,
            chosen,
            done: 0,
            forced: 0,
            already: 0,
            gone: 0,
            refused: 0,
            refused_for: BTreeMap::new(),
            refusals: Vec::new(),
            before: Vec::new(),
            cancelled: false,
        }
    }

    pub(crate) fn refuse(&mut self, id: Uuid, refusal: Refusal) {
        self.refused += 1;
        *self.refused_for.entry(refusal.word()).or_default() += 1;
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push((id, refusal));
        }
    }

    pub(crate) fn before(&mut self, id: Uuid, action: &Action) {
        self.already += 1;
        if self.before.len() < MAX_REFUSALS {
            self.before.push((id, action.clone()));
        }
    }

    /// Whether everything that was chosen is done, now or before.
    pub fn is_complete(&self) -> bool {
        self.done + self.already == self.chosen
    }
}
