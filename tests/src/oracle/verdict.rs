//! What is wrong.

use super::Commit;

/// Faults of one kind that a failure prints.
const PRINTED: usize = 10;

/// A commit that lies above an input nobody has settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastUnsettled {
    /// The commit.
    pub commit: Commit,
    /// The input below it without effect or dead letter.
    pub unsettled: String,
    /// That input's offset.
    pub offset: i64,
}

/// What [`Oracle::judge`](super::Oracle::judge) found. Ids are of inputs if not said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a verdict that nobody looks at proves nothing"]
pub struct Verdict {
    /// Acknowledged, but neither effect nor dead letter.
    pub lost: Vec<String>,
    /// Emitted more than once under the same id. No fault under at-least-once: a redelivery.
    pub redelivered: Vec<String>,
    /// Emitted more than once, under another id than at first.
    pub renamed: Vec<String>,
    /// First effect after the first effect of a later input of the same key.
    pub out_of_order: Vec<String>,
    /// The payload is not what was issued, in an effect or a dead letter.
    pub corrupt: Vec<String>,
    /// Effect or dead letter of something that was never issued.
    pub fabricated: Vec<String>,
    /// Both an effect and a dead letter.
    pub settled_twice: Vec<String>,
    /// Commits above unsettled inputs; each input once, with the first such commit.
    pub past_unsettled: Vec<PastUnsettled>,
    /// Commits below an earlier one of the same partition.
    pub went_back: Vec<Commit>,
}

impl Verdict {
    /// Asserts that the promise of at-least-once delivery was kept: everything here is empty but `redelivered`.
    ///
    /// # Panics
    ///
    /// With the first faults of every kind when it was not.
    #[track_caller]
    pub fn assert_kept(&self) {
        let faults = self.faults();
        assert!(faults.is_empty(), "the promise was not kept:\n{}", faults.join("\n"));
    }

    /// One line for each kind of fault that was found.
    pub fn faults(&self) -> Vec<String> {
        let past: Vec<_> = self.past_unsettled.iter().map(|past| format!("{past:?}")).collect();
        let back: Vec<_> = self.went_back.iter().map(|commit| format!("{commit:?}")).collect();
        let kinds = [
            ("lost", &self.lost),
            ("emitted again under another id", &self.renamed),
            ("out of order", &self.out_of_order),
            ("corrupt", &self.corrupt),
            ("never issued", &self.fabricated),
            ("both effect and dead letter", &self.settled_twice),
            ("committed past unsettled", &past),
            ("committed backwards", &back),
        ];
        kinds.iter().filter_map(|(kind, found)| line(kind, found)).collect()
    }
}

fn line(kind: &str, found: &[String]) -> Option<String> {
    let first = found.iter().take(PRINTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    (!found.is_empty()).then(|| format!("{} {kind}: {first}", found.len()))
}
