//! `registry pull`.

use choreograph_contracts::{Contract, ContractFile, ContractId, SchemaDir, WriteError};
use serde_json::{Value, json};

use super::{Client, past};
use crate::args::Pull;
use crate::input::Source;
use crate::past::Key;
use crate::report::{Finding, Place, Report};
use crate::rules::files;
use crate::{Failure, Problem};

/// Writes what the folder lacks, if nothing in it contradicts the registry.
pub(super) fn pull(client: &Client, args: &Pull) -> Result<Report, Failure> {
    let past::Held { versions, mut others, mut findings } = past::contracts(client)?;
    if !findings.is_empty() {
        // Nothing is approved here.
        for finding in &mut findings {
            finding.fingerprint = None;
        }
        return Ok(report(client, &[], 0, others, findings));
    }
    let mut sources: Vec<(Key, Value)> = Vec::new();
    let mut problems = Vec::new();
    for (key, text) in versions {
        match Source::parse(&text.name, text.bytes) {
            // What no service could assert is no contract, whatever it calls itself.
            Ok(source) if Contract::compile(source.document().value()).is_err() => others += 1,
            Ok(source) => sources.push((key, source.document().value().clone())),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::inputs(problems));
    }
    let contracts: Vec<ContractFile<'_>> =
        sources.iter().filter_map(|(key, schema)| contract(key, schema)).collect();
    match SchemaDir::new(&args.schemas).add(&contracts) {
        Ok(written) => {
            let paths: Vec<String> = written.files.iter().map(|path| path.display().to_string()).collect();
            Ok(report(client, &paths, written.unchanged, others, Vec::new()))
        }
        Err(WriteError::Refused(refused)) => {
            let found = refused.iter().map(|refused| {
                let message = format!("the registry and the file disagree: {}", refused.problem);
                Finding::error(files::MUTATED, message).at(Place::file(refused.path.display().to_string()))
            });
            Ok(report(client, &[], 0, others, found.collect()))
        }
        Err(WriteError::Io { path, source }) => {
            let problem =
                Problem::of_file(path.display().to_string(), format!("cannot be written: {source}"));
            Err(Failure::incomplete(problem.to_string()))
        }
    }
}

fn contract<'a>(key: &'a Key, schema: &Value) -> Option<ContractFile<'a>> {
    let id = ContractId::new(&key.name, key.major, key.minor).ok()?;
    Some(ContractFile { id, schema: schema.clone() })
}

fn report(
    client: &Client,
    written: &[String],
    unchanged: usize,
    others: usize,
    findings: Vec<Finding>,
) -> Report {
    let mut summary: Vec<String> =
        written.iter().take(crate::MAX_SHOWN_CHANGES).map(|path| format!("wrote {path}")).collect();
    let verdict = if findings.is_empty() { "" } else { "nothing was written; " };
    summary.push(format!(
        "{verdict}{}: {} written, {unchanged} unchanged, {others} schemas that are no contracts",
        client.url(),
        written.len()
    ));
    let json = json!({
        "command": "registry pull",
        "holds": findings.is_empty(),
        "url": client.url(),
        "written": written,
        "unchanged": unchanged,
        "others": others,
        "findings": findings,
    });
    Report { command: "registry pull", page: None, findings, summary, json }
}
