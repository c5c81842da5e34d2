//! What the registry says of its own project's pairs of schemas: the row of it in CONTRIBUTING.md.

use serde_json::{Value, json};

use super::url;
use crate::scoreboard::broken;
use crate::vectors::{Question, Score, questions, written};

/// What the registry says; `None` where it cannot read one of the two.
fn verdict(agent: &ureq::Agent, subject: &str, question: &Question) -> Option<bool> {
    let post = |path: &str, schema: &Value| {
        let body = json!({ "schemaType": "JSON", "schema": schema.to_string() }).to_string();
        let request = agent.post(format!("{}{path}", url()));
        let answer = request.header("Content-Type", "application/vnd.schemaregistry.v1+json").send(body);
        answer.expect("an answer")
    };
    let written = post(&format!("/subjects/{subject}/versions"), &question.writer);
    if written.status() == 422 {
        return None;
    }
    assert!(written.status().is_success(), "{}: {written:?}", question.name);
    super::level(subject, "BACKWARD");
    let answer = post(&format!("/compatibility/subjects/{subject}/versions/latest"), &question.reader);
    let answer: Value = serde_json::from_reader(answer.into_body().into_reader()).expect("JSON");
    answer["is_compatible"].as_bool()
}

#[test]
#[ignore = "needs a registry: `tests/third-party/run registry` starts one"]
fn apicurios_verdicts_are_those_of_the_page() {
    let Some(questions) = questions() else { return };
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let (mut score, mut unread) = (Score::default(), 0);
    let (broken, _) = broken(&questions);
    for (number, (question, is_broken)) in questions.iter().zip(broken).enumerate() {
        match verdict(&agent, &format!("verdict-{number}"), question) {
            Some(compatible) => {
                assert_eq!(compatible, question.expected, "{}: its tests say otherwise", question.name);
                score.count(question, compatible, is_broken);
            }
            None => unread += 1,
        }
    }
    let row = written("Apicurio Registry 3.3.3");
    let Score { unsound, false_alarms, unproven } = score;
    assert_eq!(row, [questions.len(), unsound, false_alarms, unproven, unread]);
}
