//! Names of findings that stay when lines move and words change.

use choreograph_contracts::compat::Direction;
use sha2::{Digest, Sha256};

use crate::report::Finding;

/// How many hexadecimal digits a fingerprint has: 64 bits, for a few thousand findings at most.
const DIGITS: usize = 16;

/// The fingerprint of a finding about `subject`: its rule, what it is about, and the breaks that it follows from.
///
/// A break more is another finding: an approval covers what somebody has looked at, and no more.
pub(super) fn of(rule: &str, subject: &str, causes: &[Finding]) -> String {
    let mut parts: Vec<String> = causes.iter().map(of_cause).collect();
    parts.sort_unstable();
    parts.dedup();
    let mut hash = Sha256::new();
    for part in [rule, subject].into_iter().chain(parts.iter().map(String::as_str)) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
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
    use super::of;
    use crate::report::{Finding, Place};

    fn cause(pointer: &str, line: u32) -> Finding {
        let place = Place { line: Some(line), pointer: Some(pointer.into()), ..Place::file("a").side("new") };
        Finding::error("TYPE_CHANGED", format!("in line {line}")).at(place)
    }

    #[test]
    fn lines_and_words_make_no_difference_and_breaks_do() {
        let one = of("R", "a 1.0", &[cause("/x", 1), cause("/y", 2)]);
        assert_eq!(one, of("R", "a 1.0", &[cause("/y", 7), cause("/x", 3)]));
        assert_eq!(one.len(), 16);
        for other in [
            of("R", "a 1.0", &[cause("/x", 1)]),
            of("R", "a 1.1", &[cause("/x", 1), cause("/y", 2)]),
            of("S", "a 1.0", &[cause("/x", 1), cause("/y", 2)]),
        ] {
            assert_ne!(one, other);
        }
    }
}
