//! What we and others say of the same pairs of schemas, as CONTRIBUTING.md has it.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;

use crate::guessed::Guess;
use crate::vectors::{Question, Score, questions, written};

/// How many random events are tried on each question, from each of its schemas.
const GUESSES: usize = 300;

/// How many of a hundred breaks random events alone must show: with less they would say nothing of what is called compatible.
const LEAST_SHOWN: usize = 90;

/// Whether an event is known that shows a break of each question, and how many of them a random one shows. Whatever event shows a
/// break of one pair is tried on every other too.
pub(crate) fn broken(questions: &[Question]) -> (Vec<bool>, usize) {
    let witnesses: Vec<&Value> = questions.iter().flat_map(Question::witnesses).collect();
    let mut guessed = 0;
    let is_broken = |(seed, question): (usize, &Question)| {
        let judges = question.judges();
        for event in question.witnesses() {
            assert!(judges.are_parted_by(event), "{}: {event} shows nothing", question.name);
        }
        let mut guess = Guess::new(seed as u64 + 1, [&question.writer, &question.reader]);
        let by_chance = (0..GUESSES).any(|_| {
            [&question.writer, &question.reader]
                .iter()
                .any(|schema| judges.are_parted_by(&guess.event(schema, schema, 0)))
        });
        guessed += usize::from(by_chance);
        by_chance || witnesses.iter().any(|event| judges.are_parted_by(event))
    };
    (questions.iter().enumerate().map(is_broken).collect(), guessed)
}

#[test]
#[ignore = "needs other projects' pairs of schemas in CONTRACT_VECTORS: see CONTRIBUTING.md"]
fn the_scoreboard_of_the_page_is_what_the_vectors_come_to() {
    let questions = questions().expect("CONTRACT_VECTORS names the folder of the vectors");
    let (mut ours, mut theirs) = (Score::default(), Score::default());
    let (broken, guessed) = broken(&questions);
    for (question, is_broken) in questions.iter().zip(&broken) {
        ours.count(question, question.ours.compatible, *is_broken);
        theirs.count(question, question.expected, *is_broken);
        // Where nothing shows what we call a break, who sees none is taken to be right.
        ours.false_alarms += usize::from(!question.ours.compatible && !is_broken && question.expected);
    }
    let breaks = broken.iter().filter(|is_broken| **is_broken).count();
    let mut said = String::new();
    for (who, score) in [("`choreograph diff`", &ours), ("Apicurio Registry 3.3.3", &theirs)] {
        let Score { unsound, false_alarms, unproven } = *score;
        let found = [questions.len(), unsound, false_alarms, unproven];
        let last = written(who);
        let last = last.get(..4).unwrap_or_default();
        writeln!(
            said,
            "vectors: {who}: {} questions, unsound {unsound}, too strict {false_alarms}, unproven {unproven}; the last ones {last:?}",
            questions.len()
        )
        .expect("a text");
        assert_eq!(last, found, "the table of CONTRIBUTING.md\n{said}");
    }
    writeln!(said, "vectors: {breaks} breaks are shown by an event, {guessed} of them by a random one")
        .expect("a text");
    std::io::stdout().write_all(said.as_bytes()).expect("written");
    assert!(guessed * 100 >= breaks * LEAST_SHOWN, "{said}");
}
