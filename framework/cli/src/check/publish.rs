//! What versions that are about to be published break of each other, and of what is published already.

use std::path::Path;

use time::OffsetDateTime;

use super::approvals::Looked;
use super::catalogue::Catalogue;
use super::history::History;
use super::known::{self, Known};
use super::{approvals, levels};
use crate::Failure;
use crate::args::Level;
use crate::past::{self, Key, Past};
use crate::report::Finding;

/// Compares the versions `pending` of the folder `root` with the others of their majors: those of the folder, and those that only
/// `past` has. What the folder's approvals cover is a note.
///
/// # Errors
///
/// A [`Failure`] if a file cannot be read or compared.
pub(crate) fn before_publishing(
    root: &Path,
    pending: Vec<Key>,
    past: &Past,
    level: Level,
) -> Result<Vec<Finding>, Failure> {
    let catalogue = Catalogue::parse(past::load(root)?)?;
    let others = past.versions.iter().filter(|(key, _)| catalogue.get(key).is_none());
    let history = History::of_pending(pending, known::comparable(others));
    let mut findings =
        levels::check(&Known::new(&catalogue, &history), &history, level, Some(past))?.findings;
    let today = OffsetDateTime::now_utc().date();
    approvals::read(root)?.apply(&mut findings, Vec::new(), today, Looked::Part);
    Ok(findings)
}
