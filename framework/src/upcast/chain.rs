//! The way from an older major to the one that a step reads.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use choreograph_contracts::{CheckError, Contract, Tape};
use serde_json::Value;

use super::Upcast;
use crate::runner::dispose;

/// The most majors that one event is led up.
const MAX_LINKS: usize = 64;

/// Upcasters in order, from one major to the step's own.
pub(crate) struct Chain {
    name: &'static str,
    links: &'static [Upcast],
    /// Any JSON within the bounds.
    any: Contract,
}

/// Why a value is not led to the step's major.
#[derive(Debug)]
pub(crate) enum Stuck {
    /// It is no JSON within the bounds.
    Undecodable(CheckError),
    /// An upcaster refuses it; in words, with the link.
    Refused(String),
    /// An upcaster panicked; in words, with the link.
    Panicked(String),
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable(error) => error.fmt(f),
            Self::Refused(text) | Self::Panicked(text) => f.write_str(text),
        }
    }
}

impl Chain {
    /// The links from `from` to `major`; `None` where they do not lead there one by one.
    pub(crate) fn of(name: &'static str, major: u32, links: &'static [Upcast], from: u32) -> Option<Self> {
        let first = links.iter().position(|link| link.from == from)?;
        let links = links.get(first..)?;
        let whole = links.iter().zip(from..).all(|(link, expected)| link.from == expected)
            && links.last()?.from.checked_add(1) == Some(major);
        let any = Contract::compile(&Value::Bool(true)).ok()?;
        whole.then_some(Self { name, links, any })
    }

    /// As a message names it: `the upcasters 1 → 2 → 3`.
    pub(crate) fn title(&self) -> String {
        let noun = if self.links.len() == 1 { "upcaster" } else { "upcasters" };
        let ends = self.links.last().map(|link| link.from.saturating_add(1));
        let majors: Vec<String> =
            self.links.iter().map(|link| link.from).chain(ends).map(|major| major.to_string()).collect();
        format!("the {noun} {}", majors.join(" → "))
    }

    /// Leads a value to the step's major, as JSON.
    pub(crate) fn lift(&self, tape: &mut Tape, value: &[u8]) -> Result<Vec<u8>, Stuck> {
        self.any.check(tape, value).map_err(Stuck::Undecodable)?;
        // Within the bounds it is JSON; serde's own text would quote it.
        let mut value: Value = serde_json::from_slice(value)
            .map_err(|_| Stuck::Refused(format!("a value of {} is no JSON to serde", self.name)))?;
        for link in self.links {
            let named =
                || format!("the upcaster {} → {} of {}", link.from, link.from.saturating_add(1), self.name);
            value = match catch_unwind(AssertUnwindSafe(|| (link.with)(value))) {
                Ok(Ok(value)) => value,
                Ok(Err(error)) => {
                    return Err(Stuck::Refused(format!("{} refuses the value: {error}", named())));
                }
                Err(panic) => {
                    dispose(panic);
                    return Err(Stuck::Panicked(format!("{} panicked; the log says where", named())));
                }
            };
        }
        serde_json::to_vec(&value).map_err(|_| {
            Stuck::Refused(format!("{} made what is no JSON of a value of {}", self.title(), self.name))
        })
    }
}

/// What is wrong with an event's upcasters, as sentences.
pub(crate) fn problems(
    name: &'static str,
    major: u32,
    links: &'static [Upcast],
) -> impl Iterator<Item = String> {
    let too_many = (links.len() > MAX_LINKS)
        .then(|| format!("{name} has {} upcasters, and at most {MAX_LINKS} are legal", links.len()));
    let from = links.iter().map(|link| link.from);
    let next = links.iter().skip(1).map(|link| link.from).chain([major]);
    let gap = from.zip(next).find(|(from, next)| from.checked_add(1) != Some(*next)).map(|(from, next)| {
        format!(
            "the upcasters of {name} lead from {from} to {next}, and each leads one major up: one from {} to {} is \
             missing",
            from.saturating_add(1),
            from.saturating_add(2)
        )
    });
    too_many.into_iter().chain(gap)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::UpcastError;

    fn add(mut value: Value) -> Result<Value, UpcastError> {
        let total = value["total"].as_u64().ok_or("`total` is no number")?;
        assert!(total != 13, "secret");
        if total == 26 {
            std::panic::panic_any(Bomb);
        }
        value["total"] = json!(total + 1);
        Ok(value)
    }

    /// What panics where it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a bomb");
        }
    }

    const LINKS: &[Upcast] = &[Upcast::new(1, add), Upcast::new(2, add), Upcast::new(3, add)];

    fn lifted(from: u32, value: &str) -> Result<String, String> {
        let chain = Chain::of("order.placed", 4, LINKS, from).expect("a chain");
        let lifted = chain.lift(&mut Tape::new(), value.as_bytes()).map_err(|stuck| stuck.to_string())?;
        Ok(String::from_utf8(lifted).expect("text"))
    }

    #[test]
    fn a_value_goes_through_each_link_from_its_own_major_on() {
        assert_eq!(lifted(1, r#"{"total":1}"#).as_deref(), Ok(r#"{"total":4}"#));
        assert_eq!(lifted(3, r#"{"total":1}"#).as_deref(), Ok(r#"{"total":2}"#));
        assert!(Chain::of("order.placed", 4, LINKS, 4).is_none(), "its own major needs none");
        assert!(Chain::of("order.placed", 5, LINKS, 1).is_none(), "it does not lead to 5");
    }

    #[test]
    fn what_stops_it_names_the_link_and_not_the_value() {
        let refused = lifted(1, r#"{"total":"secret"}"#).unwrap_err();
        assert_eq!(refused, "the upcaster 1 → 2 of order.placed refuses the value: `total` is no number");
        let panicked = lifted(1, r#"{"total":12}"#).unwrap_err();
        assert_eq!(panicked, "the upcaster 2 → 3 of order.placed panicked; the log says where");
        let bombed = lifted(1, r#"{"total":26}"#).unwrap_err();
        assert_eq!(bombed, "the upcaster 1 → 2 of order.placed panicked; the log says where");
        for value in ["", "{", r#"{"a":1,"a":2}"#, &"[".repeat(100_000)] {
            let chain = Chain::of("order.placed", 4, LINKS, 1).expect("a chain");
            let stuck = chain.lift(&mut Tape::new(), value.as_bytes());
            assert!(matches!(stuck, Err(Stuck::Undecodable(_))), "{stuck:?}");
        }
    }

    #[test]
    fn a_gap_is_told() {
        const GAP: &[Upcast] = &[Upcast::new(1, add), Upcast::new(3, add)];
        assert_eq!(problems("order.placed", 4, LINKS).count(), 0);
        let told: Vec<String> = problems("order.placed", 4, GAP).collect();
        assert_eq!(
            told,
            [
                "the upcasters of order.placed lead from 1 to 3, and each leads one major up: one from 2 to 3 is missing"
            ]
        );
        assert_eq!(problems("order.placed", 5, LINKS).count(), 1);
        assert!(Chain::of("order.placed", 4, GAP, 1).is_none());
    }
}
