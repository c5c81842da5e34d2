//! What we and others say of the same pairs of schemas, as CONTRIBUTING.md has it.

use std::io::Write as _;

use crate::vectors::{Question, Score, questions, written};

#[test]
fn the_scoreboard_of_the_page_is_what_the_vectors_come_to() {
    let Some(questions) = questions() else { return };
    let (mut ours, mut theirs) = (Score::default(), Score::default());
    for question in &questions {
        for event in question.witnesses() {
            assert!(question.is_refuted_by(event), "{}: {event} shows nothing", question.name);
        }
        ours.count(question, question.ours.compatible);
        theirs.count(question, question.expected);
        // Where we cannot show what we call a break, who sees none is taken to be right.
        let shown = question.ours.compatible || question.witnesses().next().is_some();
        ours.false_alarms += usize::from(!shown && question.expected);
    }
    // Whatever event shows a break of one pair is tried on every other that we call compatible.
    let events: Vec<_> = questions.iter().flat_map(Question::witnesses).collect();
    for question in questions.iter().filter(|question| question.ours.compatible) {
        let refuted = events.iter().find(|event| question.is_refuted_by(event));
        assert_eq!(refuted, None, "{}: unsound", question.name);
    }
    let said = format!("{} questions\nours:   {ours:?}\ntheirs: {theirs:?}\n", questions.len());
    std::io::stdout().write_all(said.as_bytes()).expect("written");
    for (who, score) in [("`choreograph diff`", &ours), ("Apicurio Registry 3.3.3", &theirs)] {
        let Score { unsound, false_alarms, unproven } = *score;
        let row = written(who);
        assert_eq!(
            row.get(..4),
            Some(&[questions.len(), unsound, false_alarms, unproven][..]),
            "{who}: {said}"
        );
    }
}
