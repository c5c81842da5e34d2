//! From what a check finds to what a report says.

use choreograph_contracts::compat::Proof;
use choreograph_topology as topology;

use super::inputs::Inputs;
use crate::report::{Finding, Severity, Witness};

/// The manifests that findings are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sets<'a> {
    pub(super) new: &'a Inputs,
    pub(super) old: &'a Inputs,
}

impl Sets<'_> {
    /// One finding, with its places looked up in the files.
    pub(super) fn finding(self, found: &topology::Finding, severity: Severity) -> Finding {
        let mut finding = Finding::new(found.rule, severity, found.message.clone()).help(found.fix.clone());
        for (index, party) in found.parties.iter().enumerate() {
            let same =
                found.parties.iter().take(index).filter(|other| other.service == party.service).count();
            let nth = if found.rule == "SERVICE_TWICE" { same } else { 0 };
            let place = if party.previous {
                self.old.place(party, "before", nth)
            } else {
                // A service that the change does not touch is known from before.
                self.new.place(party, "", nth).or_else(|| self.old.place(party, "before", nth))
            };
            finding.places.extend(place);
        }
        finding.fingerprint = Some(found.fingerprint());
        if let Some(gap) = found.gaps.iter().find(|gap| gap.witness.is_some()) {
            finding.witness = gap.witness.clone().map(witness);
        }
        if let Some(first) = found.gaps.first() {
            let proved = found.gaps.iter().any(|gap| gap.proof == Proof::Proved);
            finding.proof = Some(if proved { Proof::Proved } else { first.proof });
        }
        // Of a single gap the finding itself has said everything.
        if found.gaps.len() > 1 {
            finding.causes = found.gaps.iter().map(cause).collect();
        }
        finding
    }
}

fn cause(gap: &topology::check::Gap) -> Finding {
    let mut cause = Finding::error(gap.rule, gap.message.clone());
    cause.proof = Some(gap.proof);
    cause.witness = gap.witness.clone().map(witness);
    cause
}

fn witness(event: serde_json::Value) -> Witness {
    Witness { shows: "the writer may emit this event, the reader refuses it".to_owned(), event }
}
