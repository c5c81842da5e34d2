//! `registry check` and `registry push`.

use std::collections::BTreeMap;

use serde_json::json;

use super::Client;
use super::plan::{Entry, Plan, State, make, refused};
use crate::args::Contracts;
use crate::report::{Finding, Report, Severity};
use crate::{Failure, MAX_SHOWN_CHANGES};

/// Asks the registry about every contract, and writes nothing.
pub(super) fn check(client: &Client, args: &Contracts) -> Result<Report, Failure> {
    Ok(report("registry check", client, make(client, args)?))
}

/// Registers what is missing, if the registry would take all of it.
pub(super) fn push(client: &Client, args: &Contracts) -> Result<Report, Failure> {
    let mut plan = make(client, args)?;
    if holds(&plan.findings) {
        plan.findings.extend(write(client, &mut plan.entries)?);
    }
    Ok(report("registry push", client, plan))
}

/// Whether nothing is left that somebody has not approved.
fn holds(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}

/// Registers in the order of versions and stops at the first that is refused: what a version means to a registry
/// depends on those before it.
fn write(client: &Client, entries: &mut [Entry]) -> Result<Option<Finding>, Failure> {
    for index in 0..entries.len() {
        let Some(entry) = entries.get_mut(index).filter(|entry| entry.state == State::Pending) else {
            continue;
        };
        match client.register(&entry.subject, &entry.text()) {
            Ok(Ok(id)) => {
                entry.state = State::Written;
                entry.id = Some(id);
            }
            Ok(Err(said)) => {
                entry.state = State::Refused;
                return Ok(Some(refused(client, entry, &[said])));
            }
            // Its answer was lost, or it has refused to give one: it may have been written all the same.
            Err(failure) => match client.lookup(&entry.subject, &entry.text()) {
                Ok(Some(stored)) => {
                    entry.state = State::Written;
                    entry.id = stored.id;
                }
                Ok(None) => {
                    let at = format!("{}, which was not written", entry.key);
                    return Err(cut_off(failure, &at, entries));
                }
                Err(_) => {
                    let at = format!("{}, of which it is not known whether it was written", entry.key);
                    return Err(cut_off(failure, &at, entries));
                }
            },
        }
    }
    Ok(None)
}

/// Says what was written before the registry went away.
fn cut_off(failure: Failure, at: &str, entries: &[Entry]) -> Failure {
    let written: Vec<String> = entries
        .iter()
        .filter(|entry| entry.state == State::Written)
        .map(|entry| format!("{} as {}", entry.key, entry.subject))
        .collect();
    let more = match written.len().saturating_sub(MAX_SHOWN_CHANGES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let shown = written.iter().take(MAX_SHOWN_CHANGES).cloned().collect::<Vec<_>>().join(", ") + &more;
    let written = if shown.is_empty() { "nothing".to_owned() } else { shown };
    failure
        .help(format!("cut off at {at}; written before: {written}"))
        .help("push again: what is registered already is left alone")
}

fn report(command: &'static str, client: &Client, plan: Plan) -> Report {
    let Plan { entries, findings, unwritten } = plan;
    let count = |state: State| entries.iter().filter(|entry| entry.state == state).count();
    let (registered, pending) = (count(State::Registered), count(State::Pending));
    let (written, refused) = (count(State::Written), count(State::Refused));
    let lines = entries.iter().filter(|entry| entry.state == State::Written).take(MAX_SHOWN_CHANGES);
    let mut summary: Vec<String> = lines
        .map(|entry| {
            format!("wrote {} as {} (schema {})", entry.key, entry.subject, entry.id.unwrap_or_default())
        })
        .collect();
    // What is written last under a subject is what the registry calls its latest.
    let open = entries.iter().filter(|entry| matches!(entry.state, State::Written | State::Pending));
    let last: BTreeMap<&str, &Entry> = open.map(|entry| (entry.subject.as_str(), entry)).collect();
    summary.extend(last.into_values().filter_map(behind).take(MAX_SHOWN_CHANGES));
    let alone = unwritten.iter().take(MAX_SHOWN_CHANGES);
    summary
        .extend(alone.map(|key| format!("{key} is written to no topic that a manifest names: left alone")));
    summary.push(format!(
        "{}: {registered} registered before, {written} written, {pending} not written yet, {refused} refused",
        client.url()
    ));
    let json = json!({
        "command": command,
        "holds": holds(&findings),
        "url": client.url(),
        "contracts": entries,
        "findings": findings,
    });
    Report { command, page: None, findings, summary, json }
}

/// What is to be said of a version that comes after a newer one: readers that ask a registry for the latest are given it.
fn behind(entry: &Entry) -> Option<String> {
    let (newer, key, subject) = (entry.behind.as_ref()?, &entry.key, &entry.subject);
    match entry.state {
        State::Written => {
            Some(format!("the latest of {subject} is {key} now, and {newer} was registered before it"))
        }
        State::Pending => {
            Some(format!("the latest of {subject} would be {key}, and {newer} is registered already"))
        }
        State::Registered | State::Refused => None,
    }
}
