//! One direction: may the reader read what the writer writes?

use std::collections::HashSet;
use std::thread;

use jsonschema::Validator;
use serde_json::Value;

use super::diff::{Change, MAX_CHANGES, changes};
use super::document::Document;
use super::error::CompareError;
use super::graph::{Graph, NodeId, ReadError};
use super::met::{met, names_in};
use super::options::{Budget, Options, Semantics};
use super::prepare::{Part, Prepared};
use super::question::planted;
use super::sample::Sampler;
use super::solve::{Formula, Outcome, Solver};
use super::verdict::{Finding, Proof, Severity, Verdict};

/// How many random events are tried where nothing is decided.
const SAMPLES: usize = 24;
/// How many are tried against a proof.
const SAMPLES_AGAINST_PROOF: usize = 12;
/// How many of them of large schemas.
const FEW_SAMPLES: usize = 3;
/// From how many schemas on a document is large.
const MANY_NODES: usize = 2_000;
/// How many values the witnesses of one direction may hold together: 10,000 events of 10,000 fields would fill any memory.
/// What is asked for beyond it is listed as unproven.
const MAX_WITNESS_VALUES: usize = 200_000;
/// What the questions about single changes may cost together: one about a place some levels inside the event costs the square
/// of that, for an event is made and looked at on each level. Changes beyond it are listed as unproven.
const MAX_SQUARES_OF_DEPTHS: usize = 200_000;
/// The stack of validators of large schemas, which may nest as deep as there are definitions. What is not used is not taken.
const VALIDATOR_STACK: usize = 256 * 1024 * 1024;
/// Where the random events begin: the same documents, the same verdict.
const SEED: u64 = 7;

/// The two documents of one direction, both read.
#[derive(Debug)]
pub(super) struct Judge<'d> {
    sides: Sides<'d>,
    graph: Graph,
    /// The writer's, the reader's.
    roots: [NodeId; 2],
}

/// Who writes and who reads.
#[derive(Debug)]
struct Sides<'d> {
    writer: Prepared<'d>,
    reader: Prepared<'d>,
    /// Whether the writer is the older one.
    writer_is_old: bool,
    /// What the reader's document stands for.
    part: Part,
    semantics: Semantics,
}

/// A verdict, and the changes that break nobody.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) notes: Vec<Finding>,
    /// Whether the two say the same of every value.
    pub(super) same: bool,
}

/// Who has the last word about events: validators of both schemas, whatever the program itself thinks of them.
enum Referee<'j> {
    /// Of the schemas as they are.
    Whole { writer: &'j Validator, reader: &'j Validator },
    /// Of what the events meet of documents so large that compiling them takes longer than deciding about them.
    Met(&'j Sides<'j>),
}

impl<'j> Referee<'j> {
    fn of(sides: &'j Sides<'j>, graph: &Graph) -> Result<Self, CompareError> {
        if graph.len() > MANY_NODES {
            return Ok(Self::Met(sides));
        }
        Ok(Self::Whole { writer: sides.writer.validator()?, reader: sides.reader.validator()? })
    }

    /// Of each event whether the writer's schema accepts it and the reader's refuses it. What cannot be asked about does not
    /// count as a break that is shown.
    fn break_with(&self, events: &[&Value]) -> Vec<bool> {
        match self {
            Self::Whole { writer, reader } => shown(writer, reader, events),
            Self::Met(_) if events.is_empty() => Vec::new(),
            Self::Met(sides) => thread::scope(|scope| {
                let asked = || sides.met_break_with(events).unwrap_or_else(|| vec![false; events.len()]);
                let thread = thread::Builder::new().stack_size(VALIDATOR_STACK).spawn_scoped(scope, asked);
                // A thread that cannot be had is no answer.
                thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| vec![false; events.len()])
            }),
        }
    }
}

fn shown(writer: &Validator, reader: &Validator, events: &[&Value]) -> Vec<bool> {
    events.iter().map(|event| writer.is_valid(event) && !reader.is_valid(event)).collect()
}

impl<'d> Judge<'d> {
    /// Reads both documents. What a large one was made into is let go of as soon as it is read, for it takes tens of
    /// megabytes, and the graph says all that it did.
    pub(super) fn read(
        writer: &'d Document,
        (reader, part): (&'d Document, Part),
        semantics: Semantics,
        writer_is_old: bool,
    ) -> Result<Self, CompareError> {
        let mut graph = Graph::default();
        let mut read = |document, part| {
            let mut prepared = Prepared::new(document, part, semantics)?;
            let root = graph.read(&prepared.schema, prepared.asserted);
            let root = root.map_err(|error| prepared.read_error(&error))?;
            if graph.len() > MANY_NODES {
                prepared.let_go();
            }
            Ok::<_, CompareError>((prepared, root))
        };
        let (writer, writer_root) = read(writer, Part::Writer)?;
        let (reader, reader_root) = read(reader, part)?;
        let settled = graph.settle([writer_root, reader_root]);
        let roots = settled.map_err(|(node, problem)| {
            let side = if node < reader_root { &writer } else { &reader };
            let pointer = graph.node(node).pointer.to_string();
            side.read_error(&ReadError { pointer, problem: problem.to_owned() })
        })?;
        let sides = Sides { writer, reader, writer_is_old, part, semantics };
        Ok(Self { sides, graph, roots })
    }

    /// What changed, decided about by nobody: as notes.
    pub(super) fn told(self) -> Vec<Finding> {
        let Self { sides, mut graph, roots: [writer, reader] } = self;
        graph.classify();
        sides.notes(&changes(&mut graph, writer, reader, sides.writer_is_old))
    }

    pub(super) fn judge(self, options: &Options) -> Result<Judged, CompareError> {
        let Self { sides, mut graph, roots } = self;
        let [writer_root, reader_root] = roots;
        graph.classify();
        if graph.same(writer_root, reader_root) {
            return Ok(Judged { verdict: Verdict::holds(), notes: Vec::new(), same: true });
        }
        let question = vec![Formula::Keeps(writer_root), Formula::Breaks(reader_root)];
        let Budget { steps } = options.budget;
        let mut solver = Solver::new(&graph, steps / 2);
        let outcome = solver.solve(question);
        let spent = steps / 2 - solver.left();
        drop(solver);
        let changes = changes(&mut graph, writer_root, reader_root, sides.writer_is_old);
        let referee = Referee::of(&sides, &graph)?;
        let witness = match outcome {
            // What an evaluation that was given up says is no proof.
            Outcome::Nothing if !graph.gave_up() => {
                match counterexample(&graph, writer_root, &referee, SAMPLES_AGAINST_PROOF) {
                    Some(event) => Some(event),
                    None => return Ok(sides.holds(&changes, spent)),
                }
            }
            Outcome::Value(event) if referee.break_with(&[&event]) == [true] => Some(event),
            _ => counterexample(&graph, writer_root, &referee, SAMPLES),
        };
        let mut judged = sides.blame(graph, roots, &changes, witness, &referee, steps / 2);
        if spent == steps / 2
            && judged.verdict.findings.iter().all(|finding| finding.proof == Proof::Unproven)
        {
            judged.verdict.findings.insert(0, sides.gave_up(steps));
        }
        judged.verdict.steps += spent;
        judged.verdict.is_bounded = changes.len() >= MAX_CHANGES;
        Ok(judged)
    }
}

impl Sides<'_> {
    /// Of each event whether it shows a break, by validators of what the events meet; `None` if that cannot be compiled within
    /// a bound.
    fn met_break_with(&self, events: &[&Value]) -> Option<Vec<bool>> {
        let mut names = HashSet::new();
        for event in events {
            names_in(event, &mut names);
        }
        let validator = |side: &Prepared<'_>, part| {
            let schema = met(side.document.value(), side.draft, &names)?;
            let document = Document::from_value(side.document.name(), schema);
            let prepared = Prepared::new(&document, part, self.semantics).ok()?;
            prepared.validator().ok().cloned()
        };
        let (writer, reader) = (validator(&self.writer, Part::Writer)?, validator(&self.reader, self.part)?);
        Some(shown(&writer, &reader, events))
    }

    fn holds(&self, changes: &[Change], steps: u64) -> Judged {
        Judged { verdict: Verdict { steps, ..Verdict::holds() }, notes: self.notes(changes), same: false }
    }

    /// The changes that a rule describes, as such that break nobody.
    fn notes<'c>(&self, changes: impl IntoIterator<Item = &'c Change>) -> Vec<Finding> {
        let described = changes.into_iter().filter(|change| change.is_described);
        described.map(|change| self.finding(change, Severity::Note, None)).collect()
    }

    /// Says which changes break the reader.
    fn blame(
        &self,
        mut graph: Graph,
        [writer, reader]: [NodeId; 2],
        changes: &[Change],
        witness: Option<Value>,
        referee: &Referee<'_>,
        steps: u64,
    ) -> Judged {
        let mut squares = 0;
        let planted: Vec<Option<NodeId>> = changes
            .iter()
            .map(|change| {
                squares += change.path.len() * change.path.len();
                let is_asked = squares <= MAX_SQUARES_OF_DEPTHS;
                is_asked.then(|| planted(&mut graph, &change.path, change.writer, change.asked))
            })
            .collect();
        let mut solver = Solver::new(&graph, steps);
        let (mut breaking, mut harmless) = (Vec::new(), Vec::new());
        let mut room = MAX_WITNESS_VALUES;
        for (change, planted) in changes.iter().zip(planted) {
            let outcome = match planted.filter(|_| room > 0) {
                Some(planted) => {
                    let holds = [Formula::Keeps(writer), Formula::Breaks(reader), Formula::Keeps(planted)];
                    solver.solve(holds.into())
                }
                None => Outcome::Unknown,
            };
            let event = match outcome {
                Outcome::Nothing => {
                    harmless.push(change);
                    continue;
                }
                Outcome::Value(event) => Some(event),
                Outcome::Unknown => None,
            };
            room = room.saturating_sub(event.as_ref().map_or(0, values_in));
            breaking.push((change, planted, event));
        }
        // All at once: validators of large schemas are made for the events.
        let events: Vec<&Value> = breaking.iter().filter_map(|(.., event)| event.as_ref()).collect();
        let mut shown = referee.break_with(&events).into_iter();
        let (mut findings, mut planted_of) = (Vec::new(), Vec::new());
        for (change, planted, event) in breaking {
            let event = event.filter(|_| shown.next() == Some(true));
            findings.push(self.finding(change, Severity::Error, event));
            planted_of.push(planted);
        }
        if let Some(witness) = witness
            && findings.iter().all(|finding| finding.witness.is_none())
        {
            // It belongs to the change that it shows, and where it shows none, to the schemas as wholes.
            let accepts = |planted: &Option<NodeId>| planted.is_some_and(|it| graph.accepts(it, &witness));
            let shown = planted_of.iter().position(accepts);
            match shown.filter(|_| !graph.gave_up()).and_then(|index| findings.get_mut(index)) {
                Some(finding) => {
                    finding.witness = Some(witness);
                    finding.proof = Proof::Proved;
                }
                None => findings.insert(0, self.whole(Some(witness))),
            }
        }
        if findings.is_empty() {
            findings.push(self.whole(None));
        }
        let verdict = Verdict { steps: steps - solver.left(), ..Verdict::breaks(findings) };
        Judged { verdict, notes: self.notes(harmless), same: false }
    }

    /// What is said where the budget was used up, and no event shows a break.
    fn gave_up(&self, steps: u64) -> Finding {
        let message = format!(
            "not decided within {steps} steps, and what is not decided counts as a break: give the branches of unions a \
             tag that tells them apart, or split the event"
        );
        self.finding_at("COMBINATOR_CHANGED", ["", ""], message, Severity::Error, None)
    }

    /// A break of the schemas as wholes, where no single change explains it.
    fn whole(&self, witness: Option<Value>) -> Finding {
        let message = "the reader's schema as a whole does not take all that the writer's does";
        self.finding_at("COMBINATOR_CHANGED", ["", ""], message.to_owned(), Severity::Error, witness)
    }

    fn finding(&self, change: &Change, severity: Severity, witness: Option<Value>) -> Finding {
        let pointers = [change.old.as_str(), change.new.as_str()];
        self.finding_at(change.rule, pointers, change.message.clone(), severity, witness)
    }

    fn finding_at(
        &self,
        rule: &'static str,
        [old, new]: [&str; 2],
        message: String,
        severity: Severity,
        witness: Option<Value>,
    ) -> Finding {
        let (old_side, new_side) =
            if self.writer_is_old { (&self.writer, &self.reader) } else { (&self.reader, &self.writer) };
        let proof =
            if witness.is_some() || severity == Severity::Note { Proof::Proved } else { Proof::Unproven };
        Finding {
            rule,
            severity,
            old: old_side.place(old),
            new: new_side.place(new),
            message,
            witness,
            proof,
        }
    }
}

/// How many values a value holds, itself included.
fn values_in(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(values_in).sum(),
        Value::Object(members) => members.values().map(values_in).sum(),
        _ => 0,
    }
}

/// Looks for an event that refutes the proof, or makes up for a missing one: random events of the writer.
fn counterexample(graph: &Graph, writer: NodeId, referee: &Referee<'_>, tries: usize) -> Option<Value> {
    let tries = if graph.len() > MANY_NODES { FEW_SAMPLES } else { tries };
    let mut sampler = Sampler::new(graph, SEED);
    let mut events: Vec<Value> = (0..tries).map(|_| sampler.value(writer)).collect();
    let shown = referee.break_with(&events.iter().collect::<Vec<_>>());
    let found = shown.iter().position(|is_shown| *is_shown)?;
    Some(events.swap_remove(found))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Document, Judge, MAX_SQUARES_OF_DEPTHS, Options, Part, Proof, Referee, Semantics, changes};
    use crate::compat::verdict::Finding;

    /// What is said where no question about a single change was answered, and this event shows a break.
    fn blamed(old: Value, new: Value, witness: Value) -> Vec<Finding> {
        let [old, new] = [old, new].map(|schema| Document::from_value("it", schema));
        let semantics = Options::default().semantics;
        assert_eq!(semantics, Semantics::Contract);
        let Judge { sides, mut graph, roots } =
            Judge::read(&old, (&new, Part::Reader), semantics, true).unwrap();
        graph.classify();
        let changes = changes(&mut graph, roots[0], roots[1], true);
        let referee = Referee::of(&sides, &graph).unwrap();
        assert_eq!(referee.break_with(&[&witness]), [true]);
        sides.blame(graph, roots, &changes, Some(witness), &referee, 0).verdict.findings
    }

    fn fields(kinds: [&str; 2]) -> Value {
        json!({ "type": "object", "properties": { "a": { "type": kinds[0] }, "b": { "type": kinds[1] } } })
    }

    #[test]
    fn an_event_stands_with_the_change_that_it_shows() {
        let found = blamed(fields(["string", "string"]), fields(["null", "null"]), json!({ "b": "x" }));
        let told: Vec<_> = found.iter().map(|it| (it.old.pointer.as_str(), it.proof)).collect();
        assert_eq!(told, [("/properties/a/type", Proof::Unproven), ("/properties/b/type", Proof::Proved)]);
    }

    #[test]
    fn changes_deep_inside_are_all_listed_and_proved_up_to_the_bound() {
        const DEPTH: usize = 50;
        let version = |kind: &str| {
            let members = (0..100).map(|index| (format!("f{index}"), json!({ "type": kind })));
            let inner = json!({ "properties": Value::Object(members.collect()) });
            let schema = (1..DEPTH).fold(inner, |inner, _| json!({ "properties": { "n": inner } }));
            Document::from_value("it", schema)
        };
        let (old, new) = (version("string"), version("integer"));
        let judge = Judge::read(&old, (&new, Part::Reader), Semantics::Contract, true).unwrap();
        let found = judge.judge(&Options::default()).unwrap().verdict.findings;
        let proved = found.iter().filter(|it| it.proof == Proof::Proved).count();
        assert_eq!((found.len(), proved), (100, MAX_SQUARES_OF_DEPTHS / DEPTH / DEPTH));
    }
}
