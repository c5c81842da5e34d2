//! From what a comparison finds to what a report says.

use choreograph_contracts::compat::{self, Direction};

use crate::input::Source;
use crate::report::{Finding, Severity, Witness};

/// The two documents of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The older one; of a coverage, the writer.
    pub old: &'a Source,
    /// The newer one; of a coverage, the reader.
    pub new: &'a Source,
}

/// One finding of a comparison, with its places looked up in the files.
pub fn finding(found: &compat::Finding, direction: Option<Direction>, sides: &Sides<'_>) -> Finding {
    let severity = match found.severity {
        compat::Severity::Error => Severity::Error,
        compat::Severity::Note => Severity::Note,
    };
    let mut finding = Finding::new(found.rule, severity, found.message.clone());
    // The new file comes first: it is where the change can be mended.
    finding.places = vec![sides.new.place("new", &found.new), sides.old.place("old", &found.old)];
    finding.direction = direction;
    finding.proof = Some(found.proof);
    finding.witness = found.witness.clone().map(|event| Witness { shows: shows(direction), event });
    finding
}

fn shows(direction: Option<Direction>) -> String {
    match direction {
        Some(Direction::Backward) => "the old contract allows this event, readers of the new one refuse it",
        Some(Direction::Forward) => "the new contract allows this event, readers of the old one refuse it",
        None => "the writer may emit this event, the reader refuses it",
    }
    .to_owned()
}
