//! Pairs of schemas of another project, with its verdicts, ours, and what is true: of a break there is an event that shows it.

use std::path::Path;

use choreograph_contracts::compat::{Document, Options, Semantics, Verdict, covers};
use jsonschema::Validator;
use serde_json::Value;

/// One question: may `reader` read every event that `writer` allows?
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) writer: Value,
    pub(crate) reader: Value,
    /// What the other project's own tests demand of it.
    pub(crate) expected: bool,
    /// What we say.
    pub(crate) ours: Verdict,
}

/// How often somebody is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Compatible, and there is an event that the writer allows and the reader refuses.
    pub(crate) unsound: usize,
    /// A break, where it is proved that there is none.
    pub(crate) false_alarms: usize,
    /// A break, for which we have no event to show.
    pub(crate) unproven: usize,
}

/// The questions, in the folder that `CONTRACT_VECTORS` names; none without the variable.
pub(crate) fn questions() -> Option<Vec<Question>> {
    let folder = std::env::var_os("CONTRACT_VECTORS")?;
    let text = std::fs::read(Path::new(&folder).join("apicurio.json")).expect("the vectors");
    let file: Value = serde_json::from_slice(&text).expect("JSON");
    let both = |case: &Value| {
        let (old, new) = (&case["original"], &case["updated"]);
        let (backward, forward) = match case["compatibility"].as_str() {
            Some("both") => (true, true),
            Some("backward") => (true, false),
            Some("none") => (false, false),
            other => panic!("no verdict: {other:?}"),
        };
        let name = case["id"].as_str().expect("a name");
        [
            question(format!("{name}, backward"), old, new, backward),
            question(format!("{name}, forward"), new, old, forward),
        ]
    };
    Some(file["tests"].as_array().expect("a list").iter().flat_map(both).collect())
}

fn question(name: String, writer: &Value, reader: &Value, expected: bool) -> Question {
    let document = |role: &str, schema: &Value| Document::from_value(role, schema.clone());
    let ours =
        covers(&document("reader", reader), &document("writer", writer), &Options::new(Semantics::Plain));
    let ours = ours.unwrap_or_else(|error| panic!("{name}: {error}"));
    Question { name, writer: writer.clone(), reader: reader.clone(), expected, ours }
}

impl Question {
    /// The events that we show for a break.
    pub(crate) fn witnesses(&self) -> impl Iterator<Item = &Value> {
        self.ours.findings.iter().filter_map(|finding| finding.witness.as_ref())
    }

    /// What shows a break: validators that know nothing of the comparison.
    pub(crate) fn judges(&self) -> Judges {
        Judges { writer: validator(&self.writer), reader: validator(&self.reader) }
    }
}

/// Validators of both sides of a question.
pub(crate) struct Judges {
    writer: Validator,
    reader: Validator,
}

impl Judges {
    /// Whether `event` shows a break.
    pub(crate) fn are_parted_by(&self, event: &Value) -> bool {
        self.writer.is_valid(event) && !self.reader.is_valid(event)
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).expect("a schema")
}

impl Score {
    /// Counts what somebody says of a question of which it is known whether some event shows a break.
    pub(crate) fn count(&mut self, question: &Question, compatible: bool, is_broken: bool) {
        let proved_safe = question.ours.compatible && !is_broken;
        self.unsound += usize::from(compatible && is_broken);
        self.false_alarms += usize::from(!compatible && proved_safe);
        self.unproven += usize::from(!compatible && !is_broken && !proved_safe);
    }
}

/// The row of `who` in the table of CONTRIBUTING.md: its numbers, in order.
pub(crate) fn written(who: &str) -> Vec<usize> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../CONTRIBUTING.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let row = page.lines().find(|line| line.starts_with(&format!("| {who} |"))).expect("a row of the table");
    row.split('|').skip(2).filter_map(|cell| cell.trim().parse().ok()).collect()
}
