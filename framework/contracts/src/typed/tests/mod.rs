//! What a pass accepts, `jsonschema` accepts; what a type makes of an event in a pass, it makes of it without one.

/// Says what a test counted.
macro_rules! tell {
    ($($text:tt)*) => { super::tell(&format!($($text)*)) };
}

mod events;
mod fuzz;
mod json;
mod members;
mod suite;
mod traps;
mod tree;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{CheckError, Contract, Tape};

/// What became of one event on both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The pass took it, rightly.
    Passed,
    /// The pass left it to the slow way, which took it.
    Slow,
    /// It breaks its contract, is no JSON, or its type refuses it.
    Refused,
}

#[expect(clippy::disallowed_macros, reason = "a test's counts are for whoever runs it with `--nocapture`")]
fn tell(counts: &str) {
    println!("{counts}");
}

pub(super) fn compile(schema: &Value) -> Contract {
    Contract::compile(schema).unwrap_or_else(|error| panic!("{error}: {schema}"))
}

/// Reads `bytes` on both ways.
///
/// # Panics
///
/// If the pass takes what the slow way refuses, or reads something else.
pub(super) fn read_both<T: DeserializeOwned + Debug>(
    contract: &Contract,
    tape: &mut Tape,
    bytes: &[u8],
) -> Outcome {
    let program = contract.program.as_ref();
    let passed: Option<T> =
        program.and_then(|program| super::read(program, tape, bytes, std::marker::PhantomData));
    let checked = contract.check(tape, bytes);
    let plain: Result<T, _> = serde_json::from_slice(bytes);
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    match (passed, checked, plain) {
        (Some(passed), Ok(()), Ok(plain)) => {
            assert_eq!(format!("{passed:?}"), format!("{plain:?}"), "{}", shown());
            Outcome::Passed
        }
        (Some(_), Err(error), _) => panic!("a false accept: {error}: {}", shown()),
        (Some(_), _, Err(error)) => panic!("read although serde refuses it: {error}: {}", shown()),
        (None, Ok(()), Ok(_)) => Outcome::Slow,
        (None, _, _) => Outcome::Refused,
    }
}

/// Writes `value` on both ways.
///
/// # Panics
///
/// If the pass takes what the slow way refuses, or writes something else.
pub(super) fn write_both<T: Serialize>(contract: &Contract, tape: &mut Tape, value: &T) -> Outcome {
    let plain = serde_json::to_vec(value);
    let mut bytes = b"before".to_vec();
    let Some(program) = contract.program.as_ref() else { return Outcome::Slow };
    let passed = super::write(program, tape, value, &mut bytes);
    match (passed, plain) {
        (Ok(kept), Ok(plain)) => {
            let written = &bytes["before".len()..];
            let shown = || String::from_utf8_lossy(written).into_owned();
            assert_eq!(written, plain, "{}", shown());
            match (kept, contract.check(tape, written)) {
                (true, Err(error)) => panic!("a false accept: {error}: {}", shown()),
                (true, Ok(())) => Outcome::Passed,
                (false, Ok(())) => Outcome::Slow,
                (false, Err(CheckError::Violations(_) | CheckError::Undecodable { .. })) => Outcome::Refused,
            }
        }
        (Err(_), Err(_)) => Outcome::Refused,
        (passed, plain) => panic!("one way writes, the other does not: {passed:?}, {plain:?}"),
    }
}
