//! `registry check` and `registry push`.

use serde_json::json;

use super::Client;
use super::plan::{Entry, State, make, refused};
use crate::Failure;
use crate::args::Contracts;
use crate::report::{Finding, Report};

/// Asks the registry about every contract, and writes nothing.
pub(super) fn check(client: &Client, args: &Contracts) -> Result<Report, Failure> {
    let (entries, findings) = make(client, args)?;
    Ok(report("registry check", client, &entries, findings))
}

/// Registers what is missing, if the registry would take all of it.
pub(super) fn push(client: &Client, args: &Contracts) -> Result<Report, Failure> {
    let (mut entries, mut findings) = make(client, args)?;
    if findings.is_empty() {
        findings.extend(write(client, &mut entries)?);
    }
    Ok(report("registry push", client, &entries, findings))
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
            Err(failure) => {
                let of = entry.key.to_string();
                return Err(cut_off(failure, &of, entries));
            }
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
    let written = if written.is_empty() { "nothing".to_owned() } else { written.join(", ") };
    failure
        .help(format!("cut off at {at}; written before: {written}"))
        .help("push again: what is registered already is left alone")
}

fn report(command: &'static str, client: &Client, entries: &[Entry], findings: Vec<Finding>) -> Report {
    let count = |state: State| entries.iter().filter(|entry| entry.state == state).count();
    let (registered, pending) = (count(State::Registered), count(State::Pending));
    let (written, refused) = (count(State::Written), count(State::Refused));
    let lines = entries.iter().filter(|entry| entry.state == State::Written).take(crate::MAX_SHOWN_CHANGES);
    let mut summary: Vec<String> = lines
        .map(|entry| {
            format!("wrote {} as {} (schema {})", entry.key, entry.subject, entry.id.unwrap_or_default())
        })
        .collect();
    summary.push(format!(
        "{}: {registered} registered before, {written} written, {pending} not written yet, {refused} refused",
        client.url()
    ));
    let json = json!({
        "command": command,
        "holds": findings.is_empty(),
        "url": client.url(),
        "contracts": entries,
        "findings": findings,
    });
    Report { command, page: None, findings, summary, json }
}
