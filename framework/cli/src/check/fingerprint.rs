//! Names of findings that stay when lines move and words change.

use choreograph_contracts::compat::Direction;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::report::Finding;

/// How many hexadecimal digits a fingerprint has: 64 bits, for a few thousand findings at most.
const DIGITS: usize = 16;

/// The fingerprint of a finding about `subject`: its rule, what it is about, the schemas that it is about, and the breaks that it
/// follows from.
///
/// An approval covers what somebody has looked at, and no more: a break more is another finding, and so is the same kind of break
/// by another edit. Of a schema, blanks and the order of members make no difference; all else does.
pub(crate) fn of(rule: &str, subject: &str, schemas: &[&Value], causes: &[Finding]) -> String {
    let mut breaks: Vec<String> = causes.iter().map(of_cause).collect();
    breaks.sort_unstable();
    breaks.dedup();
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    part(rule);
    part(subject);
    for schema in schemas {
        part(&schema.to_string());
    }
    for one in &breaks {
        part(one);
    }
    let mut text: String =
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    text.truncate(DIGITS);
    text
}

fn of_cause(cause: &Finding) -> String {
    let direction = match cause.direction {
        Some(Direction::Backward) => "backward",
        Some(Direction::Forward) => "forward",
        None => "",
    };
    let pointers = cause.places.iter().map(|place| {
        let pointer = place.pointer.as_deref().unwrap_or_default();
        format!("{}={pointer}", place.side)
    });
    let pointers: Vec<String> = pointers.collect();
    format!("{} {direction} {}", cause.rule, pointers.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;
    use crate::report::{Finding, Place};

    fn cause(pointer: &str, line: u32) -> Finding {
        let place = Place { line: Some(line), pointer: Some(pointer.into()), ..Place::file("a").side("new") };
        Finding::error("TYPE_CHANGED", format!("in line {line}")).at(place)
    }

    #[test]
    fn lines_and_words_make_no_difference_and_breaks_do() {
        let schema = json!({ "maxLength": 90 });
        let one = of("R", "a 1.0", &[&schema], &[cause("/x", 1), cause("/y", 2)]);
        assert_eq!(one, of("R", "a 1.0", &[&schema], &[cause("/y", 7), cause("/x", 3)]));
        assert_eq!(one.len(), 16);
        for other in [
            of("R", "a 1.0", &[&schema], &[cause("/x", 1)]),
            of("R", "a 1.1", &[&schema], &[cause("/x", 1), cause("/y", 2)]),
            of("S", "a 1.0", &[&schema], &[cause("/x", 1), cause("/y", 2)]),
            of("R", "a 1.0", &[&json!({ "maxLength": 1 })], &[cause("/x", 1), cause("/y", 2)]),
        ] {
            assert_ne!(one, other);
        }
    }
}
