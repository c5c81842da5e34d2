//! `choreograph topology check`: do the services fit together, and whom does a change break?

use std::collections::BTreeSet;

use choreograph_topology::{Choreography, Finding, MAX_FINDINGS, against, check};
use serde_json::{Value, json};

use super::convert::Sets;
use super::inputs::Inputs;
use crate::Failure;
use crate::args::TopologyCheck;
use crate::report::Report;

pub(super) fn run(args: &TopologyCheck) -> Result<Report, Failure> {
    let new = Inputs::read(&args.manifests)?;
    let old = Inputs::read(&args.against)?;
    let (findings, mut summary, extra) =
        if args.against.is_empty() { whole(&new) } else { change(&new, &old) };
    if findings.len() == MAX_FINDINGS {
        summary.push(format!("no more than {MAX_FINDINGS} findings are told"));
    }
    let sets = Sets { new: &new, old: &old };
    let findings: Vec<_> = findings.iter().map(|found| sets.finding(found)).collect();
    let mut json = json!({ "holds": findings.is_empty(), "findings": findings });
    if let (Value::Object(json), Value::Object(extra)) = (&mut json, extra) {
        json.extend(extra);
    }
    Ok(Report { command: "topology check", page: None, findings, summary, json })
}

fn whole(new: &Inputs) -> (Vec<Finding>, Vec<String>, Value) {
    let choreography = Choreography::new(&new.manifests);
    let findings = check(&choreography);
    let (services, steps) = (choreography.services().len(), choreography.steps().count());
    let events = choreography.events().len();
    let verdict = match findings.len() {
        0 => "the choreography holds".to_owned(),
        count => counted(count, "finding"),
    };
    let size = [counted(services, "service"), counted(steps, "step"), counted(events, "event")].join(", ");
    (
        findings,
        vec![format!("{verdict}; {size}")],
        json!({ "services": services, "steps": steps, "events": events }),
    )
}

fn change(new: &Inputs, old: &Inputs) -> (Vec<Finding>, Vec<String>, Value) {
    let answer = against(&new.manifests, &old.manifests);
    let verdict = match answer.breaks.len() {
        0 => "the change breaks nobody".to_owned(),
        count => {
            let changed: BTreeSet<&str> = new.manifests.iter().map(|it| it.service.as_str()).collect();
            let broken: BTreeSet<&str> =
                answer.breaks.iter().flat_map(|it| &it.parties).map(|it| it.service.as_str()).collect();
            let others: Vec<&str> = broken.difference(&changed).copied().collect();
            let whom =
                if others.is_empty() { String::new() } else { format!(": it breaks {}", others.join(", ")) };
            format!("{}{whom}", counted(count, "finding"))
        }
    };
    let mut summary = vec![verdict];
    if !answer.unchanged.is_empty() {
        summary.push(format!("as before: {}", answer.unchanged.join(", ")));
    }
    if answer.known > 0 {
        summary.push(format!("{} of before remain and are not told here", counted(answer.known, "finding")));
    }
    (answer.breaks, summary, json!({ "unchanged": answer.unchanged, "known": answer.known }))
}

fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
