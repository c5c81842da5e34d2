//! `choreograph diff OLD NEW`: what a change does to readers, in both directions.

mod convert;

pub use convert::{Sides, finding};

use choreograph_contracts::compat::{self, Bump, Comparison, MAX_CHANGES, Options};
use serde_json::{Value, json};

use crate::Failure;
use crate::args::{Diff, DirectionArg};
use crate::input::{Source, of_compare};
use crate::report::{Finding, Report};

/// Compares two files.
///
/// # Errors
///
/// A [`Failure`] if one of them is no schema, or if they cannot be compared.
pub fn run(args: &Diff) -> Result<Report, Failure> {
    let (old, new) = match (Source::read(&args.old), Source::read(&args.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => return Err(Failure::inputs([old.err(), new.err()].into_iter().flatten().collect())),
    };
    let options = Options::new(args.semantics.into());
    let comparison = compat::compare(old.document(), new.document(), &options)
        .map_err(|error| Failure::input(of_compare(error)))?;
    report(&Sides { old: &old, new: &new }, &comparison, args.direction)
}

fn report(sides: &Sides<'_>, comparison: &Comparison, asked: DirectionArg) -> Result<Report, Failure> {
    let breaks = asked.directions().iter().flat_map(|direction| {
        let found = &comparison.verdict(*direction).findings;
        found.iter().map(|one| finding(one, Some(*direction), sides))
    });
    let findings: Vec<Finding> = breaks.collect();
    Ok(Report {
        command: "diff",
        page: None,
        summary: summary(comparison, asked, findings.len()),
        findings,
        json: json_of(comparison)?,
    })
}

/// Exactly what the comparison says: the form is documented by `formats/diff.schema.json`.
fn json_of(comparison: &Comparison) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(comparison)
        .map_err(|error| Failure::incomplete(format!("the result cannot be written as JSON: {error}")))?;
    if comparison.is_bounded() {
        value["bounded"] = json!(true);
    }
    Ok(value)
}

fn summary(comparison: &Comparison, asked: DirectionArg, findings: usize) -> Vec<String> {
    let holds = |compatible: bool| if compatible { "holds" } else { "breaks" };
    let directions = asked.directions().iter().map(|direction| match direction {
        compat::Direction::Backward => format!("backward {}", holds(comparison.backward.compatible)),
        compat::Direction::Forward => format!("forward {}", holds(comparison.forward.compatible)),
    });
    let verdicts: Vec<String> = directions.collect();
    let count = match findings {
        0 => String::new(),
        1 => " (1 finding)".to_owned(),
        many => format!(" ({many} findings)"),
    };
    let bump = match comparison.bump {
        Bump::None => "nothing changed",
        Bump::Patch => "only annotations changed: the same version may be written again",
        Bump::Minor => "publish it as a new minor",
        Bump::Major => "publish it as a new major",
    };
    let mut lines = vec![format!("{}{count}; {bump}", verdicts.join(", "))];
    if comparison.is_bounded() {
        lines.push(format!(
            "no more than {MAX_CHANGES} changes are listed in each direction; there may be more"
        ));
    }
    lines
}
