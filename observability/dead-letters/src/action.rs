//! What an operator did with a dead letter: a record of the audit topic.

use std::collections::HashMap;

use choreograph::wire::{action, header};
use uuid::Uuid;

use crate::record::Record;

/// What an operator did with a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// The id of the action: the same for all dead letters that it took in one go.
    pub id: Uuid,
    /// What was done.
    pub deed: Deed,
    /// Who did it.
    pub by: String,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// What can be done with a dead letter, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Replayed as it was.
    Replayed,
    /// Replayed with another value.
    Edited,
    /// Given up.
    Discarded,
}

impl Deed {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Replayed => action::REPLAYED,
            Self::Edited => action::EDITED,
            Self::Discarded => action::DISCARDED,
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Replayed, Self::Edited, Self::Discarded].into_iter().find(|deed| deed.word() == word)
    }
}

/// Who did what to which dead letter.
pub(crate) type Actions = HashMap<Uuid, Vec<Action>>;

impl Action {
    /// Reads a record of the audit topic: the dead letter's id, and what was done with it. `None` where it is none of
    /// this tool's.
    pub fn read(record: &Record) -> Option<(Uuid, Self)> {
        let letter = Uuid::parse_str(record.text(header::DLQ_ID)?).ok()?;
        let action = Self {
            id: Uuid::parse_str(record.text(header::WF_REPLAY_ID)?).ok()?,
            deed: Deed::read(record.text(header::AUDIT_ACTION)?)?,
            by: record.text(header::WF_REPLAYED_BY).unwrap_or_default().to_owned(),
            at: record.timestamp.unwrap_or(0),
        };
        Some((letter, action))
    }
}
