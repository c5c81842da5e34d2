//! The cases, a file a theme.

mod away;
mod failures;
mod garbage;
mod order;
mod redelivery;

use super::Case;

/// Every case of the suite.
pub(crate) const ALL: &[Case] = &[
    order::KEYS,
    order::TYPES,
    order::GROUPS,
    order::IDENTITY,
    redelivery::CATCHING_UP,
    redelivery::HISTORY,
    redelivery::UNFINISHED,
    redelivery::SAME_IDS,
    redelivery::DRAIN,
    garbage::REASONS,
    garbage::TOMBSTONES,
    garbage::INDIFFERENT,
    failures::STUMBLES,
    failures::EXHAUSTED,
    away::GATEWAY,
    away::BROKER,
];
