//! A contract asserted while an event is read into its type, or written from it: one pass, nothing built.
//!
//! Adapters stand around serde's `Deserializer` and `Serializer` and see each name and value on its way, whatever
//! the type does with it: fields it ignores, variants it buffers, members it flattens. The
//! [program](crate::program) says of each whether it keeps the contract for sure.
//!
//! What a type ignores is read all the same: [`Contract::decode`](crate::Contract::decode) says what it may hold.

mod frame;
mod json;
mod name;
mod read;
mod read_enum;
mod state;
mod watch;
mod write;
mod write_holder;
mod write_name;

use std::cell::Cell;
use std::io;

use serde::Serialize;
use serde::de::DeserializeSeed;

use self::state::State;
pub(crate) use self::state::Unchecked;
use self::write::CheckedValue;
use crate::Tape;
use crate::program::Program;

/// How `serde_json` asks for the text of a value instead of the value.
const RAW_VALUE: &str = "$serde_json::private::RawValue";
/// How the names of such structs begin.
const PRIVATE: &str = "$serde_json::private::";

/// Reads an event by `seed`. `None`: something is suspect, or it cannot be read.
pub(crate) fn read<'de, S: DeserializeSeed<'de>>(
    program: &Program,
    tape: &mut Tape,
    bytes: &'de [u8],
    seed: S,
) -> Option<S::Value> {
    if bytes.len() > tape.max_bytes() {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    read::read(&State::new(program, tape), text, seed)
}

/// Reads an event by `seed`, whatever its contract. `None`: `serde_json` has to read it.
pub(crate) fn read_alone<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Option<S::Value> {
    read::read_alone(std::str::from_utf8(bytes).ok()?, seed)
}

/// Reads an event by `seed` as `serde_json` does.
///
/// # Errors
///
/// What it says.
pub(crate) fn read_plain<'de, S: DeserializeSeed<'de>>(
    bytes: &'de [u8],
    seed: S,
) -> Result<S::Value, serde_json::Error> {
    let mut plain = serde_json::Deserializer::from_slice(bytes);
    let value = seed.deserialize(&mut plain)?;
    plain.end()?;
    Ok(value)
}

/// Appends an event to `out`; whether it keeps its contract for sure.
///
/// # Errors
///
/// What the event's own serializer says. Then `out` may hold a part of it.
pub(crate) fn write<T: Serialize + ?Sized>(
    program: &Program,
    tape: &mut Tape,
    value: &T,
    out: &mut Vec<u8>,
) -> Result<bool, serde_json::Error> {
    let max_bytes = tape.max_bytes();
    let start = out.len();
    let state = State::new(program, tape);
    let value = CheckedValue { value, state: &state, node: program.root() };
    let writer = Counting { out, start, written: &state.written };
    value.serialize(&mut serde_json::Serializer::new(writer))?;
    let written = out.get(start..).unwrap_or_default();
    Ok(written.len() <= max_bytes && !state.is_suspect() && state.checked_later(written))
}

/// A buffer that tells how much was written since it was handed over.
struct Counting<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    written: &'o Cell<usize>,
}

impl io::Write for Counting<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(bytes);
        self.written.set(self.out.len() - self.start);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
