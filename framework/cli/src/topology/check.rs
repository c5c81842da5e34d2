//! `choreograph topology check`: do the services fit together, and whom does a change break?

use std::collections::BTreeSet;

use choreograph_topology::{Choreography, Finding, MAX_FINDINGS, Manifest, against, check, deprecations};
use serde_json::{Value, json};
use time::{Date, OffsetDateTime};

use super::convert::Sets;
use super::gone::Gone;
use super::inputs::Inputs;
use crate::args::TopologyCheck;
use crate::report::{Report, Severity};
use crate::{Failure, MAX_SHOWN_CHANGES};

/// What was found.
struct Found {
    /// What does not fit.
    errors: Vec<Finding>,
    /// What fits and will not for ever.
    warnings: Vec<Finding>,
    summary: Vec<String>,
    /// Services that are taken away.
    gone: Gone,
    /// What else its JSON has.
    more: Value,
}

pub(super) fn run(args: &TopologyCheck) -> Result<Report, Failure> {
    run_on(args, OffsetDateTime::now_utc().date())
}

/// Checks on a given day: what is deprecated has a last one.
fn run_on(args: &TopologyCheck, today: Date) -> Result<Report, Failure> {
    let new = Inputs::read(&args.manifests)?;
    let old = Inputs::read(&args.against)?;
    // Of the form `2026-01-31`.
    let today = today.to_string();
    let mut found = if args.against.is_empty() {
        whole(&new, &today)
    } else {
        change(&new, &old, Gone::of(args, &new, &old)?, &today)
    };
    let bounded = found.errors.len() == MAX_FINDINGS || found.warnings.len() == MAX_FINDINGS;
    if bounded {
        found.summary.push(format!("no more than {MAX_FINDINGS} findings are told; there may be more"));
    }
    let sets = Sets { new: &new, old: &old };
    let errors = found.errors.iter().map(|it| found.gone.told(it, sets.finding(it, Severity::Error)));
    let warnings = found.warnings.iter().map(|it| sets.finding(it, Severity::Warning));
    let findings: Vec<_> = errors.chain(warnings).collect();
    let mut json = json!({ "holds": found.errors.is_empty(), "findings": findings });
    if let (Value::Object(json), Value::Object(more)) = (&mut json, found.more) {
        json.extend(more);
    }
    if bounded {
        json["bounded"] = json!(true);
    }
    Ok(Report { command: "topology check", page: None, findings, summary: found.summary, json })
}

fn whole(new: &Inputs, today: &str) -> Found {
    let choreography = Choreography::new(&new.manifests);
    let errors = check(&choreography);
    let warnings = deprecations(&choreography, today);
    let (services, steps) = (choreography.services().len(), choreography.steps().count());
    let events = choreography.events().len();
    let verdict = match errors.len() {
        0 => "the choreography holds".to_owned(),
        count => counted(count, "finding"),
    };
    let size = [counted(services, "service"), counted(steps, "step"), counted(events, "event")].join(", ");
    let summary = vec![format!("{verdict}{}; {size}", warned(&warnings))];
    Found {
        errors,
        warnings,
        summary,
        gone: Gone::default(),
        more: json!({ "services": services, "steps": steps, "events": events }),
    }
}

fn change(new: &Inputs, old: &Inputs, gone: Gone, today: &str) -> Found {
    let changed = gone.beside(&new.manifests);
    let answer = against(&changed, &old.manifests);
    let warnings = newly_deprecated(&changed, &old.manifests, today);
    let verdict = match answer.breaks.len() {
        0 => "the change breaks nobody".to_owned(),
        count => {
            let changed: BTreeSet<&str> = changed.iter().map(|it| it.service.as_str()).collect();
            let broken: BTreeSet<&str> =
                answer.breaks.iter().flat_map(|it| &it.parties).map(|it| it.service.as_str()).collect();
            let others: Vec<&str> = broken.difference(&changed).copied().collect();
            let whom =
                if others.is_empty() { String::new() } else { format!(": it breaks {}", named(&others)) };
            format!("{}{whom}", counted(count, "finding"))
        }
    };
    let mut summary = vec![format!("{verdict}{}", warned(&warnings))];
    if !gone.names().is_empty() {
        summary.push(format!("gone: {}", named(&gone.names())));
    }
    if !answer.unchanged.is_empty() {
        // Who gives several manifests may think that they are all.
        let doubt = if new.manifests.len() > 1 { "; with `--complete` they would be gone" } else { "" };
        summary.push(format!("as before: {}{doubt}", named(&answer.unchanged)));
    }
    if answer.known > 0 {
        summary.push(format!("{} of before remain and are not told here", counted(answer.known, "finding")));
    }
    let more = json!({ "unchanged": answer.unchanged, "gone": gone.names(), "known": answer.known });
    Found { errors: answer.breaks, warnings, summary, gone, more }
}

/// Who reads what a change deprecates, and who begins to read what is deprecated.
fn newly_deprecated(changed: &[Manifest], before: &[Manifest], today: &str) -> Vec<Finding> {
    let names: BTreeSet<&str> = changed.iter().map(|it| it.service.as_str()).collect();
    let rest = before.iter().filter(|it| !names.contains(it.service.as_str()));
    let known = deprecations(&Choreography::new(before), today);
    let known: BTreeSet<String> = known.iter().map(Finding::fingerprint).collect();
    let mut now = deprecations(&Choreography::new(changed.iter().chain(rest)), today);
    now.retain(|finding| !known.contains(&finding.fingerprint()));
    now
}

/// The first few names, and how many more there are.
fn named(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(MAX_SHOWN_CHANGES).map(AsRef::as_ref).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn warned(warnings: &[Finding]) -> String {
    if warnings.is_empty() { String::new() } else { format!(", {}", counted(warnings.len(), "warning")) }
}

fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
