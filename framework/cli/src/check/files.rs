//! What is wrong with files by themselves.

use std::path::Path;

use choreograph_contracts::{CompileError, Contract};
use serde_json::Value;

use super::catalogue::Catalogue;
use super::history::History;
use super::{fingerprint, parallel};
use crate::input::Source;
use crate::past::Key;
use crate::report::{Finding, Place};
use crate::rules::files;
use crate::{Failure, Problem};

/// Files whose `$id` is wrong, and files that are no version.
///
/// # Errors
///
/// Files that changed and cannot be asserted by a service.
pub(super) fn check(catalogue: &Catalogue, history: &History, root: &Path) -> Result<Vec<Finding>, Failure> {
    let touched: Vec<&Source> =
        catalogue.sources.iter().filter(|(key, _)| history.concerns(key)).map(|(_, source)| source).collect();
    parallel::map(&touched, |source| usable(source))?;
    let mut findings: Vec<Finding> =
        catalogue.sources.iter().filter_map(|(key, source)| id_mismatch(key, source)).collect();
    findings.extend(catalogue.strays.iter().map(|path| {
        // The folder may be named in many ways, and the file within it in one.
        let within = path.strip_prefix(root).unwrap_or(path).display().to_string();
        let path = path.display().to_string();
        let mut finding = Finding::error(files::STRAY_FILE, format!("`{path}` is no version of a contract"));
        finding.fingerprint = Some(fingerprint::of(files::STRAY_FILE, &within, &[], &[]));
        finding.at(Place::file(path)).help("name it `<major>.<minor>.json`, or move it elsewhere")
    }));
    Ok(findings)
}

/// Whether a service could assert it.
fn usable(source: &Source) -> Result<(), Problem> {
    let Err(error) = Contract::compile(source.document().value()) else { return Ok(()) };
    // Comparing it with itself says where a schema is wrong, to the line.
    super::compared(source, source)?;
    let pointer = match &error {
        CompileError::Schema { at, .. } => at.as_str(),
        CompileError::Dialect => "/$schema",
        _ => "",
    };
    let line = source.document().line(pointer);
    Err(Problem { file: Some(source.name().to_owned()), line, text: error.to_string() })
}

fn id_mismatch(key: &Key, source: &Source) -> Option<Finding> {
    let expected = key.uri();
    let stated = source.document().value().get("$id").and_then(Value::as_str);
    if stated == Some(expected.as_str()) {
        return None;
    }
    let message = match stated {
        Some(stated) => format!("the file of `{key}` says that it is `{stated}`"),
        None => format!("the file of `{key}` does not say what it is"),
    };
    let mut finding = Finding::error(files::ID_MISMATCH, message);
    let subject = format!("{expected} {}", stated.unwrap_or_default());
    finding.fingerprint = Some(fingerprint::of(files::ID_MISMATCH, &subject, &[], &[]));
    let place = if stated.is_some() { source.at("", "/$id") } else { Place::file(source.name()) };
    Some(finding.at(place).help(format!("its `$id` is to be `{expected}`")))
}
