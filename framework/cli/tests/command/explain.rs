use std::path::Path;

use crate::support::choreograph;

#[test]
fn a_rule_is_explained_and_all_are_listed() {
    let here = Path::new(".");
    let one = choreograph(here, ["explain", "contract-mutated"]);
    assert_eq!(one.code, 0);
    assert!(one.out.starts_with("CONTRACT_MUTATED: A published version"), "{}", one.out);
    let json = choreograph(here, ["explain", "CONTRACT_MUTATED", "--format", "json"]).json("explain");
    assert_eq!(json["id"], "CONTRACT_MUTATED");
    let all = choreograph(here, ["explain", "--format", "json"]).json("explain");
    assert!(all["rules"].as_array().unwrap().len() > 5);
}

#[test]
fn an_unknown_rule_is_wrong_usage() {
    let run = choreograph(Path::new("."), ["explain", "CONTRACT_MUTILATED"]);
    assert_eq!(run.code, 2);
    assert!(run.errors.contains("did you mean CONTRACT_"), "{}", run.errors);
}
