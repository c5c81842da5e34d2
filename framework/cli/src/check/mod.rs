//! `choreograph check`: contracts compared with their past, with each other and with what services emit.

mod approvals;
mod catalogue;
mod change;
mod drift;
mod files;
pub(crate) mod fingerprint;
mod history;
mod known;
mod levels;
pub(crate) mod manifests;
mod parallel;
mod publish;
mod upcasters;

pub use change::{Change, Kind};
pub(crate) use publish::before_publishing;

use std::path::Path;

use choreograph_contracts::compat::{self, Comparison, MAX_CHANGES, Options};
use serde_json::json;
use time::{Date, OffsetDateTime};

use crate::args::Check;
use crate::input::{Source, of_compare};
use crate::past::{self, Past};
use crate::registry;
use crate::report::{Finding, Report, Severity};
use crate::rules::files::MISSING_BUMP;
use crate::topology::inputs::Inputs;
use crate::{Failure, MAX_SHOWN_CHANGES, Problem};

use approvals::Looked;
use catalogue::Catalogue;
use known::Known;

/// Checks a folder of contracts, today.
///
/// # Errors
///
/// A [`Failure`] if something cannot be read, or what was published cannot be reached.
pub fn run(args: &Check) -> Result<Report, Failure> {
    run_on(args, OffsetDateTime::now_utc().date())
}

/// Checks a folder of contracts on a given day: approvals end.
///
/// # Errors
///
/// As [`run`].
pub fn run_on(args: &Check, today: Date) -> Result<Report, Failure> {
    let folder = past::load(&args.schemas)?;
    let approvals = approvals::read(&args.schemas)?;
    let services = Inputs::read(&args.manifests)?;
    let past = args.against.as_deref().map(|against| reach(&args.schemas, against)).transpose()?;
    let catalogue = Catalogue::parse(folder)?;
    if catalogue.is_empty() && past.as_ref().is_none_or(|past| past.versions.is_empty()) {
        let problem = Problem::of_file(args.schemas.display().to_string(), "holds no contract");
        return Err(Failure::input(problem).help("contracts are files `<event type>/<major>.<minor>.json`"));
    }
    let nothing = past.as_ref().filter(|past| past.versions.is_empty()).map(|past| past.label.clone());
    let mut history = history::compare(&catalogue, past.as_ref(), &args.schemas)?;
    let known = Known::new(&catalogue, &history);
    let levels = levels::check(&known, &history, args.level, past.as_ref())?;
    let additions = history::additions(&history, &known, past.as_ref(), &levels.bumps)?;
    history.add(additions);
    let mut findings = files::check(&catalogue, &history, &args.schemas)?;
    findings.extend(past.iter().flat_map(|past| past.findings.clone()));
    findings.extend(history.findings);
    findings.extend(levels.findings);
    findings.extend(drift::check(&catalogue, past.as_ref(), &services, &args.schemas)?);
    findings.extend(upcasters::check(&catalogue, &services));
    let standing = if history.known && approvals.reach_beyond(&findings) {
        levels::standing(&catalogue, args.level, past.as_ref())?
    } else {
        Vec::new()
    };
    approvals.apply(&mut findings, standing, today, looked(args));
    findings.sort_by_cached_key(|finding| (finding.severity, first_place(finding), finding.rule.clone()));
    let mut report = report(args, &catalogue, findings, &history.changes, levels.compared);
    let verdict = report.summary.len().saturating_sub(1);
    report.summary.splice(verdict..verdict, beside(nothing.as_deref(), history.elsewhere));
    Ok(report)
}

/// How much of what an approval may be about was looked at.
fn looked(args: &Check) -> Looked {
    match (&args.against, args.manifests.is_empty()) {
        (None, _) => Looked::Part,
        (Some(_), true) => Looked::Files,
        (Some(_), false) => Looked::All,
    }
}

/// What the comparison with the past did not reach.
fn beside(nothing: Option<&str>, elsewhere: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(label) = nothing {
        lines.push(format!("nothing is published in {label}: no version was compared with what it was"));
    }
    if elsewhere > 0 {
        let versions = count(elsewhere, "version");
        lines.push(format!("{versions} there of events that this folder has no contract of: left alone"));
    }
    lines
}

/// What was published, from where `against` says.
fn reach(root: &Path, against: &str) -> Result<Past, Failure> {
    if let Some(reference) = against.strip_prefix("git:") {
        past::from_git(root, reference)
    } else if let Some(url) = against.strip_prefix("registry:") {
        registry::from_registry(url)
    } else {
        let folder = past::load(Path::new(against)).map_err(|failure| not_reached(failure, against))?;
        let versions = folder.versions;
        Ok(Past { label: against.to_owned(), versions, ..Past::default() })
    }
}

/// Somebody who names no folder may have meant something else.
fn not_reached(failure: Failure, against: &str) -> Failure {
    if Path::new(against).exists() {
        return failure;
    }
    let text = format!("`--against {against}` names no folder");
    Failure::usage(text)
        .help(format!("for a branch, a tag or a commit say `--against git:{against}`"))
        .help("for a registry say `--against registry:URL`")
}

/// Compares two versions as contracts.
pub(crate) fn compared(old: &Source, new: &Source) -> Result<Comparison, Problem> {
    compat::compare(old.document(), new.document(), &Options::default()).map_err(of_compare)
}

fn first_place(finding: &Finding) -> (String, Option<u32>) {
    finding.places.first().map_or_else(Default::default, |place| (place.file.clone(), place.line))
}

fn report(
    args: &Check,
    catalogue: &Catalogue,
    findings: Vec<Finding>,
    changes: &[Change],
    compared: usize,
) -> Report {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let mut summary: Vec<String> = changes.iter().take(MAX_SHOWN_CHANGES).map(Change::to_string).collect();
    if changes.len() > MAX_SHOWN_CHANGES {
        summary.push(format!("… and {} changes more", changes.len() - MAX_SHOWN_CHANGES));
    }
    summary.extend(let_pass(args, changes, &findings));
    let is_bounded = findings.iter().any(|finding| finding.bounded);
    if is_bounded {
        summary.push(format!(
            "no more than {MAX_CHANGES} changes are listed in each direction of one comparison; there may be more"
        ));
    }
    let mut json = json!({
        "holds": errors == 0,
        "against": args.against,
        "level": args.level.to_string(),
        "contracts": catalogue.types(),
        "versions": catalogue.len(),
        "compared": compared,
        "changes": changes,
        "findings": findings,
    });
    if is_bounded {
        json["bounded"] = json!(true);
    }
    let past = match &args.against {
        Some(against) => format!(", {} since {against}", count(changes.len(), "change")),
        None => String::new(),
    };
    let (types, versions) = (count(catalogue.types(), "contract"), count(catalogue.len(), "version"));
    let verdict = if errors == 0 { "holds".to_owned() } else { count(errors, "error") };
    summary.push(format!("{verdict}: {types}, {versions}{past}; level {}", args.level));
    Report { command: "check", page: None, findings, summary, json }
}

/// What is said where a level asks for less than the version steps that the changes are.
fn let_pass(args: &Check, changes: &[Change], findings: &[Finding]) -> Option<String> {
    let is_misnamed = |change: &&Change| {
        change.change == Kind::Added && change.publish.as_ref().is_some_and(|it| *it != change.version)
    };
    let misnamed = changes.iter().filter(is_misnamed).count();
    let told = findings.iter().any(|finding| finding.rule == MISSING_BUMP);
    let sentence = || {
        format!(
            "level {} lets pass what is more than its version says: {}",
            args.level,
            count(misnamed, "change")
        )
    };
    (misnamed > 0 && !told).then(sentence)
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Catalogue, Check, compared, history, report};
    use crate::args::Level;
    use crate::diff::Sides;
    use crate::input::Source;
    use crate::past::Key;

    #[test]
    fn of_a_list_that_is_cut_it_is_said_that_there_may_be_more() {
        let source = |kind: &str| {
            let text = format!(
                r#"{{ "$id": "urn:contract:a.b/1.0", "properties": {{ "x": {{ "type": "{kind}" }} }} }}"#
            );
            Source::parse("a.b/1.0.json", text.into_bytes()).unwrap()
        };
        let (old, new) = (source("string"), source("integer"));
        let key = Key { name: "a.b".to_owned(), major: 1, minor: 0 };
        let args =
            Check { schemas: "schemas".into(), against: None, level: Level::Full, manifests: Vec::new() };
        let catalogue = Catalogue { sources: BTreeMap::new(), strays: Vec::new() };
        let mut comparison = compared(&old, &new).unwrap();
        for is_bounded in [false, true] {
            comparison.forward.is_bounded = is_bounded;
            let finding = history::mutated(&key, &key, &comparison, &Sides { old: &old, new: &new });
            assert_eq!(finding.bounded, is_bounded);
            let report = report(&args, &catalogue, vec![finding], &[], 1);
            assert_eq!(report.json["bounded"] == true, is_bounded, "{}", report.json);
            assert_eq!(report.json["findings"][0]["bounded"] == true, is_bounded, "{}", report.json);
            let said = report.summary.iter().any(|line| line.ends_with("there may be more"));
            assert_eq!(said, is_bounded, "{:?}", report.summary);
        }
    }
}
