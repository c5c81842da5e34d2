//! One direction: may the reader read what the writer writes?

use std::time::Instant;

use jsonschema::Validator;
use serde_json::Value;

use super::diff::{Change, changes};
use super::error::CompareError;
use super::graph::{Graph, NodeId, ReadError};
use super::options::{Budget, Options};
use super::prepare::Prepared;
use super::question::planted;
use super::sample::Sampler;
use super::solve::{Formula, Outcome, Solver, now};
use super::verdict::{Finding, Proof, Severity, Verdict};

/// How many random events are tried before a verdict.
const SAMPLES: usize = 24;
/// How many of them of large schemas.
const FEW_SAMPLES: usize = 3;
/// From how many schemas on a document is large.
const MANY_NODES: usize = 2_000;
/// Where the random events begin: the same documents, the same verdict.
const SEED: u64 = 7;

/// The two documents of one direction.
#[derive(Debug)]
pub(super) struct Judge<'d> {
    pub(super) writer: Prepared<'d>,
    pub(super) reader: Prepared<'d>,
    /// Whether the writer is the older one.
    pub(super) writer_is_old: bool,
}

/// A verdict, and the changes that break nobody.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) notes: Vec<Finding>,
    /// Whether the two say the same of every value.
    pub(super) same: bool,
}

/// Both validators, which have the last word about an event.
struct Validators {
    writer: Validator,
    reader: Validator,
}

impl Validators {
    fn of(judge: &Judge<'_>) -> Result<Self, CompareError> {
        Ok(Self { writer: judge.writer.validator()?, reader: judge.reader.validator()? })
    }

    /// Whether the writer's schema accepts the event and the reader's refuses it.
    fn break_with(&self, event: &Value) -> bool {
        self.writer.is_valid(event) && !self.reader.is_valid(event)
    }
}

impl Judge<'_> {
    pub(super) fn judge(&self, options: &Options) -> Result<Judged, CompareError> {
        let mut graph = Graph::default();
        let (writer, reader) = (&self.writer, &self.reader);
        let writer_root =
            graph.read(&writer.schema, writer.draft).map_err(|error| writer.read_error(&error))?;
        let reader_root =
            graph.read(&reader.schema, reader.draft).map_err(|error| reader.read_error(&error))?;
        let first_of_reader = reader_root;
        let [writer_root, reader_root] = graph.settle([writer_root, reader_root]).map_err(|endless| {
            let side = if endless < first_of_reader { writer } else { reader };
            side.read_error(&ReadError {
                pointer: graph.node(endless).pointer.to_string(),
                problem:
                    "leads back to itself for the same value, without end: let it step into a field first"
                        .to_owned(),
            })
        })?;
        if graph.same(writer_root, reader_root) {
            return Ok(Judged { verdict: Verdict::holds(), notes: Vec::new(), same: true });
        }
        let question = vec![Formula::Keeps(writer_root), Formula::Breaks(reader_root)];
        let begun = now();
        let Budget { steps, time } = options.budget;
        let outcome = Solver::new(&graph, steps, begun + time / 2).solve(question);
        let changes = changes(&mut graph, writer_root, reader_root, self.writer_is_old);
        let roots = [writer_root, reader_root];
        if outcome.is_nothing() && graph.len() > MANY_NODES {
            // Compiling schemas of this size takes longer than deciding about them.
            let mut sampler = Sampler::new(&graph, SEED);
            let breaks =
                |event: &Value| graph.accepts(writer_root, event) && !graph.accepts(reader_root, event);
            if !(0..FEW_SAMPLES).map(|_| sampler.value(writer_root)).any(|event| breaks(&event)) {
                return Ok(self.holds(&changes));
            }
        }
        let validators = Validators::of(self)?;
        let witness = match outcome {
            Outcome::Nothing => match counterexample(&graph, writer_root, &validators) {
                Some(event) => Some(event),
                None => return Ok(self.holds(&changes)),
            },
            Outcome::Value(event) if validators.break_with(&event) => Some(event),
            _ => counterexample(&graph, writer_root, &validators),
        };
        Ok(self.blame(graph, roots, &changes, witness, &validators, (steps, begun + time)))
    }

    fn holds(&self, changes: &[Change]) -> Judged {
        let notes = changes.iter().map(|change| self.finding(change, Severity::Note, None)).collect();
        Judged { verdict: Verdict::holds(), notes, same: false }
    }

    /// Says which changes break the reader.
    fn blame(
        &self,
        mut graph: Graph,
        [writer, reader]: [NodeId; 2],
        changes: &[Change],
        witness: Option<Value>,
        validators: &Validators,
        (steps, deadline): (u64, Instant),
    ) -> Judged {
        let planted: Vec<NodeId> = changes
            .iter()
            .map(|change| planted(&mut graph, &change.path, change.writer, change.asked))
            .collect();
        let mut solver = Solver::new(&graph, steps, deadline);
        let (mut findings, mut notes) = (Vec::new(), Vec::new());
        for (change, planted) in changes.iter().zip(planted) {
            let question = vec![Formula::Keeps(writer), Formula::Breaks(reader), Formula::Keeps(planted)];
            match solver.solve(question) {
                Outcome::Nothing => notes.push(self.finding(change, Severity::Note, None)),
                Outcome::Value(event) if validators.break_with(&event) => {
                    findings.push(self.finding(change, Severity::Error, Some(event)));
                }
                _ => findings.push(self.finding(change, Severity::Error, None)),
            }
        }
        if let Some(witness) = witness
            && findings.iter().all(|finding| finding.witness.is_none())
        {
            match findings.first_mut() {
                Some(first) => {
                    first.witness = Some(witness);
                    first.proof = Proof::Proved;
                }
                None => findings.push(self.whole(Some(witness))),
            }
        }
        if findings.is_empty() {
            findings.push(self.whole(None));
        }
        Judged { verdict: Verdict::breaks(findings), notes, same: false }
    }

    /// A break of the schemas as wholes, where no single change explains it.
    fn whole(&self, witness: Option<Value>) -> Finding {
        let message = "the reader's schema as a whole does not take all that the writer's does";
        self.finding_at(
            "COMBINATOR_CHANGED",
            [Some(""), Some("")],
            message.to_owned(),
            Severity::Error,
            witness,
        )
    }

    fn finding(&self, change: &Change, severity: Severity, witness: Option<Value>) -> Finding {
        let pointers = [change.old.as_deref(), change.new.as_deref()];
        self.finding_at(change.rule, pointers, change.message.clone(), severity, witness)
    }

    fn finding_at(
        &self,
        rule: &'static str,
        [old, new]: [Option<&str>; 2],
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
            old: old.map(|pointer| old_side.place(pointer)),
            new: new.map(|pointer| new_side.place(pointer)),
            message,
            witness,
            proof,
        }
    }
}

/// Looks for an event that refutes the proof, or makes up for a missing one: random events of the writer.
fn counterexample(graph: &Graph, writer: NodeId, validators: &Validators) -> Option<Value> {
    let tries = if graph.len() > MANY_NODES { FEW_SAMPLES } else { SAMPLES };
    let mut sampler = Sampler::new(graph, SEED);
    (0..tries).map(|_| sampler.value(writer)).find(|event| validators.break_with(event))
}
