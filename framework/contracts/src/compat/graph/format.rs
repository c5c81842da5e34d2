//! Formats, as the run time asserts them.

use std::sync::OnceLock;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// A format that is asserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::compat) struct Format(u8);

/// What is known of a format.
struct Known {
    name: &'static str,
    /// The draft whose validator decides: `hostname` was another thing once.
    draft: Draft,
    /// Texts of the format, of several lengths.
    samples: &'static [&'static str],
    /// A pattern that every text of the format matches; empty if none is known.
    shape: &'static str,
    /// Formats that take every text of this one.
    within: &'static [&'static str],
}

const LATEST: Draft = Draft::Draft202012;

const fn known(
    name: &'static str,
    shape: &'static str,
    within: &'static [&'static str],
    samples: &'static [&'static str],
) -> Known {
    Known { name, draft: LATEST, samples, shape, within }
}

/// The formats that are asserted, in the order of [`Format`]'s numbers. Where a digit of a date or time should stand,
/// the validator also takes the six characters before `0`, as in `+206-01-01`: so do the shapes.
const KNOWN: [Known; 18] = [
    known("date", "^[*-9]{4}-[*-9]{2}-[*-9]{2}$", &[], &["2024-02-29", "1999-12-31", "2026-01-01"]),
    known(
        "date-time",
        "^[*-9]{4}-[*-9]{2}-[*-9]{2}[Tt].{6,}[*-9Zz]$",
        &[],
        &[
            "2024-02-29T12:00:00Z",
            "1999-12-31T23:59:59+01:00",
            "2026-01-01T00:00:00.123456Z",
            "2026-01-01t00:00:00z",
        ],
    ),
    known("duration", r"^P[0-9A-Z]+$", &[], &["P1D", "PT1H", "P3Y6M4DT12H30M5S"]),
    known("email", "@", &[], &["a@example.com", "a.b@example.org", "name+tag@mail.example.com"]),
    known("hostname", "^[0-9A-Za-z.-]+$", &[], &["a", "example.com", "a-b.example.org", "localhost"]),
    known(
        "ipv4",
        r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$",
        &[],
        &["127.0.0.1", "255.255.255.255"],
    ),
    known("ipv6", "^[0-9A-Fa-f:.]{2,45}$", &[], &["::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"]),
    known(
        "iri",
        "^[A-Za-z][0-9A-Za-z+.-]*:",
        &["iri-reference"],
        &["http://exämple.org/ü", "https://example.com/a", "urn:a:b"],
    ),
    known("iri-reference", "", &[], &["/ü", "a", "http://exämple.org/", ""]),
    known("json-pointer", "^(/|$)", &[], &["", "/a", "/a~1b/0", "/a/b/c/d"]),
    known("regex", "", &[], &["a", "^[a-z]+$", "", "x{1,3}"]),
    known("relative-json-pointer", "^[0-9]+", &[], &["0", "1/a", "2#"]),
    known(
        "time",
        "^[*-9]{2}:[*-9]{2}:[*-9]{2}.*[*-9Zz]$",
        &[],
        &["12:00:00Z", "23:59:59+01:00", "00:00:00.5Z"],
    ),
    known(
        "uri",
        "^[A-Za-z][0-9A-Za-z+.-]*:",
        &["iri", "uri-reference", "iri-reference"],
        &["http://example.com/", "https://example.com/a?b=c#d", "urn:a:b", "mailto:a@example.com"],
    ),
    known("uri-reference", "", &["iri-reference"], &["/a", "a", "http://example.com/", "", "#f"]),
    known("uri-template", "", &[], &["/a", "/{id}", "http://example.com/{?q}", ""]),
    known(
        "uuid",
        "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
        &[],
        &["0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10", "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF"],
    ),
    Known {
        name: "hostname",
        draft: Draft::Draft4,
        samples: &["a", "example.com", "a-b.example.org"],
        shape: "",
        within: &[],
    },
];

/// Formats that only drafts from 2019-09 on assert.
const SINCE_2019: [&str; 2] = ["duration", "uuid"];
/// Formats that only drafts from 7 on assert.
const SINCE_7: [&str; 3] = ["iri", "iri-reference", "relative-json-pointer"];
/// Formats that only drafts from 6 on assert.
const SINCE_6: [&str; 3] = ["json-pointer", "uri-reference", "uri-template"];

impl Format {
    /// The format `name`, if `draft` asserts it.
    pub(in crate::compat) fn named(name: &str, draft: Draft) -> Option<Self> {
        let since = if SINCE_2019.contains(&name) {
            Draft::Draft201909
        } else if SINCE_7.contains(&name) {
            Draft::Draft7
        } else if SINCE_6.contains(&name) {
            Draft::Draft6
        } else {
            Draft::Draft4
        };
        let old = name == "hostname" && draft < Draft::Draft7;
        let index = KNOWN
            .iter()
            .position(|known| known.name == name && (known.draft == LATEST) != old)
            .filter(|_| draft >= since)?;
        Some(Self(index as u8))
    }

    fn known(self) -> &'static Known {
        &KNOWN[usize::from(self.0)]
    }

    pub(in crate::compat) fn name(self) -> &'static str {
        self.known().name
    }

    pub(in crate::compat) fn samples(self) -> &'static [&'static str] {
        self.known().samples
    }

    /// A pattern that every text of the format matches.
    pub(in crate::compat) fn shape(self) -> Option<&'static str> {
        Some(self.known().shape).filter(|shape| !shape.is_empty())
    }

    /// Whether every text of its shape is of the format.
    pub(in crate::compat) fn is_its_shape(self) -> bool {
        self.name() == "uuid"
    }

    /// Whether `other` takes every text of this format.
    pub(in crate::compat) fn is_within(self, other: Self) -> bool {
        self == other || (other.known().draft == LATEST && self.known().within.contains(&other.known().name))
    }

    /// Whether `text` is of the format.
    pub(in crate::compat) fn accepts(self, text: &str) -> bool {
        static VALIDATORS: [OnceLock<Option<Validator>>; KNOWN.len()] =
            [const { OnceLock::new() }; KNOWN.len()];
        let validator = VALIDATORS[usize::from(self.0)].get_or_init(|| {
            let schema = json!({ "format": self.name() });
            let options = jsonschema::options().with_draft(self.known().draft);
            options.should_validate_formats(true).build(&schema).ok()
        });
        validator.as_ref().is_none_or(|validator| validator.is_valid(&Value::String(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, KNOWN};
    use crate::compat::graph::Patterns;
    use crate::compat::sample::Dice;

    /// What proofs rest on: no text of a format is off its shape, or refused by a format around it. Samples with a
    /// few letters changed come closest to its edges.
    #[test]
    fn no_text_of_a_format_leaves_its_shape() {
        const LETTERS: &str = "aZ09-_.:/%@#?+*,TtPz []{}~!é\u{212a}\u{660}\n";
        let letters: Vec<char> = LETTERS.chars().collect();
        let mut dice = Dice::new(11);
        let mut accepted = 0;
        for (index, known) in KNOWN.iter().enumerate() {
            let format = Format(index as u8);
            let mut patterns = Patterns::default();
            let shape = format.shape().map(|shape| patterns.add(shape).unwrap());
            for _ in 0..300 {
                let mut text: Vec<char> = dice.pick(known.samples).unwrap().chars().collect();
                for _ in 0..=dice.below(3) {
                    let (at, letter) = (dice.below(text.len() + 1), *dice.pick(&letters).unwrap());
                    match dice.below(3) {
                        0 => text.insert(at, letter),
                        1 if at < text.len() => drop(text.remove(at)),
                        _ if at < text.len() => text[at] = letter,
                        _ => text.push(letter),
                    }
                }
                let text: String = text.into_iter().collect();
                if !format.accepts(&text) {
                    continue;
                }
                accepted += 1;
                assert!(shape.is_none_or(|shape| patterns.matches(shape, &text)), "{} {text:?}", known.name);
                for outer in known.within {
                    assert!(Format::named(outer, known.draft).unwrap().accepts(&text), "{outer} {text:?}");
                }
            }
        }
        assert!(accepted > 500, "{accepted}");
    }

    /// What proofs rest on, the other way round: a text of the shape is of the format.
    #[test]
    fn no_text_of_a_shape_is_off_the_format_that_it_is() {
        let mut dice = Dice::new(5);
        for index in 0..KNOWN.len() {
            let format = Format(index as u8);
            if !format.is_its_shape() {
                continue;
            }
            let mut patterns = Patterns::default();
            let shape = patterns.add(format.shape().unwrap()).unwrap();
            let mut of_shape = 0;
            for _ in 0..2_000 {
                let mut text: Vec<char> = dice.pick(format.samples()).unwrap().chars().collect();
                for _ in 0..=dice.below(3) {
                    let at = dice.below(text.len());
                    text[at] = *dice.pick(&['0', '9', 'a', 'F', 'f', 'g', '-', 'é', ' ']).unwrap();
                }
                let text: String = text.into_iter().collect();
                if patterns.matches(shape, &text) {
                    of_shape += 1;
                    assert!(format.accepts(&text), "{text:?}");
                }
            }
            assert!(of_shape > 100, "{of_shape}");
        }
    }

    /// What is said of a format must hold of its samples, or proofs would rest on a mistake.
    #[test]
    fn samples_are_of_their_format_and_of_those_around_it() {
        for (index, known) in KNOWN.iter().enumerate() {
            let format = Format(index as u8);
            for sample in known.samples {
                assert!(format.accepts(sample), "{} {sample}", known.name);
                for outer in known.within {
                    let outer = Format::named(outer, known.draft).unwrap();
                    assert!(outer.accepts(sample), "{} {sample}", known.name);
                }
                if let Some(shape) = format.shape() {
                    let mut patterns = Patterns::default();
                    let shape = patterns.add(shape).unwrap();
                    assert!(patterns.matches(shape, sample), "{} {sample}", known.name);
                }
            }
            assert!(!format.accepts("\u{7f} <") || known.shape.is_empty(), "{}", known.name);
        }
    }
}
